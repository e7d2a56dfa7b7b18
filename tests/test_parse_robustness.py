"""No text makes the reading stage raise, wait or differ from itself."""

import sys
from types import FrameType

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from selfheal_rules.model import Rule
from selfheal_rules.parse import parse_expression, parse_rules, parse_vocabulary
from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.yaml_nodes import SIZE, compose
from selfheal_rules.source import Source, Span
from tests.chunks import Chunk, read_chunks

CHUNKS = read_chunks("parse")
WORDS = ("a", "off", "1", "$a.b", "when", "all", "rules", "10:30", "<<", "é", "\u2028", "\ufeff", "\x00", "\ud800")
SIGNS = (
    "${",
    "}",
    "[",
    "]",
    "{",
    ": ",
    ", ",
    "- ",
    "\n",
    "\n  ",
    "\n    ",
    "'",
    '"',
    "#",
    "*",
    "&",
    "!",
    "|",
    ">",
    "? ",
    "\t",
)
PIECES = st.sampled_from((*WORDS, *SIGNS, "---\n", "%"))
TEXTS = st.text(max_size=80) | st.lists(PIECES, max_size=30).map("".join)


@given(TEXTS)
def test_any_text_gives_findings(text: str) -> None:
    """What is no rule set is said to be none; nothing is raised, and twice read it is twice the same."""
    first, second = (parse_rules(Source("rules.yaml", text)) for _ in range(2))
    assert first == second
    assert first[1].render() == second[1].render()
    assert (first[0] is None) <= bool(first[1].errors)
    assert parse_vocabulary(Source("v.yaml", text))[1].errors


@given(st.sampled_from(CHUNKS), st.integers(min_value=0), st.integers(0, 12), TEXTS)
def test_a_damaged_rule_set_gives_findings(chunk: Chunk, at: int, cut: int, patch: str) -> None:
    """A sound or unsound text with a piece torn out or put in is read without an exception."""
    text = chunk.source.text
    at %= len(text) + 1
    ruleset, report = parse_rules(Source("rules.yaml", text[:at] + patch + text[at + cut :]))
    assert bool(report.findings) or ruleset is not None


@given(TEXTS)
@example("!:!")
@example("[a?]")
@example("{a: b? c}")
def test_both_parsers_read_any_text_alike(text: str) -> None:
    """Which of PyYAML's parsers is in use shows in nothing."""
    reports = []
    for loader in (getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader):
        findings = Findings()
        compose(Source("rules.yaml", text), findings, loader)
        reports.append(findings.report().render())
    assert reports[0] == reports[1]


OPERANDS = ("a.b", "params.x", "1", "'t'", "true", "min", "é", "f''", "1j", "9" * 30, "lambda: ")
OPERATORS = (
    "+",
    "-",
    "*",
    "**",
    "(",
    ")",
    "[",
    "]",
    ",",
    " and ",
    " not ",
    " in ",
    " if ",
    "==",
    "<",
    ":=",
    ".",
    "{",
    "}",
)
EXPRESSIONS = st.text(max_size=60) | st.lists(
    st.sampled_from((*OPERANDS, *OPERATORS, "\n", "\\", "\x00")), max_size=25
).map("".join)


@given(EXPRESSIONS)
def test_any_expression_gives_a_term_or_findings(text: str) -> None:
    """An expression is a term, or has a finding inside its span."""
    source = Source("rules.yaml", f"test: {text}")
    span = Span(source, 1, 7, 1, 7 + len(text))
    term, findings = parse_expression(text, span)
    assert (term is None) == bool(findings)
    assert all(finding.span.source is source for finding in findings)


def test_deep_nesting_exhausts_nothing() -> None:
    """Nesting without end is a finding in every place it can stand."""
    deep = 20_000
    for text in ("[" * deep, "{a: " * deep, "- " * deep, "a: {b: " * deep, "? " * deep):
        assert parse_rules(Source("rules.yaml", text))[1].errors
    for text in ("(" * 400, "-" * 400 + "1", "not " * 100 + "true", "a" + ".b" * 200, "1" + "+1" * 200):
        parse_expression(text, Span(Source("rules.yaml", text), 1, 1, 1, len(text) + 1))


def test_a_file_too_long_is_not_read() -> None:
    """A text past the limit is refused before a parser sees it."""
    assert ["SH013"] == [finding.code for finding in parse_rules(Source("rules.yaml", "#" * (SIZE + 1)))[1].findings]


def _many(count: int) -> str:
    head = "selfheal: 1\nruleset: many\nrules:\n"
    rule = (
        "  - id: rule-{0}\n    doc: The host of number {0} is lost.\n    when:\n      all:\n"
        "        - {{as: alarm, state: alarm, where: {{name: n{0}, severity: {{at_least: critical}}}}, for: 30s}}\n"
        "        - {{as: lost, event: host.lost, where: {{host: $alarm.host}}}}\n      within: 5m\n    then:\n"
        '      - {{do: fence, target: $alarm.host, with: {{text: "${{alarm.host}} is gone"}}}}\n'
        "    guard:\n      - {{limit: 2, per: 10m, by: [$alarm.az]}}\n      - {{cooldown: 30m}}\n"
    )
    return head + "".join(rule.format(number) for number in range(count))


def _calls(count: int) -> int:
    """Count the calls of Python that reading so many rules takes: work, whatever the machine does beside it."""
    made = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal made
        made += event == "call"

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        ruleset, report = parse_rules(Source("rules.yaml", _many(count)))
    finally:
        sys.setprofile(before)
    assert ruleset is not None
    assert (count, ()) == (len(ruleset.rules), report.findings)
    assert isinstance(ruleset.rules[-1], Rule)
    return made


def test_reading_takes_linear_work() -> None:
    """Six times the rules are six times the work, and no more: nothing of a rule set is read again for each rule."""
    _calls(1)
    assert _calls(600) < 6.2 * _calls(100)
