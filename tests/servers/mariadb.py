"""MariaDB, run by its own user."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import free_port, running, tool

USER = "mysql"


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """Run a server in a new folder; gives the URL of a database in it."""
    names = ("mariadb-install-db", "mariadbd", "mariadb-admin")
    install, server, admin = (tool(name, "mariadb-server") for name in names)
    folder.mkdir()
    shutil.chown(folder, USER, USER)
    data, port, door = folder / "data", str(free_port()), folder / "socket"
    made = [install, "--no-defaults", f"--user={USER}", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    subprocess.run([*made, "--skip-test-db"], check=True, stdout=subprocess.DEVNULL)
    command = [server, "--no-defaults", f"--user={USER}", f"--datadir={data}", f"--port={port}", f"--socket={door}"]
    command += ["--bind-address=127.0.0.1", "--skip-name-resolve", f"--pid-file={folder / 'pid'}"]
    as_root = [admin, "--no-defaults", f"--socket={door}", "--user=root"]
    with running(command, [*as_root, "ping"], folder / "log"):
        subprocess.run([*as_root, "create", "selfheal"], check=True)
        yield f"mariadb+pymysql://root@127.0.0.1:{port}/selfheal"
