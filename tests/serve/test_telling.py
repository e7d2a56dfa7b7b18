"""Telling people: what a rule says comes to whom the site names, once where that can be known, without a secret."""

import json
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from selfheal_rules.decide.decision import Outcome
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.order import Order
from selfheal_rules.execute.site import here
from selfheal_rules.serve.telling import Telling, addressed
from tests.generate.streams import moment
from tests.journal.rig import enforcing, program
from tests.semantics.rig import fail, rule
from tests.serve.test_web import certificate
from tests.servers.process import free_port
from tests.servers.taking import dripping, taking

SAID = "[{do: page, target: $p.host, with: {text: '${p.host} is gone', ticket: 7}}, {do: notify, target: $p.host}]"
PROGRAM = program(rule("{as: p, event: fail}", SAID, name="each"))


def _decision() -> Order:
    """Give a page as an executor gets it."""
    return Order(enforcing(PROGRAM).post(fail(1, id="f", host="a"))[0], 1)


def _telling(folder: Path, url: str, *, dry: bool = False, action: str = "page") -> Telling:
    (folder / "address").write_text(f"{url}\n", "utf-8")
    return Telling(action, addressed(folder / "address"), dry, clock=lambda: moment(2))


def test_a_text_is_posted_with_what_it_is_about(tmp_path: Path) -> None:
    """Chats take the text; the key is there for whoever can tell a second one from the first."""
    order = _decision()
    with taking() as (host, taken):
        outcome = _telling(tmp_path, f"http://{host}/hooks/s3cret").execute(order)
    ((path, headers, body),) = taken
    about = {"action": "page", "target": "a", "rule": "each", "decision": order.id}
    assert {"text": "a is gone", "severity": "critical", **about, "more": {"ticket": 7}} == json.loads(body)
    assert ("/hooks/s3cret", order.idempotency_key) == (path, headers["Idempotency-Key"])
    assert ("done", False) == (outcome.status, "s3cret" in outcome.detail)


def test_without_a_text_the_reason_is_said(tmp_path: Path) -> None:
    """Who is told is told by what."""
    engine = enforcing(PROGRAM)
    made = [*engine.post(fail(1, id="f", host="a"))]
    made += engine.post(Outcome(made[0].id, "done", moment(2), attempt=1))
    (notify,) = [one for one in made if one.action == "notify"][-1:]
    with taking() as (host, taken):
        _telling(tmp_path, f"http://{host}/", action="notify").execute(Order(notify, 1))
    told = json.loads(taken[0][2])
    assert ("each asks for notify on a: fail f", "info") == (told["text"], told["severity"])


@pytest.mark.parametrize(("status", "again"), [(404, False), (302, False), (429, True), (503, True)])
def test_an_answer_that_is_none_is_a_failure(tmp_path: Path, status: int, *, again: bool) -> None:
    """It says whether a retry can help, and shows no more of the address than its host."""
    with taking(status) as (host, _), pytest.raises(ExecutorError, match=f"http://{host} answered {status}") as raised:
        _telling(tmp_path, f"http://{host}/s3cret").execute(_decision())
    assert (again, False) == (raised.value.retryable, "s3cret" in str(raised.value))


def test_where_nobody_knows_whether_it_went_it_is_left_open(tmp_path: Path) -> None:
    """A text is not posted twice on a guess; where nobody was there, it may be."""
    with taking(0) as (host, _):
        telling = _telling(tmp_path, f"http://{host}/")
        assert "unconfirmed" == telling.execute(_decision()).status
    assert not telling.idempotent
    with pytest.raises(ExecutorError, match="cannot be reached") as raised:
        telling.execute(_decision())
    assert raised.value.retryable


def test_a_dry_run_says_what_it_would_say(tmp_path: Path) -> None:
    """And sends nothing."""
    outcome = _telling(tmp_path, "https://chat.example.org/s3cret", dry=True).execute(_decision())
    told = "https://chat.example.org would be told: a is gone"
    assert ("dry_run", told) == (outcome.status, outcome.detail)


def test_what_is_said_to_the_log_stands_there(caplog: pytest.LogCaptureFixture) -> None:
    """With what it is about, as bad as the rule says; and nothing to do is done."""
    rules = rule(
        "{as: p, event: fail}", "[{do: log, target: $p.host, with: {text: hear, level: warning, x: 1}}]", name="l"
    )
    order = Order(enforcing(program(rules)).post(fail(1, id="f", host="a"))[0], 1)
    noop, log = here(clock=lambda: moment(2))
    with caplog.at_level("INFO", "selfheal_rules"):
        assert ["done", "done"] == [one.execute(order).status for one in (noop, log)]
    ((_, level, text),) = caplog.record_tuples
    assert (30, f"event='hear' x=1 target='a' rule='l' id='{order.id}'") == (level, text)
    assert ["dry_run"] * 2 == [one.execute(order).status for one in here(dry=True)]


@pytest.mark.skipif(not shutil.which("prometheus-alertmanager"), reason="Debian's prometheus-alertmanager is not there")
def test_a_real_alertmanager_takes_an_alert_once(tmp_path: Path) -> None:
    """Posted twice it is one alert, with labels a site can route by."""
    order = _decision()
    with _alertmanager(tmp_path) as host:
        telling = _telling(tmp_path, f"alertmanager+http://{host}/")
        assert ["done", "done"] == [telling.execute(order).status for _ in range(2)]
        (alert,) = httpx.get(f"http://{host}/api/v2/alerts").json()
    assert telling.idempotent
    about = {"action": "page", "target": "a", "rule": "each", "decision": order.id}
    assert {"alertname": "selfheal_page", "severity": "critical", **about} == alert["labels"]
    assert {"summary": "a is gone", "ticket": "7"} == alert["annotations"]


@contextmanager
def _alertmanager(folder: Path) -> Iterator[str]:
    (folder / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n", "utf-8")
    host = f"127.0.0.1:{free_port()}"
    command = ["prometheus-alertmanager", f"--config.file={folder}/am.yml", f"--storage.path={folder}/am"]
    command += [f"--web.listen-address={host}", "--cluster.listen-address="]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            _until_ready(f"http://{host}/-/ready")
            yield host
        finally:
            server.terminate()


def _until_ready(url: str) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            assert time.monotonic() < end, "it did not begin"
        time.sleep(0.05)


class _Post(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321, with AUTH) as a client that sends one mail needs."""

    def handle(self) -> None:
        server: Any = self.server
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            server.said.append(line)
            if word == "DATA":
                self._say("354 go on")
                server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
            if word == "QUIT":
                return
            self._say({"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "235 yes", **server.answers}.get(word, "250 ok"))

    def _say(self, text: str) -> None:
        if text:
            self.wfile.write(f"{text}\r\n".encode())
        else:
            self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def _post(answers: Mapping[str, str] = {}, secure: ssl.SSLContext | None = None) -> Iterator[Any]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Post) as server:
        found: Any = server
        found.said, found.mails, found.answers = [], [], answers
        if secure:
            server.socket = secure.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield found
        server.shutdown()


def _mail(folder: Path, server: Any, scheme: str = "smtp", user: str = "") -> str:  # noqa: ANN401 - the above
    url = f"{scheme}://{user}127.0.0.1:{server.server_address[1]}?to=on-call@example.org&from=selfheal@example.org"
    return _telling(folder, url).execute(_decision()).status


def test_a_mail_says_it_and_has_the_id_of_the_decision(tmp_path: Path) -> None:
    """Subject, text and what else the rule wants told."""
    with _post() as server:
        assert "done" == _mail(tmp_path, server)
    (mail,) = server.mails
    assert "Subject: [critical] page: a" in mail
    assert "a is gone" in mail
    assert "ticket: 7" in mail
    assert f"<{_decision().id}.1@selfheal>" in mail


def test_a_password_goes_under_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By `smtps` it is sent; by `smtp`, to a server without STARTTLS, it is not."""
    certificate(tmp_path, "site")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "site.pem"))
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(tmp_path / "site.pem", tmp_path / "site.key")
    with _post(secure=secure) as server:
        assert "done" == _mail(tmp_path, server, "smtps", "me:s3cret@")
    assert any(line.startswith("AUTH") for line in server.said)
    with _post() as server, pytest.raises(ExecutorError, match="cannot be reached"):
        _mail(tmp_path, server, "smtp", "me:s3cret@")
    assert not any(line.startswith("AUTH") for line in server.said)


@pytest.mark.parametrize(
    ("answers", "again"), [({"RCPT": "550 nobody"}, False), ({"RCPT": "451 later"}, True), ({"MAIL": "554 no"}, False)]
)
def test_a_mail_that_is_not_taken_is_a_failure(tmp_path: Path, answers: dict[str, str], *, again: bool) -> None:
    """Codes of 4xx mean later, those of 5xx never."""
    with _post(answers) as server, pytest.raises(ExecutorError, match="answered") as raised:
        _mail(tmp_path, server)
    assert again == raised.value.retryable


def test_a_mail_server_that_drips_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for all of its answers, and not for each byte of them."""
    monkeypatch.setattr("selfheal_rules.serve.telling._PATIENCE", 0.5)
    with dripping(b"220 ") as host:
        outcome = _telling(tmp_path, f"smtp://{host}?to=a@b.example&from=c@d.example").execute(_decision())
    assert ("unconfirmed", "none within 0.5 s") == (outcome.status, outcome.detail.rpartition(": ")[2])


def test_a_mail_server_that_goes_away_leaves_it_open(tmp_path: Path) -> None:
    """Once the mail is on its way nobody knows; a password it does not want is a failure."""
    with _post({"DATA": ""}) as server:
        assert "unconfirmed" == _mail(tmp_path, server)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nonsense",
        "ftp://x/s3cret",
        "https:///s3cret",
        "smtp://s3cret@host",
        "\n",
        "smtps://h?to=a&from=b\ns3crets3crets3cret",
    ],
)
def test_an_address_that_is_none_is_refused_unshown(tmp_path: Path, address: str) -> None:
    """The file is named, and nothing that stands in it."""
    with pytest.raises(ValueError, match="holds") as raised:
        _telling(tmp_path, address)
    assert "s3cret" not in str(raised.value)
