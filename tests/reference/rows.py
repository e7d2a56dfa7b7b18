"""Which rows each pattern has, worked out anew at every turn."""

import math
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from attrs import define, field

from selfheal_rules.events import Event
from selfheal_rules.model import Aggregate, Bound, Count, Operand, Pattern, RuleSet, Test
from selfheal_rules.values import FrozenMap, Value, canonical, microseconds, moment
from selfheal_rules.vocabulary import Kind
from tests.reference.leaves import Clock, Path, Reader, Row, Truth, all_of, ordered

StateKey: TypeAlias = tuple[str, str]
"""A kind, and the canonical text of the values of its key."""


@define(eq=False)
class Record:
    """What is stored of one state."""

    kind: Kind
    key: tuple[Value, ...]
    fields: FrozenMap
    source: str
    id: str
    at: int
    turn: int

    @property
    def place(self) -> StateKey:
        """What tells it from other records."""
        return self.kind.name, canonical(self.key)


@define(eq=False)
class World:
    """What holds now, and when now is."""

    clock: Clock
    max_age: int = 0
    turn: int = 0
    records: dict[StateKey, Record] = field(factory=dict)

    def held_for(self, operand: Operand | None, since: int, rules: RuleSet) -> bool:
        """Whether `for` is over."""
        return operand is None or self.clock.reached(since + microseconds(rules.duration(operand)))


def since(began: int | None, clock: Clock) -> int:
    """Give since when a rule has been watching."""
    return clock.started if began is None else began


def passes(truth: Truth, *, strict: bool) -> bool:
    """Whether a truth is enough: in a negative, not being false is."""
    return truth is True or (truth is None and not strict)


def constants_hold(tests: Iterable[Test], row: Row, reader: Reader) -> Truth:
    """Judge the leaves that need no other item."""
    return all_of(reader.test(test, row, {}) for test in tests if not references(test))


def references(test: Test) -> list[str]:
    """Give the names a leaf refers to."""
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    return [one.alias for one in operands if hasattr(one, "alias")]


@define(eq=False)
class EventTable:
    """The events a pattern has taken: its leaves are judged once, when an event arrives."""

    pattern: Pattern
    rules: RuleSet
    strict: bool
    rows: list[Row] = field(factory=list)

    def takes(self, row: Row, clock: Clock) -> bool:
        """Whether the pattern takes the event."""
        fits = row.kind is not None and row.kind.name in self.pattern.kinds
        return fits and passes(constants_hold(self.pattern.where, row, Reader(self.rules, clock)), strict=self.strict)

    def refresh(self, world: World) -> None:
        """Change nothing: an event stays what it was."""


def event_row(event: Event, kind: Kind, turn: int) -> Row:
    """Give an event as a row."""
    attributes = {"id": event.id, "source": event.source, "time": event.time}
    return Row(("event", event.source, event.id), event.fields, attributes, event.at, turn, turn, kind)


def record_row(record: Record, since: int, turn: int, stood: int) -> Row:
    """Give a record as a row."""
    attributes = {"id": record.id, "source": record.source, "time": moment(record.at)}
    identity = ("state", record.kind.name, record.key, since)
    return Row(identity, record.fields, attributes, since, turn, stood, record.kind)


NOT_YET = -1
"""The turn in which a row began to stand that does not stand yet."""


@define(eq=False)
class StateTable:
    """The records of which a pattern is true, each since when."""

    pattern: Pattern
    rules: RuleSet
    strict: bool
    entries: dict[StateKey, Row] = field(factory=dict)
    beginnings: list[Row] = field(factory=list)
    is_new: bool = True
    """Whether it has never looked at anything: what it finds first has begun with its latest update."""

    @property
    def rows(self) -> list[Row]:
        """Those that stand."""
        return [row for row in self.entries.values() if row.stood != NOT_YET]

    def fits(self, record: Record, clock: Clock) -> bool:
        """Whether the pattern's own leaves hold of a record."""
        if record.kind.name not in self.pattern.kinds:  # a field of the same name may be of another type there
            return False
        row = record_row(record, 0, 0, 0)
        return passes(constants_hold(self.pattern.where, row, Reader(self.rules, clock)), strict=self.strict)

    def refresh(self, world: World) -> None:
        """Look at every record anew."""
        before, self.entries = self.entries, {}
        for place, record in world.records.items():
            if place[0] in self.pattern.kinds and self.fits(record, world.clock):
                self.entries[place] = self._entry(record, before.get(place), world)
        self.is_new = False

    def _entry(self, record: Record, known: Row | None, world: World) -> Row:
        if known is None:
            since = record.at if self.is_new or record.turn == world.turn else world.clock.now
            known = record_row(record, since, world.turn, NOT_YET)
            self.beginnings.append(known)
        stood = known.stood
        if stood == NOT_YET and world.held_for(self.pattern.held, known.at, self.rules):
            stood = world.turn
        return record_row(record, known.at, known.turn, stood)


@define(eq=False)
class Standing:
    """Since when the bounds of a group are true, and from which turn it stands."""

    since: int
    turn: int
    stood: int


@define(eq=False)
class CountTable:
    """The groups of a counted pattern; where others give the whole group, a group of nothing exists too."""

    pattern: Pattern
    rules: RuleSet
    strict: bool
    group: list[Path]
    may_be_empty: bool
    base: EventTable | StateTable
    began: int | None
    keys: dict[str, tuple[Value, ...]] = field(factory=dict)
    standing: dict[str, Standing | None] = field(factory=dict)
    empty: Standing | None = None
    empty_fields: Mapping[str, Value] = field(factory=dict)
    rows: list[Row] = field(factory=list)

    @property
    def counted(self) -> Count | Aggregate:
        """What is asked of a group."""
        found = self.pattern.count or self.pattern.aggregate
        assert found
        return found

    def refresh(self, world: World) -> None:
        """Count every group anew."""
        self.base.refresh(world)
        populations = self._populations(world)
        before, never = self.standing, self.empty
        self.empty, self.empty_fields = self._judge([], never, world)
        self.standing, self.rows = {}, []
        known = dict.fromkeys([*(before if self.may_be_empty else ()), *populations])
        for place in known:
            state, fields = self._judge(populations.get(place, []), before.get(place, self._unseen(never)), world)
            self.standing[place] = state
            if state and state.stood != NOT_YET:
                self.rows.append(self._row(self.keys[place], fields, state))

    def _unseen(self, never: Standing | None) -> Standing | None:
        return never if self.may_be_empty else None

    def row_of(self, key: tuple[Value, ...]) -> Row | None:
        """Give the row of a group that may be one of nothing, if it stands."""
        place = canonical(key)
        if place in self.standing:
            return next((row for row in self.rows if canonical(row.identity[1]) == place), None)
        stands = self.empty is not None and self.empty.stood != NOT_YET
        return self._row(key, self.empty_fields, self.empty) if stands and self.empty else None

    def _row(self, key: tuple[Value, ...], number: Mapping[str, Value], state: Standing) -> Row:
        fields: dict[str, Value] = {}
        for path, value in zip(self.group, key, strict=True):
            inner = fields
            for name in path[:-1]:
                inner = inner.setdefault(name, {})
            inner[path[-1]] = value
        fields.update(number)
        kind = next((row.kind for row in self._base_rows()), None)
        return Row(("count", key, state.since), fields, {}, state.since, state.turn, state.stood, kind)

    def _base_rows(self) -> list[Row]:
        return self.base.rows if isinstance(self.base, EventTable) else list(self.base.entries.values())

    def _populations(self, world: World) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self._population(world):
            key = tuple(row.read(path) for path in self.group)
            if None not in key:
                self.keys[canonical(key)] = key
                found.setdefault(canonical(key), []).append(row)
        return found

    def _population(self, world: World) -> list[Row]:
        if self.counted.within is None:
            return self._base_rows()
        span = microseconds(self.rules.duration(self.counted.within))
        rows = self.base.rows if isinstance(self.base, EventTable) else self.base.beginnings
        return [row for row in rows if not world.clock.reached(row.at + span)]

    def _judge(
        self, population: list[Row], before: Standing | None, world: World
    ) -> tuple[Standing | None, Mapping[str, Value]]:
        value = self._measure(population, world.clock)
        truth = all_of(self._bound(bound, value, world.clock) for bound in self.counted.bounds)
        number = {"count" if self.pattern.count else "value": value}
        if not passes(truth, strict=self.strict):
            return None, number
        state = before or Standing(world.clock.now, world.turn, NOT_YET)
        stood = state.stood
        if stood == NOT_YET and world.held_for(self.pattern.held, state.since, self.rules):
            stood = world.turn
        return Standing(state.since, state.turn, stood), number

    def _bound(self, bound: Bound, value: Value, clock: Clock) -> Truth:
        if isinstance(self.base, EventTable) and bound.comparison in {"at_most", "less_than"}:
            assert self.counted.within is not None
            if not clock.reached(since(self.began, clock) + microseconds(self.rules.duration(self.counted.within))):
                return None
        return ordered(bound.comparison, value, self.rules.value(bound.operand))

    def _measure(self, population: list[Row], clock: Clock) -> Value:
        counted = self.counted
        if isinstance(counted, Aggregate):
            return aggregated(counted, population, Reader(self.rules, clock))
        if counted.distinct is None:
            return len(population)
        values = (row.read(counted.distinct) for row in population)
        return len({canonical(value) for value in values if value is not None})


def aggregated(aggregate: Aggregate, population: list[Row], reader: Reader) -> float | None:
    """Give the number an aggregate takes of its population; None is unknown."""
    if aggregate.measure == "percent_of":
        tests = [test for test in aggregate.of if isinstance(test, Test)]
        true = sum(all_of(reader.test(test, row, {}) for test in tests) is True for row in population)
        return 100 * true / len(population) if population else None
    path = tuple(name for name in aggregate.of if isinstance(name, str))
    samples = sorted(
        (
            (row.at, row.turn, canonical(row.identity), row.read(path))
            for row in population
            if row.read(path) is not None
        ),
        key=lambda sample: sample[:3],
    )
    try:
        return measured(aggregate.measure, [(at, float(value)) for at, _, _, value in samples])
    except (OverflowError, ValueError):
        return None


def measured(measure: str, samples: list[tuple[int, float]]) -> float | None:
    """Reckon the measures of a field over samples in order."""
    values = [value for _, value in samples]
    if measure == "rate":
        span = samples[-1][0] - samples[0][0] if samples else 0
        return finite((values[-1] - values[0]) / (span / 1_000_000)) if span else None
    if not values:
        return None
    if measure in {"min", "max"}:
        return min(values) if measure == "min" else max(values)
    total = math.fsum(values)
    return finite(total / len(values) if measure == "avg" else total)


def finite(value: float) -> float | None:
    """Give a number, or unknown where it overflowed."""
    return value if math.isfinite(value) else None


Table: TypeAlias = EventTable | StateTable | CountTable
