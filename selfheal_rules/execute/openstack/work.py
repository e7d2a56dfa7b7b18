"""
What one decision does to a cloud: look at the live object, send the calls, wait until it shows.

Every call is written out as method, path and body, with the microversion it was tried with. openstacksdk logs in, finds
the endpoint and connects; its methods are not used, since some choose another version, swallow errors or send no
filter at all. An answer is never trusted to be what was asked for: whoever reads a list holds each of it against the
target.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any, NoReturn

from attrs import define, field, frozen
from keystoneauth1.exceptions import ClientException, ConnectFailure, ConnectTimeout, EndpointNotFound
from openstack.exceptions import SDKException

from selfheal_rules.decide.decision import Decision
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.executor import Clock

if TYPE_CHECKING:
    from openstack.connection import Connection
    from requests import Response

Found = Mapping[str, Any]
"""A JSON object as a service answered it."""

MARK = "selfheal"
_SENT = "request id"
_ERRORS = ("error", "message", "faultstring", "error_message")
_LINE = 300
_BUSY = frozenset({409, 423, 429, 500, 502, 503, 504})
"""The object is busy, or the service is: the same call may succeed later."""


class Refused(Exception):  # noqa: N818 - an outcome, and no error: nothing was done, and nothing will be
    """What has to hold of the target before the action does not."""


class Unanswered(Exception):  # noqa: N818 - an outcome: nobody knows whether it was done
    """A call was sent, and what became of it is not known."""


@frozen
class Call:
    """One request that changes something: what a dry run shows, and the outcome names."""

    service: str
    method: str
    path: str
    body: Any = None
    version: str = ""

    def __str__(self) -> str:
        """Give it in a line."""
        version = f" ({self.version})" if self.version else ""
        body = "" if self.body is None else f" {json.dumps(self.body)}"
        return f"{self.service}{version} {self.method} {self.path}{body}"


@define
class Work:
    """
    One decision, and the cloud it is carried out on.

    `patience` is how long a single wait may take; `cancelled` ends every wait at once. In a dry run nothing is sent and
    nothing waited for; `calls` has what would have been sent.
    """

    cloud: "Connection"
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

    def param(self, name: str, otherwise: object = None) -> object:
        """Give a value of the step's."""
        return self.decision.params.get(name, otherwise)

    def others(self, *own: str) -> dict[str, Any]:
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

    def get(self, service: str, path: str, version: str = "") -> Found:
        """
        Read an object.

        Raises:
            Refused: where there is none.
            ExecutorError: where the service cannot tell.
        """
        found = self.find(service, path, version)
        if found is None:
            self.refuse(f"there is no {path}")
        return found

    def find(self, service: str, path: str, version: str = "") -> Found | None:
        """Read an object, or None where there is none."""
        answer = self._ask(Call(service, "GET", path, version=version))
        if answer.status_code == 404:  # noqa: PLR2004 - HTTP's "not found"
            return None
        self._held(answer, f"GET {path}")
        found: Found = answer.json()
        return found

    def refuse(self, reason: str) -> NoReturn:
        """Leave it: nothing is done."""
        raise Refused(reason)

    def later(self, reason: str) -> NoReturn:
        """Leave it for now: another attempt may find it otherwise."""
        raise ExecutorError(reason, retryable=True)

    def fail(self, reason: str) -> NoReturn:
        """Give it up: another attempt would end alike."""
        raise ExecutorError(reason, retryable=False)

    # Acting

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
        answer = self._ask(call)
        self._held(answer, str(call))
        told = answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else {}
        sent = answer.headers.get("x-compute-request-id") or answer.headers.get("x-openstack-request-id")
        return {**(told if isinstance(told, Mapping) else {}), _SENT: sent}

    def until(self, shows: Callable[[], bool], what: str, within: timedelta) -> None:
        """
        Wait until something shows.

        Raises:
            ExecutorError: where it does not in time; a retry may find it done.
        """
        end = self.clock() + within
        while not self.dry and not shows():
            if self.clock() >= end:
                message = f"{what}: not within {within}"
                raise ExecutorError(message, retryable=True)
            self.rest()

    def rest(self) -> None:
        """Wait a moment, or until somebody cancels."""
        if self.cancelled.wait(self.pace):
            message = "it was cancelled while it was waited for"
            raise Unanswered(message)

    def now(self) -> datetime:
        """Tell the time."""
        return self.clock()

    def _ask(self, call: Call) -> "Response":
        proxy = self._proxy(call.service)
        body = {} if call.body is None else {"json": call.body}
        version = {"microversion": call.version} if call.version else {}
        try:
            answer: Response = proxy.request(call.path, call.method, raise_exc=False, **body, **version)
        except (ConnectFailure, EndpointNotFound) as error:
            if call.method == "GET" or not isinstance(error, ConnectTimeout):
                message = f"{call.service} cannot be reached ({type(error).__name__})"
                raise ExecutorError(message, retryable=not isinstance(error, EndpointNotFound)) from None
            raise Unanswered(str(call)) from None
        except ClientException as error:
            if call.method == "GET":
                message = f"{call.service} did not answer ({type(error).__name__})"
                raise ExecutorError(message, retryable=True) from None
            raise Unanswered(str(call)) from None
        return answer

    def _proxy(self, service: str) -> Any:  # noqa: ANN401 - a proxy for each service, and no type for all of them
        """Give the way to a service; openstacksdk looks for its version first, so one that is down fails here."""
        try:
            return getattr(self.cloud, service)
        except SDKException as error:
            message = f"{service} cannot be reached: {error}"
            raise ExecutorError(message, retryable=True) from None

    def _held(self, answer: "Response", what: str) -> None:
        if answer.ok:
            return
        message = f"{what}: {answer.status_code} {_said(answer)}"
        raise ExecutorError(message, retryable=answer.status_code in _BUSY)


def _said(answer: "Response") -> str:
    """Give what a service says of an error: each wraps the text in another way."""
    try:
        told = answer.json()
        while isinstance(told, Mapping) and told:
            told = next((told[name] for name in _ERRORS if told.get(name)), next(iter(told.values())))
            told = json.loads(told) if isinstance(told, str) and told.startswith("{") else told  # as Ironic wraps it
    except ValueError:
        return str(answer.reason)
    return " ".join(str(told).split())[:_LINE]


def request_of(answer: Found) -> str:
    """Give the id under which a service knows a request."""
    return str(answer.get(_SENT) or "")
