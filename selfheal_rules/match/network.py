"""Items become rows: what a part gains, changes or loses wakes the rules whose joins, blocks or counts it may touch."""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

from selfheal_rules.compile.plan import NEVER, Part, Plan, Seed
from selfheal_rules.match.matcher import NATIVE, Matching
from selfheal_rules.match.memory import AGE, HOLD, Memory
from selfheal_rules.match.populations import Listener
from selfheal_rules.match.rows import Kept, Match, Pending, Record, Row, in_order, kept
from selfheal_rules.match.takers import ByPart, Firing, Meeting, Single, Take, meeting, taker
from selfheal_rules.match.tallies import Tallies
from selfheal_rules.values import lookup, microseconds


class Network:
    """The parts of a program over one memory, and the queue of rules to be judged in this turn."""

    def __init__(self, plan: Plan, memory: Memory, max_age: int) -> None:
        """Stand between a plan and what is remembered under it."""
        self.matching: Matching = NATIVE
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
        self.straight: tuple[tuple[Single, ...] | None, ...] = (None,) * len(plan.parts)
        self.firing: dict[str, tuple[Single, ...]] = {}
        """By kind, what every event of it fires, where none does anything else."""
        self.joins: dict[Seed, Single] = {}
        self.ready: list[tuple[Single, Firing]] = []
        self.ages = _ages(plan)
        self.lines = [*range(len(plan.parts))]
        """By part, the first one whose unindexed events wait in the same place."""
        self.waits: list[Callable[[Any], None]] = [one.append for one in memory.waiting]
        """By part, what puts something there."""
        self._shared = {"m": memory, "sources": memory.seen, "rooms": memory.rooms}
        self._shared |= {"kept": kept, "expire": self.expire}
        self.takers: ByPart[Take] = ByPart(self, taker)
        self.meetings: ByPart[Meeting] = ByPart(self, meeting)
        self.listeners: dict[str, list[Listener]] = {}
        memory.demand = self.tallies.demand
        memory.max_age = max_age

    def wire(self, straight: tuple[tuple[Single, ...] | None, ...], joins: dict[Seed, Single]) -> None:
        """Take what fires as it is found, and say what each part does with an event."""
        self.straight, self.joins = straight, joins
        self._share()
        self.meetings, self.takers = ByPart(self, meeting), ByPart(self, taker)
        self.firing = {}
        for kind, entry in self.plan.entries.items():
            found = [straight[number] for number in entry.always or ()]
            known = [one for one in found if one is not None]
            if known and len(known) == len(found):
                self.firing[kind] = tuple(single for one in known for single in one)

    def words(self, number: int) -> dict[str, Any]:
        """Give what generated lines read of the memory, for a part."""
        memory = self.memory
        return {
            **self._shared,
            "number": number,
            "line": self.lines[number],
            "waiting": memory.waiting[number],
            "wait": self.waits[number],
            "stored": memory.recent[number],
            "store": memory.recent[number].append,
        }

    def _share(self) -> None:
        """Have events that wait unindexed for as long wait in one place, which is at hand whatever part they are of."""
        waiting = self.memory.waiting
        first: dict[int, int] = {}
        for number, part in enumerate(self.parts):
            line = first.setdefault(self.span(part), number) if part.lazy else number
            self.lines[number], waiting[number] = line, waiting[line]
            self.waits[number] = self.waits[line] if line < number else waiting[line].append

    # What is to be judged

    def wake(self, rule: int) -> None:
        """Have a rule judged in this turn."""
        if rule not in self.pending and rule not in self.dirty and rule not in self.arrivals:
            heappush(self.queue, rule * 2)

    def pend(self, seed: Seed, row: Any) -> None:
        """Have a seed tried when its rule is judged."""
        rule = seed.rule
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
        takers = self.takers
        for number in hits:
            takers[number](item)

    def concluded(self, kind: str, rows: tuple[Any, ...]) -> None:
        """Hand what one rule concludes of a kind to the parts that take it."""
        probe, now = self.plan.entries[kind].probe, self.memory.now
        for row in rows:
            hits = probe(row, now)
            if hits is not None:
                self.event(row, hits)

    def span(self, part: Part) -> int:
        """Give for how long an event of a part is kept."""
        return part.keep + (self.max_age if part.late else 0)

    def keep(self, part: Part, item: Any) -> None:
        """Index an event for those that come after it, and have it meet what waits."""
        self.expire(part.number)
        row = self.index(part.number, item, self.memory.turn, late=True)
        if part.watches:
            self.watch(part, row)
        self.seed(part, row)

    def expire(self, number: int) -> None:
        """Let go of the events that nobody can meet any more; no join would take them, they only fill the memory."""
        memory, part = self.memory, self.parts[number]
        limit, waiting, recent = memory.now - self.span(part), memory.waiting[number], memory.recent[number]
        while waiting and waiting[0].at <= limit:
            waiting.popleft(), waiting.popleft(), waiting.popleft()
        while recent and recent[0].at <= limit:
            self.leave(part, recent.popleft())
        memory.grant(self.lines[number], max(len(waiting), len(recent)))

    def index(self, number: int, item: Any, turn: int, *, late: bool = False) -> Kept:
        """Give the row of an event where its partners will look for it; `late`, others may be later than it."""
        row = kept(item, turn)
        self.memory.recent[number].append(row)
        self.enter(self.parts[number], row, late=late)
        return row

    def catch_up(self) -> None:
        """Index the events that only a late one could meet."""
        for waiting in self.memory.waiting:
            while waiting:
                item, turn, number = waiting.popleft(), waiting.popleft(), waiting.popleft()
                self.index(number, item, turn, late=True)

    def tidy(self) -> None:
        """Hold no more than a snapshot needs."""
        for part in self.parts:
            if part.keep:
                self.expire(part.number)
        self.catch_up()

    def seed(self, part: Part, row: Any, *, changed: bool = False) -> None:
        """Have the branches tried that a new (or changed) row may complete."""
        early = row.at >= self.memory.now
        if not early and part.keep:
            self.catch_up()
        meeting = self.meetings[part.number]
        (meeting.changed if changed else meeting.early if early else meeting.late)(row)

    # Rows in exchanges

    def enter(self, part: Part, row: Any, *, late: bool = False) -> None:
        """Hold a row where its partners look for it: events in the order of their times, else as they come."""
        memory, number = self.memory, part.number
        if part.scanned:
            memory.standing[number][row] = None
        places: tuple[Any, ...] = ()
        for exchange, key_of in part.indexes:
            key = key_of(row)
            if row.key is not None:
                places += (key,)
            if key is None:
                continue
            buckets = memory.exchanges[exchange]
            bucket = buckets.get(key)
            if bucket is None:
                buckets[key] = {number: [row]}
            elif number in bucket:
                bucket[number].append(row)
                if late:
                    in_order(bucket[number])
            else:
                bucket[number] = [row]
        if places:
            row.places = places

    def leave(self, part: Part, row: Any) -> None:
        """Have nobody find a row any more."""
        row.gone = True
        number = part.number
        if part.scanned:
            self.memory.standing[number].pop(row, None)
        for (exchange, _), key in zip(part.indexes, keys_of(part, row), strict=False):
            if key is not None:
                _remove(self.memory.exchanges[exchange], key, number, row)

    # States and counts

    def stand(self, part: Part, row: Row, *, new: bool = True) -> None:
        """Have a row of a state or count begin to take part; an empty group has stood before anyone asked for it."""
        row.gone = False
        self.enter(part, row)
        for counter in part.counts:
            self.tallies.join(self.parts[counter], row)
        self.watch(part, row)
        if new:
            self.seed(part, row)
        self.touched = True

    def fall(self, part: Part, row: Row) -> None:
        """Have a row of a state or count take part no longer."""
        self.touched = True
        if row.gone:
            return
        self.watch(part, row)
        self.leave(part, row)
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
            self.leave(part, row)
        row.fields, row.stamp, row.twin = fields, stamp, None
        if standing:
            row.gone = False
            self.enter(part, row)
            self.watch(part, row)
            for match in row.matches or ():
                self.soil(match)
            for counter in part.counts:
                self.tallies.change(self.parts[counter], row)
            self.seed(part, row, changed=True)

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
        for listener in self.listeners.get(record.kind, ()):
            listener.update(record, self.memory.now)

    def clear(self, record: Record) -> None:
        """Have every row of a record end."""
        for listener in self.listeners.get(record.kind, ()):
            listener.remove(record)
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


def keys_of(part: Part, row: Any) -> Sequence[Any]:
    """Give the keys under which a row of a part stands: of an event, which never changes, they are told again."""
    kept: Sequence[Any] = () if row.key is None else row.places
    return kept or [key_of(row) for _, key_of in part.indexes]


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
