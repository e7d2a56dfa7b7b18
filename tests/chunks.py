"""
Fixtures in which the guilty line says what is wrong with it.

A file holds small YAML texts, each below a line `=== what it shows`. What stands before the first such line is the
beginning of every one of them. A comment `### SH110` (or `### SH110 SH111`) names the findings expected on its line;
a text without one is expected to have none.
"""

import re
from pathlib import Path

from attrs import frozen

from selfheal_rules.diagnostics import Report
from selfheal_rules.source import Source

DATA = Path(__file__).parent / "data"
_EXPECTED = re.compile(r"###((?: SH\d{3})+)\s*$")

Places = list[tuple[int, str]]
"""Lines and codes, sorted."""


@frozen
class Chunk:
    """One text of a fixture file, and what must be found in it."""

    name: str
    source: Source
    expected: Places

    def __str__(self) -> str:
        """Give the name a test is listed by."""
        return self.name


def read_chunks(folder: str) -> list[Chunk]:
    """Give the texts of all fixture files in a folder of `tests/data`, in the order of their names."""
    return [chunk for path in sorted((DATA / folder).glob("*.yaml")) for chunk in _chunks(path)]


def _chunks(path: Path) -> list[Chunk]:
    beginning, *texts = re.split(r"^=== ", path.read_text("utf-8"), flags=re.MULTILINE)
    return [_chunk(path.stem, beginning, *text.partition("\n")[::2]) for text in texts]


def _chunk(stem: str, beginning: str, title: str, text: str) -> Chunk:
    source = Source(f"{stem}.yaml", beginning + text)
    expected = [
        (number, code)
        for number, line in enumerate(source.lines, 1)
        if (named := _EXPECTED.search(line))
        for code in named[1].split()
    ]
    return Chunk(f"{stem}: {title}", source, sorted(expected))


def places(report: Report) -> Places:
    """Give what a report found, in the form fixtures expect it."""
    return sorted((finding.span.line, finding.code) for finding in report.findings)
