"""
Adapters of services that nobody brought up here, held to the HTTP their last documents write down.

Congress: `PUT /v1/data-sources/{id}/tables/{table}/rows` replaces a table. Monasca: `PATCH /v2.0/alarms/{id}` changes
an alarm. What answers here was written by hand from those documents: nobody has seen it come from a service.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, ClassVar

import pytest
from attrs import define, field
from keystoneauth1 import adapter, noauth, session

from selfheal_rules.conformance import ExecutorContract, asked
from selfheal_rules.decide.decision import Outcome
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.openstack import CloudExecutor


@define
class Service:
    """Answers GET with what stands at a path, keeps every other call, and lets a PATCH change what stands there."""

    stands: dict[str, Any]
    called: list[tuple[str, str, Any]] = field(factory=list)
    refuses: int = 0
    stuck: bool = False
    """Whether it takes a change and does nothing about it."""

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:  # noqa: ANN401 - JSON
        """Answer a call."""
        if method == "GET":
            return (200, self.stands[path]) if path in self.stands else (404, {"error": "no such thing"})
        self.called.append((method, path, body))
        if self.refuses:
            return self.refuses, {"error": "not now"}
        if method == "PATCH" and not self.stuck:
            self.stands[path] = {**self.stands[path], **body}
        return 200, {}


class Site:
    """A connection as far as adapters need one."""

    def __init__(self, url: str) -> None:
        """Log in nowhere."""
        reached = adapter.Adapter(session.Session(noauth.NoAuth()), endpoint_override=url)
        self.policy = self.monitoring = reached


@pytest.fixture
def service() -> Service:
    """Give what stands there."""
    return Service(
        {
            "/data-sources/d1/tables/faults": {"id": "faults"},
            "/alarms/a1": {"id": "a1", "state": "OK", "lifecycle_state": "OPEN"},
        }
    )


@pytest.fixture
def site(service: Service) -> Iterator[Site]:
    """Serve it over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, told = service.answer(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        do_GET = do_PUT = do_PATCH = _do  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield Site(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def _do(site: Site, action: str, target: str, *, dry: bool = False, **given: object) -> Outcome:
    connection: Any = site
    return CloudExecutor(action, connection, dry=dry, pace=0.01).execute(asked(action, target, given))


def test_a_table_of_congress_is_replaced_by_one_row(site: Site, service: Service) -> None:
    """A list with the row; a data source or table that nobody has is refused, and nothing is sent."""
    done = _do(site, "policy.push_rows", "d1", table="faults", host="compute1")
    assert ("done", "pushed") == (done.status, done.detail)
    assert [("PUT", "/data-sources/d1/tables/faults/rows", [{"host": "compute1"}])] == service.called
    assert "refused" == _do(site, "policy.push_rows", "d2", table="faults", host="compute1").status
    assert 1 == len(service.called)


def test_an_alarm_of_monasca_is_put_into_a_state(site: Site, service: Service) -> None:
    """Done again, it is found so; a dry run says the call."""
    shown = _do(site, "monitoring.set_alarm_state", "a1", dry=True, state="ALARM")
    assert ("dry_run", 'monitoring PATCH /alarms/a1 {"state": "ALARM"}') == (shown.status, shown.detail)
    assert "done" == _do(site, "monitoring.set_alarm_state", "a1", state="ALARM").status
    assert [("PATCH", "/alarms/a1", {"state": "ALARM"})] == service.called
    assert "it was ALARM before" == _do(site, "monitoring.set_alarm_state", "a1", state="ALARM").detail


@pytest.mark.parametrize(("status", "helps"), [(503, True), (403, False)])
def test_a_refusal_says_whether_a_retry_helps(site: Site, service: Service, status: int, *, helps: bool) -> None:
    """A service that is away may be back; one that forbids it will go on to."""
    service.refuses = status
    with pytest.raises(ExecutorError, match="not now") as raised:
        _do(site, "policy.push_rows", "d1", table="faults", host="compute1")
    assert helps is raised.value.retryable


class TestCloudExecutor(ExecutorContract):
    """The executor on a cloud keeps the contract that those of other packages are held to."""

    action, target, refused, secrets = "monitoring.set_alarm_state", "a1", "a2", ("t0ken",)
    given: ClassVar = {"state": "ALARM"}

    @pytest.fixture(autouse=True)
    def _site(self, site: Site, service: Service) -> None:
        self.site: Any = site
        self.site.monitoring.additional_headers["X-Auth-Token"] = "t0ken"
        self.service = service

    def executor(self, *, dry: bool) -> CloudExecutor:
        """Give it on the service of this test."""
        return CloudExecutor(self.action, self.site, dry=dry, pace=0.01)

    def world(self) -> list[tuple[str, str, Any]]:
        """Give what was sent."""
        return [*self.service.called]

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Have the service be away."""
        self.service.refuses = 503
        yield
        self.service.refuses = 0

    def waiting(self) -> tuple[CloudExecutor, Callable[[], object]]:
        """Have the service take the change and do nothing about it."""
        self.service.stuck, cancelled = True, Event()
        return CloudExecutor(self.action, self.site, cancelled=cancelled, pace=0.01), cancelled.set
