"""Who may send to the webhook, and what it answers a queue that asks."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from selfheal_rules.integrations.senders import Rates, Senders, load_senders
from selfheal_rules.integrations.zaqar import Zaqar
from tests.payloads import raw
from tests.serve.rig import Clock, Site
from tests.servers.taking import dripping


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Give a healer with an application in front of it."""
    return Site(tmp_path)


def test_who_sends_too_much_has_to_wait(tmp_path: Path) -> None:
    """429 with Retry-After past the rate of a sender; a second later it may send again."""
    site = Site(tmp_path, rate=2)
    with site.turning():
        told = [site.post(raw("aodh/webhook.alarm.1")[0])[0].status_code for _ in range(3)]
        site.clock.seconds += 1
        told += [site.post(raw("aodh/webhook.alarm.1")[0])[0].status_code]
    assert [200, 200, 429, 200] == told


def test_the_rate_of_one_is_not_the_rate_of_another() -> None:
    """Each sender has a bucket of its own; a slow one fills no faster for waiting longer than it takes."""
    clock = Clock()
    rates = Rates(0.5, clock)
    assert [0.0, 2.0, 0.0] == [rates.wait("a"), rates.wait("a"), rates.wait("b")]
    clock.seconds = 3600
    assert [0.0, 2.0] == [rates.wait("a"), rates.wait("a")]


# Who may send


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (None, 401),
        ("Bearer wrong", 401),
        ("Bearer", 401),
        ("Digest s3cret-s3cret-s3cret", 401),
        ("Basic %%%", 401),
        (_basic("aodh:wrong"), 401),
        ("Bearer s3cret-s3cret-s3cret", 200),
        ("bearer  s3cret-s3cret-s3cret", 200),
        (_basic("aodh:s3cret-s3cret-s3cret"), 200),
    ],
)
def test_who_has_no_token_is_not_heard(tmp_path: Path, said: str | None, status: int) -> None:
    """401 without a token of the site; a token comes as Bearer, or as the password of Basic."""
    site = Site(tmp_path, senders=Senders({"aodh": b"s3cret-s3cret-s3cret"}))
    with site.turning():
        (answer,) = site.post(raw("aodh/webhook.alarm.1")[0], headers={"authorization": said} if said else {})
    assert status == answer.status_code
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert "s3cret" not in answer.text


def test_tokens_come_from_a_file(tmp_path: Path) -> None:
    """A name and a token a line, with room for remarks; no `repr` shows one."""
    file = tmp_path / "tokens"
    file.write_text("# senders\n\naodh 0123456789abcdef\nprom fedcba9876543210\n", "utf-8")
    senders = load_senders(file)
    assert ["aodh", "prom", None] == [
        senders.of(f"Bearer {one}") for one in ("0123456789abcdef", "fedcba9876543210", "0123456789abcdee")
    ]
    assert "0123456789abcdef" not in repr(senders)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("alone-is-no-token-at-all\n", "line 1 is not of the form `NAME TOKEN`"),
        ("a 0123456789abcdef more\n", "line 1 is not of the form `NAME TOKEN`"),
        ("a short\n", "line 1 has a token of less than 16 characters"),
        ("a 0123456789abcdef\na 1123456789abcdef\n", "line 2 gives `a` a second token; give"),
        ("# nothing\n", "no token is in it"),
    ],
)
def test_a_file_of_tokens_that_is_none_is_refused(tmp_path: Path, text: str, why: str) -> None:
    """What is wrong is said with its line, and without the token."""
    file = tmp_path / "tokens"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"line|token") as refused:
        load_senders(file)
    assert str(refused.value).startswith(why)
    assert "0123456789abcdef" not in str(refused.value)


# Zaqar asks whether it may send


def _queue(status: int, seen: list[dict[str, Any]]) -> Starlette:
    """Give the endpoint that Zaqar's confirm guide describes, which keeps what it is sent."""

    async def confirm(request: Request) -> Response:
        wanted = ("url-signature", "url-expires", "url-methods", "url-paths", "x-project-id")
        told = {name: request.headers.get(name) for name in wanted}
        seen.append({"path": request.url.path, "body": await request.json(), **told})
        return JSONResponse({}, status)

    return Starlette(routes=[Route("/v2/queues/{queue}/subscriptions/{ident}/confirm", confirm, methods=["PUT"])])


def _asked(tmp_path: Path, payload: dict[str, Any], status: int = 204) -> tuple[httpx.Response, list[dict[str, Any]]]:
    seen: list[dict[str, Any]] = []
    client = httpx.AsyncClient(transport=httpx.ASGITransport(_queue(status, seen)))
    zaqar = Zaqar("http://controller:8888/", client)
    site = Site(tmp_path, options={"confirm": zaqar.confirm})
    return site.post(payload)[0], seen


def test_a_subscription_is_confirmed_as_its_guide_says(tmp_path: Path) -> None:
    """The signature goes back in headers, with the body that says yes, to the site's own Zaqar."""
    asked = raw("zaqar/webhook.confirmation")[0]
    answer, seen = _asked(tmp_path, asked)
    assert {"taken": 0, "confirmed": "test"} == answer.json()
    assert [
        {
            "path": asked["URL-Paths"],
            "body": {"confirmed": True},
            "url-signature": asked["URL-Signature"],
            "url-expires": asked["URL-Expires"],
            "url-methods": "PUT",
            "url-paths": asked["URL-Paths"],
            "x-project-id": asked["X-Project-ID"],
        }
    ] == seen


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"URL-Paths": "/v2/queues/x/messages"}, "is not the confirmation of a subscription"),
        ({"URL-Paths": "//elsewhere/v2/queues/x/subscriptions/1/confirm"}, "is not the confirmation"),
        ({"URL-Signature": None}, "are needed"),
        ({"URL-Signature": "a\r\nHost: elsewhere"}, "are needed"),
        ({"URL-Signature": "a\u00e9"}, "are needed"),
    ],
)
def test_nobody_is_called_for_whom_the_guide_does_not_provide(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    """A request cannot make us call another address, nor put headers of its own into a call."""
    answer, seen = _asked(tmp_path, {**raw("zaqar/webhook.confirmation")[0], **change})
    assert (502, []) == (answer.status_code, seen)
    assert why in answer.json()["error"]


def test_who_writes_in_other_letters_is_nobody_we_know() -> None:
    """What cannot be base64 is no token, and no fault of ours."""
    assert Senders({"a": b"0123456789abcdef"}).of("Basic \u00e9\u00e9") is None


def test_a_confirmation_that_zaqar_refuses_is_no_confirmation(tmp_path: Path) -> None:
    """The sender is told so, and asks again."""
    answer, _ = _asked(tmp_path, raw("zaqar/webhook.confirmation")[0], status=403)
    assert (502, "not confirmed: Zaqar answered 403") == (answer.status_code, answer.json()["error"])


def test_a_zaqar_that_is_away_is_said(tmp_path: Path) -> None:
    """What cannot be reached is named by the kind of failure alone."""
    zaqar = Zaqar("http://127.0.0.1:9", httpx.AsyncClient())
    (answer,) = Site(tmp_path, options={"confirm": zaqar.confirm}).post(raw("zaqar/webhook.confirmation")[0])
    assert "not confirmed: Zaqar did not answer (ConnectError)" == answer.json()["error"]


def test_a_zaqar_that_drips_is_left(tmp_path: Path) -> None:
    """The limit is for the whole answer, and not for each byte of it."""
    with dripping(b"HTTP/1.1 200 OK\r\nX: ") as host:
        zaqar = Zaqar(f"http://{host}", httpx.AsyncClient(), 0.5)
        (answer,) = Site(tmp_path, options={"confirm": zaqar.confirm}).post(raw("zaqar/webhook.confirmation")[0])
    assert "not confirmed: Zaqar did not answer (TimeoutError)" == answer.json()["error"]


def test_a_fault_of_ours_is_counted(tmp_path: Path) -> None:
    """What a server answers with 500 is among the answers."""

    async def broken(_: object) -> None:
        raise KeyError

    site = Site(tmp_path, options={"confirm": broken})
    with pytest.raises(KeyError):
        site.post(raw("zaqar/webhook.confirmation")[0])
    assert {500: 1} == site.webhook.answered


def test_without_a_zaqar_nothing_is_confirmed(site: Site) -> None:
    """Nobody subscribes a site to a queue it does not know; the end of a subscription needs no answer."""
    asked, ended = site.post(raw("zaqar/webhook.confirmation")[0], raw("zaqar/webhook.unsubscribe.confirmation")[0])
    assert (422, 200) == (asked.status_code, ended.status_code)
