"""A service that is away: in its place something answers 503, as a load balancer before it does."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.cloud.rig import Cloud

NOVA_API = "python $S/serve.py $NV nova.wsgi.osapi_compute:application"


class _Away(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.send_response(503)
        self.end_headers()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names `http.server` looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _bound(port: int) -> ThreadingHTTPServer | None:
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), _Away)
    except OSError:
        return None


@contextmanager
def away(cloud: Cloud, service: str, port: int) -> Iterator[None]:
    """Have Nova's API answer 503 as long as this lasts; it is started again afterwards, and takes its time."""
    cloud.stop(service)
    server = cloud.wait(lambda: _bound(port), f"port {port} is free")
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        cloud.script(f"export OS_NOVA_CONFIG_DIR=$HOME/.nova; start {service} {NOVA_API}")


def restarted(cloud: Cloud, process: str) -> None:
    """Have a process of the cloud die at once, and begin again as it had begun, with what is on its disk."""
    pid = Path(cloud.home, "run/pid", process)
    here = Path("/proc", pid.read_text("utf-8").strip())
    command = here.joinpath("cmdline").read_bytes().decode().rstrip("\0").split("\0")
    settings = dict(one.split("=", 1) for one in here.joinpath("environ").read_bytes().decode().split("\0") if one)
    cloud.stop(process)
    log = Path(cloud.home, "run/log", f"{process}.log")
    begin = f'setsid "$@" >>{log} 2>&1 </dev/null & echo $! >{pid}'  # it is nobody's child, as those `start` begins
    subprocess.run(["bash", "-c", begin, "-", *command], env=settings, check=True)
