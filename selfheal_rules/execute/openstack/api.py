"""
Calls to the services of a cloud, written out: method, path, body, and the microversion they were tried with.

openstacksdk logs in, finds the endpoint and connects; its methods are not used, since some choose another version,
swallow errors or send no filter at all. An answer is never trusted to be what was asked for: whoever reads a list holds
each of it against the target.
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import NAMESPACE_URL, uuid5

from attrs import define, frozen
from keystoneauth1.exceptions import AuthPluginException, ClientException, EndpointNotFound, HttpError
from openstack.exceptions import ConfigException, SDKException

from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.secrecy import concealed
from selfheal_rules.values import FrozenMap

if TYPE_CHECKING:
    from openstack.connection import Connection
    from requests import Response

Found = Mapping[str, Any]
"""A JSON object as a service answered it."""

SENT = "request id"
_ERRORS = ("error", "message", "faultstring", "error_message")
_LINE = 300
_HEADERS: FrozenMap = FrozenMap({"message": {"Client-ID": str(uuid5(NAMESPACE_URL, "selfheal"))}})
"""What a service wants to be told with every call: Zaqar refuses a client that does not say who it is."""

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
class Api:
    """The services of a cloud, by the names openstacksdk has for them."""

    cloud: "Connection"

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
        answer = self.ask(Call(service, "GET", path, version=version))
        if answer.status_code == 404:  # noqa: PLR2004 - HTTP's "not found"
            return None
        self.held(answer, f"GET {path}")
        found: Found = answer.json()
        return found

    def pages(self, service: str, path: str, name: str, version: str = "", *, by: str = "id") -> Iterator[Found]:
        """
        Read a list to its end: a service gives as many as it likes at once, and may say nothing of the rest.

        `path` has a query; `name` is what the list is called in the answer, and `by` the field a marker names. A list
        that knows no markers, such as that of Neutron's agents, comes again as it was: that is the end as well.
        """
        known: dict[object, None] = {}
        page = self.get(service, path, version)[name]
        while new := [one for one in page if one[by] not in known]:
            yield from new
            known.update(dict.fromkeys(one[by] for one in new))
            page = self.get(service, f"{path}&marker={page[-1][by]}", version)[name]

    def refuse(self, reason: str) -> NoReturn:
        """Leave it: nothing is done."""
        raise Refused(reason)

    def later(self, reason: str) -> NoReturn:
        """Leave it for now: another attempt may find it otherwise."""
        raise ExecutorError(reason, retryable=True)

    def fail(self, reason: str) -> NoReturn:
        """Give it up: another attempt would end alike."""
        raise ExecutorError(reason, retryable=False)

    def ask(self, call: Call) -> "Response":
        """Send a request; a write that no answer came to may have been carried out all the same."""
        proxy = self._proxy(call)
        body = {} if call.body is None else {"json": call.body}
        version = {"microversion": call.version} if call.version else {}
        try:
            headers = _HEADERS.get(call.service, {})
            answer: Response = proxy.request(
                call.path, call.method, raise_exc=False, headers=headers, **body, **version
            )
        except ClientException as error:
            if call.method != "GET" and not isinstance(error, EndpointNotFound | HttpError):
                raise Unanswered(str(call)) from None
            raise _unsent(call, error) from None
        return answer

    def _proxy(self, call: Call) -> Any:  # noqa: ANN401 - a proxy for each service, and no type for all of them
        """
        Give the way to a service, with a token that holds.

        openstacksdk logs in and looks for the service's version first, so a Keystone or a service that is down fails
        here; a token that has run out is asked for here as well, and not within a call that may be carried out.
        """
        try:
            proxy = getattr(self.cloud, call.service)
            proxy.get_token()
        except (ClientException, SDKException) as error:
            raise _unsent(call, error) from None
        return proxy

    def held(self, answer: "Response", what: str) -> None:
        """Go on if the answer is a good one."""
        if answer.ok:
            return
        message = f"{what}: {answer.status_code} {_said(answer)}"
        raise ExecutorError(message, retryable=answer.status_code in _BUSY)


def _unsent(call: Call, error: ClientException | SDKException) -> ExecutorError:
    """Say that a call was not sent, or was refused before anything was done; with the words of who kept it back."""
    why = concealed(" ".join(str(error).split()))[:_LINE]
    message = f"{call} was not sent: {type(error).__name__}: {why}"
    return ExecutorError(message, retryable=_may_help(error))


def _may_help(error: ClientException | SDKException) -> bool:
    """Whether another attempt may get through: not where Keystone refuses us, or the cloud has no such service."""
    if isinstance(error, HttpError):  # of Keystone's: errors of services come as answers
        return error.http_status in _BUSY
    return not isinstance(error, EndpointNotFound | AuthPluginException | ConfigException)


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
