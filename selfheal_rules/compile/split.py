"""
How a stream may be divided among partitions without changing a decision: stages, and why a rule cannot be divided.

A stage is a set of rules whose items go by one set of routes. Rules that cannot be divided stand in the last stage,
which is one partition and sees all they read. The judgement is `keying`'s; this file only searches for what it allows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import define, field, frozen

from selfheal_rules.compile.keying import obstacles
from selfheal_rules.compile.obstacles import Obstacle, inherited, parted
from selfheal_rules.compile.routes import Route
from selfheal_rules.compile.scenes import Facts, RuleName
from selfheal_rules.compile.units import Cast, Fixed, Unit
from selfheal_rules.events import Event, State
from selfheal_rules.model import RuleSet
from selfheal_rules.values import EMPTY


@frozen
class Stage:
    """
    Rules whose stream is divided alike.

    `rules` decide (or conclude) here and nowhere else; `repeated` are rules that only conclude and are judged in
    another stage, too. `routes` say, for every kind they read or conclude, where its items go. In the global stage
    there is one partition.
    """

    number: int
    rules: tuple[RuleName, ...]
    repeated: tuple[RuleName, ...]
    routes: tuple[Route, ...]
    is_global: bool = False

    @property
    def name(self) -> str:
        """What the stage is divided by, such as `host, instance`; `all` of the global one."""
        if self.is_global:
            return "all"
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


@frozen
class RuleSplit:
    """
    How one rule may be divided.

    `keys` are the ways the items of its kinds, and of those it rests on, may go without a change of its decisions; none
    where it cannot be divided. `stage` is the number of the stage it decides in; `because` says why that is the global
    one: for its own sake, or for that of a rule it must stay with.
    """

    rule: RuleName
    keys: tuple[tuple[Route, ...], ...]
    stage: int
    because: Obstacle | None = None


@frozen
class Split:
    """How a program may be divided: the stages in order, the global one last, and each rule in its order."""

    stages: tuple[Stage, ...]
    rules: tuple[RuleSplit, ...]


def split(rulesets: Sequence[RuleSet], fixed: Fixed = EMPTY) -> Split:
    """Say how the stream of checked rule sets may be divided; see `Program.split`."""
    search = _Search(Cast.of(rulesets, fixed))
    for unit in sorted(search.cast.units(), key=lambda unit: not unit.is_guarded):
        search.place(unit)
    search.gather()
    return Split(tuple(search.stages()), tuple(search.rules()))


@define(eq=False, repr=False)
class _Draft:
    """A stage while units are added to it."""

    routes: dict[str, Route]
    units: list[Unit] = field(factory=list)


@define(eq=False, repr=False)
class _Search:
    """First fit: each unit goes to the first stage with whose routes one of its own agrees."""

    cast: Cast
    drafts: list[_Draft] = field(factory=list)
    whole: list[Unit] = field(factory=list)
    reasons: dict[RuleName, Obstacle] = field(factory=dict)

    def place(self, unit: Unit) -> None:
        """Find a stage for a unit, or note why there is none."""
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

    def gather(self) -> None:
        """Keep the rules with guards in one stage: in several they would not see each other's targets."""
        guarded = [
            unit for unit in (*self.whole, *(one for draft in self.drafts for one in draft.units)) if unit.is_guarded
        ]
        if any(all(unit in units for unit in guarded) for units in (self.whole, *(one.units for one in self.drafts))):
            return
        for draft in self.drafts:
            draft.units = [unit for unit in draft.units if not unit.is_guarded]
            kinds = {kind for name in _names(draft.units) for kind in self._kinds(self.cast.facts[name])}
            draft.routes = {kind: route for kind, route in draft.routes.items() if kind in kinds}
        self.drafts = [draft for draft in self.drafts if draft.units]
        for unit in guarded:
            if unit not in self.whole:
                self.whole.append(unit)
                self._part(unit)

    def _part(self, unit: Unit) -> None:
        (first, *_) = [facts for facts in unit.facts if facts.rule.guard]
        for facts in unit.facts:
            obstacle = parted(first)
            self.reasons[facts.name] = obstacle if facts.rule.guard else inherited(facts, first, obstacle)

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

    # What was found

    def stages(self) -> Iterator[Stage]:
        """Give the stages, the one with most rules first, the global one last."""
        placed: set[RuleName] = set()
        drafts = sorted(self.drafts, key=lambda draft: -len(_names(draft.units)))
        for number, draft in enumerate(drafts, 1):
            yield self._stage(number, draft.units, placed, _sorted(draft.routes))
        if self.whole or not drafts:
            names = _names(self.whole)
            kinds = {kind for name in names for kind in self._kinds(self.cast.facts[name])}
            routes = _sorted({kind: Route(kind) for kind in kinds})
            yield self._stage(len(drafts) + 1, self.whole, placed, routes, is_global=True)

    def _stage(
        self,
        number: int,
        units: Iterable[Unit],
        placed: set[RuleName],
        routes: tuple[Route, ...],
        *,
        is_global: bool = False,
    ) -> Stage:
        names = _names(units)
        order = [name for name in self.cast.facts if name in names]
        own = tuple(name for name in order if name not in placed)
        again = tuple(name for name in order if name in placed)
        placed.update(own)
        return Stage(number, own, again, routes, is_global)

    def _kinds(self, facts: Facts) -> Iterator[str]:
        yield from facts.reads
        yield from (step.kind for step in facts.conclusions)

    def rules(self) -> Iterator[RuleSplit]:
        """Give each rule in the order of the rule sets."""
        at = {name: stage for stage in self.stages() for name in stage.rules}
        for name in self.cast.facts:
            keys = self.cast.keyings(self.cast.unit(self.cast.needs(name)))
            stage = at[name]
            because = self.reasons.get(name) if stage.is_global else None
            yield RuleSplit(name, tuple(map(_sorted, keys)), stage.number, because)


def _names(units: Iterable[Unit]) -> frozenset[RuleName]:
    return frozenset(name for unit in units for name in unit.names)


def _sorted(routes: Mapping[str, Route]) -> tuple[Route, ...]:
    return tuple(routes[kind] for kind in sorted(routes))
