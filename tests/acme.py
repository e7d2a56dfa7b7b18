"""The mapping of `docs/mappings.md`, as its readers copy it."""

import re
from pathlib import Path

from selfheal_rules.check import check_mapping
from selfheal_rules.diagnostics import Report
from selfheal_rules.mapping import PayloadMapping
from selfheal_rules.parse import parse_mapping
from selfheal_rules.source import Source

PAGE = (Path(__file__).parents[1] / "docs" / "mappings.md").read_text("utf-8")


def block(name: str) -> str:
    """Give the block of the page below the mark of this name."""
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def sound_mapping(text: str, folder: Path | None = None) -> PayloadMapping:
    """Give a sound mapping."""
    read, report = parse_mapping(Source("m.yaml", text), folder=folder)
    report += check_mapping(read) if read else Report(())
    assert "no findings" == report.render()
    assert read
    return read


ACME = sound_mapping(block("mapping"))
