"""All servers of a host, a few at a time: evacuated from one that is dead, moved off one that runs."""

from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import define, field

from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.openstack import compute_hosts, servers
from selfheal_rules.execute.openstack.api import Found, Refused
from selfheal_rules.execute.openstack.work import Work
from selfheal_rules.vocabulary import parse_duration

_AT_ONCE = 3
_TAG = "HA_Enabled"
"""The metadata by which owners opt in or out, as Masakari reads it."""

_IN_VAIN = frozenset({"error", "failed", "cancelled"})
"""What Nova says of migrations that moved nothing."""

ARRIVED = timedelta(minutes=4)
"""When an evacuated server is there; else it is left to the next attempt, which finds it on its way."""

_MOVED = timedelta(minutes=30)
"""When a server that runs is moved: its memory is copied, and it goes on writing to it."""

Begin = Callable[[Work, Found], str]
Ended = Callable[[Work, str, str, str], bool]


@define
class Exodus:
    """The servers that leave a host: those that wait, those on their way, and what became of the rest."""

    work: Work
    source: str
    begin: Begin
    ended: Ended
    within: timedelta
    waiting: list[Found]
    on_the_way: dict[str, tuple[str, datetime]] = field(factory=dict)
    moved: list[str] = field(factory=list)
    failed: dict[str, str] = field(factory=dict)

    def run(self, at_once: int, stagger: timedelta) -> None:
        """Lead all of them out; a failure is noted, and the next goes."""
        begun = self.work.now() - stagger
        while self.waiting or self.on_the_way:
            for ident, (request, until) in tuple(self.on_the_way.items()):
                self._attend(ident, request, until)
            if self.waiting and len(self.on_the_way) < at_once and self.work.now() - begun >= stagger:
                begun = self.work.now()
                self._start(self.waiting.pop(0))
            elif self.on_the_way or self.waiting:
                self.work.rest()

    def _start(self, server: Found) -> None:
        try:
            self.on_the_way[server["id"]] = self.begin(self.work, server), self.work.now() + self.within
        except (ExecutorError, Refused) as error:
            self.failed[server["id"]] = str(error)

    def _attend(self, ident: str, request: str, until: datetime) -> None:
        try:
            if self.work.dry or self.ended(self.work, ident, self.source, request):
                self.moved.append(ident)
                del self.on_the_way[ident]
            elif self.work.now() >= until:
                self.work.later(f"not within {self.within}")
        except (ExecutorError, Refused) as error:
            self.failed[ident] = str(error)
            del self.on_the_way[ident]

    def told(self) -> str:
        """
        Say what became of them.

        Raises:
            ExecutorError: where some are still there.
        """
        if not self.failed:
            return f"{len(self.moved)} servers left {self.source}"
        reasons = "; ".join(f"{ident}: {why}" for ident, why in self.failed.items())
        message = f"{len(self.failed)} of {len(self.failed) + len(self.moved)} servers are still there: {reasons}"
        raise ExecutorError(message, retryable=True)


def on_host(work: Work, host: str) -> list[Found]:
    """Give the servers of a host, each held against it: a filter that is not understood is dropped without a word."""
    path = f"/servers/detail?all_tenants=1&host={host}"
    listed = work.pages("compute", path, "servers", servers.VERSION)
    return sorted((one for one in listed if servers.host_of(one) == host), key=lambda one: str(one["id"]))


def evacuate_host(work: Work) -> str:
    """Rebuild every server of a dead host elsewhere."""
    servers.refuse_alive(work, work.target)
    found = on_host(work, work.target)
    if not found:
        return _already(work)
    chosen = [one for one in found if _is_meant(one, str(work.param("only", "all")))]
    if not chosen:
        work.refuse(f"none of its {len(found)} servers is to be evacuated: see `{_TAG}` in their metadata")
    exodus = Exodus(work, work.target, _begin_evacuation, servers.evacuated, ARRIVED, chosen)
    exodus.run(_number(work, _AT_ONCE), parse_duration(str(work.param("stagger", "0s"))))
    return exodus.told()


def _begin_evacuation(work: Work, server: Found) -> str:
    """Ask for it, unless somebody has switched the host on since the last one was asked for."""
    servers.refuse_alive(work, work.target)
    return servers.begin_evacuation(work, server)


def _number(work: Work, otherwise: int) -> int:
    return max(1, int(str(work.param("at_once", otherwise))))


def _already(work: Work) -> str:
    """Tell a host that was emptied from one that never had a server: the second is not what the rule thinks it is."""
    gone = [one for one in compute_hosts.evacuations(work, work.target) if one["status"] not in _IN_VAIN]
    if not gone:
        work.refuse("it has no servers, and none was evacuated from it")
    return f"all were evacuated before, {len(gone)} of them"


def _is_meant(server: Found, only: str) -> bool:
    said = str(server["metadata"].get(_TAG, "")).lower()
    return {"all": True, "opted_in": said == "true", "not_opted_out": said != "false"}[only]


def start_maintenance(work: Work) -> str:
    """Keep the scheduler off a host, then move its servers off it while they run."""
    kept_off = compute_hosts.disable(work)
    found = on_host(work, work.target)
    exodus = Exodus(work, work.target, _begin_migration, _migrated, _MOVED, found)
    exodus.run(_number(work, 1), timedelta())
    return f"{kept_off}; {exodus.told()}"


def _begin_migration(work: Work, server: Found) -> str:
    if server["OS-EXT-STS:vm_state"] not in {"active", "paused"}:
        message = f"it is {server['OS-EXT-STS:vm_state']}, and cannot be moved while it runs"
        raise ExecutorError(message, retryable=False)
    return servers.act(work, server["id"], {"os-migrateLive": {"host": None, "block_migration": "auto"}}, "2.30")


def _migrated(work: Work, ident: str, source: str, request: str) -> bool:
    return servers.evacuated(work, ident, source, request)
