"""Warnings are ignored where a comment says so and why, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfheal_rules.check import check_rules
from selfheal_rules.check.ignores import settled
from selfheal_rules.diagnostics import Diagnostic, Report, Severity
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.yaml_nodes import comments
from selfheal_rules.source import Source, Span
from tests.chunks import places
from tests.documents import rule_sets

HEAD = "selfheal: 1\nruleset: r\nvocabulary: [openstack]\nrules:\n"
EVERY = "  - {id: every, when: {event: host.lost}, then: [{do: noop}]}"
SOME = "  - {id: some, when: {event: host.lost, where: {recoverable: true}}, then: [{do: noop}]}"
UNKNOWN = "  - {id: odd, when: {event: host.lots}, then: [{do: noop}]}"


def _settled(*lines: str) -> Report:
    source = Source("rules.yaml", HEAD + "\n".join(lines) + "\n")
    ruleset, report = parse_rules(source)
    assert ruleset is not None
    return settled(report + check_rules(ruleset), [source])


def _found(*lines: str) -> list[tuple[int, str]]:
    return places(_settled(*lines))


@pytest.mark.parametrize(
    "lines",
    [
        (EVERY, f"{SOME}  # selfheal: ignore[SH403] kept until the move is done"),
        (EVERY, "  # selfheal: ignore[SH403] kept until the move is done", SOME),
        (EVERY, "  # selfheal: ignore[SH403] kept", "  # more on it", "", SOME),
    ],
    ids=["behind it", "above it", "above it, with a comment between"],
)
def test_an_ignored_warning_is_gone(lines: tuple[str, ...]) -> None:
    """On the line of the finding, or alone above it."""
    assert [] == _found(*lines)


def test_several_codes_are_ignored_at_once() -> None:
    """Each by itself: what hits nothing is said of its code alone."""
    assert [(6, "SH371")] == _found(EVERY, f"{SOME}  # selfheal: ignore[SH403, SH361] kept")


def test_a_comment_behind_one_rule_does_not_reach_the_next() -> None:
    """It speaks of its own line."""
    assert [(5, "SH371"), (6, "SH403")] == _found(f"{EVERY}  # selfheal: ignore[SH403] kept", SOME)


def test_a_reason_is_needed() -> None:
    """Without one nothing is ignored."""
    assert [(6, "SH370"), (6, "SH403")] == _found(EVERY, f"{SOME}  # selfheal: ignore[SH403]")


def test_an_error_is_not_ignored() -> None:
    """It stays, and so does what is said of the comment."""
    report = _settled(f"{UNKNOWN}  # selfheal: ignore[SH203] it will come")
    assert [(5, "SH203"), (5, "SH372")] == places(report)
    assert ["SH203"] == [finding.code for finding in report.errors]


@pytest.mark.parametrize("comment", ["# selfheal ignore[SH403] x", "# selfheal: ignore SH403", "# selfheal: noqa"])
def test_what_is_written_otherwise_is_said(comment: str) -> None:
    """Nobody believes in vain that something is ignored."""
    assert [(6, "SH373"), (6, "SH403")] == _found(EVERY, f"{SOME}  {comment}")


def test_nothing_is_called_needless_that_was_not_looked_for() -> None:
    """Codes of policies and inventories, those of other commands, and all of them in a file with errors."""
    behind = "# selfheal: ignore[SH355, SH376, SH420] not here"
    assert [] == _found(f"{EVERY}  {behind}")
    assert [(6, "SH203")] == _found(f"{EVERY}  # selfheal: ignore[SH403] not now", UNKNOWN)


def test_comments_of_other_files_count_too() -> None:
    """A finding in the file of a vocabulary or policy is ignored there."""
    source = Source("policy.yaml", "policy: a\nrulesets: []  # selfheal: ignore[SH354] nobody runs it yet\n")
    found = Diagnostic("SH354", Severity.WARNING, "a rule set nobody runs", Span(source, 2, 1, 2, 9))
    assert () == settled(Report.of([found]), [], unjudged=()).findings


def test_a_hash_inside_a_text_is_none() -> None:
    """Quoted, in blocks and inside words: comments are what YAML takes for them."""
    text = """\
a: "x # selfheal: ignore[SH403] no"  # one
b: 'it''s # no'
c: | # two
  # selfheal: ignore[SH403] no
  more

  # no
d: >-
  # no
# three
e: word#no
f: plain text
  goes # four
g: [x, "#no", # five
  y]
#six
h: "over
  two # no
  lines" # seven
"""
    source = Source("x.yaml", text)
    found = [source.line(span.line)[span.column - 1 :] for span in comments(source)]
    assert ["# one", "# two", "# three", "# four", "# five", "#six", "# seven"] == found


def test_what_is_no_yaml_has_no_comments() -> None:
    """What is wrong with it is said elsewhere."""
    assert [] == list(comments(Source("x.yaml", "a: [ # x\nb: }")))


RULE_SETS = [text for _, text in rule_sets() if "\t" not in text]


@given(st.sampled_from(RULE_SETS), st.data())
def test_a_comment_is_found_wherever_one_is_put(text: str, data: st.DataObject) -> None:
    """Behind any line of any rule set that is not inside a text of several lines."""
    lines = text.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    marked = [*lines[:number], f"{lines[number]}  # put here", *lines[number + 1 :]]
    source = Source("x.yaml", "\n".join(marked) + "\n")
    found = [source.line(span.line)[span.column - 1 :] for span in comments(source) if span.line == number + 1]
    same = parse_rules(Source("x.yaml", text))[0] == parse_rules(source)[0]
    assert bool(found and found[-1].endswith("# put here")) or not same
