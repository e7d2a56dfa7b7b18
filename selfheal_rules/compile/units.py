"""
Which rules must stay together when a stream is divided, and how the items of their kinds could go.

A rule needs with it every rule that concludes what it reads or concludes, and every rule whose acts it reads. A rule
that only concludes may be judged in several places at once; one that decides is in one place.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from attrs import define, field, frozen

from selfheal_rules.compile.keying import TARGET, may_anchor, obstacles
from selfheal_rules.compile.routes import Node, Path, Route
from selfheal_rules.compile.scenes import Facts, RuleName, Scene
from selfheal_rules.model import Literal, Pattern, Reference, RuleSet
from selfheal_rules.values import EMPTY
from selfheal_rules.vocabulary import Kind

SELF = "selfheal."
Fixed = Mapping[str, Collection[str]]
"""Fields of states that are declared never to change while a state stands, by kind."""


@frozen(eq=False, repr=False)
class Unit:
    """Rules that are divided alike or not at all; the first is the one whose key leads."""

    facts: tuple[Facts, ...]
    names: frozenset[RuleName]

    @property
    def is_guarded(self) -> bool:
        """Whether a rule of it has guards."""
        return any(facts.rule.guard for facts in self.facts)


@define(eq=False, repr=False)
class Cast:
    """All rules of a program, who concludes what, who hears of whose acts."""

    facts: dict[RuleName, Facts]
    kinds: dict[str, Kind]
    concluded: dict[str, tuple[RuleName, ...]]
    heard: dict[RuleName, tuple[str, ...]]
    """Of rules that decide: the kinds of own acts by which some rule may read what they do."""
    fixed: Fixed = EMPTY
    known: dict[object, bool] = field(factory=dict)
    nearest: dict[RuleName, tuple[RuleName, ...]] = field(factory=dict)
    """What a rule needs at once, as far as it was asked for."""

    @classmethod
    def of(cls, rulesets: Sequence[RuleSet], fixed: Fixed) -> "Cast":
        """Gather the rules of a program."""
        facts = {(rules.name, rule.id): Facts.of(rules, rule) for rules in rulesets for rule in rules.rules}
        kinds = {name: kind for rules in rulesets for name, kind in rules.vocabulary.kinds.items()}
        concluded: dict[str, tuple[RuleName, ...]] = {}
        for name, one in facts.items():
            for kind in dict.fromkeys(step.kind for step in one.conclusions):
                concluded[kind] = (*concluded.get(kind, ()), name)
        patterns = [p for one in facts.values() for scene in one.every_scene for p in scene.patterns]
        heard = {name: tuple(_heard(one, patterns)) for name, one in facts.items() if one.does}
        return cls(facts, kinds, concluded, heard, fixed)

    # Who belongs together

    def units(self) -> tuple[Unit, ...]:
        """Give the units in the order of their first rules; those that share a rule that decides are one."""
        groups: list[dict[RuleName, None]] = []
        for name in self.facts:
            group = self.needs(name)
            for other in [one for one in groups if self._share(one, group)]:
                groups.remove(other)
                group = other | group
            groups.append(group)
        groups = [one for one in groups if not any(one.keys() < other.keys() for other in groups)]
        order = {name: place for place, name in enumerate(self.facts)}
        groups.sort(key=lambda group: min(map(order.__getitem__, group)))
        return tuple(self.unit(group) for group in groups)

    def _share(self, one: Iterable[RuleName], group: Mapping[RuleName, None]) -> bool:
        return any(name in group and self.facts[name].does for name in one) or one == group

    def unit(self, group: Iterable[RuleName]) -> Unit:
        """Give rules as a unit, those that decide first."""
        order = {name: place for place, name in enumerate(self.facts)}
        facts = sorted((self.facts[name] for name in group), key=lambda one: (not one.does, order[one.name]))
        return Unit(tuple(facts), frozenset(group))

    def needs(self, name: RuleName) -> dict[RuleName, None]:
        """Give a rule and all it needs with it."""
        found: dict[RuleName, None] = {}
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found[one] = None
                waiting += self._nearest(one)
        return found

    def _nearest(self, name: RuleName) -> tuple[RuleName, ...]:
        if name not in self.nearest:
            self.nearest[name] = tuple(dict.fromkeys(self._beside(self.facts[name])))
        return self.nearest[name]

    def _beside(self, facts: Facts) -> Iterator[RuleName]:
        for kind in dict.fromkeys((*facts.reads, *(step.kind for step in facts.conclusions))):
            yield from self.concluded.get(kind, ())
            if kind.startswith(SELF):
                yield from (name for name, kinds in self.heard.items() if kind in kinds and _hears(facts, name, kind))

    def proposing(self, names: Collection[RuleName]) -> "Cast":
        """Give the program as the stages see it that match these rules and leave to others to decide on them."""
        facts = {name: one.proposing if name in names else one for name, one in self.facts.items()}
        heard = {name: () if name in names else kinds for name, kinds in self.heard.items()}
        return Cast(facts, self.kinds, self.concluded, heard, self.fixed)

    def concluding(self, kinds: Iterable[str]) -> dict[RuleName, None]:
        """Give the rules that conclude these kinds, and what they rest on."""
        makers = (name for kind in kinds for name in self.concluded.get(kind, ()))
        return {name: None for maker in makers for name in self.needs(maker)}

    # How items could go

    def keyings(self, unit: Unit) -> Iterator[dict[str, Route]]:
        """Give the ways the items of a unit's kinds may go so that no decision changes; most divided first."""
        found = [routes for routes in self.ways(unit) if self.allows(unit, routes)]
        yield from sorted(found, key=lambda routes: sum(route.everywhere for route in routes.values()))

    def ways(self, unit: Unit) -> Iterator[dict[str, Route]]:
        """Give what is proposed, without the routes that would leave something known in another partition."""
        for routes in self.proposals(unit):
            yield {kind: route for kind, route in routes.items() if self.is_sound(route)}

    def proposals(self, unit: Unit) -> Iterator[dict[str, Route]]:
        """Give ways that would be natural, by each value the leading rule could be divided by."""
        seen: list[dict[str, Route]] = []
        lead = unit.facts[0]
        for node in self._seeds(lead):
            routes = self._through(unit, self._first(lead, node))
            if routes not in seen:
                seen.append(routes)
                yield routes

    def allows(self, unit: Unit, routes: Mapping[str, Route]) -> bool:
        """Whether every rule of a unit decides alike under these routes."""
        return all(self.may_go(one, routes) for one in unit.facts)

    def is_sound(self, route: Route) -> bool:
        """Whether all that is known of an item of a kind lies where a route says."""
        return self.may_be_everywhere(route.kind) if route.everywhere else route == self.route(route.kind, route.path)

    def may_go(self, facts: Facts, routes: Mapping[str, Route]) -> bool:
        """Whether a rule decides alike under these routes; worked out once for each way its own kinds go."""
        own = [routes.get(kind) for kind in (*facts.reads, *(step.kind for step in facts.conclusions))]
        mark = (facts.name, tuple(own))
        if mark not in self.known:
            self.known[mark] = next(obstacles(facts, routes, told=self.is_heard(facts)), None) is None
        return self.known[mark]

    def is_heard(self, facts: Facts) -> bool:
        """Whether some rule reads what this one does."""
        return bool(self.heard.get(facts.name))

    def route(self, kind: str, path: Path) -> Route | None:
        """
        Give the route of a kind by a path, where that says for good which partition an item belongs to.

        A state whose value may change under one key would leave its old record behind in another partition.
        """
        declared = self.kinds[kind]
        if declared.form == "event" or path[0] in declared.key or kind.startswith(SELF):
            return Route(kind, path)
        is_fixed = path[0] in self.fixed.get(kind, ()) and kind not in self.concluded
        return Route(kind, path, fixed=True) if is_fixed else None

    def may_be_everywhere(self, kind: str) -> bool:
        """Whether items of a kind may go to every partition: states that are posted, for they come from outside."""
        return self.kinds[kind].form == "state" and kind not in self.concluded and not kind.startswith(SELF)

    def _seeds(self, facts: Facts) -> tuple[Node, ...]:
        """Give the values a rule could be divided by: those of its key, or if it has none, of its joins and groups."""
        scene = facts.scenes[0]
        said = [v for step in facts.conclusions for v in step.fields.values() if isinstance(v, Reference)]
        others = [*scene.equal.nodes(), *((alias, path) for alias, paths in scene.groups.items() for path in paths)]
        more = [] if facts.does else [*((one.alias, one.path) for one in said), *others]
        return tuple(dict.fromkeys((*facts.key, *more)))

    def _first(self, facts: Facts, node: Node) -> dict[str, Route]:
        routes: dict[str, Route] = {}
        for scene in facts.scenes[:1]:
            self.enter(scene, node, routes)
        return routes

    def _through(self, unit: Unit, routes: dict[str, Route]) -> dict[str, Route]:
        """Carry routes from rule to rule by what they join and conclude; states left over go everywhere."""
        reads = dict.fromkeys(kind for one in unit.facts for kind in one.reads)
        routes |= {kind: Route(kind, TARGET) for kind in reads if kind.startswith(SELF)}
        size = -1
        while size < len(routes):
            size = len(routes)
            for facts in unit.facts:
                for scene in facts.scenes:
                    self._spread(facts, scene, routes)
        left = (kind for kind in reads if kind not in routes and self.may_be_everywhere(kind))
        return routes | {kind: Route(kind) for kind in left}

    def _spread(self, facts: Facts, scene: Scene, routes: dict[str, Route]) -> None:
        root = self._known_value(facts, scene, routes)
        if root is None:
            return
        for one in (scene, *scene.inner):
            self.enter(one, root, routes)
        for step in facts.conclusions:
            for name, value in step.fields.items() if step.kind not in routes else ():
                same = isinstance(value, Reference) and scene.equal.are_equal((value.alias, value.path), root)
                if same and (route := self.route(step.kind, (name,))):
                    routes.setdefault(step.kind, route)

    def _known_value(self, facts: Facts, scene: Scene, routes: Mapping[str, Route]) -> Node | None:
        """Give the value that tells the partition of a match: of a pattern with a route, or of what it says."""
        for pattern in scene.patterns:
            route = routes.get(pattern.kinds[0])
            if route and route.path and may_anchor(scene, pattern):
                return pattern.alias, route.path
        for step in facts.conclusions:
            route = routes.get(step.kind)
            value = step.fields.get(route.path[0]) if route and route.path else None
            if isinstance(value, Reference):
                return value.alias, value.path
        targets = [step.target for step in facts.dos if isinstance(step.target, Reference)]
        return (targets[0].alias, targets[0].path) if targets and self.is_heard(facts) else None

    def enter(self, scene: Scene, node: Node, routes: dict[str, Route]) -> None:
        """Let the kinds of a scene that have no route go by the value that equals a node."""
        for pattern in scene.patterns:
            for kind in pattern.kinds:
                if kind not in routes and (route := self._route(scene, pattern, kind, node)):
                    routes[kind] = route

    def _route(self, scene: Scene, pattern: Pattern, kind: str, node: Node) -> Route | None:
        equal = scene.equal_for(pattern)
        nodes = sorted({node, *equal.nodes(), *((pattern.alias, path) for path in scene.groups.get(pattern.alias, ()))})
        for alias, path in nodes:
            same = alias == pattern.alias and equal.are_equal((alias, path), node)
            if same and (route := self.route(kind, path)):
                return route
        return None


def _heard(facts: Facts, patterns: Iterable[Pattern]) -> Iterator[str]:
    kinds = dict.fromkeys(
        kind for one in patterns for kind in one.kinds if kind.startswith(SELF) and _asks(one, facts.name)
    )
    yield from kinds


def hears(facts: Facts, name: RuleName) -> bool:
    """Whether a rule may read what another one does."""
    patterns = (one for scene in facts.every_scene for one in scene.patterns)
    return any(_asks(one, name) for one in patterns if any(kind.startswith(SELF) for kind in one.kinds))


def _hears(facts: Facts, name: RuleName, kind: str) -> bool:
    patterns = (one for scene in facts.every_scene for one in scene.patterns)
    return any(kind in one.kinds and _asks(one, name) for one in patterns)


def _asks(pattern: Pattern, name: RuleName) -> bool:
    """Whether a pattern over own acts may take those of a rule: a literal `ruleset` or `rule` can rule it out."""
    meant: dict[tuple[str, ...], str] = {("ruleset",): name[0], ("rule",): name[1]}
    for test in pattern.where:
        operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
        others = [isinstance(one, Literal) and one.value != meant.get(test.path) for one in operands]
        if test.path in meant and test.operator in {"is", "in"} and all(others):
            return False
    return True
