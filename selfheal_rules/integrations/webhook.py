"""
The receiver of webhooks, an ASGI application: Alertmanager, Aodh, Zaqar, Zabbix, CloudEvents and all else that is read.

    POST /v1/events    any payload `docs/sources.md` names, or a list of them

An answer of 2xx is given once what the request says is in the journal, and not before. What that cannot be said of has
another answer, and whoever sends knows whether to send again: 429 and 503 come with `Retry-After`.
"""

import asyncio
import json
import logging
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import field, frozen
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from selfheal_rules.diagnostics import EventError
from selfheal_rules.integrations.intake import Full, Intake, Receipt
from selfheal_rules.integrations.senders import Rates, Senders
from selfheal_rules.mapping import PayloadMapping
from selfheal_rules.normalize import Problem, Reading, read_body
from selfheal_rules.vocabulary import Vocabulary

if TYPE_CHECKING:
    from concurrent.futures import Future

PATH = "/v1/events"
MAX_BODY = 1 << 20
_NAMED = 20
_log = logging.getLogger("selfheal_rules")

Confirm = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Confirms a subscription of Zaqar's; `ConfirmationError` where that fails."""


class ConfirmationError(Exception):
    """A subscription was not confirmed; the message says why."""


class _Refused(Exception):  # noqa: N818 - an answer, and no fault
    """What a request is answered with, where nothing of it is taken."""

    def __init__(self, status: HTTPStatus, message: str, *, retry: float = 0, more: Mapping[str, Any] = {}) -> None:
        super().__init__(message)
        self.status, self.retry, self.more = status, retry, more


class _Answers:
    """
    Brings answers that another thread gives into the loop of who waits, all that have come with one wake.

    `asyncio.wrap_future` wakes the loop for each, and a batch has hundreds.
    """

    def __init__(self) -> None:
        self._come: list[asyncio.Future[None]] = []
        self._lock = threading.Lock()

    async def waited_for(self, answer: "Future[Receipt]", patience: float) -> None:
        """Wait until an answer is there, for so many seconds at most."""
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()
        answer.add_done_callback(lambda _: self._came(waiting, loop))
        late = loop.call_later(patience, _end, waiting)
        try:
            await waiting
        finally:
            late.cancel()

    def _came(self, waiting: "asyncio.Future[None]", loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            self._come.append(waiting)
            is_first = len(self._come) == 1
        if is_first and not loop.is_closed():
            loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        with self._lock:
            come, self._come = self._come, []
        for waiting in come:
            _end(waiting)


def _end(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)


@frozen
class Reader:
    """How bodies are read: by the vocabulary and the mappings of the rules that run, at the time of a clock."""

    vocabulary: Vocabulary
    clock: Callable[[], datetime]
    mappings: tuple[PayloadMapping, ...] = ()


@frozen
class Webhook:
    """
    What an application of a webhook works with.

    `patience` is for how many seconds a request waits for the journal before it is told to come again; it may have been
    taken all the same, and is then a repetition when it comes. `reader` is asked at each request: rules may change.
    """

    intake: Intake
    reader: Callable[[], Reader]
    rates: Rates
    senders: Senders = field(factory=Senders)
    max_body: int = MAX_BODY
    patience: float = 10.0
    confirm: Confirm | None = None
    answered: Counter[int] = field(factory=Counter)
    """How many requests were answered with which status."""
    _answers: "_Answers" = field(init=False, factory=_Answers)

    def application(self, *others: BaseRoute) -> ASGIApp:
        """
        Give the application; others may stand beside it.

        What is posted to the path itself is received at once: a framework's way there costs as much as to take it.
        """
        framework = Starlette(routes=[Route(PATH, self.receive, methods=["POST"]), *others])

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST":
                answer = await self.receive(Request(scope, receive))
                await answer(scope, receive, send)
            else:
                await framework(scope, receive, send)

        return application

    async def receive(self, request: Request) -> Response:
        """Answer one request."""
        try:
            answer = await self._taken(request)
        except _Refused as refused:
            answer = _said(refused)
        except Exception:
            self.answered[HTTPStatus.INTERNAL_SERVER_ERROR] += 1  # as whoever serves this will answer it
            raise
        self.answered[answer.status_code] += 1
        return answer

    async def _taken(self, request: Request) -> Response:
        sender = self.senders.of(request.headers.get("authorization"))
        if sender is None:
            message = "no token of this site came with the request"
            raise _Refused(HTTPStatus.UNAUTHORIZED, message)
        wait = self.rates.wait(sender)
        if wait:
            message = f"`{sender}` sends more than {self.rates.rate:g} requests a second"
            raise _Refused(HTTPStatus.TOO_MANY_REQUESTS, message, retry=wait)
        self._refuse_full()  # before it is read: where too much comes, what is not taken has to cost little
        body = _enveloped(request.headers, await self._body(request))
        asked = _confirmation(body)
        return await self._confirmed(asked) if asked else await self._recorded(body)

    async def _body(self, request: Request) -> bytes:
        said = request.headers.get("content-length", "0")
        found = bytearray()
        if said.isdecimal() and int(said) > self.max_body:
            raise self._too_large()
        try:
            async for part in request.stream():
                found += part
                if len(found) > self.max_body:
                    raise self._too_large()
        except ClientDisconnect:
            message = "the sender broke off"
            raise _Refused(HTTPStatus.BAD_REQUEST, message) from None
        return bytes(found)

    def _refuse_full(self) -> None:
        try:
            self.intake.check()
        except Full as full:
            raise _full(full) from None

    def _too_large(self) -> _Refused:
        return _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {self.max_body} bytes")

    # What it says

    async def _recorded(self, body: bytes) -> Response:
        reader = self.reader()
        read = read_body(body, received=reader.clock(), vocabulary=reader.vocabulary, mappings=reader.mappings)
        found = list(read)
        items = [one.item for one in found if isinstance(one, Reading)]
        problems = [one for one in found if isinstance(one, Problem)]
        _note(problems, len(items))
        if not items:
            _refuse_bad(problems)
        receipt = await self._receipt(items) if items else Receipt(0)
        ahead = {"ahead": receipt.ahead} if receipt.ahead else {}
        told = {"taken": receipt.taken, "repeated": receipt.repeated, **ahead, **_told(problems)}
        return JSONResponse(told)

    async def _receipt(self, items: list[Any]) -> Receipt:
        try:
            answer = self.intake.offer(items)
        except Full as full:
            raise _full(full) from None
        await self._answers.waited_for(answer, self.patience)
        return self._answer(answer)

    def _answer(self, answer: "Future[Receipt]") -> Receipt:
        if not answer.done():
            message = "the journal has not taken it yet"
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, message, retry=self.patience)
        error = answer.exception()
        if isinstance(error, EventError):
            raise _Refused(HTTPStatus.BAD_REQUEST, str(error))
        if error is not None:
            message = str(error) if isinstance(error, Full) else "the journal cannot be written"
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, message, retry=self.patience)
        return answer.result()

    # Zaqar asks first

    async def _confirmed(self, asked: Mapping[str, Any]) -> Response:
        kind = asked["Message_Type"]
        if kind != "SubscriptionConfirmation":
            return JSONResponse({"taken": 0, "ignored": [f"`{kind}` says nothing to a rule"]})
        if self.confirm is None:
            message = "no Zaqar is configured whose subscriptions are confirmed"
            raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, message)
        try:
            await self.confirm(asked)
        except ConfirmationError as error:
            _log.warning("a subscription was not confirmed: %s", error)
            raise _Refused(HTTPStatus.BAD_GATEWAY, f"not confirmed: {error}") from None
        return JSONResponse({"taken": 0, "confirmed": str(asked.get("queue_name", ""))})


def _full(full: Full) -> _Refused:
    return _Refused(HTTPStatus.SERVICE_UNAVAILABLE, str(full), retry=1)


def _confirmation(body: bytes) -> Mapping[str, Any] | None:
    """Give the request to confirm a subscription, or its end, where a body is one."""
    if b"Confirm" not in body:
        return None
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return None
    known = {"SubscriptionConfirmation", "UnsubscribeConfirmation"}
    return read if isinstance(read, dict) and read.get("Message_Type") in known else None


def _enveloped(headers: Mapping[str, str], body: bytes) -> bytes:
    """Give the structured form of a CloudEvent in binary mode (HTTP binding 1.0, section 3.1); all else as it is."""
    if "ce-specversion" not in headers:
        return body
    told = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    if "data" in told or "data_base64" in told:
        message = "`ce-data` is no attribute of a CloudEvent"
        raise _Refused(HTTPStatus.BAD_REQUEST, message)
    kept: dict[str, Any] = {**told}
    if told.get("selfhealcleared") in {
        "true",
        "false",
    }:  # a header has texts alone, and this attribute is a truth value
        kept["selfhealcleared"] = told["selfhealcleared"] == "true"
    return json.dumps({**kept, **({"data": _data(body)} if body.strip() else {})}).encode()


def _data(body: bytes) -> object:
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        message = "the data of this CloudEvent is no JSON"
        raise _Refused(HTTPStatus.BAD_REQUEST, message) from None
    return found


def _note(problems: list[Problem], taken: int) -> None:
    """Log where a request is malformed, but no value: that is for who sent it."""
    malformed = [one.field or "the body" for one in problems if one.kind == "malformed"]
    if malformed:
        named = ", ".join(malformed[:_NAMED])
        _log.warning("a request has %d items, and %d that are malformed: %s", taken, len(malformed), named)


def _refuse_bad(problems: list[Problem]) -> None:
    """Refuse a request of which nothing can be taken, where it is malformed or not for us."""
    malformed = [one for one in problems if one.kind == "malformed"]
    if malformed:
        raise _Refused(HTTPStatus.BAD_REQUEST, malformed[0].message, more=_told(problems))
    if any(one.kind == "unrecognised" for one in problems):
        raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, problems[0].message, more=_told(problems))


def _told(problems: list[Problem]) -> dict[str, list[str]]:
    kinds = ("malformed", "unrecognised", "ignored")
    told = {kind: [one.message for one in problems if one.kind == kind][:_NAMED] for kind in kinds}
    return {kind: messages for kind, messages in told.items() if messages}


def _said(refused: _Refused) -> Response:
    headers = {"Retry-After": str(max(1, round(refused.retry)))} if refused.retry else {}
    if refused.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer, Basic realm="selfheal"'
    if refused.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        headers["Connection"] = "close"
    return JSONResponse({"error": str(refused), **refused.more}, refused.status, headers)
