"""Where a text is no YAML, its author is told what to do about it, at the place that is wrong."""

import pytest

from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source

HEAD = "selfheal: 1\nruleset: x\n"

SAID = {
    "rules:\n  - id: a\n    when:\n    - as: b\n      state: c\n     where: {}\n": (
        (8, 6), "this line is indented neither as the lines it could stand beside nor below one that opens something",
    ),
    "rules:\n  - id: a\n     when: {state: b}\n": (
        (5, 10), "this key is indented as a part of the line before, which is a text",
    ),
    "rules:\n\t- id: a\n": ((4, 1), "a tab stands where only spaces may"),
    "description: host: dead\nrules: []\n": ((3, 18), "a text with `: ` in it stands without quotes"),
    "description: *.example.org\nrules: []\n": ((3, 14), "a text cannot begin with `*`"),
    "description: @me\nrules: []\n": ((3, 14), "a text cannot begin with `@`"),
    "description: %d hosts\nrules: []\n": ((3, 14), "a text cannot begin with `%`"),
    "description: \"it's down\nrules: []\n": ((3, 14), "the text that begins here is never closed"),
    'description: "a" b\nrules: []\n': ((3, 18), "something stands behind a value that is complete"),
    'description: "a\\d"\nrules: []\n': ((3, 17), "this is no escape of a text in double quotes"),
    "description: |x\n  a\nrules: []\n": ((3, 15), "something stands behind the sign of a text over several lines"),
    "description\nrules: []\n": ((3, 1), "this line has no `:`"),
    "rules:\n  - id: a\n    - then: b\n": ((5, 5), "a list item stands among keys"),
    "rules:\n  - {id: a, when: {state: b}\n  - {id: c}\n": (
        (5, 3), "a `,` or `}` is missing: the `{` of line 4 is still open here",
    ),
    "rules: [a\n": ((3, 8), "the `[` that stands here is never closed"),
    "rules: [\n": ((4, 1), "a `[` or `{` is never closed"),
    "rules: [a, , b]\n": ((3, 12), "a value is missing here"),
}  # fmt: skip
"""Texts behind the head of a rule set, each with the place of its one finding and what it says."""


@pytest.mark.parametrize("text", SAID)
def test_what_is_no_yaml_is_said_in_plain_words(text: str) -> None:
    """One finding, at the place to look at, with a cure."""
    (finding,) = parse_rules(Source("rules.yaml", HEAD + text))[1].findings
    place, message = SAID[text]
    assert ("SH002", place, f"this is not YAML: {message}") == (
        finding.code,
        (finding.span.line, finding.span.column),
        finding.message,
    )
    assert finding.help
