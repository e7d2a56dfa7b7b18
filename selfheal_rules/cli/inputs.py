"""Lines as they come, from a file or from standard input."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from selfheal_rules.cli.ending import Refused, reason


class Lines:
    """The lines of a stream, counted; each is given as soon as it is whole."""

    def __init__(self, name: str, stream: Iterable[bytes]) -> None:
        """Read a stream under the name its user knows it by."""
        self.name = name
        self.count = 0
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        """Give each line."""
        try:
            for line in self._stream:
                self.count += 1
                yield line
        except OSError as error:
            raise _unreadable(self.name, error) from None


@contextmanager
def opened(name: str) -> Iterator[Lines]:
    """
    Open a file, or standard input where the name is `-`.

    Raises:
        Refused: where it cannot be read.
    """
    if name == "-":
        yield Lines("standard input", _standard_input())
        return
    called = f"file `{name}`"
    try:
        stream = Path(name).open("rb")  # noqa: SIM115 - closed below; here only opening may fail
    except (OSError, ValueError) as error:
        raise _unreadable(called, error) from None
    with stream:
        yield Lines(called, stream)


def _standard_input() -> BinaryIO:
    buffer: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    if buffer is None:
        message = "standard input is closed"
        raise Refused(message)
    return buffer


def _unreadable(name: str, error: OSError | ValueError) -> Refused:
    why = reason(error) if isinstance(error, OSError) else str(error)
    return Refused(f"{name} cannot be read: {why}")
