"""What each figure must reach, and how a table says whether it does."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import frozen

POST: Mapping[str, float] = {
    "W1-10": 3,
    "W1-100": 3,
    "W1-1000": 3,
    "W2": 2,
    "W3-sequence": 3,
    "W3-all": 5,
    "W4": 8,
    "W5": 3,
}
"""At most so many times the script's time, item by item."""

POST_ALL: Mapping[str, float] = {
    "W1-10": 1.4, "W1-100": 1.4, "W1-1000": 1.4, "W2": 1.2, "W3-sequence": 1.8, "W3-all": 1.8, "W4": 2.2, "W5": 1.7,
}  # fmt: skip
"""The aim for batches; not a promise yet."""

DURABLE: Mapping[str, float] = {"W1-10": 40, "W1-100": 40, "W2": 40, "W3-sequence": 20}
"""At least so many times as fast as durable-rules driven directly."""

SCALING = 1.15
GROWN_MB = 2.0
BYTES_EACH = 1024.0
BYTES_ASKED = 16.0
LOAD_C_S, LOAD_PURE_S = 2.0, 5.0
IMPORT_MS = 100.0
GUARDS_US = 8.0
EVENT_MS = 10.0
"""What the longest event of the hostile corpus may take (G28)."""


@frozen
class Figure:
    """One line of the table: what was measured, what it came to, and what it must reach (None: nothing yet)."""

    name: str
    value: float | None
    unit: str
    target: float | None = None
    at_least: bool = False
    aim: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """Give `ok` or `short`; an aim that is not reached is only `aim`; what was not measured is `-`."""
        if self.value is None or self.target is None:
            return "-"
        reached = self.value >= self.target if self.at_least else self.value <= self.target
        return "ok" if reached else "aim" if self.aim else "short"

    def row(self) -> str:
        """Write the figure as a line of the table."""
        bound = "" if self.target is None else f"{'>=' if self.at_least else '<='} {self.target:g}"
        value = "-" if self.value is None else f"{self.value:.2f} {self.unit}"
        return f"{self.name:<34} {value:>14}  {bound:>8}  {self.verdict:<5}  {self.note}".rstrip()

    def to_json(self) -> dict[str, object]:
        """Give the figure as an object of the results file."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "target": self.target,
            "verdict": self.verdict,
            "note": self.note,
        }


def told(figures: Iterable[Figure], *, quick: bool, written: Path | None = None) -> int:
    """Print figures as they come, write them where that is asked for, and give the exit code: quickly none is short."""
    found = []
    for figure in figures:
        print(figure.row(), flush=True)
        found.append(figure)
    if written:
        written.write_text(json.dumps([figure.to_json() for figure in found], indent=2) + "\n", encoding="utf-8")
    return int(not quick and any(figure.verdict == "short" for figure in found))
