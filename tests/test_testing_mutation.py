"""Mistakes in rules: each is made as it is shown, noticed by the case that tells it apart, and counted if it is one."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from selfheal_rules.model import Formula, RuleSet
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from selfheal_rules.testing import load_suite
from selfheal_rules.testing.cases import Suite
from selfheal_rules.testing.coverage import plainly
from selfheal_rules.testing.edits import at, changed, pieces
from selfheal_rules.testing.fates import Tried
from selfheal_rules.testing.marked import scored, survivors
from selfheal_rules.testing.mutants import Mutant, mutants
from selfheal_rules.testing.mutation import Hunt, score
from tests.suites import suite_of

DATA = Path(__file__).parent / "data" / "testing" / "coverage"
RULES = (DATA / "rules.yaml").read_text("utf-8")


def hunted(suite: Suite) -> list[Tried]:
    """Try every mutant of the rules of a file of tests."""
    return [*Hunt(plainly(suite)).tried(mutants(suite.measured))]


def made(suite: Suite) -> list[Mutant]:
    """Give every mutant."""
    return [*mutants(suite.measured)]


@pytest.fixture(scope="module")
def tried() -> list[Tried]:
    """Give what became of the mutants of the golden file."""
    return hunted(load_suite(DATA / "suite.yaml"))


def test_survivors_read_as_changes_of_the_rules(tried: list[Tried]) -> None:
    """Each as a change of the text with what a test of it would hold, and the score; `UPDATE_GOLDEN=1`."""
    written = "\n".join([*survivors(tried), "", scored(tried), ""]).replace(f"{DATA}/", "")
    golden = DATA / "survivors.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(written, "utf-8")
    assert golden.read_text("utf-8") == written


def _patched(mutant: Mutant) -> str:
    """Give the text of the rules with what a mutant shows done to it."""
    lines = RULES.split("\n")
    new = [line[2:] for line in mutant.diff if line.startswith("+ ")]
    lines[mutant.span.line - 1 : mutant.span.end_line] = new
    return "\n".join(lines)


SUITE = load_suite(DATA / "suite.yaml")
SHOWN = [one for one in made(SUITE) if "..." not in one.written]


@pytest.mark.parametrize("mutant", SHOWN, ids=lambda one: f"{one.operator} {one.span.line}:{one.span.column}")
def test_what_is_shown_is_what_is_made(mutant: Mutant) -> None:
    """The text with the change in it, read and compiled, is the program the cases are run against."""
    program = SUITE.cases[0].program
    found, report = parse_rules(Source("rules.yaml", _patched(mutant)))
    expected = mutant.of(program)
    if expected is None:
        return
    assert () == report.errors
    assert found is not None
    assert _meant(expected.rulesets[0]) == _meant(found)


def _meant(ruleset: RuleSet) -> str:
    """Give the rules without what an author does not see change: texts of formulas, names of what has no name."""
    rules = [*ruleset.rules]
    for number, rule in enumerate(rules):
        for path, piece in pieces(rule):
            if isinstance(piece, Formula):
                rules[number] = changed(rule, (*path, "text"), "")
    return re.sub(r"#\d+", "#", repr(rules))


def test_every_operator_is_used() -> None:
    """The rules of the golden file have a place for each."""
    found = {one.operator for one in SHOWN}
    assert {
        "drop a leaf", "negate a leaf", "flip a comparison", "value ±1", "drop a choice", "drop an `unless`",
        "drop a join key", "drop an item", "swap an order", "`within` half as long", "`within` twice as long",
        "`for` half as long", "`for` twice as long", "limit ±1", "`per` half as long", "`per` twice as long",
        "drop a guard", "swap steps", "drop a step", "drop `after`", "drop `confirm`", "drop `retry`",
        "turn an operator", "pick the other end",
    } == found  # fmt: skip


ONE = """
selfheal: 1
ruleset: one
events:
  hot: {fields: {host: {type: string, required: true}, degrees: {type: integer, required: true}}}
rules:
  - id: cool
    when: {as: h, event: hot, where: {degrees: {at_least: 90}}}
    then: [{do: notify, target: $h.host}]
"""


@pytest.mark.parametrize(
    ("leaves", "left"),
    [
        ("{at_least: 90, less_than: 200}", ["{less_than: 200}", "{at_least: 90}"]),
        ("{not: [95, 99], less_than: 200}", ["{less_than: 200}", "{not: [95, 99]}"]),
        ("{less_than: 200, not: [95, 99]}", ["{not: [95, 99]}", "{less_than: 200}"]),
    ],
)
def test_of_several_operators_the_others_stay(tmp_path: Path, leaves: str, left: list[str]) -> None:
    """A leaf that shares its field with another is shown without it, and negated beside it."""
    several = made(suite_of(tmp_path, _nothing(), ONE.replace("{at_least: 90}", leaves)))
    shown = [one.diff[1] for one in several if one.operator == "drop a leaf"]
    assert [f"+     when: {{as: h, event: hot, where: {{degrees: {one}}}}}" for one in left] == shown
    turned = [one.diff[1] for one in several if one.operator == "negate a leaf"]
    assert all(kept.strip("{}") in line for kept, line in zip(left, turned, strict=True)), turned


def _fates(tried: Sequence[Tried]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in tried:
        found.setdefault(one.mutant.operator, []).append(one.fate)
    return found


def test_a_case_at_the_edge_kills_what_one_beside_it_lets_live(tmp_path: Path) -> None:
    """Far from the limit a wrong limit does as well; at the limit and one below it does not."""
    far = "  - {name: far, steps: [{t: 0s, event: hot, with: {host: c1, degrees: 200}, expect: [{do: notify}]}]}\n"
    assert {
        "drop a leaf": ["survived"], "negate a leaf": ["killed"], "flip a comparison": ["survived"],
        "value ±1": ["survived", "survived"],
    } == _fates(hunted(suite_of(tmp_path, far, ONE)))  # fmt: skip
    near = far.replace("far", "at").replace("200", "90")
    below = far.replace("far", "below").replace("200", "89").replace("[{do: notify}]", "[]")
    tried = hunted(suite_of(tmp_path, near + below, ONE))
    assert {"killed"} == {one.fate for one in tried}
    assert ["below", "below", "at", "below", "at"] == [one.killer for one in tried]
    assert 100.0 == score(tried)


def test_the_case_that_noticed_the_last_mistake_meets_the_next_one_first(tmp_path: Path) -> None:
    """Speed alone hangs on the order of the cases: what lives, and what is no mistake, does not."""
    cases = [f"  - {{name: at {n}, steps: [{{t: 0s, event: hot, with: {{host: c1, degrees: {n}}}, expect: {said}}}]}}\n"
             for n, said in ((89, "[]"), (90, "[{do: notify}]"), (200, "[{do: notify}]"))]  # fmt: skip
    tried = [hunted(suite_of(tmp_path, "".join(some), ONE)) for some in (cases, cases[::-1])]
    assert [one.fate for one in tried[0]] == [one.fate for one in tried[1]]
    assert ["at 89", "at 89", "at 90", "at 89", "at 90"] == [one.killer for one in tried[0]]


def test_what_nobody_could_notice_does_not_count(tmp_path: Path) -> None:
    """A leaf that lint proves needless is not dropped; nor is what a join asks for anyhow."""
    more = ONE.replace("{at_least: 90}", "{at_least: 90, more_than: 10}")
    (leaf,) = [one for one in made(suite_of(tmp_path, _nothing(), more)) if one.operator == "drop a leaf"]
    assert "at_least" == leaf_at(leaf, tmp_path)


def leaf_at(mutant: Mutant, folder: Path) -> str:
    """Give the operator of the leaf a mutant changes."""
    rule = load_suite(folder / "tests.yaml").cases[0].program.rulesets[0].rules[0]
    found: str = at(rule, mutant.path).operator
    return found


def _nothing() -> str:
    return "  - {name: nothing, steps: [{t: 0s, expect: []}]}\n"


def test_a_rule_no_case_touches_is_not_right_for_it(tmp_path: Path) -> None:
    """Its mutants live, all of them."""
    tried = hunted(suite_of(tmp_path, _nothing(), ONE))
    assert {"survived"} == {one.fate for one in tried}
    assert 0.0 == score(tried)
    assert 100.0 == score([])


def test_two_hunts_end_alike(tried: list[Tried]) -> None:
    """The same mutants, in the same order, with the same killers."""
    assert [(one.mutant.path, one.fate, one.killer) for one in tried] == [
        (one.mutant.path, one.fate, one.killer) for one in hunted(SUITE)
    ]


BLOCK = """\
selfheal: 1
ruleset: block
events:
  hot: {fields: {host: {type: string, required: true}, degrees: {type: number, required: true}, zone: string}}
rules:
  - id: cool
    when:
      event: hot
      as: h
      where:
        degrees:
          at_least: 10  # as the maker says

          # and no more than this
          at_most: 90
        zone:
          not: attic
    then: [{do: notify, target: $h.host}]
"""


def test_one_of_several_operators_in_lines_of_their_own_is_shown_alone() -> None:
    """What is left out, or turned round, is the line of the operator; of a single one it is the leaf."""
    found, _ = parse_rules(Source("rules.yaml", BLOCK))
    assert found
    said = [(one.operator, *one.diff) for one in mutants([found]) if one.operator in {"drop a leaf", "negate a leaf"}]
    assert [
        ("drop a leaf", "-           at_least: 10  # as the maker says", "+             # as the maker says"),
        ("drop a leaf", "-           at_most: 90"),
        ("drop a leaf", "-         zone:", "-           not: attic"),
    ] == [one for one in said if one[0] == "drop a leaf"]
    for one in mutants([found]):
        if one.operator != "drop a leaf" or "degrees" not in one.test:
            continue
        lines = BLOCK.split("\n")
        lines[one.span.line - 1 : one.span.end_line] = [line[2:] for line in one.diff if line.startswith("+ ")]
        again, report = parse_rules(Source("rules.yaml", "\n".join(lines)))
        assert () == report.errors
        assert again
        assert 2 == len(again.rules[0].when.items[0].where)  # type: ignore[union-attr]
