"""A real server that keeps what is posted, and answers as it is told to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

Taken: TypeAlias = list[tuple[str, dict[str, str], bytes]]
"""What was posted: path, headers and body of each."""


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.taken.append((self.path, dict(self.headers), body))
        if server.status:
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def taking(status: int = 200) -> Iterator[tuple[str, Taken]]:
    """Take posts at an address; with status 0 break off instead of an answer."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Taking) as server:
        taken: Taken = []
        server.taken, server.status = taken, status  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", taken
        server.shutdown()


@contextmanager
def dripping(begins: bytes) -> Iterator[str]:
    """Begin an answer to whoever connects, and go on with it by one byte every twentieth of a second, for a while."""
    left = threading.Event()

    def drip(taken: socket.socket) -> None:
        with taken, suppress(OSError):
            taken.sendall(begins)
            for _ in range(60):
                if left.wait(0.05):
                    return
                taken.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: drip(server.accept()[0]), daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        left.set()
        thread.join()
