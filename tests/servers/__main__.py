"""Start the servers, run a command, end the servers; the exit code is the command's."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers.mariadb import mariadb
from tests.servers.postgresql import postgresql


def servers(folder: Path, kept: ExitStack) -> Iterator[tuple[str, str]]:
    """Start each server; gives the variable that names its URL."""
    yield "SELFHEAL_POSTGRESQL", kept.enter_context(postgresql(folder / "postgresql"))
    yield "SELFHEAL_MARIADB", kept.enter_context(mariadb(folder / "mariadb"))


def main(command: list[str]) -> int:
    """Run a command beside the servers."""
    if not command:
        sys.stderr.write("usage: python -m tests.servers COMMAND ...\n")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers end, too
    with TemporaryDirectory(prefix="selfheal-servers-") as folder, ExitStack() as kept:
        Path(folder).chmod(0o755)  # the servers' own users have to get to their folders
        environment = os.environ | dict(servers(Path(folder), kept))
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
