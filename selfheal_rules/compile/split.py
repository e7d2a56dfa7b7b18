"""
How a stream may be divided among partitions without changing a decision: stages, and why a rule cannot be divided.

A stage is a set of rules whose items go by one set of routes. Rules whose guards look further than a partition are
matched there and decided in a later stage. Rules that cannot be divided stand in the last stage, which is one partition
and sees all they read. The judgement is `keying`'s and `deciding`'s; this file only searches for what they allow.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from attrs import define, field, frozen

from selfheal_rules.compile.deciding import Handing, Lead, Within, handing, leads
from selfheal_rules.compile.keying import obstacles
from selfheal_rules.compile.obstacles import Obstacle, inherited
from selfheal_rules.compile.routes import Node, Route
from selfheal_rules.compile.scenes import Facts, RuleName
from selfheal_rules.compile.units import Cast, Fixed, Unit, hears
from selfheal_rules.events import Event, State
from selfheal_rules.model import RuleSet
from selfheal_rules.values import EMPTY
from selfheal_rules.vocabulary import Kind


@frozen
class Stage:
    """
    Rules whose stream is divided alike.

    `rules` are matched here and nowhere else; `repeated` are rules that only conclude and are judged in another stage,
    too. Those of `rules` in `proposed` hand over what they find to the stage that has them in `decided`; the others
    decide here. `routes` say, for every kind that is read or concluded here, where its items go. In the global stage
    there is one partition.
    """

    number: int
    rules: tuple[RuleName, ...]
    repeated: tuple[RuleName, ...]
    routes: tuple[Route, ...]
    is_global: bool = False
    proposed: tuple[RuleName, ...] = ()
    decided: tuple[RuleName, ...] = ()
    lead: Lead | None = None
    """By what the decisions on `decided` are divided; None in the global stage."""

    @property
    def name(self) -> str:
        """What the stage is divided by, such as `host, instance`; `all` of the global one."""
        if self.is_global:
            return "all"
        if self.lead:
            return self.lead.name
        return ", ".join(sorted({".".join(route.path) for route in self.routes if route.path}))

    @property
    def everywhere(self) -> tuple[str, ...]:
        """The kinds whose every item each partition must see, and keep."""
        return () if self.is_global else tuple(route.kind for route in self.routes if route.everywhere)

    def route(self, kind: str) -> Route | None:
        """Where items of a kind go; None where the stage does not read it."""
        return next((route for route in self.routes if route.kind == kind), None)

    def partition_key(self, item: Event | State) -> str | None:
        """
        Give the text that says which partition an item belongs to; None where every partition must see it.

        The text is the same in every process; `partition_of` turns it into a number.

        Raises:
            KeyError: where the stage reads no item of the kind.
        """
        route = self.route(item.kind)
        if route is None:
            raise KeyError(item.kind)
        if self.is_global:
            return ""
        return route.key(item)

    def value(self, rule: RuleName) -> Node | None:
        """Give the value of a match, as alias and path, by which what a rule proposes is divided; None: by none."""
        return self.lead.nodes[rule] if self.lead else None


@frozen
class RuleSplit:
    """
    How one rule may be divided.

    `keys` are the ways the items of its kinds, and of those it rests on, may go without a change of its decisions; none
    where it cannot be divided. `stage` is the number of the stage it is matched in; `because` says why that is the
    global one: for its own sake, or for that of a rule it must stay with. `decided` is the number of the stage in which
    its steps are decided.
    """

    rule: RuleName
    keys: tuple[tuple[Route, ...], ...]
    stage: int
    because: Obstacle | None = None
    decided: int = 0


@frozen
class Split:
    """How a program may be divided: the stages in order, the global one last, and each rule in its order."""

    stages: tuple[Stage, ...]
    rules: tuple[RuleSplit, ...]


def split(
    rulesets: Sequence[RuleSet], fixed: Fixed = EMPTY, within: Within = EMPTY, site: Sequence[str] | None = None
) -> Split:
    """Say how the stream of checked rule sets may be divided; `site` are the kinds a policy reads if there is one."""
    cast = Cast.of(rulesets, fixed)
    _refuse_unknown(cast.kinds, fixed, within)
    search = _Search(cast).searched()
    if site is None and search.keeps_guards_together:
        return _Stages(cast, search).split()
    found = handing(cast, governed=site is not None)
    search = _Search(cast.proposing(found.decided), found).searched()
    return _Stages(cast, search, within, site).split()


def _refuse_unknown(kinds: Mapping[str, Kind], fixed: Fixed, within: Within) -> None:
    """Refuse to be promised what no item could keep."""
    for name, fields in fixed.items():
        if name not in kinds or kinds[name].form != "state":
            message = f"`{name}` is no state of these rule sets, so nothing of it is fixed"
            raise ValueError(message)
        unknown = next((one for one in fields if one not in kinds[name].fields), None)
        if unknown is not None:
            message = f"`{name}` has no field `{unknown}` that could be fixed"
            raise ValueError(message)
    for thing, place in within.items():
        if not any({thing, place} <= kind.fields.keys() for kind in kinds.values()):
            message = f"no item has both `{thing}` and `{place}`, so none says which `{place}` one is in"
            raise ValueError(message)


@define(eq=False, repr=False)
class _Draft:
    """A stage while units are added to it."""

    routes: dict[str, Route]
    units: list[Unit] = field(factory=list)


@define(eq=False, repr=False)
class _Search:
    """First fit: each unit goes to the first stage with whose routes one of its own agrees."""

    cast: Cast
    handing: Handing = field(factory=Handing)
    drafts: list[_Draft] = field(factory=list)
    whole: list[Unit] = field(factory=list)
    reasons: dict[RuleName, Obstacle] = field(factory=dict)

    def place(self, unit: Unit) -> None:
        """Find a stage for a unit, or note why there is none."""
        bound = next((facts for facts in unit.facts if facts.name in self.handing.bound), None)
        if bound is not None:
            self.whole.append(unit)
            self._bind(unit, bound)
            return
        keyings = list(self.cast.keyings(unit))
        if not keyings:
            self.whole.append(unit)
            self._explain(unit)
            return
        for draft in self.drafts:
            for routes in keyings:
                if self._join(draft, unit, routes):
                    return
        self.drafts.append(_Draft(keyings[0], [unit]))

    def _join(self, draft: _Draft, unit: Unit, routes: Mapping[str, Route]) -> bool:
        """Add a unit to a stage where all go by the routes of both; a state both divide otherwise goes everywhere."""
        shared = [kind for kind, route in routes.items() if draft.routes.get(kind, route) != route]
        if not all(self.cast.may_be_everywhere(kind) for kind in shared):
            return False
        both = draft.routes | dict(routes) | {kind: Route(kind) for kind in shared}
        units = [*draft.units, unit] if shared else [unit]
        if not all(self.cast.allows(one, both) for one in units):
            return False
        draft.routes = both
        draft.units.append(unit)
        return True

    def searched(self) -> "_Search":
        """Find a stage for every unit, those with guards first."""
        for unit in sorted(self.cast.units(), key=lambda unit: not unit.is_guarded):
            self.place(unit)
        return self

    @property
    def keeps_guards_together(self) -> bool:
        """Whether all rules with guards stand in one divided stage: in several they would not see each other."""
        guarded = [one for units in (self.whole, *(draft.units for draft in self.drafts)) for one in units]
        guarded = [unit for unit in guarded if unit.is_guarded]
        return not guarded or any(all(unit in draft.units for unit in guarded) for draft in self.drafts)

    def _bind(self, unit: Unit, bound: Facts) -> None:
        """Say of each rule of a unit why it stands where steps are decided."""
        for facts in unit.facts:
            own = self.handing.bound.get(facts.name)
            self.reasons[facts.name] = own or inherited(facts, bound, self.handing.bound[bound.name])

    def _explain(self, unit: Unit) -> None:
        """Say of each rule of a unit what stands against dividing it: an obstacle of its own, else that of another."""
        tried = list(self.cast.ways(unit)) or [{}]
        found = [list(self._against(unit, routes)) for routes in tried]
        best = min(found, key=len)
        for facts in unit.facts:
            own = [obstacle for name, obstacle in best if name == facts.name]
            other = self.cast.facts[best[0][0]]
            self.reasons.setdefault(facts.name, own[0] if own else inherited(facts, other, best[0][1]))

    def _against(self, unit: Unit, routes: Mapping[str, Route]) -> Iterator[tuple[RuleName, Obstacle]]:
        for facts in unit.facts:
            for obstacle in obstacles(facts, routes, told=self.cast.is_heard(facts)):
                yield facts.name, obstacle


@define(eq=False, repr=False)
class _Stages:
    """What a search found, as stages; `cast` are the rules as they are written."""

    cast: Cast
    search: _Search
    within: Within = EMPTY
    site: Sequence[str] | None = None
    placed: set[RuleName] = field(factory=set)

    def split(self) -> Split:
        """Give the stages, and each rule in the order of the rule sets."""
        stages = tuple(self.stages())
        return Split(stages, tuple(self.rules(stages)))

    def stages(self) -> Iterator[Stage]:
        """Give the stages, the one with most rules first, then where proposals are decided, the global one last."""
        search = self.search
        drafts = sorted(search.drafts, key=lambda draft: -len(_names(draft.units)))
        handed = search.handing.decided & _names(one for draft in drafts for one in draft.units)
        decided = self._ordered(handed)
        for number, draft in enumerate(drafts, 1):
            yield self._stage(number, draft, handed)
        number = len(drafts) + 1
        lead = self._lead(decided)
        if lead:
            yield Stage(number, (), (), _sorted(lead.routes), decided=decided, lead=lead)
            number, decided = number + 1, ()
        if search.whole or decided or not drafts or self.site is not None:
            yield self._last(number, decided)

    def _lead(self, decided: tuple[RuleName, ...]) -> Lead | None:
        """Give what decisions are divided by, where the global stage neither has guards nor hears of them."""
        others = [self.cast.facts[name] for name in self._ordered(_names(self.search.whole))]
        minds = any(one.rule.guard or any(hears(one, name) for name in decided) for one in others)
        if not decided or self.site is not None or minds:
            return None
        return next(leads(self.cast, decided, self.within), None)

    def _stage(self, number: int, draft: _Draft, handed: Container[RuleName]) -> Stage:
        own, again = self._names(_names(draft.units))
        return Stage(number, own, again, _sorted(draft.routes), proposed=tuple(name for name in own if name in handed))

    def _last(self, number: int, decided: tuple[RuleName, ...]) -> Stage:
        """Give the global stage, with what is read by the guards and the steps it decides on."""
        facts = self.cast.facts
        read = (*(self.site or ()), *(kind for name in decided for kind in facts[name].awaited))
        own, again = self._names(_names(self.search.whole) | self.cast.concluding(read).keys())
        kinds = {*read, *(kind for name in (*own, *again) for kind in _kinds(facts[name]))}
        routes = _sorted({kind: Route(kind) for kind in kinds})
        return Stage(number, own, again, routes, is_global=True, decided=decided)

    def _names(self, names: Container[RuleName]) -> tuple[tuple[RuleName, ...], tuple[RuleName, ...]]:
        """Give the rules that stand in a stage for the first time, and those that stood in another before."""
        order = self._ordered(names)
        own = tuple(name for name in order if name not in self.placed)
        again = tuple(name for name in order if name in self.placed)
        self.placed.update(own)
        return own, again

    def _ordered(self, names: Container[RuleName]) -> tuple[RuleName, ...]:
        return tuple(name for name in self.cast.facts if name in names)

    def rules(self, stages: Sequence[Stage]) -> Iterator[RuleSplit]:
        """Give each rule in the order of the rule sets."""
        cast = self.search.cast
        matched = {name: stage for stage in stages for name in stage.rules}
        decided = {name: stage.number for stage in stages for name in stage.decided}
        for name in cast.facts:
            keys = cast.keyings(cast.unit(cast.needs(name)))
            stage = matched[name]
            because = self.search.reasons.get(name) if stage.is_global else None
            at = decided.get(name, stage.number)
            yield RuleSplit(name, () if because else tuple(map(_sorted, keys)), stage.number, because, at)


def _kinds(facts: Facts) -> Iterator[str]:
    yield from facts.reads
    yield from (step.kind for step in facts.conclusions)


def _names(units: Iterable[Unit]) -> frozenset[RuleName]:
    return frozenset(name for unit in units for name in unit.names)


def _sorted(routes: Mapping[str, Route]) -> tuple[Route, ...]:
    return tuple(routes[kind] for kind in sorted(routes))
