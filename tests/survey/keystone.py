"""A small cloud on a port of this machine: a Keystone with a catalogue, and services with their versions and lists."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

SERVICES = {"identity": "v3", "compute": "v2.1", "instance-ha": "v1", "alarming": "v2", "network": "", "baremetal": ""}

LISTS = {
    "/compute/v2.1": {
        "version": {"id": "v2.1", "status": "CURRENT", "version": "2.96", "min_version": "2.1", "links": []}
    },
    "/instance-ha/v1": {
        "versions": [{"id": "v1.0", "status": "CURRENT", "version": "1.3", "min_version": "1.0", "links": []}]
    },
    "/instance-ha/v1/segments": {"segments": [{"uuid": "s1", "name": "blue", "enabled": True}]},
    "/alarming/v2": {"version": {"id": "v2.0", "status": "CURRENT", "links": []}},
    "/alarming/v2/alarms": [
        {"name": "member down", "alarm_actions": ["trust+heat://x"]},
        {"name": "HostDown", "alarm_actions": ["https://engine"]},
    ],
    "/network": {"versions": [{"id": "v2.0", "status": "CURRENT", "links": []}]},
    "/network/v2.0/agents": {"agents": [{"binary": "neutron-l3-agent"}, {"binary": "neutron-openvswitch-agent"}]},
}
"""What each path answers; the others are not there."""


class _Handler(BaseHTTPRequestHandler):
    """Answers as Keystone and the services do."""

    asked: ClassVar[list[tuple[str, str]]]
    roles: ClassVar[Sequence[str]]
    lists: ClassVar[Mapping[str, Any]]

    def do_GET(self) -> None:
        """Answer what is listed."""
        self._answer()

    def do_POST(self) -> None:
        """Give a token to whoever asks for one."""
        self._answer()

    def _answer(self) -> None:
        self.asked.append((self.command, self.path))
        here = f"http://{self.headers['Host']}"
        path = self.path.partition("?")[0].rstrip("/")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == "/identity/v3/auth/tokens":
            self._send(201, {"token": _token(here, self.roles)}, {"X-Subject-Token": "t"})
        elif path in {"/identity/v3", "/identity"}:
            links = [{"rel": "self", "href": f"{here}/identity/v3/"}]
            self._send(200, {"version": {"id": "v3.14", "status": "stable", "links": links}})
        elif self.lists.get(path) is not None:
            self._send(
                200, json.loads(json.dumps(self.lists[path]).replace('"links": []', f'"links": {self._links(here)}'))
            )
        else:
            self._send(404, {"error": {"message": "not here"}})

    def _links(self, here: str) -> str:
        stem = self.path.partition("?")[0].rstrip("/")
        href = f"{here}{stem}/v2.0/" if stem == "/network" else f"{here}{stem}/"
        return json.dumps([{"rel": "self", "href": href}])

    def _send(self, code: int, told: object, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(told).encode()
        self.send_response(code)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the server's own
        """Say nothing."""


def _token(here: str, roles: Sequence[str]) -> dict[str, Any]:
    catalog = [
        {
            "type": name,
            "name": name,
            "endpoints": [{"interface": "public", "region": "R", "url": f"{here}/{name}/{path}"}],
        }
        for name, path in SERVICES.items()
    ]
    return {
        "methods": ["password"],
        "user": {"id": "u", "name": "selfheal", "domain": {"id": "default", "name": "Default"}},
        "project": {"id": "p", "name": "admin", "domain": {"id": "default", "name": "Default"}},
        "roles": [{"id": name, "name": name} for name in roles],
        "expires_at": "2099-01-01T00:00:00.000000Z",
        "issued_at": "2026-01-01T00:00:00.000000Z",
        "catalog": catalog,
    }


@contextmanager
def cloud(
    roles: Sequence[str] = ("reader", "admin"), lists: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Run the cloud; gives the address of its Keystone, and every call it was asked, method and path."""
    given, told = roles, LISTS | dict(lists or {})

    class Handler(_Handler):
        """That of this cloud alone."""

        asked: ClassVar[list[tuple[str, str]]] = []
        roles: ClassVar[Sequence[str]] = given
        lists: ClassVar[Mapping[str, Any]] = told

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/identity/v3", Handler.asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
