"""`held.py PORT...`: say which of the ports of the loopback somebody listens on, and who; gives 1 if there is one."""

import sys
from collections.abc import Iterator
from pathlib import Path

LISTENS = "0A"
"""The kernel's number for a socket that listens, as `/proc/net/tcp` has it."""


def _listening() -> Iterator[tuple[int, str]]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text("ascii").splitlines()[1:] if Path(table).exists() else ():
            _, local, _, state, *rest = line.split()
            if state == LISTENS:
                yield int(local.rpartition(":")[2], 16), rest[5]


def _holder(inode: str) -> str:
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(opened.readlink()) == f"socket:[{inode}]":
                command = (opened.parents[1] / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                return f"process {opened.parts[2]} ({command.strip()[:120]})"
        except OSError:
            continue
    return "a process that is not to be seen"


def main() -> int:
    """Name each port that is held, and its holder."""
    asked = {int(port) for port in sys.argv[1:]}
    held = {port: inode for port, inode in _listening() if port in asked}
    for port, inode in sorted(held.items()):
        print(f"port {port} is held by {_holder(inode)}")  # noqa: T201 - what it is for
    return 1 if held else 0


sys.exit(main())
