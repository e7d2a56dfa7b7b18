"""The server under the webhook: TLS, certificates of senders, and an end that answers who is there."""

import resource
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from selfheal_rules.serve import connections
from selfheal_rules.serve.connections import Connection
from selfheal_rules.serve.metrics import Metrics
from selfheal_rules.serve.web import Web, confirming, routes
from selfheal_rules.serving import Http, Tls
from tests.payloads import raw
from tests.serve.rig import Site


def certificate(folder: Path, name: str) -> None:
    """Make a key and a certificate that vouches for itself."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", "-days", "2"]
    about = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *files, *about], check=True, capture_output=True)


def _context(folder: Path, client: str = "") -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "site.pem"))
    if client:
        context.load_cert_chain(folder / f"{client}.pem", folder / f"{client}.key")
    return context


def test_a_sender_shows_its_certificate(tmp_path: Path) -> None:
    """With an authority for senders, who has none of its certificates, or a stranger's, is not even heard."""
    for name in ("site", "sender", "stranger"):
        certificate(tmp_path, name)
    site = Site(tmp_path)
    http = Http("127.0.0.1:0", tls=Tls("site.pem", "site.key", "sender.pem"))
    web = Web(http, tmp_path, site.webhook, routes(Metrics(), lambda: ""))
    url = f"https://127.0.0.1:{web.start()}/v1/events"
    payload = raw("aodh/webhook.alarm.1")[0]
    with site.turning():
        for stranger in ("", "stranger"):
            with pytest.raises(httpx.TransportError):
                httpx.post(url, json=payload, verify=_context(tmp_path, stranger))
        assert 200 == httpx.post(url, json=payload, verify=_context(tmp_path, "sender")).status_code
        assert web.is_alive()
        web.stop()
    assert not web.is_alive()
    assert 1 == site.recorded().total()


def test_who_is_not_ready_says_why(tmp_path: Path) -> None:
    """503 with the reason, so that a balancer sends elsewhere."""
    web = Web(Http("127.0.0.1:0"), tmp_path, Site(tmp_path).webhook, routes(Metrics(), lambda: "stopping"))
    port = web.start()
    answer = httpx.get(f"http://127.0.0.1:{port}/readyz")
    web.stop()
    assert (503, {"ready": False, "why": "stopping"}) == (answer.status_code, answer.json())


def test_a_zaqar_that_is_named_is_asked(tmp_path: Path) -> None:
    """What a configuration names is called, and says so where it is away; without one nobody is."""
    confirm = confirming(Http("127.0.0.1:0", zaqar="http://127.0.0.1:9"))
    (answer,) = Site(tmp_path, options={"confirm": confirm}).post(raw("zaqar/webhook.confirmation")[0])
    assert "not confirmed: Zaqar did not answer (ConnectError)" == answer.json()["error"]
    assert confirming(Http("127.0.0.1:0")) is None


def test_who_says_nothing_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one that asks for nothing, nor one whose body does not come whole, nor one too many is kept."""
    monkeypatch.setattr(Connection, "patience", 0.05)
    web = Web(Http("127.0.0.1:0"), tmp_path, Site(tmp_path).webhook, routes(Metrics(), lambda: ""))
    port = web.start()
    began = b"POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12"
    for said in (b"", b"POST /v1", began):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as silent:
            silent.sendall(said)
            assert _is_let_go(silent)
    assert 200 == httpx.get(f"http://127.0.0.1:{port}/healthz").status_code
    monkeypatch.setattr(connections, "most", lambda: 0)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as silent:
        assert _is_let_go(silent)
    web.stop()


def _is_let_go(silent: socket.socket) -> bool:
    """Whether the other end lets go of a connection, with what answer it may."""
    try:
        while silent.recv(1000):
            pass
    except ConnectionResetError:
        return True
    return True


def test_half_of_all_descriptors_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Journal, inbox and programs open files, too."""
    limits = {128: 64, 1024: 512, 1 << 20: 1000, resource.RLIM_INFINITY: 1000}
    for soft, most in limits.items():
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        assert most == connections.most()
