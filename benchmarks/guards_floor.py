"""
How low CPython lets guards be: one function, written by hand, that keeps the promises of the nine of `guards.py`.

It knows one rule, one policy and one shape of event. It looks up what each guard goes by, says who holds a step, and
notes what those to come go by: so that budgets outlast their windows, an attempt ends by itself, all spellings of a
host are one, and what is in something goes by what that is in. It says nothing in words, and is asked nothing again.
"""

import re
from collections import deque
from heapq import heappop, heappush

import selfheal_rules as sr
from selfheal_rules.spelling import identity
from selfheal_rules.values import SECOND

PER, LEASE, CALM = 600 * SECOND, 900 * SECOND, 300 * SECOND
NAME = re.compile(r"(?!(?:all|any|none|null)\Z)[\w.:/-]+", re.IGNORECASE)
SHIELD = re.compile(r"ctl-.*")


class Zone:
    """What is counted of a zone."""

    __slots__ = ("acted", "calm", "flights", "healthy", "spent", "total", "went")

    def __init__(self) -> None:
        """Start with nobody."""
        self.total = self.healthy = self.spent = 0
        self.calm = -PER
        """Until when a storm lasts."""
        self.acted: dict[str, int] = {}
        self.went: dict[str, int] = {}
        """What the site counts by what a host is in, and the rule by what the event says."""
        self.flights: dict[int, None] = {}


class Floor:
    """Nine guards over hosts in zones, with so many targets in ten minutes for each zone."""

    def __init__(self, limit: int) -> None:
        """Start with nothing seen."""
        self.limit = limit
        self.hosts: dict[str, sr.State] = {}
        self.zones: dict[str, Zone] = {}
        self.works: dict[str, int] = {}
        self.hands: dict[str, int] = {}
        self.locks: dict[str, int] = {}
        self.last: dict[str, int] = {}
        self.tries: dict[str, deque[int]] = {}
        self.begun: dict[str, deque[int]] = {}
        self.broken: dict[str, int] = {}
        self.stopped: dict[str, str] = {}
        self.ends: list[tuple[int, int]] = []
        self.flights: dict[int, tuple[str, Zone, bool]] = {}
        self.made = 0

    def hold(self, state: sr.State) -> None:
        """Count a host."""
        name, zone = identity(state.fields["host"]), self.zones.setdefault(str(state.fields["az"]), Zone())
        known = self.hosts.get(name)
        self.hosts[name] = state
        zone.total += known is None
        zone.healthy += (state.fields["status"] == "up") - (known is not None and known.fields["status"] == "up")
        if (zone.total - zone.healthy) * 100 >= 30 * zone.total:
            zone.calm = state.at + CALM

    def judge(self, event: sr.Event) -> str:
        """Say which guard holds what an event asks for; an empty text where none does, and it is noted."""
        now, host, said = event.at, event.fields["host"], event.fields["az"]
        while self.ends and self.ends[0][0] <= now:
            self.land(heappop(self.ends)[1])
        if host.__class__ is not str or not NAME.fullmatch(host):
            return "target"
        name = identity(host)
        known = self.hosts.get(name)
        within = None if known is None else known.fields["az"]
        if SHIELD.match(name) or (within is not None and SHIELD.match(identity(within))):
            return "protected"
        if (self.stopped or self.works or self.hands) and (said_so := self.people(name, within)):
            return said_so
        zone, own = self.zones.get(within), self.zones.get(said)  # type: ignore[arg-type]  # None is in no zone
        return "storm" if zone is None or own is None else self.counted(name, host, now, zone, own)

    def people(self, name: str, within: object) -> str:
        """Say whether people have stopped it, work on it or have it in hand."""
        if self.stopped:
            return "kill_switch"
        if name in self.works or within in self.works:
            return "maintenance"
        return "stand_down" if name in self.hands or within in self.hands else ""

    def counted(self, name: str, host: str, now: int, zone: Zone, own: Zone) -> str:  # noqa: PLR0911 - one a guard
        """Say which of those that count holds it."""
        if (zone.total - zone.healthy) * 100 >= 30 * zone.total or now < zone.calm:
            return "storm"
        up = self.hosts[name].fields["status"] == "up"
        if own.healthy - own.spent - up < own.total / 2:
            return "min_healthy"
        if now - self.last.get(name, -PER) < SECOND:
            return "cooldown"
        if name in self.broken:
            return "breaker"
        for table in (self.tries, self.begun):
            times = table.get(name)
            if times is not None and len(times) >= 5 and times[-5] > now - SECOND:
                return "attempts"
        if self.full(zone.acted, host, now) or self.full(own.went, host, now):
            return "limit"
        if len(zone.flights) >= 1_000_000:
            return "max_in_flight"
        if name in self.locks:
            return "lock"
        self.note(name, host, now, zone, own, up=up)
        return ""

    def full(self, acted: dict[str, int], host: str, now: int) -> bool:
        """Whether a target would be one too many."""
        if len(acted) < self.limit:
            return False
        for old in [one for one, at in acted.items() if at <= now - PER]:
            del acted[old]
        return len(acted) >= self.limit and host not in acted

    def note(self, name: str, host: str, now: int, zone: Zone, own: Zone, *, up: bool) -> None:
        """Note what was let through."""
        zone.acted.pop(host, None)
        own.went.pop(host, None)
        zone.acted[host] = own.went[host] = self.last[name] = now
        self.tries.setdefault(name, deque(maxlen=5)).append(now)
        self.begun.setdefault(name, deque(maxlen=5)).append(now)
        self.made = flight = self.made + 1
        self.locks[name] = flight
        zone.flights[flight] = None
        zone.spent += up
        self.flights[flight] = (name, zone, up)
        heappush(self.ends, (now + LEASE, flight))

    def land(self, flight: int) -> None:
        """Let go of what an attempt took up."""
        name, zone, up = self.flights.pop(flight)
        del self.locks[name], zone.flights[flight]
        zone.spent -= up
