"""What becomes of an event: whether it is new, what it does, and what follows from it at once."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from selfheal_rules.compile.plan import Entry, Make, Part, Rows
from selfheal_rules.decide.decision import (
    DUPLICATE,
    MATCHED,
    SATURATED,
    STALE,
    UNMATCHED,
    Disposition,
    Step,
)
from selfheal_rules.decide.passing import WORDS
from selfheal_rules.decide.rounds import Rounds
from selfheal_rules.events import Event

Way: TypeAlias = Callable[[Event], Step]
"""Takes an event that comes in time."""
_PAST: Mapping[Disposition, Step] = {"duplicate": DUPLICATE, "stale": STALE}


class Arrivals:
    """Says what an event of each kind does; most do all of it in one generated function (see `compile/roads.py`)."""

    def __init__(self, rounds: Rounds, entries: Mapping[str, Entry], remembered: int, fitted: Way) -> None:
        """Know so many ids at most; `fitted` has an event go on once it was held against its kind."""
        self.rounds = rounds
        self.memory = rounds.memory
        self.entries = entries
        self.remembered = remembered
        self.fitted = fitted
        self.ways: dict[str, Way] = {}
        """By kind, all an event does that comes in time."""
        self.roads: list[Way | None] = []
        """By part, what an event does that comes in time, passed its leaves and no others."""

    def wire(self) -> None:
        """Work out, for the guards as they are, what events do."""
        own = {"fitted": self.fitted, "event": self.event, "several": self._several}
        words = {**WORDS, **own, "keep": self.rounds.passing.recent.append}
        parts = self.rounds.network.parts
        self.roads[:] = [self._road(part.road, part, part.kinds[0], words) for part in parts]
        for kind, entry in self.entries.items():
            if entry.kind.form == "event":
                self.ways[kind] = self._way(kind, entry, words)

    def _way(self, kind: str, entry: Entry, words: dict[str, Any]) -> Way:
        if entry.way is None or entry.sole is None:
            return self._sifted(entry) if entry.taken else self._unread(entry)
        part = self.rounds.network.parts[entry.sole]
        whole = entry.way is part.road
        way = self.roads[entry.sole] if whole else self._road(entry.way, part, kind, words)
        return way or self._sifted(entry)

    def _road(self, make: Make | None, part: Part, kind: str, words: dict[str, Any]) -> Way | None:
        """Make what events of a part do; None where that is not written, or what may fire by it is to be judged."""
        network, entry = self.rounds.network, self.entries.get(kind)
        single = network.joins.get(part.fires) if part.fires else None
        if make is None or part.road is None or entry is None or (part.fires and not single) or not self.rounds.quick:
            return None  # a network whose joins are made another way leaves a part no road
        words.update(network.words(part.number), kind=entry.kind)
        words.update((f"e{at}", one) for at, one in enumerate(single.errands if single else ()))
        return make(words)

    def _unread(self, entry: Entry) -> Way:
        """Give what an event does that no part takes: time passes."""

        def way(item: Event, kind: object = entry.kind, memory: Any = self.memory, fitted: Way = self.fitted) -> Step:
            if item.fits is not kind:
                return fitted(item)
            memory.now = item.at
            return UNMATCHED

        return way

    def _sifted(self, entry: Entry) -> Way:
        """Give what an event does of which has to be looked up who takes it."""
        probe, memory, roads, event = entry.probe, self.memory, self.roads, self.event

        def way(item: Event, kind: object = entry.kind, fitted: Way = self.fitted) -> Step:
            if item.fits is not kind:
                return fitted(item)
            memory.now = now = item.at
            hits = probe(item, now)
            if hits is None:
                return UNMATCHED
            road = roads[hits[0]] if len(hits) == 1 else None
            return event(item, hits) if road is None else road(item)

        return way

    def _several(self, number: int, matches: list[Rows]) -> Step:
        """Fire the rule that may fire on the road of a part, by several matches at once."""
        network = self.rounds.network
        fires = network.parts[number].fires
        network.ready += [(network.joins[fires], matches)] if fires else []
        return Step(self.rounds.settle_event())

    def event(self, item: Event, hits: tuple[int, ...]) -> Step:
        """Take an event that passed the leaves of some parts, whenever it comes."""
        memory, rounds = self.memory, self.rounds
        now, seen = memory.now, memory.seen.get(item.source)
        if seen is None:
            seen = memory.seen[item.source] = {}
        if (item.id in seen or item.at < now) and (past := memory.past(item, seen, now - rounds.max_age)):
            return _PAST[past]
        seen[item.id] = now
        memory.turn += 1
        network = rounds.network
        for number in hits:
            network.takers[number](item)
        if not (network.queue or network.ready):
            return MATCHED
        if memory.turn > memory.brim and self._is_full():
            rounds.caution = SATURATED
        made, rounds.caution = rounds.settle_event(), None
        disposition = rounds.disposition(item) if rounds.judge.blocked or rounds.overloaded else "matched"
        if disposition != "matched":
            return Step.of(disposition, tuple(made))
        return Step(made) if made else MATCHED

    def _is_full(self) -> bool:
        """Whether more ids are remembered than may be; counted when as many turns have passed as there was room for."""
        known = sum(map(len, self.memory.seen.values()))
        self.memory.brim = self.memory.turn + self.remembered - known
        return known > self.remembered
