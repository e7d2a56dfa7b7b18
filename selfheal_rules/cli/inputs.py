"""Lines as they come, from a file or from standard input."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from selfheal_rules.cli.ending import Refused, reason


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


def _standard_input() -> BinaryIO:
    buffer: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    if buffer is None:
        message = "standard input is closed"
        raise Refused(message)
    return buffer
