"""Executors where Keystone does not let them in: nothing was sent, and the outcome says so."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from openstack.connection import Connection

from selfheal_rules.conformance import asked
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.openstack import CloudExecutor

pytestmark = pytest.mark.filterwarnings("default")  # those of openstacksdk are none of ours
GIVEN = {"username": "healer", "password": "s3cret", "project_name": "p"}
DOMAINS = {"user_domain_id": "default", "project_domain_id": "default"}


class _Keystone(BaseHTTPRequestHandler):
    """Tells its version, and refuses everybody."""

    def do_GET(self) -> None:
        """Answer as `GET /v3` does."""
        links = [{"rel": "self", "href": f"http://{self.headers['Host']}/v3/"}]
        self._answer(200, {"version": {"id": "v3.14", "status": "stable", "links": links}})

    def do_POST(self) -> None:
        """Answer as `POST /v3/auth/tokens` does to a wrong password."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(401, {"error": {"code": 401, "message": "who is that?", "title": "Unauthorized"}})

    def _answer(self, status: int, told: object) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Run a Keystone."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Keystone)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def _refusal(port: int) -> ExecutorError:
    auth = {"auth_url": f"http://127.0.0.1:{port}/v3", **GIVEN, **DOMAINS}
    executor = CloudExecutor("compute.disable_service", Connection(auth=auth, region_name="R"))
    with pytest.raises(ExecutorError) as raised:
        executor.execute(asked("compute.disable_service", "compute1", {"reason": "it is down"}))
    assert "s3cret" not in str(raised.value)
    return raised.value


def test_a_keystone_that_is_away_is_a_failure_that_a_retry_can_help() -> None:
    """The failure says what was not sent, and who does not answer where."""
    found = _refusal(1)
    assert found.retryable
    assert "compute (2.53) GET /os-services" in str(found)
    assert "was not sent: ConnectFailure: Unable to establish connection to http://127.0.0.1:1/v3" in str(found)


def test_credentials_that_keystone_refuses_are_a_failure_for_good(port: int) -> None:
    """Another attempt would have the same password."""
    found = _refusal(port)
    assert not found.retryable
    assert "was not sent: Unauthorized: who is that? (HTTP 401)" in str(found)
