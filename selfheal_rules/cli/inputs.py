"""What is read, from a file or, where it is called `-`, from standard input: whole, or line by line as it comes."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from selfheal_rules.cli.ending import Refused, reason
from selfheal_rules.parse.files import read_source
from selfheal_rules.parse.findings import Findings
from selfheal_rules.source import Source

STANDARD = Path("-")


class Lines:
    """The lines of a file, counted; each is given as soon as it is whole. Leaving it closes the file."""

    def __init__(self, name: str) -> None:
        """
        Open a file, or standard input where the name is `-`.

        Raises:
            Refused: where it cannot be read.
        """
        self.count = 0
        self.is_spread = False
        """Whether the first line merely opens a value that goes on below it."""
        self._size = self._read = 0
        self._name = "standard input" if name == "-" else f"file `{name}`"
        try:
            self._stream = _standard_input() if name == "-" else Path(name).open("rb")  # noqa: SIM115 - see __exit__
            self._size = 0 if name == "-" else os.fstat(self._stream.fileno()).st_size
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from None

    @property
    def share(self) -> float | None:
        """How much of the file is read; None where nobody knows how long it is."""
        return self._read / self._size if self._size else None

    def __enter__(self) -> Self:
        """Give the lines."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._stream.close()

    def __iter__(self) -> Iterator[bytes]:
        """Give each line."""
        try:
            for line in self._stream:
                self.count += 1
                self._read += len(line)
                if self.count == 1:
                    self.is_spread = line.strip() in {b"{", b"["}
                yield line
        except OSError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: OSError | ValueError) -> Refused:
        why = reason(error) if isinstance(error, OSError) else str(error)
        return Refused(f"{self._name} cannot be read: {why}")


def read_whole(file: Path) -> Source:
    """
    Give a file of rules, of a mapping or of a policy as a source.

    Raises:
        Refused: where it cannot be read; standard input can be once.
    """
    if file == STANDARD:
        return _read_standard_input()
    findings = Findings()
    source = read_source(file, findings)
    if source is None:
        raise Refused(findings.found[0].message)
    return source


def _read_standard_input() -> Source:
    try:
        with _standard_input() as stream:
            return Source("standard input", stream.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        message = f"standard input is not UTF-8 text: byte {error.start} is wrong"
        raise Refused(message) from None


def _standard_input() -> BinaryIO:
    buffer: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    if buffer is None or buffer.closed:
        message = "standard input is closed" if buffer is None else "standard input can be read once"
        raise Refused(message)
    return buffer
