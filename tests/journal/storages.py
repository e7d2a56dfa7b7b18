"""Places journals are kept in, each with a way to open them and to harm them."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from attrs import define

from selfheal_rules.journal import Journal
from selfheal_rules.journal.file import FileJournal


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


STORAGES: dict[str, Callable[[Path], Storage]] = {"file": Files}
"""By name."""
