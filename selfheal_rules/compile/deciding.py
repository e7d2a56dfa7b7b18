"""
Which rules may be matched in one stage and decided in a later one, and what that one may be divided by.

Guards that look beyond one partition keep the decision in one place, not the matching: a rule that nothing else rests
on hands over what it finds, and its episodes, guards and confirmations stand where its guards count.
"""

from collections.abc import Iterator, Mapping

from attrs import define, field, frozen

from selfheal_rules.compile import obstacles as say
from selfheal_rules.compile.keying import is_counted_by, strays
from selfheal_rules.compile.obstacles import Obstacle
from selfheal_rules.compile.routes import Node, Route
from selfheal_rules.compile.scenes import Facts, RuleName, Scene
from selfheal_rules.compile.units import SELF, Cast, hears
from selfheal_rules.model import Conclude, Guard, Pattern, Reference

Within = Mapping[str, str]
"""What a thing is in for good, by the names of the fields: `{"host": "zone"}`, no host is ever in two zones."""


@frozen(eq=False, repr=False)
class Handing:
    """The rules that may be decided in a later stage, and those that can only be matched where they are decided."""

    decided: frozenset[RuleName] = frozenset()
    bound: Mapping[RuleName, Obstacle] = field(factory=dict)


def handing(cast: Cast, *, governed: bool) -> Handing:
    """Say it of the rules with guards, or where a policy governs them, of all that do something."""
    asked = {name: one for name, one in cast.facts.items() if one.does and (governed or one.rule.guard)}
    bound = {name: why for name, one in asked.items() if (why := _bound(cast, one)) is not None}
    for name, facts in cast.facts.items():
        if name not in bound and any(hears(facts, other) for other in asked):
            bound[name] = say.hearing(facts)
    return Handing(frozenset(asked) - bound.keys(), bound)


def _bound(cast: Cast, facts: Facts) -> Obstacle | None:
    """Say why a rule can only be matched where it is decided; None where it can be matched elsewhere."""
    if any(kind.startswith(SELF) for kind in facts.reads):
        return say.hearing(facts)
    if facts.conclusions:
        return say.concluding(facts)
    others = (cast.facts[name] for name in cast.needs(facts.name) if name != facts.name)
    other = next((one for one in others if one.does), None)
    return say.resting(facts, other) if other else None


@frozen
class Lead:
    """What a stage that only decides is divided by: its name, the value of each rule's matches, and the routes."""

    name: str
    nodes: Mapping[RuleName, Node]
    routes: Mapping[str, Route]
    pairs: tuple[tuple[str, str, str], ...]
    """Kind, thing and what that is in: these items have to keep what was declared."""


def leads(cast: Cast, decided: tuple[RuleName, ...], within: Within) -> Iterator[Lead]:
    """Give what the guards of all these rules go by, where that is what their targets are in for good."""
    for name in dict.fromkeys(within.values()):
        found = _Leading(cast, name, [thing for thing, place in within.items() if place == name])
        if all(found.follow(cast.facts[one]) for one in decided):
            yield Lead(name, found.nodes, found.routes, tuple(found.pairs))


@define(eq=False, repr=False)
class _Leading:
    """One attempt at dividing decisions by a place."""

    cast: Cast
    place: str
    things: list[str]
    nodes: dict[RuleName, Node] = field(factory=dict)
    routes: dict[str, Route] = field(factory=dict)
    pairs: dict[tuple[str, str, str], None] = field(factory=dict)

    def follow(self, facts: Facts) -> bool:
        """Whether all that decides on a rule lies in the partition of one value of its matches."""
        kinds = (self.cast.kinds[kind] for kind in facts.awaited)
        if any(kind.name in self.cast.concluded for kind in kinds):
            return False
        roots = dict.fromkeys(node for guard in facts.rule.guard for node in _named(guard) if node[1] == (self.place,))
        node = next((one for one in roots if all(self._holds(facts, scene, one) for scene in facts.scenes)), None)
        if node is not None:
            self.nodes[facts.name] = node
        return node is not None

    def _holds(self, facts: Facts, scene: Scene, root: Node) -> bool:
        told = all(self._is_home(scene, step.target, root) for step in facts.guarded)
        keyed = any(self._is_in(scene, node, root) for node in facts.key)
        counted = all(self._counts(guard, scene, root) for guard in facts.rule.guard)
        return told and keyed and counted and self._awaits(facts, scene, root)

    def _is_home(self, scene: Scene, value: object, root: Node) -> bool:
        return isinstance(value, Reference) and self._is_in(scene, (value.alias, value.path), root)

    def _is_in(self, scene: Scene, node: Node, root: Node) -> bool:
        """Whether a value is the root itself, or some item of the match says that it is in it."""
        if scene.equal.are_equal(node, root):
            return True
        return any(
            scene.equal.are_equal((one.alias, (thing,)), node)
            and scene.equal.are_equal((one.alias, (self.place,)), root)
            and self._is_whole(scene, one, thing)
            and all(self._says(kind, thing) for kind in one.kinds)
            for one in scene.patterns
            for thing in self.things
        )

    def _is_whole(self, scene: Scene, pattern: Pattern, thing: str) -> bool:
        paths = scene.groups.get(pattern.alias)
        return paths is None or {(thing,), (self.place,)} <= set(paths)

    def _says(self, kind: str, thing: str) -> bool:
        """Whether all items of a kind say what a thing is in: because they are posted so, or concluded from such."""
        declared = self.cast.kinds[kind]
        if not {thing, self.place} <= declared.fields.keys():
            return False
        makers = self.cast.concluded.get(kind, ())
        if not makers and not kind.startswith(SELF):
            self.pairs[(kind, thing, self.place)] = None
            return True
        return bool(makers) and all(self._concludes(self.cast.facts[name], kind, thing) for name in makers)

    def _concludes(self, facts: Facts, kind: str, thing: str) -> bool:
        steps = [step for step in facts.conclusions if step.kind == kind and not step.cleared]
        return all(self._passes(scene, step, thing) for step in steps for scene in facts.scenes)

    def _passes(self, scene: Scene, step: Conclude, thing: str) -> bool:
        said, place = step.fields.get(thing), step.fields.get(self.place)
        if not (isinstance(said, Reference) and isinstance(place, Reference)):
            return False
        return self._is_in(scene, (said.alias, said.path), (place.alias, place.path))

    def _counts(self, guard: Guard, scene: Scene, root: Node) -> bool:
        """Whether a guard counts within the root; what it counts by names must mean by place what the root means."""
        population = guard.settings.get("of")
        if not isinstance(population, Pattern):
            return is_counted_by(guard, lambda value: self._is_home(scene, value, root))
        kinds = [self.cast.kinds[kind] for kind in population.kinds]
        things = [kind.key[0] for kind in kinds if len(kind.key) == 1 and kind.key[0] in self.things]
        placed = len(things) == len(kinds) and all(map(self._says, population.kinds, things))
        return placed and any(node[1] == (self.place,) and scene.equal.are_equal(node, root) for node in _named(guard))

    def _awaits(self, facts: Facts, scene: Scene, root: Node) -> bool:
        """Route what the steps wait for, states to every partition, events to that of the root; whether that holds."""
        awaited = [one for one in scene.inner if one.is_awaited]
        for kind in facts.awaited:
            if self.cast.kinds[kind].form == "state":
                self.routes[kind] = Route(kind)
        for one in awaited:
            self.cast.enter(one, root, self.routes)
        return not any(True for one in awaited for _ in strays(facts, one, self.routes, root))


def _named(guard: Guard) -> Iterator[Node]:
    """Give the values a guard goes by."""
    for value in (*guard.settings.get("by", ()), guard.settings[guard.name]):
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Reference):
                yield one.alias, one.path
