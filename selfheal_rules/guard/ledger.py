"""What was done and when, by what each guard goes by; a snapshot writes it whole, and it outlives any program."""

from collections import deque
from collections.abc import Callable
from heapq import heappop
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from selfheal_rules.decide.proposal import Flight, Proposal, Queue
from selfheal_rules.spelling import identity
from selfheal_rules.values import Value

if TYPE_CHECKING:
    from selfheal_rules.decide.control import Control
    from selfheal_rules.guard.agreement import Approval

Scope: TypeAlias = Any
"""Who shares a budget (a rule or the site), the guard, and what it goes by."""


What: TypeAlias = tuple[str, ...]
"""What is counted: the key of a guard, the action where that is counted apart, and what else is."""
_NONE: dict[Flight, None] = {}
ANYTHING = "*"
"""In the place of a thing that is in hand: whatever it is. No step has such a target."""
SAID = 1_000
"""Of so many controls the ids are kept."""
SWEEP = 1024
"""So many charges lie between two sweeps, at least."""

Taken: TypeAlias = tuple[
    tuple[Scope, ...],
    tuple[tuple[What, Scope], ...],
    tuple[Queue, ...],
    tuple[tuple[str, str, Scope], ...],
    tuple[tuple[str, str, Scope], ...],
]
"""
What an attempt takes up: the things it locks; the caps it counts under, each by what that counts and goes by; what
waits for its end; the breakers that hear how it ends, by what they share, the action, and what they go by; and the
guards of other packages that hear it, by name, key, and what they go by.
"""


class Way(Protocol):
    """What an attempt has passed, and what it takes up by that."""

    @property
    def taken(self) -> Callable[["Airborne", tuple[Scope, ...]], Taken]:
        """What an attempt takes up, by what the guards on it go by."""


class Airborne:
    """One attempt under way; what it takes up is worked out when somebody asks, which is at its end."""

    __slots__ = ("_taken", "acting", "action", "by", "ends", "episode", "place", "target", "way")

    def __init__(self, proposal: Proposal, ends: int, way: Way, by: tuple[Scope, ...]) -> None:
        """Note what was let through, when it ends by itself, by which way, and what the guards on it go by."""
        self.acting = proposal.acting
        self.action = proposal.action
        self.target = proposal.target
        self.place = proposal.place
        self.ends = ends
        self.episode = proposal.episode.number
        self.way = way
        self.by = by
        self._taken: Taken | None = None

    @property
    def taken(self) -> Taken:
        """What it takes up until it is over."""
        if self._taken is None:
            self._taken = self.way.taken(self, self.by)
        return self._taken

    def __getstate__(self) -> tuple[Any, ...]:
        """Write what it takes up; the way is of one engine."""
        return self.acting, self.action, self.target, self.place, self.ends, self.episode, self.taken

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Go on from a snapshot."""
        self.acting, self.action, self.target, self.place, self.ends, self.episode, self._taken = state


class Breaker:
    """What failed of late under one scope, since when it is open, and which attempt probes it."""

    __slots__ = ("failures", "opened", "probe")

    def __init__(self) -> None:
        """Start closed."""
        self.failures: deque[int] = deque()
        self.opened: int | None = None
        self.probe: Flight | None = None

    def is_idle(self, since: int) -> bool:
        """Whether it is closed, and nothing failed after an instant."""
        return self.opened is None and (not self.failures or self.failures[-1] <= since)


class Remembered:
    """What a guard of another package remembers of one place: since when, and of which target it was last told."""

    __slots__ = ("at", "fault", "target", "value")

    def __init__(self, at: int, target: Any, value: Value, fault: str = "") -> None:  # noqa: ANN401 - of any type
        """Start so; `fault` says why it could not be told what came of something."""
        self.at = at
        self.target = target
        self.value = value
        self.fault = fault


_UNKNOWN = Remembered(0, None, None)


class Book:
    """
    The budgets of what was done, or of what would have been: by what counts, then by what that goes by.

    What counts is the key of a guard and what it counts apart. Those tables are never taken away: guards hold on to
    their own.
    """

    __slots__ = (
        "acts", "breakers", "brim", "brought", "caps", "charged", "ends", "flights", "last", "locks", "quarantined",
        "times",
    )  # fmt: skip

    def __init__(self) -> None:
        """Start with nothing done."""
        self.charged = 0
        self.brim = SWEEP
        """After how many charges what has left every window is looked for: as many as there may be to look at."""
        self.acts: dict[What, dict[Scope, dict[Any, int]]] = {}
        """The targets that were acted on, each with the last time, the oldest first."""
        self.times: dict[What, dict[Scope, list[int]]] = {}
        """Every time."""
        self.last: dict[What, dict[Scope, int]] = {}
        """The last time, the oldest first."""
        self.flights: dict[Flight, Airborne] = {}
        self.ends: list[tuple[int, Flight]] = []
        """When attempts end by themselves, as a heap; many of them have ended before."""
        self.locks: dict[Scope, Flight] = {}
        """The attempt under way on a thing; nothing that locks it is let through beside it."""
        self.caps: dict[What, dict[Scope, dict[Flight, None]]] = {}
        """The attempts under way."""
        self.breakers: dict[What, dict[Scope, Breaker]] = {}
        """By action as well."""
        self.quarantined: dict[Scope, tuple[int, Any]] = {}
        self.brought: dict[str, dict[Scope, Remembered]] = {}
        """By the guards of other packages what each remembers, the oldest first."""

    @property
    def actions(self) -> set[str]:
        """Give the actions that anything is counted of."""
        tables = self.acts, self.times, self.last, self.caps, self.breakers
        return {what[1] for table in tables for what in table if what[1]}

    def acted(self, whats: tuple[What, ...], scope: Scope, since: int, keep: int) -> dict[Any, int]:
        """Give the targets acted on after an instant, the oldest first; what is older than `keep` is forgotten."""
        if len(whats) == 1:
            return self._acted(whats[0], scope, since, keep)
        latest: dict[Any, int] = {}
        for what in whats:
            for target, at in self._acted(what, scope, since, keep).items():
                latest[target] = max(at, latest.get(target, at))
        return dict(sorted(latest.items(), key=lambda acted: acted[1]))

    def _acted(self, what: What, scope: Scope, since: int, keep: int) -> dict[Any, int]:
        acts = self.acts.get(what, {}).get(scope)
        if not acts:
            return {}
        oldest = next(iter(acts.values()))
        if oldest <= keep:
            for target in _before(acts, keep):
                del acts[target]
        return acts if oldest > since else {target: at for target, at in acts.items() if at > since}

    def remembered(self, guard: str, scope: Scope, since: int) -> Remembered:
        """Give what a guard of another package remembers, if it was written after an instant."""
        kept = self.brought.get(guard, {}).get(scope)
        return kept if kept is not None and (kept.at > since or kept.fault) else _UNKNOWN

    def remember(self, guard: str, scope: Scope, kept: Remembered) -> None:
        """Have a guard of another package remember; nothing at all is forgotten at once."""
        places = self.brought.setdefault(guard, {})
        places.pop(scope, None)
        if kept.fault or kept.value is not None:
            places[scope] = kept

    def sweep(self, since: int) -> None:
        """Forget what happened before an instant that no window reaches back to; again once that much is new."""
        for last in self.last.values():
            for scope in _before(last, since):
                del last[scope]
        size = sum(
            (
                *(_keep(one, lambda acts: max(acts.values(), default=since) > since) for one in self.acts.values()),
                *(_keep(one, lambda times: bool(times) and times[-1] > since) for one in self.times.values()),
                *(_keep(one, lambda kept: kept.at > since or bool(kept.fault)) for one in self.brought.values()),
                *(_keep(one, lambda breaker: not breaker.is_idle(since)) for one in self.breakers.values()),
                *map(len, self.last.values()),
            )
        )
        self.charged, self.brim = 0, max(SWEEP, size)

    def since(self, whats: tuple[What, ...], scope: Scope, since: int, keep: int) -> list[int]:
        """Give the times after an instant in their order; what is older than `keep` is forgotten."""
        if len(whats) == 1:
            return self._since(whats[0], scope, since, keep)
        return sorted(at for what in whats for at in self._since(what, scope, since, keep))

    def _since(self, what: What, scope: Scope, since: int, keep: int) -> list[int]:
        times = self.times.get(what, {}).get(scope)
        if not times:
            return []
        if times[0] <= keep:
            times[:] = [at for at in times if at > keep]
        return times if times and times[0] > since else [at for at in times if at > since]

    def under_way(self, whats: tuple[What, ...], scope: Scope) -> dict[Flight, None]:
        """Give the attempts under way that a guard counts."""
        if len(whats) == 1:
            return self.caps.get(whats[0], {}).get(scope, _NONE)
        return {flight: None for what in whats for flight in self.caps.get(what, {}).get(scope, _NONE)}

    def locking(self, thing: Scope) -> Airborne | None:
        """Give the attempt under way on a thing."""
        flight = self.locks.get(thing)
        return None if flight is None else self.flights[flight]

    def expire(self, now: int) -> list[Airborne]:
        """End the attempts that end by themselves, since nobody has told how they did."""
        over = []
        while self.ends and self.ends[0][0] <= now:
            ends, flight = heappop(self.ends)
            if flight in self.flights and self.flights[flight].ends == ends:
                over.append(self.flights[flight])
                self.land(flight)
        return over

    def land(self, flight: Flight) -> Airborne | None:
        """Note that an attempt is over; None where nothing is known of it."""
        airborne = self.flights.pop(flight, None)
        if airborne is None:
            return None
        locks, caps, *_ = airborne.taken
        for thing in locks:
            if self.locks.get(thing) == flight:
                del self.locks[thing]
        for what, scope in caps:
            flights = self.caps[what][scope]
            flights.pop(flight, None)
            if not flights:
                del self.caps[what][scope]
        return airborne


def act(acts: dict[Scope, dict[Any, int]], scope: Scope, target: Any, at: int) -> None:  # noqa: ANN401 - of any type
    """Note that a target was acted on."""
    targets = acts.get(scope)
    if targets is None:
        acts[scope] = {target: at}
        return
    targets.pop(target, None)
    targets[target] = at


def begin(last: dict[Scope, int], scope: Scope, at: int) -> None:
    """Note that something began, for whoever asks for the last time alone."""
    last.pop(scope, None)
    last[scope] = at


def _keep(table: dict[Scope, Any], lives: Callable[[Any], bool]) -> int:
    """Keep of a table what still counts; gives how much that is."""
    for scope in [scope for scope, found in table.items() if not lives(found)]:
        del table[scope]
    return len(table)


def _before(acts: dict[Any, int], since: int) -> list[Any]:
    found = []
    for target, at in acts.items():
        if at > since:
            break
        found.append(target)
    return found


class Storm:
    """Whether very much is failing in a scope, since when it no longer is, and when what fell ill of late did."""

    __slots__ = ("calm", "falls", "ill", "last", "raging")

    def __init__(self) -> None:
        """Start calm."""
        self.raging = False
        self.calm: int | None = None
        self.falls: deque[tuple[int, int]] = deque()
        self.ill = 0
        """How many fell ill within the falls."""
        self.last: int | None = None
        """When the last one did."""

    def fell(self, at: int, number: int) -> None:
        """Note that so many fell ill."""
        self.falls.append((at, number))
        self.ill += number
        self.last = at

    def since(self, since: int) -> int:
        """Give how many fell ill after an instant, and forget the others."""
        while self.falls and self.falls[0][0] <= since:
            self.ill -= self.falls.popleft()[1]
        return self.ill


class Ledger:
    """All that guards remember."""

    __slots__ = (
        "approvals",
        "brought",
        "changed",
        "counts",
        "done",
        "healed",
        "heard",
        "killed",
        "paused",
        "policy",
        "said",
        "shadow",
        "standing",
        "started",
        "stood_down",
        "storms",
    )  # fmt: skip

    def __init__(self) -> None:
        """Start with nothing done and nothing said."""
        self.done = Book()
        self.shadow = Book()
        self.killed: Control | None = None
        self.paused: dict[str, Control] = {}
        self.approvals: dict[str, Approval] = {}
        self.stood_down: dict[Any, tuple[int, str]] = {}
        """By the identity of a thing, or `ANYTHING`, until when a person has it in hand, and why."""
        self.standing: dict[str, dict[Any, int]] = {}
        """By what a policy says of states that hold, by kind and key since when each has fitted."""
        self.storms: dict[str, dict[Scope, Storm]] = {}
        self.heard: dict[str, int] = {}
        self.healed: dict[tuple[str, str, Any], int] = {}
        self.counts: dict[tuple[str, ...], int] = {}
        self.brought: dict[str, int] = {}
        """The guards of other packages that spoke, or remember something, each with its version."""
        self.policy: tuple[str, str] | None = None
        """The name and the text of the policy that holds, where it has one."""
        self.started: int | None = None
        self.changed = False
        """Whether other rules have taken over since anything was asked."""
        self.said: dict[str, None] = {}
        """The ids of the latest controls, the oldest first."""

    def stand_down(self, target: Any, until: int, why: str) -> bool:  # noqa: ANN401 - a value of any type
        """Note that a person has a thing in hand; whoever keeps it longest counts. Gives whether that is this one."""
        known = self.stood_down.get(identity(target), (0, ""))
        if until > known[0]:
            self.stood_down[identity(target)] = (until, why)
        return until > known[0]

    def hear(self, id_: str) -> bool:
        """Note the id of a control; gives whether it is new."""
        if id_ in self.said:
            return False
        self.said[id_] = None
        if len(self.said) > SAID:
            del self.said[next(iter(self.said))]
        return True

    def book(self, *, shadow: bool) -> Book:
        """Give the budgets that count."""
        return self.shadow if shadow else self.done
