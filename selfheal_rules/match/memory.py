"""Everything an engine remembers of a stream, in one place, and nothing it can reckon from the plan."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from typing import Any, Literal

from selfheal_rules.compile.plan import NEVER, Plan
from selfheal_rules.events import Event
from selfheal_rules.match.rows import Kept, Match, Record, Row, Support, Tally, in_order, is_over

HOLD, AGE, TALLY, JUDGE, FORWARD, LAPSE, FORGET, DEADLINE, RETRY, HEALTH, HELD, OVERDUE = range(12)
"""What a timer is for; the ones from DEADLINE on are of episodes and come after firings."""

ROOM = 64
_OWN = frozenset({"demand", "horizon", "brim"})


class Memory:
    """
    Rows, records, counts, matches and timers.

    Generated joins read `now begun max_age turn exchanges standing`; an exchange holds, under each key, the rows of
    every part that is joined by it.
    """

    def __init__(self, plan: Plan) -> None:
        """Start with nothing seen."""
        self.now = -NEVER
        self.begun = [NEVER] * plan.eras
        """Since when the rules of each era have been watching."""
        self.max_age = 0
        self.turn = 0
        self.exchanges: list[dict[Any, dict[int, list[Any]]]] = [{} for _ in range(plan.exchanges)]
        self.standing: list[dict[Row, None]] = [{} for _ in plan.parts]
        self.recent: list[deque[Kept]] = [deque() for _ in plan.parts]
        self.waiting: list[deque[Any]] = [deque() for _ in plan.parts]
        """Events, each followed by its turn and part: a triple of them would be one more thing to keep."""
        self.rooms = [ROOM] * len(plan.parts)
        """By part, how many events or groups it may hold before those that are over are looked for."""
        self.alarm = self.horizon = -NEVER
        """No timer is due before the one; and nothing at all need be done before the other but with what comes."""
        self.brim = -NEVER
        """Up to this turn there is room for the id of every event."""
        self.tallies: list[dict[Any, Tally]] = [{} for _ in plan.parts]
        self.lone: list[dict[Any, tuple[Any, ...]]] = [{} for _ in plan.parts]
        """Groups that have only ever had one sample, and need more: the sample is all there is of them, in order."""
        self.pasts: list[dict[Any, tuple[int, int, int]]] = [{} for _ in plan.parts]
        """Of groups that stand though nothing fills them and nobody asks: `at`, `turn` and `stamp` of their rows."""
        self.homes: list[dict[Row, Any]] = [{} for _ in plan.parts]
        self.groups: list[deque[tuple[int, Any, Tally]]] = [deque() for _ in plan.parts]
        """Groups that no timer ends, by the latest time after which to look whether they are over."""
        self.records: dict[str, dict[Any, Record]] = {}
        self.marks: dict[tuple[str, Any], int] = {}
        self.matches: list[dict[tuple[Row, ...], Match]] = [{} for _ in plan.branches]
        self.once: list[dict[Match, None]] = [{} for _ in plan.branches]
        self.lingering: dict[tuple[int, int, int, str], Support] = {}
        """By rule, step, branch and evidence, what stands for its `ttl` though its match is no longer true."""
        self.fired: list[dict[tuple[Any, ...], tuple[Any, ...]]] = [{} for _ in plan.rules]
        self.sweep = [256] * len(plan.rules)
        self.truths: list[dict[Any, dict[Match, None]]] = [{} for _ in plan.rules]
        self.seen: dict[str, dict[str, int]] = {}
        """By source, the ids of the events that passed some leaf, and when each arrived."""
        self.timers: list[tuple[int, int, int, Any]] = []
        self.crowd = 0
        """With more timers than this, those that mean nothing any more are thrown away."""
        self.ticket = 0
        self.demand: Callable[[int, Any, tuple[Any, ...]], Iterable[Row]] = _nothing

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what the engine hangs on, and what it looks for again: the function that makes groups on demand."""
        return {name: value for name, value in vars(self).items() if name not in _OWN}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what was written; all else is still to be looked for."""
        vars(self).update(state, horizon=-NEVER, brim=-NEVER)

    def timer(self, due: int, purpose: int, subject: Any) -> None:
        """Set a timer; a purpose reads its subject again when it is due."""
        heappush(self.timers, (due, self.next_ticket(), purpose, subject))
        self.alarm = min(self.alarm, due)
        self.horizon = min(self.horizon, due)

    def grant(self, part: int, held: int) -> None:
        """
        Let a part grow by a quarter before it is swept again.

        Whether the oldest is over is not looked up for each newcomer: it lies where the processor has not been for a
        window, and to fetch it costs more than all else that is done with an event that only waits.
        """
        self.rooms[part] = max(ROOM, held + held // 4)

    def past(self, item: Event, seen: dict[str, int], limit: int) -> Literal["duplicate", "stale"] | None:
        """
        Say that an event was seen before, or is too old; what came before an instant is forgotten.

        At that instant itself an id is still known: an event that came as it happened is not stale yet.
        """
        if seen.get(item.id, -NEVER) >= limit:
            return "duplicate"
        seen.pop(item.id, None)
        return "stale" if item.at < limit else None

    def forget(self, limit: int) -> None:
        """Forget the ids of events that came before an instant."""
        for source, seen in tuple(self.seen.items()):
            old = []
            for identity, arrived in seen.items():
                if arrived >= limit:
                    break
                old.append(identity)
            for identity in old:
                del seen[identity]
            if not seen:
                del self.seen[source]

    def next_ticket(self) -> int:
        """Give a number greater than every one before it."""
        self.ticket += 1
        return self.ticket

    def borne(self) -> set[int]:
        """Give the identities of rows of which may be asked whether they have fired, and of sequences that wait."""
        turn, marks = self.turn, (rows for fired in self.fired for rows in fired.values())
        marked = (row for rows in marks if not any(is_over(one, turn) for one in rows) for row in rows)
        waiting = (row for _, _, purpose, one in self.timers if purpose == FORWARD for row in one.rows)
        return {id(row) for row in (*marked, *waiting)}

    def link(self) -> None:
        """Have every row know the matches it is in, in the order they were born, and events stand in their order."""
        for bucket in (bucket for buckets in self.exchanges for bucket in buckets.values()):
            for rows in bucket.values():
                in_order(rows)
        followed = [match for branch in self.matches for match in branch.values()]
        followed += [match for branch in self.once for match in branch]
        for match in sorted(followed, key=lambda one: one.born):
            for row in match.rows:
                if row.key is not None or not match.once:
                    row.matches = {} if row.matches is None else row.matches
                    row.matches[match] = None

    def due(self, instant: int) -> Iterator[tuple[int, Any]]:
        """Take the timers of one instant, in the order they were set."""
        timers = self.timers
        while timers and timers[0][0] <= instant:
            _, _, purpose, subject = heappop(timers)
            yield purpose, subject


def _nothing(*_: object) -> Iterable[Row]:
    return ()
