"""What posts to a site: an HTTP server that takes webhooks as they come, and the Alertmanager that sends some."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread
from typing import Any

import requests

import selfheal_rules as sr
from tests.cloud.rig import lacking

PORT = 17999
"""Where the Alertmanager of the cloud sends its webhook."""

ALERTMANAGER = "http://127.0.0.1:17093/api/v2/alerts"


class Hook:
    """Webhooks that came and were not taken yet."""

    def __init__(self) -> None:
        """Wait for the first."""
        self._came: SimpleQueue[tuple[Any, datetime]] = SimpleQueue()

    def came(self, body: bytes) -> None:
        """Keep a body, and when it came."""
        self._came.put((json.loads(body), datetime.now(UTC)))

    def bodies(self) -> Iterator[tuple[Any, datetime]]:
        """Give what came since, and when, in order."""
        while not self._came.empty():
            yield self._came.get()

    def taken(self) -> Iterator[Any]:
        """Give the items of what came since, in order."""
        for payload, received in self.bodies():
            yield from sr.normalize_payload(payload, received=received)


@contextmanager
def listening(port: int = PORT) -> Iterator[Hook]:
    """Take webhooks as long as this lasts."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.came(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()


def alert(name: str, host: str, *, over: bool = False) -> None:
    """Have the Alertmanager send that something is wrong with a host, or no longer."""
    now = datetime.now(UTC)
    ends = now if over else now + timedelta(hours=1)
    labels = {"alertname": name, "severity": "critical", "host": host}
    told: list[Any] = [
        {"labels": labels, "startsAt": (now - timedelta(seconds=1)).isoformat(), "endsAt": ends.isoformat()}
    ]
    try:
        requests.post(ALERTMANAGER, json=told, timeout=10).raise_for_status()
    except requests.ConnectionError:
        lacking("no Alertmanager (extras.sh alertmanager)")
