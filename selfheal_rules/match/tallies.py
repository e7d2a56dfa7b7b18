"""Counts and aggregates: one tally for each group, whose row stands while its bounds hold."""

from bisect import insort
from typing import TYPE_CHECKING, Any

from selfheal_rules.compile.plan import Counted, Part
from selfheal_rules.match.memory import TALLY
from selfheal_rules.match.rows import Row, Tally

if TYPE_CHECKING:
    from selfheal_rules.match.network import Network


class Tallies:
    """The tallies of all counting parts of a network."""

    def __init__(self, network: "Network") -> None:
        """Count what the parts of this network hold."""
        self.network = network
        self.memory = network.memory

    def start(self) -> None:
        """Make the groups that exist though nothing fills them: those with no key at all."""
        for part in self.network.parts:
            counted = part.counted
            if counted and counted.open and not counted.names:
                self._open(part, counted, (), ())

    def demand(self, number: int, key: Any, values: tuple[Any, ...]) -> tuple[Row, ...]:
        """Give the standing row of a group, which exists for whoever asks even where nothing fills it."""
        part = self.network.parts[number]
        tally = self.memory.tallies[number].get(key)
        if tally is None and part.counted:
            tally = self._open(part, part.counted, key, values)
        return (tally.row,) if tally and tally.row is not None and not tally.row.gone else ()

    def _open(self, part: Part, counted: Counted, key: Any, values: tuple[Any, ...]) -> Tally:
        memory = self.memory
        tally = memory.tallies[part.number][key] = Tally(values)
        since = memory.started
        unwatched = counted.falling and memory.now - since < (counted.within or 0)
        if counted.falling and not unwatched and not self._early(part, counted):
            since += counted.within or 0
        self._judge(part, counted, key, tally, since)
        return tally

    def _early(self, part: Part, counted: Counted) -> bool:
        early = counted.early(counted.measure([]))
        return early is True or (part.negative and early is None)

    # Events

    def sample(self, part: Part, row: Any, turn: int) -> None:
        """Count an event, or the beginning of a state."""
        counted, memory = part.counted, self.memory
        key = counted.group(row) if counted else None
        if counted is None or key is None or counted.within is None:
            return
        limit, number = memory.now - counted.within, part.number
        if counted.rising:
            self._sweep(part, limit)
        if row.at <= limit:
            return
        tally = memory.tallies[number].get(key)
        if tally is None:
            tally = memory.tallies[number][key] = self._tally(part, counted, key, row)
        samples = tally.samples
        value = counted.value(row, memory.now) if counted.value else None
        if samples and samples[-1][0] > row.at:
            insort(samples, (row.at, turn, value, row.source, row.id), key=lambda one: one[:2])
        else:
            samples.append((row.at, turn, value, row.source, row.id))
        if counted.rising:
            memory.sampled[number].append((row.at, key))
            if len(samples) < counted.least and not tally.stands:
                return
        self._judge(part, counted, key, tally, memory.now)

    def _tally(self, part: Part, counted: Counted, key: Any, row: Row) -> Tally:
        tally = self.memory.tallies[part.number].get(key)
        if tally is None:
            values = key if counted.literal else tuple(_value(row, name) for name in counted.names)
            tally = self._open(part, counted, key, values) if counted.open and not counted.least else Tally(values)
        return tally

    def _sweep(self, part: Part, limit: int) -> None:
        """Forget groups whose samples have all left the window; no timer would, where nothing can become true by it."""
        sampled = self.memory.sampled[part.number]
        if not sampled or sampled[0][0] > limit:
            return
        tallies = self.memory.tallies[part.number]
        while sampled and sampled[0][0] <= limit:
            key = sampled.popleft()[1]
            tally = tallies.get(key)
            if tally and not tally.stands and (not tally.samples or tally.samples[-1][0] <= limit):
                del tallies[key]

    # States

    def join(self, part: Part, row: Row) -> None:
        """Count a state from now on, or its beginning."""
        counted = part.counted
        if counted and counted.within is not None:
            self.sample(part, row, row.turn)
        elif counted:
            self._member(part, counted, row)

    def _member(self, part: Part, counted: Counted, row: Row) -> None:
        key = counted.group(row)
        if key is None:
            return
        tally = self._tally(part, counted, key, row)
        self.memory.homes[part.number][row] = key
        self.memory.tallies[part.number][key] = tally
        if tally.members is None:
            tally.members = {}
        tally.members[row] = counted.value(row, self.memory.now) if counted.value else None
        self._judge(part, counted, key, tally, self.memory.now)

    def leave(self, part: Part, row: Row) -> None:
        """Count a state no longer."""
        counted = part.counted
        if counted is None or counted.within is not None:
            return
        key = self.memory.homes[part.number].pop(row, None)
        if key is not None:
            tally = self.memory.tallies[part.number][key]
            if tally.members is not None:
                del tally.members[row]
            self._judge(part, counted, key, tally, self.memory.now)

    def change(self, part: Part, row: Row) -> None:
        """Count a state with its new fields."""
        counted = part.counted
        if counted is None or counted.within is not None:
            return
        home = self.memory.homes[part.number].get(row)
        if home is None or home != counted.group(row):
            self.leave(part, row)
            self._member(part, counted, row)
            return
        tally = self.memory.tallies[part.number][home]
        if tally.members is not None:
            tally.members[row] = counted.value(row, self.memory.now) if counted.value else None
        self._judge(part, counted, home, tally, self.memory.now)

    # Judging a group

    def due(self, number: int, key: Any) -> None:
        """Judge a group again because its window or the watch has moved on."""
        part = self.network.parts[number]
        tally = self.memory.tallies[number].get(key)
        if tally and part.counted:
            tally.due = 0
            self._judge(part, part.counted, key, tally, self.memory.now)

    def _judge(self, part: Part, counted: Counted, key: Any, tally: Tally, since: int) -> None:
        self._expire(counted, tally)
        samples = tally.samples if counted.within is not None else self._members(tally)
        exists = bool(samples) or counted.open
        number = counted.measure(samples)
        unwatched = counted.falling and self.memory.now - self.memory.started < (counted.within or 0)
        truth = (counted.early if unwatched else counted.accept)(number) if exists else False
        stands = truth is True or (part.negative and truth is None)
        self._settle(part, counted, key, tally, number, since, stands=stands)
        self._timer(part, counted, key, tally, unwatched=unwatched)
        if not samples and not tally.stands and not unwatched:
            self.memory.tallies[part.number].pop(key, None)

    def _expire(self, counted: Counted, tally: Tally) -> None:
        if counted.within is not None and tally.samples:
            limit = self.memory.now - counted.within
            if tally.samples[0][0] <= limit:
                tally.samples = [sample for sample in tally.samples if sample[0] > limit]

    def _members(self, tally: Tally) -> list[tuple[Any, ...]]:
        found = [(row.at, row.turn, value, row.source, row.id) for row, value in (tally.members or {}).items()]
        return sorted(found, key=lambda one: one[:2])

    def _settle(
        self, part: Part, counted: Counted, key: Any, tally: Tally, number: Any, since: int, *, stands: bool
    ) -> None:
        fields = _nested(counted.names, tally.values, counted.output, number)
        if stands and not tally.stands:
            tally.stands = True
            turn = self.memory.turn if since == self.memory.now else 0
            tally.row = Row("count", "", key, tally.values, fields, since, turn)
            tally.row.cause = tuple(tally.samples)
            self.network.ripen(part, tally.row)
        elif tally.row is not None and not stands:
            row, tally.row, tally.stands = tally.row, None, False
            self.network.fall(part, row)
        elif tally.row is not None and tally.row.fields != fields:
            tally.row.cause = tuple(tally.samples)
            self.network.change(part, tally.row, fields, self.memory.now)

    def _timer(self, part: Part, counted: Counted, key: Any, tally: Tally, *, unwatched: bool) -> None:
        due = 0
        if counted.within is not None and tally.samples and (tally.stands or not counted.rising):
            due = tally.samples[0][0] + counted.within
        if unwatched:
            watched = self.memory.started + (counted.within or 0)
            due = min(due, watched) if due else watched
        if due and (not tally.due or due < tally.due):
            tally.due = due
            self.memory.timer(due, TALLY, (part.number, key))


def _value(row: Row, name: str) -> Any:
    found: Any = row.fields
    for step in name.split("."):
        found = found.get(step)
    return found if name not in {"source", "time"} else getattr(row, name)


def _nested(names: tuple[str, ...], values: tuple[Any, ...], output: str, number: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in zip(names, values, strict=True):
        *path, last = name.split(".")
        inner = fields
        for step in path:
            inner = inner.setdefault(step, {})
        inner[last] = value
    fields[output] = number
    return fields
