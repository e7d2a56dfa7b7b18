"""Executors on an OpenStack cloud, one an action."""

from collections.abc import Callable, Collection
from threading import Event
from typing import TYPE_CHECKING

from attrs import field, frozen

from selfheal_rules.actions import CATALOGUE
from selfheal_rules.decide.decision import Decision, Outcome, OutcomeStatus
from selfheal_rules.execute.executor import Clock, time_of_day
from selfheal_rules.execute.openstack.adapters import ADAPTERS
from selfheal_rules.execute.openstack.api import Refused, Unanswered
from selfheal_rules.execute.openstack.work import Work

if TYPE_CHECKING:
    from openstack.connection import Connection

_TIMEOUT = 30.0


@frozen
class CloudExecutor:
    """
    Carries out one action on a cloud.

    It looks at the live object, refuses where what the action needs does not hold, acts once, waits for the sign that
    it is done, and looks again. `pace` is the time between two looks, in seconds; `cancelled` ends every wait.
    """

    action: str
    cloud: "Connection"
    clock: Clock = time_of_day
    cancelled: Event = field(factory=Event)
    dry: bool = False
    pace: float = 1.0

    @property
    def actions(self) -> Collection[str]:
        """The one action."""
        return (self.action,)

    @property
    def idempotent(self) -> bool:
        """Whether a second call finds the state, the key or the mark of the first."""
        return CATALOGUE[self.action].again in {"state", "key", "marker"}

    def execute(self, decision: Decision) -> Outcome:
        """
        Carry a decision out; a dry run says which calls it would send.

        Raises:
            ExecutorError: where it failed, with whether a retry can help.
        """
        work = Work(self.cloud, decision, self.clock, self.cancelled, self.dry, self.pace)
        adapter: Callable[[Work], str] = ADAPTERS[self.action]
        try:
            detail, status = adapter(work), self._status
        except Refused as reason:
            detail, status = str(reason), "refused"
        except Unanswered as sent:
            detail, status = f"no answer: {sent}", "unconfirmed"
        if self.dry and work.calls:
            detail = "; ".join(map(str, work.calls))
        return Outcome.of(decision, status, self.clock(), detail)

    @property
    def _status(self) -> OutcomeStatus:
        return "dry_run" if self.dry else "done"


def cloud_executors(
    cloud: "Connection",
    *,
    clock: Clock = time_of_day,
    cancelled: Event | None = None,
    dry: bool = False,
    pace: float = 1.0,
) -> tuple[CloudExecutor, ...]:
    """Give an executor for every action that can be done on a cloud; none of their calls waits for ever."""
    if cloud.session.timeout is None:
        cloud.session.timeout = _TIMEOUT
    ended = cancelled or Event()
    return tuple(CloudExecutor(action, cloud, clock, ended, dry, pace) for action in ADAPTERS)
