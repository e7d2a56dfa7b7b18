"""
A file that grows, as a source: each line a payload, as `selfheal run` reads them; `-` is standard input.

A line counts as read once the journal has what it says; where that was is kept beside the file, so the next process
goes on there. A file that was exchanged (rotated) is read to its end before the new one is begun.
"""

import contextlib
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from attrs import define, field

from selfheal_rules.integrations.intake import Full, Intake
from selfheal_rules.integrations.webhook import Reader
from selfheal_rules.normalize import Problem, Reading, read_items
from selfheal_rules.normalize.reading import Item

PACE = 0.5
"""Seconds between two looks at a file that has nothing new."""
_MOST = 200
_LONGEST = 1 << 20
_log = logging.getLogger("selfheal_rules")


@define
class Tail:
    """One file. `position` is where the place up to which it was read is kept; None for standard input."""

    name: str
    intake: Intake
    reader: Callable[[], Reader]
    position: Path | None = None
    problems: Counter[str] = field(factory=Counter)
    """How many lines gave nothing, by why."""
    _file: BinaryIO | None = None
    _offset: int = 0
    _items: list[Item] = field(factory=list)
    _read: int = 0

    def step(self) -> float:
        """Read what is there, and give how many seconds to wait for more."""
        try:
            file = self._file = self._file or self._opened()
            if not self._read:
                self._take(file)
            return self._recorded() if self._read else self._idle(file)
        except FileNotFoundError:
            return PACE

    def _opened(self) -> BinaryIO:
        if self.position is None:
            return sys.stdin.buffer
        file = Path(self.name).open("rb")  # noqa: SIM115 - it stays open
        self._offset = self._kept(os.fstat(file.fileno()))
        file.seek(self._offset)
        return file

    def _kept(self, found: os.stat_result) -> int:
        """Give where this very file was read up to; a shorter one was written anew."""
        try:
            kept = json.loads(Path(str(self.position)).read_bytes())
            offset = int(kept["offset"]) if kept["file"] == found.st_ino else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0
        return offset if offset <= found.st_size else 0

    def _take(self, file: BinaryIO) -> None:
        reader = self.reader()
        for line in self._lines(file):
            self._read += len(line)
            for one in read_items([line], vocabulary=reader.vocabulary, mappings=reader.mappings):
                if isinstance(one, Reading):
                    self._items.append(one.item)
                else:
                    self._note(one)

    def _lines(self, file: BinaryIO) -> Iterator[bytes]:
        """Give whole lines, so many at once; one that is not yet whole is left for the next time."""
        for _ in range(1 if self.position is None else _MOST):
            line = file.readline(_LONGEST)
            if not line.endswith(b"\n") and len(line) < _LONGEST:
                if self.position is not None:
                    file.seek(self._offset + self._read)
                if self.position is not None or not line:
                    return
            yield line

    def _note(self, problem: Problem) -> None:
        self.problems[problem.kind] += 1
        if problem.kind == "malformed":
            _log.warning("a line of %s is malformed: %s", self.name, problem.message)

    def _recorded(self) -> float:
        try:
            if self._items:
                self.intake.offer(self._items).result()
        except Full:
            return PACE
        self._offset += self._read
        self._items, self._read = [], 0
        self._keep()
        return 0.0

    def _keep(self) -> None:
        if self.position is None or self._file is None:
            return
        said = json.dumps({"file": os.fstat(self._file.fileno()).st_ino, "offset": self._offset})
        fresh = self.position.with_name(f".{self.position.name}.new")
        fresh.write_text(said, "utf-8")
        fresh.replace(self.position)

    def _idle(self, file: BinaryIO) -> float:
        """Look whether the name stands for another file by now."""
        if self.position is None:
            return PACE
        here, there = os.fstat(file.fileno()), Path(self.name).stat()
        if here.st_ino == there.st_ino and there.st_size >= self._offset:
            return PACE
        self._offset = 0
        self._keep()  # one that was cut off grows again, past where it was
        self.close()
        return 0.0

    def close(self) -> None:
        """Let go of the file; what was read of it is kept."""
        if self._file is not None and self.position is not None:
            with contextlib.suppress(OSError):
                self._file.close()
        self._file, self._offset = None, 0
