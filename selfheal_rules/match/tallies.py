"""Counts and aggregates: one tally for each group, whose row stands while its bounds hold."""

from bisect import insort
from itertools import takewhile
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

from selfheal_rules.compile.plan import Counted, Part
from selfheal_rules.match.memory import TALLY
from selfheal_rules.match.rows import Row, Tally

if TYPE_CHECKING:
    from selfheal_rules.match.network import Network

_order = itemgetter(0, 1)


class Sample(Protocol):
    """Counts a row under one part; `turn` is that of the beginning of a state (0: the present one)."""

    def __call__(self, row: Any, turn: int = 0) -> None:
        """Count it."""


class Tallies:
    """The tallies of all counting parts of a network."""

    def __init__(self, network: "Network") -> None:
        """Count what the parts of this network hold."""
        self.network = network
        self.memory = network.memory
        self.samplers = {
            part.number: self._sampler(part, part.counted, part.counted.within)
            for part in network.parts
            if part.counted and part.counted.within is not None
        }
        """What counts an event, or the beginning of a state, under each part that counts over a window."""
        self.crowded: dict[int, None] = {}
        """The parts that hold more groups than they have room for."""

    def start(self) -> None:
        """Make the groups that exist though nothing fills them: those with no key at all."""
        for part in self.network.parts:
            counted = part.counted
            if counted and counted.open and not counted.names and () not in self.memory.tallies[part.number]:
                self._open(part, counted, (), ())

    def demand(self, number: int, key: Any, values: tuple[Any, ...]) -> tuple[Row, ...]:
        """Give the standing row of a group, which exists for whoever asks even where nothing fills it."""
        part = self.network.parts[number]
        tally = self.memory.tallies[number].get(key)
        if tally is None and part.counted:
            tally = self._open(part, part.counted, key, values)
        return (tally.row,) if tally and tally.row is not None and not tally.row.gone else ()

    def _open(self, part: Part, counted: Counted, key: Any, values: tuple[Any, ...]) -> Tally:
        memory, number = self.memory, part.number
        tally = memory.tallies[number][key] = Tally(values)
        if len(memory.tallies[number]) > memory.rooms[number]:
            self.crowded[number] = None
        past = memory.pasts[number].pop(key, None)
        if past is None:
            self._judge(part, counted, key, tally, self._since(part, counted))
        else:
            self._return(part, counted, key, tally, past)
        return tally

    def _since(self, part: Part, counted: Counted) -> int:
        """Give since when a group has been true that nothing has ever filled."""
        since, within = self.memory.begun[part.era], counted.within or 0
        is_watched = counted.falling and self.memory.now - since >= within
        return since + within if is_watched and not self._early(part, counted) else since

    def _return(self, part: Part, counted: Counted, key: Any, tally: Tally, past: tuple[int, int, int]) -> None:
        """Have the row of a group stand where it has stood all along."""
        fields = _nested(counted.names, tally.values, counted.output, counted.measure([]))
        row = tally.row = Row("count", "", key, tally.values, fields, *past[:2])
        row.stamp, row.cause, tally.stands = past[2], tally.samples, True
        self.network.enter(part, row)

    # Groups that nobody asks for

    def tidy(self) -> None:
        """
        Let go of the groups of crowded parts that nothing fills and no match holds: who asks finds them as they were.

        Nothing may be waiting to be judged: what is, holds rows that no match does yet.
        """
        borne = self.memory.borne()
        for number in self.crowded:
            part, tallies = self.network.parts[number], self.memory.tallies[number]
            if part.counted and part.counted.open and part.counted.names:
                for key, tally in tuple(tallies.items()):
                    if self._is_idle(tally) and id(tally.row) not in borne:
                        self._drop(part, part.counted, key, tally.row)
            self.memory.grant(number, len(tallies))
        self.crowded.clear()

    def _is_idle(self, tally: Tally) -> bool:
        row = tally.row
        is_empty = not (tally.samples or tally.members or tally.due)
        return is_empty and row is not None and not (row.gone or row.matches)

    def _drop(self, part: Part, counted: Counted, key: Any, row: Any) -> None:
        """Forget a group, but for when its row began to stand, where that cannot be reckoned."""
        self.network.leave(part, row)
        del self.memory.tallies[part.number][key]
        since = self._since(part, counted)
        if (row.at, row.turn, row.stamp) != (since, 0, since):
            self.memory.pasts[part.number][key] = row.at, row.turn, row.stamp

    def _early(self, part: Part, counted: Counted) -> bool:
        early = counted.early(counted.measure([]))
        return early is True or (part.negative and early is None)

    # Events

    def _sampler(self, part: Part, counted: Counted, within: int) -> Sample:
        memory, group, value = self.memory, counted.group, counted.value
        rising, distinct, enough = counted.rising, counted.distinct, counted.least if counted.rising else 0
        number, rooms = part.number, memory.rooms
        tallies, groups, lone = memory.tallies[number], memory.groups[number], memory.lone[number]

        def sample(row: Any, turn: int = 0) -> None:
            now, at = memory.now, row.at
            limit = now - within
            key = group(row)
            if key is None or at <= limit:
                return
            one = (at, turn or memory.turn, value(row, now) if value else None, row.kind, row.source, row.id)
            tally = tallies.get(key)
            if tally is None:
                first = lone.pop(key, None) if enough > 1 else None
                if enough > 1 and (first is None or first[0] <= limit):
                    lone[key] = one
                    crowd = len(lone)
                else:
                    tally = tallies[key] = self._tally(part, counted, key, row, first)
                    groups.extend(((at, key, tally),) if rising else ())
                    crowd = len(groups)
                if crowd > rooms[number]:
                    self._sweep(part, limit)
                if tally is None:
                    return
            samples = tally.samples
            if distinct:
                _differ(tally.different, one)
            if at < now and samples and samples[-1][0] > at:
                insort(samples, one, key=_order)
            else:
                samples.append(one)
            if len(samples) >= enough or tally.stands:
                self._judge(part, counted, key, tally, now)

        return sample

    def _tally(self, part: Part, counted: Counted, key: Any, row: Row, first: Any = None) -> Tally:
        """Give the tally of a group, which may have had one sample to itself until now."""
        values = key if counted.literal else tuple(_value(row, name) for name in counted.names)
        if counted.open and not counted.least:
            return self._open(part, counted, key, values)
        tally = Tally(values)
        if first is not None:
            tally.samples.append(first)
            if counted.distinct:
                _differ(tally.different, first)
        return tally

    def _sweep(self, part: Part, limit: int) -> None:
        """Forget groups whose samples have all left the window; no timer would, where nothing can become true by it."""
        memory, number = self.memory, part.number
        groups, tallies, lone = memory.groups[number], memory.tallies[number], memory.lone[number]
        for key in [*takewhile(lambda key: lone[key][0] <= limit, lone)]:
            del lone[key]
        while groups and groups[0][0] <= limit:
            _, key, tally = groups.popleft()
            last = tally.samples[-1][0] if tally.samples else limit
            if tallies.get(key) is not tally:
                continue
            if tally.stands or last > limit:
                groups.append((max(last, limit + 1), key, tally))
            else:
                del tallies[key]
        memory.grant(number, max(len(groups), len(lone)))

    # States

    def join(self, part: Part, row: Row) -> None:
        """Count a state from now on, or its beginning."""
        counted = part.counted
        if counted and counted.within is not None:
            self.samplers[part.number](row, row.turn)
        elif counted:
            self._member(part, counted, row)

    def _member(self, part: Part, counted: Counted, row: Row) -> None:
        key = counted.group(row)
        if key is None:
            return
        tally = self.memory.tallies[part.number].get(key) or self._tally(part, counted, key, row)
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
        is_kept = counted.distinct and counted.within is not None
        number = len(tally.different) if is_kept else counted.measure(samples)
        unwatched = counted.falling and self.memory.now - self.memory.begun[part.era] < (counted.within or 0)
        truth = (counted.early if unwatched else counted.accept)(number) if exists else False
        stands = truth is True or (part.negative and truth is None)
        self._settle(part, counted, key, tally, number, since, stands=stands)
        if tally.row is not None:
            tally.row.cause, tally.row.twin = samples, None
        self._timer(part, counted, key, tally, unwatched=unwatched)
        if not samples and not tally.stands and not unwatched:
            self.memory.tallies[part.number].pop(key, None)

    def _expire(self, counted: Counted, tally: Tally) -> None:
        if counted.within is None:
            return
        samples, limit, old = tally.samples, self.memory.now - counted.within, 0
        while old < len(samples) and samples[old][0] <= limit:
            old += 1
        if counted.distinct:
            self._forget(tally.different, samples[:old])
        if old:
            del samples[:old]

    def _forget(self, different: dict[Any, int], samples: list[tuple[Any, ...]]) -> None:
        for sample in samples:
            if sample[2] is not None:
                different[sample[2]] -= 1
                if not different[sample[2]]:
                    del different[sample[2]]

    def _members(self, tally: Tally) -> list[tuple[Any, ...]]:
        members = (tally.members or {}).items()
        found = [(row.at, row.turn, value, row.kind, row.source, row.values) for row, value in members]
        return sorted(found, key=_order)

    def _settle(
        self, part: Part, counted: Counted, key: Any, tally: Tally, number: Any, since: int, *, stands: bool
    ) -> None:
        row = tally.row
        if stands and not tally.stands:
            tally.stands = True
            turn = self.memory.turn if since == self.memory.now else 0
            fields = _nested(counted.names, tally.values, counted.output, number)
            tally.row = Row("count", "", key, tally.values, fields, since, turn)
            self.network.ripen(part, tally.row)
        elif row is not None and not stands:
            tally.row, tally.stands = None, False
            self.network.fall(part, row)
        elif row is not None and row.fields[counted.output] != number:
            self._renumber(part, row, _nested(counted.names, tally.values, counted.output, number))

    def _renumber(self, part: Part, row: Row, fields: Any) -> None:
        """Have a group that stands carry another number: what only steps read is no news to any match."""
        if part.heeded:
            self.network.change(part, row, fields, self.memory.now)
        else:
            row.fields, row.stamp = fields, self.memory.now
            self.network.touched = True

    def _timer(self, part: Part, counted: Counted, key: Any, tally: Tally, *, unwatched: bool) -> None:
        due = 0
        if counted.within is not None and tally.samples and (tally.stands or not counted.rising):
            due = tally.samples[0][0] + counted.within
        if unwatched:
            watched = self.memory.begun[part.era] + (counted.within or 0)
            due = min(due, watched) if due else watched
        if due and (not tally.due or due < tally.due):
            tally.due = due
            self.memory.timer(due, TALLY, (part.number, key))


def _differ(different: dict[Any, int], sample: tuple[Any, ...]) -> None:
    """Count the value of a sample among the different ones."""
    if sample[2] is not None:
        different[sample[2]] = different.get(sample[2], 0) + 1


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
