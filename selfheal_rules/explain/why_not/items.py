"""The items a pattern may have meant, one by one: which fit, when they held, what their numbers came to."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, TypeAlias

from attrs import define, field, frozen

from selfheal_rules.compile.branches import span
from selfheal_rules.compile.codegen import Code, access
from selfheal_rules.compile.leaves import constant_leaf, is_constant
from selfheal_rules.compile.sources import MEASURES
from selfheal_rules.decide.decision import Decision, Disposition
from selfheal_rules.decide.evidence import Evidence
from selfheal_rules.events import Event, State
from selfheal_rules.explain.why_not.constraints import Constraint
from selfheal_rules.explain.why_not.near import Near
from selfheal_rules.explain.why_not.probe import Probe, rows_of
from selfheal_rules.explain.why_not.sift import Input
from selfheal_rules.model import Aggregate, Pattern, RuleSet, Test
from selfheal_rules.values import Value, lookup, microseconds
from selfheal_rules.vocabulary import ANY, Kind

Judge = Callable[[Any, int], bool]
Item: TypeAlias = Event | State


@frozen
class Stay:
    """When something was there: an event at an instant, a state until it was over."""

    since: datetime
    until: datetime | None
    item: str


def value_at(item: Item | Evidence, path: tuple[str, ...]) -> Value:
    """Give what a rule sees at a path of an item."""
    if path in {("source",), ("time",), ("kind",), ("id",)} and path[0] not in item.fields:
        return getattr(item, path[0])
    return lookup(item.fields, path)


def judge(test: Test, kind: Kind, rules: RuleSet) -> Judge:
    """Give a leaf as a function of an item and an instant."""
    code = Code("why")
    written = constant_leaf(test, "v", kind.type_at(test.path) or ANY, rules, code, negative=False)
    return code[code.function("leaf", "r, now", [f"    v = {access('r', test.path)}", f"    return {written}"])]


@define(eq=False)
class History:
    """What was posted: `every` item of a kind that matters, and of them, in `probe.inputs`, those about the target."""

    every: Sequence[Input]
    probe: Probe
    target: Value
    fates: list[tuple[Item, Disposition]]
    recurse: Callable[[Pattern], Near | None]
    """Asks the rules that would have concluded what a pattern wants; None where there are none, or they did."""
    nearly: Callable[[Pattern], Near | None] = lambda _: None
    """Asks the same rules for what came nearest to being concluded once more."""
    concluded: frozenset[str] = frozenset()
    """The kinds that rules conclude, which come from no source."""
    judges: dict[tuple[str, str], Judge] = field(factory=dict)

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kinds by name."""
        return self.probe.rules.vocabulary.kinds

    def _until(self) -> Iterator[Item]:
        for one in self.every:
            if (one if isinstance(one, datetime) else one.time) > self.probe.at:
                return
            if isinstance(one, Event | State):
                yield one

    @cached_property
    def seen(self) -> frozenset[str]:
        """The kinds of which anything was posted at all."""
        return frozenset(one.kind for one in self._until())

    @cached_property
    def arrived(self) -> dict[int, datetime]:
        """What the time was when an item came, by its identity, where it was later than its own."""
        latest, found = None, {}
        for one in self.probe.inputs:  # where it came late, they say what the time was
            time = one if isinstance(one, datetime) else one.time
            latest = time if latest is None or time > latest else latest
            if time < latest:
                found[id(one)] = latest
        return found

    def holds(self, test: Test, item: Item, at: int) -> bool:
        """Whether a leaf is true of an item at an instant."""
        name = (test.address, item.kind)
        if name not in self.judges:
            self.judges[name] = judge(test, self.kinds[item.kind], self.probe.rules)
        return bool(self.judges[name](item, at))

    def fits(self, item: Item, pattern: Pattern) -> bool:
        """Whether an item is about the target, as a pattern sees it."""
        own = self.probe.pins.get(pattern.alias, {})
        return all(value_at(item, path) == value for path, value in own.items())

    def judged(self, item: Item | Evidence) -> datetime:
        """Give the instant the ages in an item are reckoned at: when an event came, now for what holds."""
        if isinstance(item, State) or (isinstance(item, Evidence) and item.form != "event"):
            return self.probe.at
        return self.arrived.get(id(item), item.time)

    def is_so(self, test: Test, item: Item) -> bool:
        """Whether a leaf is true of an item when ages in it are reckoned."""
        return self.holds(test, item, microseconds(self.judged(item)))

    def _passes(self, item: Item, tests: Iterable[Test]) -> bool:
        return all(self.is_so(test, item) for test in tests)

    def candidates(self, pattern: Pattern, tests: Iterable[Test]) -> list[Item]:
        """Give the items about the target of which these leaves are true."""
        wanted = list(tests)
        posted = (one for one in self.probe.inputs if isinstance(one, Event | State) and one.kind in pattern.kinds)
        standing = (one for one in posted if isinstance(one, Event) or not one.cleared)
        return [one for one in standing if self.fits(one, pattern) and self._passes(one, wanted)]

    def strangers(self, pattern: Pattern) -> list[Item]:
        """Give the items that would do if they were about the target."""
        if not self.probe.pins.get(pattern.alias):
            return []
        tests = [test for test in pattern.where if is_constant(test)]
        found = (one for one in self._until() if one.kind in pattern.kinds and not getattr(one, "cleared", False))
        return [one for one in found if not self.fits(one, pattern) and self._passes(one, tests)]

    def stays(self, pattern: Pattern, asked: Iterable[Constraint], found: Iterable[Decision]) -> list[Stay]:
        """Give when what a pattern asks for was there."""
        posted = any(isinstance(one, State) and one.kind in pattern.kinds for one in self.probe.inputs)
        if pattern.form == "state" and posted and not (pattern.count or pattern.aggregate):
            return list(self._stays(pattern, [one.part for one in asked if isinstance(one.part, Test)]))
        rows = rows_of(found).get(pattern.alias, [])
        return [Stay(row.time, None, row.id or ", ".join(map(str, row.key))) for row in rows]

    def _stays(self, pattern: Pattern, tests: list[Test]) -> Iterator[Stay]:
        by_key: dict[tuple[Value, ...], list[State]] = {}
        for one in self.probe.inputs:
            if isinstance(one, State) and one.kind in pattern.kinds:
                key = (one.kind, *(value_at(one, (name,)) for name in self.kinds[one.kind].key))
                by_key.setdefault(key, []).append(one)
        for key, updates in by_key.items():
            since, name = None, ", ".join(str(value) for value in key[1:])
            for one in updates:
                is_true = not one.cleared and self.fits(one, pattern) and self._passes(one, tests)
                if since and not is_true:
                    yield Stay(since, one.time, name)
                since = (since or one.time) if is_true else None
            if since:
                yield Stay(since, self.probe.at, name)

    def measured(self, pattern: Pattern, aggregate: Aggregate) -> list[tuple[int, float]]:
        """Give what an aggregate over items about the target came to, at each of them."""
        tests = [test for test in pattern.where if is_constant(test)]
        within = span(self.probe.rules, aggregate.within)
        samples: list[tuple[int, int, Value]] = []
        found = []
        for turn, item in enumerate(self.candidates(pattern, tests)):
            samples.append((item.at, turn, self._sample(item, aggregate)))
            window = [one for one in samples if within is None or one[0] > item.at - within]
            value = MEASURES[aggregate.measure](sorted(window))
            if value is not None:
                found.append((item.at, value))
        return found

    def _sample(self, item: Item, aggregate: Aggregate) -> Value:
        if aggregate.measure == "percent_of":
            return all(self.holds(one, item, item.at) for one in aggregate.of if isinstance(one, Test))
        return value_at(item, aggregate.of)  # type: ignore[arg-type]
