"""What an author reads: the whole text of reports, kept beside the files that cause them."""

import os
from pathlib import Path

import pytest

from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from tests.chunks import DATA

CASES = sorted((DATA / "errors").glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_text_of_a_report(path: Path) -> None:
    """Place, quoted line, caret and cure read as they did; `UPDATE_GOLDEN=1` writes them anew."""
    _, report = parse_rules(Source(path.name, path.read_text("utf-8")))
    golden = path.with_suffix(".txt")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(report.render() + "\n", "utf-8")
    assert golden.read_text("utf-8") == report.render() + "\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_messages_keep_the_house_style(path: Path) -> None:
    """A message is one line, lower case but for the author's words, without a full stop."""
    _, report = parse_rules(Source(path.name, path.read_text("utf-8")))
    for finding in report.findings:
        assert 1 == len(finding.message.splitlines())
        assert not finding.message.endswith(".")
        assert finding.message[0].islower() or finding.message[0] == "`"
