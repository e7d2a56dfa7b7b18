"""Places journals are kept in, each with a way to open them and to harm them."""

import os
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from attrs import define, field

from selfheal_rules.journal import Journal
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.journal.sql import RECORDS, Database, SqlJournal


class Storage(Protocol):
    """Where a journal is kept."""

    def open(self) -> Journal:
        """Open it; may be done more than once."""

    def lines(self) -> list[bytes]:
        """Give its lines as they are kept, without their breaks."""

    def put(self, lines: list[bytes]) -> None:
        """Put other lines in their place."""

    def place(self, line: int) -> str:
        """Give how a message names a line."""

    def close(self) -> None:
        """Let go of what was opened."""


@define
class Files:
    """A folder."""

    folder: Path

    def open(self) -> Journal:
        """Open the file."""
        return FileJournal(self.folder / "heal.jsonl")

    def lines(self) -> list[bytes]:
        """Read the file."""
        return (self.folder / "heal.jsonl").read_bytes().splitlines()

    def put(self, lines: list[bytes]) -> None:
        """Write the file."""
        (self.folder / "heal.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))

    def place(self, line: int) -> str:
        """Name a line of the file."""
        return f"`{self.folder / 'heal.jsonl'}`, line {line}"

    def close(self) -> None:
        """Leave the files to the interpreter."""


@define
class Rows:
    """A database, a fresh one for each test."""

    url: str
    name: str = "tests"
    opened: list[SqlJournal] = field(factory=list)

    def open(self) -> Journal:
        """Connect."""
        self.opened.append(SqlJournal(self.url, name=self.name))
        return self.opened[-1]

    def lines(self) -> list[bytes]:
        """Read the rows."""
        database = Database(self.url)
        if not database.has_tables():
            return []
        with database.reading() as connection:
            wanted = sa.select(RECORDS.c.line).where(RECORDS.c.journal == self.name).order_by(RECORDS.c.n)
            found = [line.encode() for line in connection.scalars(wanted)]
        database.engine.dispose()
        return found

    def put(self, lines: list[bytes]) -> None:
        """Write other rows, numbered anew."""
        database = Database(self.url)
        rows = [(n, _type(line), line.decode()) for n, line in enumerate(lines, 1)]
        values = [{"journal": self.name, "n": n, "type": kind, "line": line} for n, kind, line in rows]
        with database.transaction("written") as connection:
            connection.execute(sa.delete(RECORDS).where(RECORDS.c.journal == self.name))
            connection.execute(sa.insert(RECORDS), values)
        database.engine.dispose()

    def place(self, line: int) -> str:
        """Name a row."""
        return f"`{Database(self.url).where} {self.name}`, row {line}"

    def close(self) -> None:
        """Let go of all connections."""
        for journal in self.opened:
            journal.close()


def _type(line: bytes) -> str:
    return line.partition(b'"type":"')[2].partition(b'"')[0].decode()


_NUMBERS = count(1)


SERVERS = {"postgresql": "SELFHEAL_POSTGRESQL", "mariadb": "SELFHEAL_MARIADB"}
"""The variables that name the URL of a server; `python -m tests.servers` sets them."""


def served(variable: str, _: Path) -> Rows:
    """Give a journal of its own name on the server a variable names."""
    return Rows(os.environ[variable], f"{os.getpid()}-{next(_NUMBERS)}")


STORAGES: dict[str, Callable[[Path], Storage]] = {
    "file": Files,
    "sqlite": lambda folder: Rows(f"sqlite:///{folder / 'heal.db'}"),
    **{name: partial(served, variable) for name, variable in SERVERS.items() if variable in os.environ},
}
"""By name; those on servers where there are any."""
