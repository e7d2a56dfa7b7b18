"""How many may be connected at once, and how long one may take to say what it wants: no sender takes all there is."""

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST = 1000


def most() -> int:
    """Give how many may be connected: half of what the process may open, since journal and programs open files, too."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else min(_MOST, soft // 2)


class Connection(HttpToolsProtocol):
    """One connection. It is ended at once where there are too many, and later where a request does not come whole."""

    patience = 10.0
    """Seconds between two looks: a request has come whole within one and two of them."""
    _before: Any = None
    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin, if there is room."""
        super().connection_made(transport)
        if len(self.connections) > most():
            transport.abort()
        else:
            self._look = self.loop.call_later(self.patience, self._looked)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if self._look:
            self._look.cancel()
        super().connection_lost(exc)

    def _looked(self) -> None:
        """End it where it has asked for nothing yet, or what it asked for has not come whole since the last look."""
        if self.cycle is None or (self.cycle is self._before and self.cycle.more_body):
            self.transport.abort()
            return
        self._before = self.cycle
        self._look = self.loop.call_later(self.patience, self._looked)
