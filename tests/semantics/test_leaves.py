"""Sentences 8 and 10: operators, unknown, ages and arithmetic."""

import pytest

from tests.generate.streams import moment
from tests.semantics.rig import Play, beat, fail, node, rule, until

TRUE = "matched fence a@0"
FALSE = "unmatched"

LEAVES = [
    ("{n: 2}", {"n": 2}, TRUE), ("{n: 2}", {"n": 3}, FALSE),
    ("{n: [1, 2]}", {"n": 2}, TRUE), ("{n: [1, 2]}", {"n": 3}, FALSE),
    ("{n: {not: 2}}", {"n": 3}, TRUE), ("{n: {not: 2}}", {"n": 2}, FALSE), ("{n: {not: 2}}", {}, FALSE),
    ("{n: {not: [1, 2]}}", {"n": 3}, TRUE), ("{n: {not: [1, 2]}}", {"n": 1}, FALSE),
    ("{n: {at_least: 2}}", {"n": 2}, TRUE), ("{n: {at_least: 2}}", {"n": 1}, FALSE),
    ("{n: {more_than: 2}}", {"n": 3}, TRUE), ("{n: {more_than: 2}}", {"n": 2}, FALSE),
    ("{n: {at_most: 2}}", {"n": 2}, TRUE), ("{n: {at_most: 2}}", {"n": 3}, FALSE),
    ("{n: {less_than: 2}}", {"n": 1}, TRUE), ("{n: {less_than: 2}}", {"n": 2}, FALSE),
    ("{n: {at_most: 2}}", {}, FALSE),
    ("{level: {at_least: mid}}", {"level": "high"}, TRUE), ("{level: {at_least: mid}}", {"level": "low"}, FALSE),
    ("{level: {less_than: high}}", {"level": "mid"}, TRUE), ("{level: {less_than: mid}}", {"level": "mid"}, FALSE),
    ("{note: {matches: '^d.*k$'}}", {"note": "disk"}, TRUE), ("{note: {matches: is}}", {"note": "disk"}, TRUE),
    ("{note: {matches: '^is'}}", {"note": "disk"}, FALSE),
    ("{note: {glob: 'd*k'}}", {"note": "disk"}, TRUE), ("{note: {glob: 'is'}}", {"note": "disk"}, FALSE),
    ("{note: {contains: is}}", {"note": "disk"}, TRUE), ("{note: {contains: x}}", {"note": "disk"}, FALSE),
    ("{tags: {contains: x}}", {"tags": ("x", "y")}, TRUE), ("{tags: {contains: x}}", {"tags": ("xy",)}, FALSE),
    ("{note: {starts_with: di}}", {"note": "disk"}, TRUE), ("{note: {starts_with: sk}}", {"note": "disk"}, FALSE),
    ("{note: {ends_with: sk}}", {"note": "disk"}, TRUE), ("{note: {ends_with: di}}", {"note": "disk"}, FALSE),
    ("{note: {exists: true}}", {"note": ""}, TRUE), ("{note: {exists: true}}", {}, FALSE),
    ("{note: {exists: false}}", {}, TRUE), ("{note: {exists: false}}", {"note": ""}, FALSE),
    ("{n: 1, note: x}", {"n": 1, "note": "x"}, TRUE), ("{n: 1, note: x}", {"n": 1}, FALSE),
]  # fmt: skip


@pytest.mark.parametrize(("where", "fields", "expected"), LEAVES)
def test_leaf(play: Play, where: str, fields: dict[str, object], expected: str) -> None:
    """[8] Every operator on both sides of its edge; a missing field is never true."""
    assert [expected] == play(rule(f"{{as: p, event: beat, where: {where}}}"), beat(0, **fields))


def test_unknown_blocks(play: Play) -> None:
    """[8] In a negative an item counts unless some leaf is false."""
    unless = rule("{as: p, event: beat, unless: [{state: node, where: {host: $p.host, n: 1, note: x}}]}")
    assert ["matched", "blocked"] == play(unless, node(0, n=1), beat(0))
    assert ["unmatched", "matched fence a@0"] == play(unless, node(0, n=2), beat(0))
    assert ["matched", "blocked"] == play(unless, node(0), beat(0))


@pytest.mark.parametrize(
    ("comparison", "at"), [("at_least", "2"), ("more_than", "2"), ("less_than", "0"), ("at_most", "0")]
)
def test_an_age_turns_at_its_instant(play: Play, comparison: str, at: str) -> None:
    """[10] `at_least` is true from the age on, `more_than` a microsecond later; their opposites hold before."""
    old = rule(f"{{as: p, state: node, where: {{seen: {{{comparison}: 2s}}}}}}")
    lines = play(old, node(0, seen=moment(0)), until(9))
    due = {"at_least": "fence a@2", "more_than": "fence a@2"}.get(comparison, "")
    assert (due, at == "0") == (lines[1], "fence" in lines[0])


def test_more_than_an_age_is_a_microsecond_later(play: Play) -> None:
    """[10] At the age itself it is not yet true."""
    old = rule("{as: p, state: node, where: {seen: {more_than: 2s}}}")
    assert ["unmatched", "", "fence a@2"] == play(old, node(0, seen=moment(0)), until(2), until(2.000001))


def test_an_age_ends_by_itself(play: Play) -> None:
    """[10] `less_than` an age stops being true without any input."""
    young = rule("{all: [{as: p, event: beat}], unless: [{state: node, where: {seen: {less_than: 2s}}}]}")
    lines = play(young, node(0, seen=moment(0)), beat(1.999999), beat(2))
    assert ["matched", "blocked", "matched fence a@2"] == lines


def test_ages_of_events_are_judged_at_arrival(play: Play) -> None:
    """[10] An event that was too young when it came is not taken later."""
    old = rule("{as: p, event: beat, where: {seen: {at_least: 2s}}}")
    assert ["unmatched", ""] == play(old, beat(0, seen=moment(0)), until(5))
    assert ["matched fence a@2"] == play(old, beat(2, seen=moment(0)))


def test_a_leaf_compares_with_another_item(play: Play) -> None:
    """[8] Orders against a value of the same match; a missing one is unknown."""
    over = rule("{all: [{as: p, event: beat}, {state: node, where: {n: {more_than: $p.n}}}]}")
    assert ["matched", "matched", "matched fence a@2", "matched"] == play(
        over, node(0, n=2), beat(1, n=2), beat(2, n=1), beat(3)
    )


FORMULAS = [
    ("p.n + 1 == 3", {"n": 2}, True), ("p.n / 0 == 1", {"n": 2}, False), ("not (p.n / 0 == 1)", {"n": 2}, False),
    ("p.n / 0 == 1 or p.n == 2", {"n": 2}, True), ("p.n == 2 and p.x > 0", {"n": 2}, False),
    ("p.n == 2 or p.x > 0", {"n": 2}, True), ("p.x * p.x > 0", {"x": 1e308}, False), ("p.n in [1, 2]", {"n": 2}, True),
    ("p.n not in [1, 2]", {"n": 2}, False), ("p.n not in [1, 2]", {}, False), ("p.n // 2 == 1", {"n": 3}, True),
    ("p.n % 2 == 1", {"n": 3}, True), ("-p.n < 0", {"n": 3}, True), ("abs(p.n - 5) == 2", {"n": 3}, True),
    ("min(p.n, p.x) == 1", {"n": 3, "x": 1}, True), ("max(p.n, p.x) == 3", {"n": 3, "x": 1}, True),
    ("round(p.x) == 2", {"x": 1.6}, True), ("len(p.note) == 4", {"note": "disk"}, True),
    ("p.note == 'disk'", {"note": "disk"}, True), ("p.note != 'disk'", {"note": "fan"}, True),
    ("p.level >= 'mid'", {"level": "high"}, True), ("p.level >= 'mid'", {"level": "low"}, False),
    ("1 < p.n < 4", {"n": 3}, True), ("1 < p.n < 3", {"n": 3}, False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fields", "expected"), FORMULAS)
def test_formula(play: Play, text: str, fields: dict[str, object], *, expected: bool) -> None:
    """[8] `test` has Kleene's logic; what cannot be reckoned is unknown, and unknown never fires."""
    lines = play(rule(f'{{all: [{{as: p, event: beat}}, {{test: "{text}"}}]}}'), beat(0, **fields))
    assert ["matched fence a@0" if expected else "matched"] == lines


def test_a_formula_over_two_items(play: Play) -> None:
    """[8] A test may use everything the match binds."""
    hotter = rule('{all: [{as: p, event: beat}, {as: q, event: fail}, {test: "p.n - q.n > 1"}], within: 9s}')
    assert ["matched", "matched", "matched fence a@2"] == play(hotter, beat(0, n=3), fail(1, n=2), fail(2, n=1))
