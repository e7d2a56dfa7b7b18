"""Where a command writes: results to standard output, everything else to standard error."""

import os
import sys
import time
from pathlib import Path
from typing import TextIO

from selfheal_rules.wording import clean as clean

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_ERASE = "\r\x1b[K"
_LONG = 1.0
_BETWEEN = 0.2
_LOOK_EVERY = 64
_BAR = 30


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person watches the stream."""
    return stream is not None and stream.isatty()


def takes_colour(stream: TextIO | None) -> bool:
    """Whether the stream is a terminal whose owner does not mind colours."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _bar(share: float | None) -> str:
    if share is None:
        return ""
    done = round(min(share, 1.0) * _BAR)
    return f"[{'#' * done}{'.' * (_BAR - done)}] {min(share, 1.0):4.0%}  "


class Screen:
    """Writes lines as they come; on long work a line of progress, if a person watches standard error."""

    def __init__(self) -> None:
        """Look at what the two streams are."""
        self._coloured = takes_colour(sys.stdout)
        self._watched = is_terminal(sys.stderr)
        self._started = self._shown = time.monotonic()
        self._drawn = False

    @property
    def is_watched(self) -> bool:
        """Whether a person sees the progress."""
        return self._watched

    def paint(self, text: str, colour: str) -> str:
        """Give the text in a colour, where the terminal takes it."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self._coloured else text

    def out(self, text: str) -> None:
        """Write a result, at once."""
        self._erase()
        print(text, flush=True)

    def result(self, text: str, file: Path | None) -> None:
        """Write a whole result to a file, or to standard output where none is named."""
        if file is None:
            self._erase()
            print(text, end="", flush=True)
        else:
            file.write_text(text, encoding="utf-8", newline="\n")

    def err(self, text: str) -> None:
        """Write what is not a result."""
        self._erase()
        print(clean(text), file=sys.stderr, flush=True)

    def progress(self, count: int, share: float | None = None, noun: str = "items", every: int = _LOOK_EVERY) -> None:
        """Say how far the work is, with a bar where its end is known; not before it is long, nor too often to read."""
        if not self._watched or count % every:
            return
        now = time.monotonic()
        if now - self._started >= _LONG and now - self._shown >= _BETWEEN:
            self._shown, self._drawn = now, True
            rate = count / (now - self._started)
            text = f"{_ERASE}{_bar(share)}{count:,} {noun}, {rate:,.0f} a second"
            print(text, end="", file=sys.stderr, flush=True)

    def _erase(self) -> None:
        if self._drawn:
            print(_ERASE, end="", file=sys.stderr, flush=True)
            self._drawn = False

    def done(self) -> None:
        """Take the line of progress away."""
        self._erase()
