"""Posting decisions: each comes whole, with its key and a signature, to an address of the site's nobody is shown."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from selfheal_rules.conformance import ExecutorContract, asked
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.posting import Address
from selfheal_rules.execute.webhook import Webhook
from tests.calls import ROOT
from tests.servers.process import free_port
from tests.servers.taking import Taken, dripping, taking

ORDER = asked("webhook", "8d1c", {"endpoint": "cmdb", "ticket": 7})
SECRET = "a secret of the site's"  # noqa: S105 - of this test alone


def _webhook(folder: Path, host: str, path: str = "/", *, dry: bool = False) -> Webhook:
    (folder / "cmdb.url").write_text(f"http://{host}{path}\n{SECRET}\n", "utf-8")
    return Webhook({"cmdb": Address.read(folder / "cmdb.url")}, dry)


def test_a_decision_comes_whole_and_signed(tmp_path: Path) -> None:
    """As the line of a record; who has the secret can tell that nothing of it was changed."""
    with taking() as (host, taken):
        outcome = _webhook(tmp_path, f"me:pass%20word@{host}", "/hooks/a b?token=x#no").execute(ORDER)
    ((path, headers, body),) = taken
    assert ORDER.written() == json.loads(body)
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert (f"sha256={expected}", ORDER.idempotency_key) == (headers["Selfheal-Signature"], headers["Idempotency-Key"])
    assert ("/hooks/a%20b?token=x", "Basic bWU6cGFzcyB3b3Jk") == (path, headers["Authorization"])
    assert ("done", f"http://{host} took it", host) == (outcome.status, outcome.detail, headers["Host"])


def test_the_page_tells_how_to_know_what_is_ours(tmp_path: Path) -> None:
    """A receiver that does as docs/serve.md says takes what was sent, and nothing that was changed on its way."""
    page = (ROOT / "docs" / "serve.md").read_text("utf-8")
    block, *_ = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102 - the page's own example
    with taking() as (host, taken):
        _webhook(tmp_path, host).execute(ORDER)
    ((_, headers, body),) = taken
    bodies = (body, body.replace(b"8d1c", b"8d1d"))
    assert [True, False] == [names["is_ours"](one, headers["Selfheal-Signature"], SECRET) for one in bodies]


def test_without_a_secret_nothing_is_signed(tmp_path: Path) -> None:
    """A signature under no secret would be one that anybody can make."""
    with taking() as (host, taken):
        (tmp_path / "url").write_text(f"http://{host}/", "utf-8")
        Webhook({"cmdb": Address.read(tmp_path / "url")}).execute(ORDER)
    assert "Selfheal-Signature" not in taken[0][1]


@pytest.mark.parametrize(("status", "again"), [(400, False), (307, False), (429, True), (500, True), (503, True)])
def test_what_is_not_taken_is_a_failure(tmp_path: Path, status: int, *, again: bool) -> None:
    """It says whether a retry can help; no redirect is followed, for the site has not named where it leads."""
    with (
        taking(status) as (host, taken),
        pytest.raises(ExecutorError, match=f"http://{host} answered {status}") as told,
    ):
        _webhook(tmp_path, host).execute(ORDER)
    assert (again, 1) == (told.value.retryable, len(taken))


@pytest.mark.parametrize("status", [0, 504])
def test_where_no_answer_came_it_is_left_open(tmp_path: Path, status: int) -> None:
    """The receiver may have done it, behind a connection that broke, or a proxy that lost patience."""
    with taking(status) as (host, taken):
        outcome = _webhook(tmp_path, host).execute(ORDER)
    assert ("unconfirmed", 1) == (outcome.status, len(taken))


def test_a_receiver_that_drips_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for the whole answer, and not for each byte of it."""
    monkeypatch.setattr("selfheal_rules.execute.posting._TIMEOUT", 0.5)
    with dripping(b"HTTP/1.1 200 OK\r\nX: ") as host:
        outcome = _webhook(tmp_path, host).execute(ORDER)
    assert ("unconfirmed", f"http://{host} gave no answer: none within 0.5 s") == (outcome.status, outcome.detail)


def test_an_endpoint_the_site_has_not_named_is_refused(tmp_path: Path) -> None:
    """Whatever a payload calls it; an address is no name."""
    with taking() as (host, taken):
        outcome = _webhook(tmp_path, host).execute(asked("webhook", "8d1c", {"endpoint": f"http://{host}/"}))
    assert ("refused", False, []) == (outcome.status, outcome.retryable, taken)


def test_a_dry_run_says_the_call(tmp_path: Path) -> None:
    """With all that would be in it, and no more of the address than its host."""
    host = f"127.0.0.1:{free_port()}"
    outcome = _webhook(tmp_path, host, "/s3cret", dry=True).execute(ORDER)
    said = f"POST http://{host} Idempotency-Key: {ORDER.idempotency_key} {json.dumps(ORDER.written())}"
    assert ("dry_run", said) == (outcome.status, outcome.detail)


@pytest.mark.parametrize(
    "written",
    [
        b"", b"nonsense", b"ftp://x/s3cret", b"https:///s3cret", b"https://me:s3cret/x@host/", b"https://h:0/s3cret",
        b"https://h/\nshort s3cret", b"https://h/\na long s3cret of it\nand more", "https://s3cret\u2100.x/".encode(),
        b"https://s3cret\xff/", b"https://[s3cret/", b"alertmanager+https://s3cret/",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_unshown(tmp_path: Path, written: bytes) -> None:
    """Its file is named, and nothing that stands in it, whoever would have told."""
    (tmp_path / "url").write_bytes(written)
    with pytest.raises(ValueError, match="url` holds") as told:
        Address.read(tmp_path / "url")
    assert "s3cret" not in f"{told.value}{told.value.__cause__}"


def test_of_an_address_its_host_is_shown(tmp_path: Path) -> None:
    """Of version 6 as well, as a URL has it."""
    (tmp_path / "url").write_text(f"https://me:s3cret@[::1]:8443/s3cret\n{SECRET}", "utf-8")
    address = Address.read(tmp_path / "url")
    assert ("https://[::1]:8443", False) == (str(address), "s3cret" in repr(address) or SECRET in repr(address))


class TestWebhook(ExecutorContract):
    """The contract, over a receiver that knows a key it has seen."""

    action, target = "webhook", "8d1c"
    given: ClassVar = {"endpoint": "cmdb"}
    secrets = ("h00k", "passw0rd", SECRET)

    @pytest.fixture(autouse=True)
    def _receiver(self, tmp_path: Path) -> Iterator[None]:
        with ExitStack() as stack:
            self.host, self.taken = stack.enter_context(taking())
            self.folder = tmp_path
            yield

    host: str
    taken: Taken

    def executor(self, *, dry: bool) -> Webhook:
        """Give it as a process that begins has it."""
        return _webhook(self.folder, f"me:passw0rd@{self.host}", "/h00k", dry=dry)

    def world(self) -> list[str]:
        """Give what a receiver does that has each key once."""
        return sorted({headers["Idempotency-Key"] for _, headers, _ in self.taken})

    def failing(self) -> AbstractContextManager[None]:
        """Have nobody listen."""
        return self._away()

    @contextmanager
    def _away(self) -> Iterator[None]:
        self.host = f"127.0.0.1:{free_port()}"
        yield
