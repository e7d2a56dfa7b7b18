"""
Posting JSON to an address of the site's, which is kept in a file that few can read.

    https://hooks.example.org/selfheal/SECRET
    a secret of sixteen characters or more, which signs what is posted; this line may be left out

No more of an address than scheme, host and port is ever said: the rest may be a secret. So the path goes to httpx as
the target of the request, beside its URL, for httpx writes each URL to its log.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TypeVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import httpx
from attrs import field, frozen

from selfheal_rules.diagnostics import ExecutorError

SIGNATURE = "Selfheal-Signature"
"""The header with `sha256=` and the HMAC-SHA256 of the body as it was sent, under the secret, in hexadecimal."""
PLAIN = ("https", "http")
"""Schemes of addresses that are posted to as they stand."""
_TIMEOUT = 10.0
_Given = TypeVar("_Given")
_BUSY, _UNANSWERED = 429, 504
_WRONG, _OURS = 400, 500
_SHORT = 16


class UnansweredError(Exception):
    """It was sent, and nobody knows whether it came."""


@frozen
class Address:
    """Where something is sent to, and what signs it; only `str` of it is ever shown."""

    url: SplitResult = field(repr=False)
    secret: str = field(default="", repr=False)

    @classmethod
    def read(cls, file: Path, schemes: Collection[str] = PLAIN) -> "Address":
        """
        Read an address, and the secret below it, from their file.

        Raises:
            OSError: where the file cannot be read.
            ValueError: where it holds none; the message shows nothing of it.
        """
        try:
            lines = [line.strip() for line in file.read_text("utf-8").strip().split("\n")]
            url = urlsplit(lines[0])
            is_one = url.scheme in schemes and bool(url.hostname) and url.port != 0 and bool(httpx.URL(lines[0]).host)
        except (ValueError, httpx.InvalidURL):  # what they say shows parts of it
            is_one = False
        if not is_one:
            message = f"`{file}` holds no address, which begins with one of {', '.join(f'`{it}://`' for it in schemes)}"
            raise ValueError(message)
        if len(lines) > 1 and (len(lines) > 2 or len(lines[1]) < _SHORT or url.scheme not in PLAIN):  # noqa: PLR2004 - lines
            message = (
                f"`{file}` holds more than an address, and no secret of {_SHORT} characters or more for `https://`"
            )
            raise ValueError(message)
        return cls(url, *lines[1:])

    def __str__(self) -> str:
        """Give scheme, host and port."""
        host = self.url.hostname or ""
        port = f":{self.url.port}" if self.url.port else ""
        return f"{self.url.scheme}://{f'[{host}]' if ':' in host else host}{port}"

    def said(self, name: str) -> str:
        """Give a value of its query."""
        return next(iter(parse_qs(self.url.query).get(name, ())), "")


def post(address: Address, body: object, headers: Mapping[str, str], url: SplitResult | None = None) -> None:
    """
    Post JSON to an address, or to a URL beside it; no redirect is followed, and of the answer only its status is read.

    Raises:
        ExecutorError: where it was not taken; a retry can help where the receiver is busy, broken or away.
        UnansweredError: where it was sent, and no answer came.
    """
    sent = partial(_sent, httpx.URL((url or address.url).geturl()), *_signed(address, body, headers))
    try:
        status = within(_TIMEOUT, lambda: asyncio.run(sent()))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.ProxyError) as error:
        message = f"{address} cannot be reached ({type(error).__name__})"
        raise ExecutorError(message, retryable=True) from None
    except httpx.HTTPError as error:
        raise UnansweredError(type(error).__name__) from None
    if status == _UNANSWERED:
        message = f"a proxy answered {status}"
        raise UnansweredError(message)
    if status >= _WRONG or httpx.codes.is_redirect(status):
        message = f"{address} answered {status}"
        raise ExecutorError(message, retryable=status == _BUSY or status >= _OURS)


def _signed(address: Address, body: object, headers: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """Give a body as it is sent, and its headers."""
    content = json.dumps(body).encode()
    found = {"Content-Type": "application/json", **headers}
    if address.secret:
        digest = hmac.new(address.secret.encode(), content, hashlib.sha256).hexdigest()
        found[SIGNATURE] = f"sha256={digest}"
    return content, found


async def _sent(url: httpx.URL, content: bytes, headers: Mapping[str, str]) -> int:
    """Send it, and give the status of the answer; a receiver that drips is left, whatever it has sent by then."""
    shown = url.copy_with(userinfo=b"", raw_path=b"/", fragment=None)
    login = (unquote(url.username), unquote(url.password)) if url.userinfo else None
    asked = {"content": content, "headers": headers, "auth": login, "extensions": {"target": url.raw_path}}
    patience = httpx.Timeout(_TIMEOUT, connect=_TIMEOUT / 2)
    async with (
        asyncio.timeout(_TIMEOUT),
        httpx.AsyncClient(timeout=patience) as client,
        client.stream("POST", shown, **asked) as answer,  # type: ignore[arg-type]  # each is of its own type
    ):
        return answer.status_code


def within(seconds: float, call: Callable[[], _Given]) -> _Given:
    """
    Give what a call gives, made in a thread of its own: limits of single reads add up to none.

    Raises:
        UnansweredError: where it has not ended by then; nobody waits for it any more.
    """
    found: Future[_Given] = Future()

    def run() -> None:
        try:
            found.set_result(call())
        except BaseException as error:  # noqa: BLE001 - who waits is told
            found.set_exception(error)

    Thread(target=copy_context().run, args=(run,), name="posting", daemon=True).start()
    try:
        return found.result(seconds)
    except TimeoutError:
        message = f"none within {seconds:g} s"
        raise UnansweredError(message) from None
