"""
A file that grows, as a source: each line a payload, as `selfheal run` reads them; `-` is standard input.

A line counts as read once the journal has what it says; where that was is kept beside the file, so the next process
goes on there. A file that was exchanged (rotated) is read to its end before the new one is begun, also where that was
done between two processes: it is known by its number among those beside it whose names begin alike.
"""

import contextlib
import glob
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
from selfheal_rules.normalize import Reading, read_items
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
    _items: list[tuple[int, Item]] = field(factory=list)
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
        file: BinaryIO = Path(self.name).open("rb")  # noqa: SIM115 - it stays open
        kept, self._offset = self._kept()
        if kept is not None and kept != os.fstat(file.fileno()).st_ino:
            file = self._exchanged(kept, file)
        elif self._offset > os.fstat(file.fileno()).st_size:  # it was cut off, and written anew
            self._offset = 0
        file.seek(self._offset)
        return file

    def _kept(self) -> tuple[int | None, int]:
        """Give the number of the file that was read, and up to where."""
        try:
            kept = json.loads(Path(str(self.position)).read_bytes())
            return int(kept["file"]), int(kept["offset"])
        except (OSError, ValueError, KeyError, TypeError):
            return None, 0

    def _exchanged(self, kept: int, file: BinaryIO) -> BinaryIO:
        """Give the file that was read before this one had its name, or, where it is gone, say so and give this one."""
        beside = sorted(Path(self.name).parent.glob(f"{glob.escape(Path(self.name).name)}*"))
        before = next((one for one in beside if _number(one) == kept), None)
        if before is not None and before.stat().st_size >= self._offset:
            file.close()
            return before.open("rb")
        self.problems["gone"] += 1
        _log.warning("%s was read to byte %d and is gone: what came after that is lost", self.name, self._offset)
        self._offset = 0
        return file

    def _take(self, file: BinaryIO) -> None:
        reader = self.reader()
        for line in self._lines(file):
            at = self._offset + self._read
            self._read += len(line)
            for one in read_items([line], vocabulary=reader.vocabulary, mappings=reader.mappings):
                if isinstance(one, Reading):
                    self._items.append((at, one.item))
                else:
                    self._note(at, one.kind, one.field)

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

    def _note(self, at: int, kind: str, where: str) -> None:
        """Count a line; what is malformed is told without what stands there."""
        self.problems[kind] += 1
        if kind == "malformed":
            place = f" ({where})" if where else ""
            _log.warning("the line at byte %d of %s is malformed%s: see `selfheal events`", at, self.name, place)

    def _recorded(self) -> float:
        try:
            refused = self.intake.bring([item for _, item in self._items]) if self._items else []
        except Full:
            return PACE
        places = {id(item): at for at, item in self._items}
        for item, error in refused:
            self._note(places[id(item)], "malformed", error.field)
        self._offset += self._read
        self._items, self._read = [], 0
        if self.position is not None and self._file is not None:
            self._keep(os.fstat(self._file.fileno()).st_ino, self._offset)
        return 0.0

    def _keep(self, number: int, offset: int) -> None:
        """Write down of which file how much was read."""
        if self.position is None:
            return
        said = json.dumps({"file": number, "offset": offset})
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
        self._keep(there.st_ino, 0)  # also one that was cut off: it grows again, past where it was
        self.close()
        return 0.0

    def close(self) -> None:
        """Let go of the file; what was read of it is kept."""
        if self._file is not None and self.position is not None:
            with contextlib.suppress(OSError):
                self._file.close()
        self._file, self._offset = None, 0


def _number(file: Path) -> int | None:
    """Give the number the system knows a file by."""
    try:
        return file.stat().st_ino
    except OSError:  # it was taken away in between
        return None
