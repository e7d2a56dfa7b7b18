"""Lines as they come, from a file or from standard input."""

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
        self._name = "standard input" if name == "-" else f"file `{name}`"
        try:
            self._stream = _standard_input() if name == "-" else Path(name).open("rb")  # noqa: SIM115 - see __exit__
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from None

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
