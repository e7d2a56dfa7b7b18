"""PostgreSQL, run by its own user: it refuses to be run by root."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import free_port, running, tool

USER = "postgres"


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a server in a new folder; gives its URL."""
    initdb, postgres, is_ready = (tool(name, "postgresql") for name in ("initdb", "postgres", "pg_isready"))
    folder.mkdir()
    shutil.chown(folder, USER, USER)
    as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"]
    data, port = folder / "data", str(free_port())
    command = [*as_user, initdb, "-D", str(data), "-U", "selfheal", "-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    server = [*as_user, postgres, "-D", str(data), "-p", port, "-h", "127.0.0.1", "-k", str(folder)]
    with running(server, [is_ready, "-h", "127.0.0.1", "-p", port], folder / "log"):
        yield f"postgresql+psycopg://selfheal@127.0.0.1:{port}/postgres"
