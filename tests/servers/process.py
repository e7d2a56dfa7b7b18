"""A server process: what it needs, when it is ready, and how it ends."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60.0
"""Seconds a server has to begin, and to end."""

QUIET = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
"""Nobody is there to answer a question."""


def tool(name: str, package: str) -> str:
    """Give the path of a program, its Debian package installed where it is missing."""
    if (found := _find(name)) is None:
        for command in (["update"], ["install", "-y", "--no-install-recommends", package]):
            subprocess.run(["apt-get", "-qq", *command], check=True, stdout=subprocess.DEVNULL, env=QUIET)
        found = _find(name)
    assert found, f"package {package} has no {name}"
    return found


def _find(name: str) -> str | None:
    beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(beside[-1]) if beside else shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin:/sbin:/bin")


def free_port() -> int:
    """Give a port of the loopback nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


@contextmanager
def running(
    command: Sequence[str], ready: Sequence[str], log: Path, settings: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Keep a server running; it is ended by its id, whatever happens, and killed where it does not end."""
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, env=settings) as server:
        try:
            _wait(server, ready, log)
            yield
        finally:
            server.terminate()
            try:
                server.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait(server: "subprocess.Popen[bytes]", ready: Sequence[str], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while subprocess.run(ready, capture_output=True, check=False).returncode:
        if server.poll() is not None or time.monotonic() > end:
            message = f"{server.args!r} did not begin:\n{log.read_text(errors='replace')[-4_000:]}"
            raise RuntimeError(message)
        time.sleep(0.1)
