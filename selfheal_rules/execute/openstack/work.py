"""
What one decision does to a cloud: look at the live object, send the calls, wait until it shows.

In a dry run the looking is done and the calls are written down; nothing is sent.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Event

from attrs import define, field

from selfheal_rules.decide.decision import Decision
from selfheal_rules.execute.executor import Clock
from selfheal_rules.execute.openstack.api import SENT, Api, Call, Found, Unanswered
from selfheal_rules.values import Value

MARK = "selfheal"


@define
class Work(Api):
    """
    One decision, and the cloud it is carried out on.

    `cancelled` ends every wait at once; `pace` is the time between two looks, in seconds. In a dry run nothing is sent
    and nothing waited for; `calls` has what would have been sent.
    """

    decision: Decision
    clock: Clock
    cancelled: Event = field(factory=Event)
    dry: bool = False
    pace: float = 1.0
    calls: list[Call] = field(factory=list)

    @property
    def target(self) -> str:
        """What it is done to."""
        return str(self.decision.target)

    @property
    def project(self) -> str:
        """The project that the connection is for; some services want it in every path."""
        return str(self.cloud.current_project_id)

    def param(self, name: str, otherwise: object = None) -> object:
        """Give a value of the step's."""
        return self.decision.params.get(name, otherwise)

    def others(self, *own: str) -> dict[str, Value]:
        """Give the values that are none of the action's own."""
        return {name: value for name, value in self.decision.params.items() if name not in own}

    @property
    def mark(self) -> str:
        """The mark that this decision leaves, where the service has no place for a key."""
        return f"{MARK} {self.decision.id[:16]}"

    def marked(self, reason: object = None) -> str:
        """Give the mark with a reason for people behind it."""
        return f"{self.mark}: {reason or self.decision.rule}"[:255]

    # Reading

    def send(self, service: str, method: str, path: str, body: object = None, version: str = "") -> Found:
        """
        Change something; gives the answer, with the id of the request under `request id`.

        Raises:
            ExecutorError: where the service refuses, with whether a retry can help.
            Unanswered: where the call was sent, and no answer came.
        """
        call = Call(service, method, path, body, version)
        self.calls.append(call)
        if self.dry:
            return {}
        answer = self.ask(call)
        self.held(answer, str(call))
        told = answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else {}
        sent = answer.headers.get("x-compute-request-id") or answer.headers.get("x-openstack-request-id")
        return {**(told if isinstance(told, Mapping) else {}), SENT: sent}

    def until(self, shows: Callable[[], bool], what: str, within: timedelta) -> None:
        """
        Wait until something shows.

        Raises:
            ExecutorError: where it does not in time; a retry may find it done.
        """
        end = self.clock() + within
        while not self.dry and not shows():
            if self.clock() >= end:
                self.later(f"{what}: not within {within}")
            self.rest()

    def rest(self) -> None:
        """Wait a moment, or until somebody cancels."""
        if self.cancelled.wait(self.pace):
            message = "it was cancelled while it was waited for"
            raise Unanswered(message)

    def now(self) -> datetime:
        """Tell the time."""
        return self.clock()


def request_of(answer: Found) -> str:
    """Give the id under which a service knows a request."""
    return str(answer.get(SENT) or "")
