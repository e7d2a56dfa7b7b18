"""Every finding on a file of tests stands on the line that is guilty of it, and no other is made."""

from pathlib import Path

import pytest

from selfheal_rules import load_rules
from selfheal_rules.diagnostics import Report
from selfheal_rules.source import Source
from selfheal_rules.testing.parse import parse_suite
from selfheal_rules.testing.programs import Programs
from tests.chunks import Chunk, places, read_chunks

ROOT = Path(__file__).parents[1]
CHUNKS = read_chunks("testing")


@pytest.mark.parametrize("chunk", CHUNKS, ids=str)
def test_findings_stand_on_the_guilty_lines(chunk: Chunk) -> None:
    """The findings are those the fixture names, each on its line: none is missing and none is added."""
    _, report = parse_suite(chunk.source, folder=ROOT)
    own = Report.of(finding for finding in report.findings if finding.span.source.name == chunk.source.name)
    assert chunk.expected == places(own)


@pytest.mark.parametrize("chunk", [chunk for chunk in CHUNKS if not chunk.expected], ids=str)
def test_a_sound_text_gives_cases(chunk: Chunk) -> None:
    """Where nothing is found, there are cases."""
    found, _ = parse_suite(chunk.source, folder=ROOT)
    assert found
    assert found.cases


def test_what_is_wrong_with_the_rules_is_told_too() -> None:
    """The findings of rules that cannot be tested stand beside the one that says so."""
    chunk = next(chunk for chunk in CHUNKS if "rules with errors" in chunk.name)
    _, report = parse_suite(chunk.source, folder=ROOT)
    assert ["SH203", "SH411"] == [finding.code for finding in report.findings]


def test_many_texts_are_tried_on_rules_that_are_loaded_and_compiled_once() -> None:
    """Whatever rule sets they name; `selfheal testgen` tries hundreds."""
    programs = Programs((load_rules(ROOT / "rulesets" / "disk-full"),))
    text = "selfheal_test: 1\nrulesets: [nowhere.yaml]\ncases: [{name: one, steps: [{t: 1m, expect: []}]}]\n"
    found = [parse_suite(Source("tests.yaml", text), programs=programs) for _ in range(2)]
    assert [(), ()] == [report.findings for _, report in found]
    (one,), (other,) = (suite.cases for suite, _ in found if suite)
    assert one.program is other.program
    assert ["disk-full"] == [rules.name for rules in one.program.rulesets]


def test_nothing_is_given_without_rules() -> None:
    """Where the rules cannot be used there is no file of tests, only what is wrong with it."""
    chunk = next(chunk for chunk in CHUNKS if chunk.name.endswith("no rules"))
    assert parse_suite(chunk.source, folder=ROOT)[0] is None
