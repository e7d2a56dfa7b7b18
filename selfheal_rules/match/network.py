"""Items become rows: what a part gains, changes or loses wakes the rules whose joins, blocks or counts it may touch."""

from heapq import heappop, heappush
from typing import Any, TypeAlias

from selfheal_rules.compile.plan import NEVER, Branching, Find, Part, Plan, Ruling, Seed
from selfheal_rules.events import Event
from selfheal_rules.match.memory import AGE, HOLD, Memory
from selfheal_rules.match.rows import Kept, Match, Occurrence, Pending, Record, Row
from selfheal_rules.match.tallies import Tallies
from selfheal_rules.values import lookup, microseconds

Straight: TypeAlias = tuple[tuple[Ruling, Branching, Find], ...]
"""What a single event of a part fires where that is all it can do, in the order it fires."""


class Network:
    """The parts of a program over one memory, and the queue of rules to be judged in this turn."""

    def __init__(self, plan: Plan, memory: Memory, max_age: int) -> None:
        """Stand between a plan and what is remembered under it."""
        self.plan = plan
        self.memory = memory
        self.max_age = max_age
        self.parts = plan.parts
        self.queue: list[int] = []
        self.pending: dict[int, list[tuple[Seed, Any]]] = {}
        self.dirty: dict[int, dict[Match, None]] = {}
        self.arrivals: dict[int, list[Pending]] = {}
        self.tallies = Tallies(self)
        self.touched = False
        self.straight: tuple[Straight | None, ...] = (None,) * len(plan.parts)
        self.joins: dict[Seed, Straight] = {}
        self.ready: list[tuple[Straight, Any]] = []
        self.ages = _ages(plan)
        memory.demand = self.tallies.demand
        memory.max_age = max_age

    # What is to be judged

    def wake(self, rule: int) -> None:
        """Have a rule judged in this turn."""
        if rule not in self.pending and rule not in self.dirty and rule not in self.arrivals:
            heappush(self.queue, rule * 2)

    def pend(self, seed: Seed, row: Any) -> None:
        """Have a seed tried when its rule is judged."""
        rule = seed.rule
        if row.__class__ is Event:
            row = Occurrence(row.kind, row.source, row.id, row.fields, row.at, self.memory.turn)
        straight = self.joins.get(seed)
        if straight is not None:
            self.ready.append((straight, row))
            return
        pending = self.pending.get(rule)
        if pending is None:
            self.wake(rule)
            self.pending[rule] = [(seed, row)]
        else:
            pending.append((seed, row))

    def soil(self, match: Match) -> None:
        """Have a match judged again."""
        rule = self.plan.branches[match.branch].rule
        self.wake(rule)
        self.dirty.setdefault(rule, {})[match] = None

    def arrive(self, pending: Pending) -> None:
        """Have a sequence judged whose last `none` has come to its end."""
        rule = self.plan.branches[pending.branch].rule
        self.wake(rule)
        self.arrivals.setdefault(rule, []).append(pending)

    def flush(self, number: int) -> None:
        """Have what is concluded up to this rule told before the next one is judged."""
        heappush(self.queue, number * 2 + 1)

    def next(self) -> int:
        """Take the next entry of the queue: twice a rule's number, or one more for what it concluded to be told."""
        return heappop(self.queue)

    # Events

    def event(self, item: Any, hits: tuple[int, ...]) -> None:
        """Hand an event (or what was concluded) to the parts that take it."""
        memory = self.memory
        shared: Occurrence | None = item if isinstance(item, Occurrence) else None
        for number in hits:
            part = self.parts[number]
            for counter in part.counts:
                self.tallies.sample(self.parts[counter], item, memory.turn)
            if part.keep:
                self._keep(part, item)
                continue
            if not (part.seeds or part.probes or part.watches):
                continue
            if shared is None:
                shared = Occurrence(item.kind, item.source, item.id, item.fields, item.at, memory.turn)
            self._taken(part, shared)

    def _taken(self, part: Part, row: Any) -> None:
        if part.watches:
            self.watch(part, row)
        self._seed(part, row)

    def _keep(self, part: Part, item: Any) -> None:
        memory, number = self.memory, part.number
        limit = memory.now - part.keep - (self.max_age if part.late else 0)
        if part.lazy and item.__class__ is Event:
            waiting = memory.waiting[number]
            while waiting and waiting[0][0].at <= limit:
                waiting.popleft()
            waiting.append((item, memory.turn))
            self._expire(part, limit)
            self._seed(part, item)
            return
        self._expire(part, limit)
        self._taken(part, self._index(part, item, memory.turn))

    def _expire(self, part: Part, limit: int) -> None:
        recent = self.memory.recent[part.number]
        while recent and recent[0].at <= limit:
            self._leave(part, recent.popleft())

    def _index(self, part: Part, item: Any, turn: int) -> Kept:
        row = Kept(item.kind, item.source, item.id, item.fields, item.at, turn)
        if item.__class__ is not Event:
            row.maker = item.maker
        self.memory.recent[part.number].append(row)
        self._enter(part, row)
        return row

    def catch_up(self) -> None:
        """Index the events that only a late one could meet."""
        for part in self.parts:
            waiting = self.memory.waiting[part.number] if part.lazy else ()
            while waiting:
                item, turn = waiting.popleft()
                self._index(part, item, turn)

    def _seed(self, part: Part, row: Any, *, changed: bool = False) -> None:
        memory = self.memory
        early = row.at >= memory.now
        if not early and part.keep:
            self.catch_up()
        for seed in part.seeds:
            if not (seed.late_only and early) and (seed.level or not changed):
                self.pend(seed, row)
        for probe in part.probes:
            key = probe.key(row)
            bucket = memory.exchanges[probe.exchange].get(key) if key is not None else None
            if bucket is not None:
                self._probe(probe.partners, bucket, row, early=early, changed=changed)

    def _probe(self, partners: Any, bucket: Any, row: Any, *, early: bool, changed: bool) -> None:
        for number in bucket if len(bucket) <= len(partners) else partners:
            if number in bucket:
                for seed in partners.get(number, ()):
                    if not (seed.late_only and early) and (seed.level or not changed):
                        self.pend(seed, row)

    # Rows in exchanges

    def _enter(self, part: Part, row: Any) -> None:
        memory, number = self.memory, part.number
        if part.scanned:
            memory.standing[number][row] = None
        places = []
        for exchange, key_of in part.indexes:
            key = key_of(row)
            places.append(key)
            if key is None:
                continue
            buckets = memory.exchanges[exchange]
            bucket = buckets.get(key)
            if bucket is None:
                buckets[key] = {number: [row]}
            elif number in bucket:
                bucket[number].append(row)
            else:
                bucket[number] = [row]
        row.places = tuple(places)

    def _leave(self, part: Part, row: Any) -> None:
        row.gone = True
        number = part.number
        if part.scanned:
            self.memory.standing[number].pop(row, None)
        for (exchange, _), key in zip(part.indexes, row.places, strict=False):
            if key is not None:
                _remove(self.memory.exchanges[exchange], key, number, row)

    # States and counts

    def stand(self, part: Part, row: Row, *, new: bool = True) -> None:
        """Have a row of a state or count begin to take part; an empty group has stood before anyone asked for it."""
        row.gone = False
        self._enter(part, row)
        for counter in part.counts:
            self.tallies.join(self.parts[counter], row)
        self.watch(part, row)
        if new:
            self._seed(part, row)
        self.touched = True

    def fall(self, part: Part, row: Row) -> None:
        """Have a row of a state or count take part no longer."""
        self.touched = True
        if row.gone:
            return
        self.watch(part, row)
        self._leave(part, row)
        for match in tuple(row.matches or ()):
            self.soil(match)
        for counter in part.counts:
            self.tallies.leave(self.parts[counter], row)

    def change(self, part: Part, row: Row, fields: Any, stamp: int) -> None:
        """Have a standing row carry other fields."""
        self.touched = True
        standing = not row.gone
        if standing:
            self.watch(part, row)
            self._leave(part, row)
        row.fields, row.stamp = fields, stamp
        if standing:
            row.gone = False
            self._enter(part, row)
            self.watch(part, row)
            for match in row.matches or ():
                self.soil(match)
            for counter in part.counts:
                self.tallies.change(self.parts[counter], row)
            self._seed(part, row, changed=True)

    def watch(self, part: Part, row: Any) -> None:
        """Have the matches judged again that a row of this part may block."""
        memory = self.memory
        for watch in part.watches:
            if watch.key is None:
                for match in (*memory.matches[watch.branch].values(), *memory.once[watch.branch]):
                    self.soil(match)
                continue
            key = watch.key(row)
            bucket = memory.exchanges[watch.exchange].get(key) if key is not None else None
            for other in bucket.get(watch.part, ()) if bucket else ():
                for match in other.matches or ():
                    if match.branch == watch.branch:
                        self.soil(match)

    def record(self, record: Record, since: int) -> None:
        """Hold a record against the leaves of its parts: rows begin (at `since`), change or end."""
        entry = self.plan.entries.get(record.kind)
        hits = (entry.probe(record, self.memory.now) if entry else None) or ()
        for number in hits:
            row = record.rows.get(number)
            if row is None:
                self._begin(self.parts[number], record, since)
            elif row.fields is not record.fields or row.stamp != record.at:
                self.change(self.parts[number], row, record.fields, record.at)
        for number in tuple(record.rows):
            if number not in hits:
                self._end(self.parts[number], record)
        self._age(record)

    def clear(self, record: Record) -> None:
        """Have every row of a record end."""
        for number in tuple(record.rows):
            self._end(self.parts[number], record)

    def _begin(self, part: Part, record: Record, since: int) -> None:
        row = Row(record.kind, record.source, record.key, record.values, record.fields, since, self.memory.turn)
        row.stamp = record.at
        row.cause = record.cause
        record.rows[part.number] = row
        self.touched = True
        self.ripen(part, row)

    def _end(self, part: Part, record: Record) -> None:
        self.fall(part, record.rows.pop(part.number))

    def ripen(self, part: Part, row: Row) -> None:
        """Have a row stand once it has lasted its `for`."""
        due = row.at + part.held
        if part.held and due > self.memory.now:
            row.gone = True
            self.memory.timer(due, HOLD, (part.number, row))
        else:
            self.stand(part, row, new=row.turn > 0)

    def _age(self, record: Record) -> None:
        for path, age, past in self.ages.get(record.kind, ()):
            value = lookup(record.fields, path) if path != ("time",) else record.time
            due = microseconds(value) + age + past if value is not None else -NEVER
            if due > self.memory.now:
                self.memory.timer(due, AGE, (record, record.at, record.fields))


def _ages(plan: Plan) -> dict[str, list[tuple[tuple[str, ...], int, bool]]]:
    found: dict[str, list[tuple[tuple[str, ...], int, bool]]] = {}
    for part in plan.parts:
        for kind in part.kinds if part.ages else ():
            found.setdefault(kind, []).extend(age for age in part.ages if age not in found.get(kind, []))
    return found


def _remove(exchange: dict[Any, dict[int, list[Any]]], key: Any, number: int, row: Any) -> None:
    bucket = exchange[key]
    rows = bucket[number]
    rows.remove(row)
    if not rows:
        del bucket[number]
        if not bucket:
            del exchange[key]
