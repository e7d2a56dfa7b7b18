"""What was done and when, by what each guard goes by; a snapshot writes it whole, and it outlives any program."""

from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, TypeAlias

from selfheal_rules.decide.proposal import Flight, Queue
from selfheal_rules.values import Value

if TYPE_CHECKING:
    from selfheal_rules.decide.control import Control

Scope: TypeAlias = Any
"""Who shares a budget (a rule or the site), the guard, and what it goes by."""


_NONE: dict[Flight, None] = {}
SAID = 1_000
"""Of so many controls the ids are kept."""


class Airborne:
    """One attempt under way."""

    __slots__ = ("acting", "action", "breakers", "brought", "ends", "episode", "scopes", "target")

    def __init__(self, action: str, target: Any, ends: int, episode: int) -> None:  # noqa: ANN401 - a value of any type
        """Start with nothing locked."""
        self.acting = True
        self.action = action
        self.target = target
        self.ends = ends
        self.episode = episode
        self.scopes: tuple[Queue, ...] = ()
        self.breakers: tuple[tuple[Scope, int, int], ...] = ()
        self.brought: tuple[tuple[str, str, Scope], ...] = ()
        """The guards of other packages that hear how it ends: the name, the key, and what it goes by."""


class Breaker:
    """What failed of late under one scope, since when it is open, and which attempt probes it."""

    __slots__ = ("failures", "opened", "probe")

    def __init__(self) -> None:
        """Start closed."""
        self.failures: deque[int] = deque()
        self.opened: int | None = None
        self.probe: Flight | None = None


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
    """The budgets of what was done, or of what would have been."""

    __slots__ = ("acts", "breakers", "brought", "ends", "flights", "last", "quarantined", "scopes", "times")

    def __init__(self) -> None:
        """Start with nothing done."""
        self.acts: dict[Scope, dict[Any, int]] = {}
        """Per scope the targets that were acted on, each with the last time, the oldest first."""
        self.times: dict[Scope, list[int]] = {}
        """Per scope every time."""
        self.last: dict[str, dict[Scope, int]] = {}
        """Per budget the last time of each scope, the oldest first."""
        self.flights: dict[Flight, Airborne] = {}
        self.ends: list[tuple[int, Flight]] = []
        """When attempts end by themselves, as a heap; many of them have ended before."""
        self.scopes: dict[Scope, dict[Flight, None]] = {}
        """Per lock or cap the attempts under way."""
        self.breakers: dict[Scope, Breaker] = {}
        self.quarantined: dict[Scope, tuple[int, Any]] = {}
        self.brought: dict[str, dict[Scope, Remembered]] = {}
        """By the guards of other packages what each remembers, the oldest first."""

    def act(self, scope: Scope, target: Any, at: int) -> None:  # noqa: ANN401 - a value of any type
        """Note that a target was acted on."""
        acts = self.acts.get(scope)
        if acts is None:
            self.acts[scope] = {target: at}
            return
        acts.pop(target, None)
        acts[target] = at

    def begin(self, key: str, scope: Scope, at: int) -> None:
        """Note that something began, for whoever asks for the last time alone."""
        last = self.last.setdefault(key, {})
        last.pop(scope, None)
        last[scope] = at

    def acted(self, scope: Scope, since: int, keep: int) -> dict[Any, int]:
        """Give the targets acted on after an instant, the oldest first; what is older than `keep` is forgotten."""
        acts = self.acts.get(scope)
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
        """Forget what happened before an instant that no window reaches back to."""
        for scope in [scope for scope, acts in self.acts.items() if all(at <= since for at in acts.values())]:
            del self.acts[scope]
        for scope in [scope for scope, times in self.times.items() if not times or times[-1] <= since]:
            del self.times[scope]
        for last in self.last.values():
            for scope in _before(last, since):
                del last[scope]
        for places in self.brought.values():
            for scope in [scope for scope, kept in places.items() if kept.at <= since and not kept.fault]:
                del places[scope]
        idle = [one for one, found in self.breakers.items() if found.opened is None and _is_past(found, since)]
        for scope in idle:
            del self.breakers[scope]

    def since(self, scope: Scope, since: int, keep: int) -> list[int]:
        """Give the times after an instant; what is older than `keep` is forgotten."""
        times = self.times.get(scope)
        if not times:
            return []
        if times[0] <= keep:
            times[:] = [at for at in times if at > keep]
        return times if times and times[0] > since else [at for at in times if at > since]

    def under_way(self, scope: Scope) -> dict[Flight, None]:
        """Give the attempts under way in a scope."""
        return self.scopes.get(scope, _NONE)

    def expire(self, now: int) -> list[Airborne]:
        """End the attempts that end by themselves, since nobody has told how they did."""
        over = []
        while self.ends and self.ends[0][0] <= now:
            ends, flight = heappop(self.ends)
            if flight in self.flights and self.flights[flight].ends == ends:
                over.append(self.flights[flight])
                self.land(flight)
        return over

    def take_off(self, flight: Flight, airborne: Airborne) -> None:
        """Note that an attempt is under way in its scopes."""
        self.flights[flight] = airborne
        heappush(self.ends, (airborne.ends, flight))
        for _, scope in airborne.scopes:
            flights = self.scopes.get(scope)
            if flights is None:
                self.scopes[scope] = {flight: None}
            else:
                flights[flight] = None

    def land(self, flight: Flight) -> Airborne | None:
        """Note that an attempt is over; None where nothing is known of it."""
        airborne = self.flights.pop(flight, None)
        for scope in dict.fromkeys(scope for _, scope in airborne.scopes) if airborne else ():
            flights = self.scopes[scope]
            flights.pop(flight, None)
            if not flights:
                del self.scopes[scope]
        return airborne


def _is_past(breaker: Breaker, since: int) -> bool:
    return not breaker.failures or breaker.failures[-1] <= since


def _before(acts: dict[Any, int], since: int) -> list[Any]:
    found = []
    for target, at in acts.items():
        if at > since:
            break
        found.append(target)
    return found


class Approval:
    """What people said of one decision."""

    __slots__ = ("asked", "expires", "quorum", "refused", "used", "votes")

    def __init__(self, asked: int, expires: int) -> None:
        """Start with nobody asked."""
        self.asked = asked
        self.expires = expires
        self.quorum = 1
        self.votes: dict[str, str] = {}
        self.refused: tuple[str, str] | None = None
        self.used = False

    def agree(self, who: str, why: str) -> None:
        """Note a vote; whoever is written with another space or letter case is no second person."""
        name = " ".join(who.split())
        same = (one for one in self.votes if one.casefold() == name.casefold())
        self.votes[next(same, name)] = why


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
        "counts",
        "done",
        "healed",
        "heard",
        "killed",
        "paused",
        "policy",
        "said",
        "shadow",
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
        self.storms: dict[Scope, Storm] = {}
        self.heard: dict[str, int] = {}
        self.healed: dict[tuple[str, Any], int] = {}
        self.counts: dict[tuple[str, ...], int] = {}
        self.brought: dict[str, int] = {}
        """The guards of other packages that spoke, or remember something, each with its version."""
        self.policy: tuple[str, str] | None = None
        """The name and the text of the policy that holds, where it has one."""
        self.started: int | None = None
        self.said: dict[str, None] = {}
        """The ids of the latest controls, the oldest first."""

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
