"""What listens: the webhook, whether the process is alive and ready, and its metrics, under one server."""

import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from attrs import define, field
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from selfheal_rules.integrations.webhook import Webhook
from selfheal_rules.integrations.zaqar import Zaqar
from selfheal_rules.serve.connections import Connection
from selfheal_rules.serve.metrics import CONTENT_TYPE, Metrics
from selfheal_rules.serving import Http

_PATIENCE = 10.0
_OUTWARD = 5.0


def routes(metrics: Metrics, ready: Callable[[], str]) -> Sequence[BaseRoute]:
    """
    Give the endpoints beside the webhook.

    `/healthz` says that the process answers, `/readyz` that it takes what is sent: 503 with why where `ready` gives a
    reason against it. None of them asks who wants to know.
    """

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        against = ready()
        return JSONResponse({"ready": not against, "why": against}, 503 if against else 200)

    async def scraped(_: Request) -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    pages: Mapping[str, Callable[[Request], Awaitable[Response]]] = {
        "/healthz": healthz,
        "/readyz": readyz,
        "/metrics": scraped,
    }
    return [Route(path, page) for path, page in pages.items()]


def confirming(http: Http) -> Callable[[Mapping[str, Any]], Awaitable[None]] | None:
    """Give what confirms subscriptions of the site's Zaqar, if it has one."""
    if not http.zaqar:
        return None

    async def confirm(asked: Mapping[str, Any]) -> None:
        async with httpx.AsyncClient(timeout=_OUTWARD) as client:
            await Zaqar(http.zaqar, client).confirm(asked)

    return confirm


@define
class Web:
    """A server in a thread of its own."""

    http: Http
    folder: Path
    webhook: Webhook
    others: Sequence[BaseRoute]
    _server: Any = field(default=None, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> int:
        """
        Begin to listen, and give the port: with port 0 the system chooses one.

        Raises:
            OSError: where the address is taken, or a file of TLS cannot be read.
        """
        host, port = self.http.address or ("127.0.0.1", 0)
        application = self.webhook.application(*self.others)
        config = uvicorn.Config(
            application, host, port, log_config=None, access_log=False, server_header=False, lifespan="off",
            proxy_headers=False, timeout_graceful_shutdown=int(_PATIENCE), http=Connection, ws="none", **self._tls(),
        )  # fmt: skip
        config.load()
        self._server = uvicorn.Server(config)
        bound = config.bind_socket()
        bound.listen(config.backlog)  # at once, and not when its thread comes to it: who is told a port may use it
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [bound]}, name="web", daemon=True)
        self._thread.start()
        found: int = bound.getsockname()[1]
        return found

    def _tls(self) -> dict[str, Any]:
        tls = self.http.tls
        if tls is None:
            return {}
        files = {"ssl_certfile": tls.certificate, "ssl_keyfile": tls.key, "ssl_ca_certs": tls.clients}
        told = {name: str(self.folder / file) for name, file in files.items() if file}
        return {**told, "ssl_cert_reqs": ssl.CERT_REQUIRED if tls.clients else ssl.CERT_NONE}

    def is_alive(self) -> bool:
        """Whether it still listens."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Listen no more, once the requests that came are answered."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_PATIENCE)
