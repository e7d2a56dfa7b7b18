"""
Pollers as sources: each asks one thing of one cloud, again and again, and says itself whether what it says is fresh.

A sweep that fails clears nothing. After it has failed for too long, `source.freshness` says so, and rules that must not
act on old knowledge have something to go by. Waits are jittered by a seed, so that the pollers of a site do not ask all
at once, and a cloud is asked no more often than its rate allows.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from threading import Event

from attrs import define, field

from selfheal_rules.diagnostics import EventError, ExecutorError
from selfheal_rules.events import State, checked
from selfheal_rules.execute.openstack.api import Api, Refused
from selfheal_rules.integrations.intake import Full, Intake
from selfheal_rules.integrations.pollers import (
    SOURCE,
    Sweep,
    Watch,
    cinder_backends,
    heat_resources,
    heat_stacks,
    ironic_nodes,
    masakari_hosts,
    neutron_agents,
    neutron_routers,
    nova_servers,
    nova_services,
    octavia_amphorae,
    octavia_balancers,
)
from selfheal_rules.integrations.senders import Rates
from selfheal_rules.vocabulary import Vocabulary

SWEEPS: Mapping[str, Sweep] = {
    "nova_services": nova_services,
    "nova_servers": nova_servers,
    "neutron_agents": neutron_agents,
    "neutron_routers": neutron_routers,
    "ironic_nodes": ironic_nodes,
    "masakari_hosts": masakari_hosts,
    "heat_stacks": heat_stacks,
    "heat_resources": heat_resources,
    "cinder_backends": cinder_backends,
    "octavia_balancers": octavia_balancers,
    "octavia_amphorae": octavia_amphorae,
}
"""What can be asked for, by its name in the configuration."""

WATCHDOG = "watchdog"
"""Who says that a poller is stale; not the poller, or its silence could not be heard by a policy's `observers`."""
_AGAIN = 0.5
_DOUBLED = 3
_log = logging.getLogger("selfheal_rules")


@define
class Poller:
    """
    One sweep over one cloud, as a source.

    `every` is the time between two sweeps, less or more by up to `jitter`; failing ones come further apart, up to eight
    times. After `stale` without an answer the poller is not fresh. `rates` is shared by those of one cloud.
    """

    about: str
    watch: Watch
    connect: Callable[[], Api]
    intake: Intake
    vocabulary: Callable[[], Vocabulary]
    clock: Callable[[], datetime]
    rates: Rates
    random: Random
    every: timedelta = timedelta(seconds=30)
    jitter: timedelta = timedelta(seconds=3)
    stale: timedelta = timedelta(minutes=2)
    ended: Event = field(factory=Event)
    failures: int = 0
    """How many sweeps in a row have failed."""
    problems: Counter[str] = field(factory=Counter)
    """How much of what it found gave nothing, by why."""
    last: datetime | None = None
    """When the last answer came."""
    _begun: datetime | None = None
    _told_stale: bool = False
    _pending: list[State] = field(factory=list)
    _api: Api | None = None

    def step(self) -> float:
        """Ask once, and give how many seconds to wait until the next time."""
        if self._pending:  # what changed was found, and the line was full
            return self._offered()
        wait = self.rates.wait(self.about.rpartition("@")[2])
        if wait:
            return wait
        now = self.clock()
        self._begun = self._begun or now
        self._pending = self._looked(now)
        return self._offered()

    def _looked(self, now: datetime) -> list[State]:
        try:
            self._api = self._api or self.connect()
            found = self.watch.look(self._api, now)
        except Exception as error:  # noqa: BLE001 - whatever a cloud answers, what it said before grows old
            self.failures += 1
            why = error if isinstance(error, ExecutorError | Refused) else f"broke off with {type(error).__name__}"
            _log.warning("poller %s: %s", self.about, why)
            return self._overdue(now)
        self.failures, self.last, self._told_stale = 0, now, False
        return [*found, self._freshness(now, SOURCE, fresh=True)]

    def _overdue(self, now: datetime) -> list[State]:
        since = self.last or self._begun or now
        if self._told_stale or now - since < self.stale:
            return []
        self._told_stale = True
        return [self._freshness(now, WATCHDOG, fresh=False)]

    def _freshness(self, now: datetime, source: str, *, fresh: bool) -> State:
        seen = {"last_seen": self.last} if self.last else {}
        return State("source.freshness", source, now, {"about": self.about, "fresh": fresh, **seen})

    def _offered(self) -> float:
        self._pending = [*self._fitting(self.vocabulary())]
        try:
            refused = self.intake.bring(self._pending)
        except Full:
            return _AGAIN
        for item, error in refused:
            self._note(item, error)
        self._pending = []
        return self._wait()

    def _fitting(self, vocabulary: Vocabulary) -> Iterator[State]:
        """Give what fits the rules that run; what does not is told, and keeps nothing else from coming."""
        for one in self._pending:
            if one.kind in vocabulary.kinds:
                try:
                    yield checked(one, vocabulary)
                except EventError as error:
                    self._note(one, error)

    def _note(self, item: State, error: EventError) -> None:
        self.problems["malformed"] += 1
        _log.warning("poller %s: a `%s` does not fit its kind (%s)", self.about, item.kind, error.field)

    def _wait(self) -> float:
        slower = 1 << min(self.failures, _DOUBLED)
        spread = self.jitter.total_seconds()
        return max(0.0, self.every.total_seconds() * slower + self.random.uniform(-spread, spread))
