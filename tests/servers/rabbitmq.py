"""RabbitMQ: a node of its own on free ports, with its own name server; both are ended by their ids."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Self

from attrs import define, field

from tests.servers.process import free_port, running

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def is_there() -> bool:
    """Whether the Debian packages are installed."""
    return SERVER.exists() and shutil.which("epmd") is not None


def _settings(folder: Path, port: int, names: int) -> dict[str, str]:
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\nlog.file.level = warning\ndisk_free_limit.absolute = 50MB\n"
    )
    (folder / "advanced.config").write_text("[{kernel,[{inet_dist_use_interface,{127,0,0,1}}]}].\n")
    (folder / "plugins").write_text("[].")
    (folder / "env").write_text("")
    return {
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(names),
        "RABBITMQ_NODENAME": f"selfheal{port}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "env"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
    }


@define
class Broker:
    """A node: where it is, and a way to have it go and come again with what is on its disk."""

    url: str
    start: Callable[[], AbstractContextManager[None]]
    _running: ExitStack = field(factory=ExitStack)

    def __enter__(self) -> Self:
        """Begin."""
        self._running.enter_context(self.start())
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._running.close()

    def restart(self) -> None:
        """End, and begin again."""
        self._running.close()
        self._running.enter_context(self.start())


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """Run a node in a new folder."""
    folder.mkdir()
    port, names = free_port(), free_port()
    settings = os.environ | _settings(folder, port, names)
    reach = [sys.executable, "-c", f"import socket; socket.create_connection(('127.0.0.1', {port}), 1).recv(0)"]
    with subprocess.Popen(["epmd", "-address", "127.0.0.1", "-port", str(names)]) as service:
        try:
            start = partial(running, [str(SERVER)], reach, folder / "output", settings=settings)
            with Broker(f"rabbit://guest:guest@127.0.0.1:{port}/", start) as found:
                yield found
        finally:
            service.terminate()


@contextmanager
def rabbitmq(folder: Path) -> Iterator[str]:
    """Run a node in a new folder; gives its URL."""
    with broker(folder) as found:
        yield found.url
