"""What tests cover of rules: every way a part can go is seen where it goes so, and nowhere else."""

import json
import os
from pathlib import Path

import pytest
from attrs import evolve

from selfheal_rules.report import read_coverage
from selfheal_rules.source import Source
from selfheal_rules.testing import load_suite
from selfheal_rules.testing.cases import Suite
from selfheal_rules.testing.coverage import Coverage, coverage_of, plainly
from selfheal_rules.testing.marked import report_of, shares, short, text
from selfheal_rules.testing.mutants import mutants
from selfheal_rules.testing.results import Result
from selfheal_rules.testing.runner import play
from tests.suites import suite_of
from tests.test_testing_generated import _case as generated_case

DATA = Path(__file__).parent / "data" / "testing" / "coverage"
RULES = (DATA / "rules.yaml").read_text("utf-8")
FENCED = """
  - name: fenced
    given: [{state: power, with: {node: n1, host: c1, power: none}}]
    steps:
      - {t: 0s, state: alarm, with: {host: c1, level: 3}}
      - {t: 30s, expect: [{do: compute.fence}, {rule: heal, do: notify}, {rule: acts}]}
"""


def covered(suite: Suite) -> Coverage:
    """Give what the cases of a file cover, all of which pass."""
    results = plainly(suite)
    assert [] == [one.failures for one in results if one.failures]
    return coverage_of(suite, results)


def ways(coverage: Coverage, rule: str, what: str) -> list[str]:
    """Give the ways of a part that were never seen, by the last words of each."""
    return [one.way for one in coverage.missed if (one.rule, one.what) == (rule, what)]


def test_the_lines_of_rules_are_marked() -> None:
    """A reader sees each line with what is missing below it, and how much there is of each sort; `UPDATE_GOLDEN=1`."""
    found = covered(load_suite(DATA / "suite.yaml"))
    written = "\n".join([*text(found), shares(found), ""]).replace(f"{DATA}/", "")
    golden = DATA / "coverage.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(written, "utf-8")
    assert golden.read_text("utf-8") == written


def test_a_report_reads_what_is_written() -> None:
    """`selfheal report --coverage` takes it, each line under the name of its file."""
    suite = load_suite(DATA / "suite.yaml")
    found = covered(suite)
    ((file, lines),) = read_coverage(json.dumps(report_of([found])))["files"].items()
    assert str(DATA / "rules.yaml") == file
    assert {"state": "missed", "text": "leaf `host` was never true; leaf `host` was never false"} == lines["20"]
    assert {"covered", "partly", "missed"} == {line["state"] for line in lines.values()}
    assert report_of([found]) == report_of([found, coverage_of(suite, ())])


HIT = """\
selfheal: 1
ruleset: hit
events:
  lost: {fields: {host: {type: string, required: true}}}
  hit: {fields: {host: {type: string, required: true}}}
states:
  calm: {key: [host], fields: {host: {type: string, required: true}}}
rules:
  - {id: conclude, when: {as: l, event: lost}, then: [{conclude: hit, with: {host: $l.host}}]}
  - id: act
    when: {all: [{as: h, event: hit}], unless: [{state: calm, where: {host: $h.host}}]}
    then: [{do: noop, target: $h.host}]
"""


@pytest.mark.parametrize(("calm", "missed"), [("c1", ["was never false"]), ("c2", ["was never true"])])
def test_a_leaf_is_held_against_events_that_rules_conclude(tmp_path: Path, calm: str, missed: list[str]) -> None:
    """What was concluded and acted on is there from then on, as what was posted is."""
    lost = "{t: 0s, event: lost, with: {host: c1}, expect: [{do: noop, target: c1}]}"
    cases = f"  - {{name: one, steps: [{lost}, {{t: 1s, state: calm, with: {{host: {calm}}}}}]}}\n"
    assert missed == ways(covered(suite_of(tmp_path, cases, HIT)), "act", "leaf `host`")


LEAVES = [
    ("{host: c1, level: 3}", ["was never false", "was never unknown"]),
    ("{host: c1, level: 2}", ["was never true", "was never unknown"]),
    ("{host: c1}", ["was never true", "was never false"]),
]


@pytest.mark.parametrize(("fields", "missed"), LEAVES)
def test_a_leaf_is_true_false_or_unknown(tmp_path: Path, fields: str, missed: list[str]) -> None:
    """One item shows one of the three; a leaf that is not shown is not seen."""
    cases = f"  - {{name: one, steps: [{{t: 0s, state: alarm, with: {fields}, expect: []}}]}}\n"
    found = covered(suite_of(tmp_path, cases, RULES))
    assert missed == ways(found, "conclude", "leaf `level`")
    assert ["was never true", "was never false", "was never unknown"] == ways(found, "conclude", "leaf `power`")


def test_a_leaf_between_two_items_needs_both_at_once(tmp_path: Path) -> None:
    """What is cleared before the other comes is held against nothing."""
    apart = """
  - name: apart
    steps:
      - {t: 0s, state: calm, with: {host: c1}}
      - {t: 1s, state: calm, with: {host: c1}, cleared: true}
      - {t: 2s, state: alarm, with: {host: c1, level: 3}, expect: []}
"""
    found = covered(suite_of(tmp_path, apart, RULES))
    assert ["was never true", "was never false"] == ways(found, "conclude", "leaf `host`")
    together = apart.replace("cleared: true", "cleared: false")
    assert ["was never false"] == ways(covered(suite_of(tmp_path, together, RULES)), "conclude", "leaf `host`")
    others = together.replace("calm, with: {host: c1}", "calm, with: {host: c2}")
    assert ["was never true"] == ways(covered(suite_of(tmp_path, others, RULES)), "conclude", "leaf `host`")


def test_what_an_engine_did_is_an_item_too(tmp_path: Path) -> None:
    """Leaves over decisions of the engine's own see them."""
    found = covered(suite_of(tmp_path, FENCED, RULES))
    assert [] == ways(found, "acts", "leaf `action`")
    assert [] == ways(found, "acts", "rule")


def test_a_rule_that_only_concludes_fires_as_well(tmp_path: Path) -> None:
    """It is covered by what it concludes, and not by an alarm that is too short for it."""
    assert [] == ways(covered(suite_of(tmp_path, FENCED, RULES)), "conclude", "rule")
    short_one = FENCED.split("      - {t: 30s", maxsplit=1)[0] + "      - {t: 29s, expect: []}\n"
    assert ["never fired"] == ways(covered(suite_of(tmp_path, short_one, RULES)), "conclude", "rule")


EDGES = [
    ("{gap: 30s, said: [{do: noop}]}", [True, False, False]),
    ("{gap: 59s999ms, said: [{do: noop}]}", [True, False, False]),
    ("{gap: 1m, said: []}", [False, True, True]),
    ("{gap: 1m30s, said: []}", [False, False, True]),
    ("{gap: 2m, said: []}", [False, False, False]),
]


@pytest.mark.parametrize(("row", "seen"), EDGES)
def test_the_edges_of_a_window_are_inside_on_and_outside(tmp_path: Path, row: str, seen: list[bool]) -> None:
    """A millisecond before the end is inside, the end itself is on it, anything before twice the length outside."""
    cases = f"""
  - name: two
    matrix: [{row}]
    steps:
      - {{t: 0s, event: lost, with: {{host: c1, why: disk1}}, expect: []}}
      - {{t: $gap, event: beat, with: {{host: c1}}, expect: $said}}
"""
    found = covered(suite_of(tmp_path, cases, RULES))
    missed = ways(found, "order", "`within`")
    edges = ["1 ms shorter", "1 ms longer", "twice as long"]
    if "30s, said: [{" in row:  # a gap of half the window leaves its very edge open
        seen = [False, False, False]
    assert seen == [not any(edge in way for way in missed) for edge in edges]


def test_guards_let_through_and_hold(tmp_path: Path) -> None:
    """One host is let through; the second is held back by the limit."""
    found = covered(suite_of(tmp_path, FENCED, RULES))
    assert ["never held one back"] == ways(found, "heal", "guard `limit`")
    two = """
  - name: two
    given: [{state: power, each: {h: [c1, c2]}, with: {node: "n-${h}", host: $h, power: none}}]
    steps:
      - {t: 0s, each: {h: [c1, c2]}, state: alarm, with: {host: $h, level: 3}}
      - t: 30s
        expect:
          - {do: compute.fence, target: c1}
          - {each: {h: [c1, c2]}, rule: heal, do: notify, target: $h}
          - {each: {h: [c1, c2]}, rule: acts, target: $h}
        held: [{do: compute.fence, target: c2, by: limit}]
"""
    assert [] == ways(covered(suite_of(tmp_path, two, RULES)), "heal", "guard `limit`")


def test_outcomes_and_ladders(tmp_path: Path) -> None:
    """Healed, given up with each step of `else`, and a step that is tried again."""
    retried = FENCED + (
        "      - {t: 40s, result: failed, retryable: true, do: compute.fence, expect: []}\n"
        "      - {t: 1m, expect: [{do: compute.fence, attempt: 2}, {rule: acts}]}\n"
        "      - {t: 70s, result: failed, do: compute.fence,"
        " expect: [{do: notify, step: '2'}, {do: notify, step: '3'}]}\n"
    )
    found = covered(suite_of(tmp_path, retried, RULES))
    assert [] == ways(found, "heal", "step `fence`")
    assert ["was never healthy"] == ways(found, "heal", "outcome")
    assert [] == [*ways(found, "heal", "step `2`"), *ways(found, "heal", "step `3`")]


def test_what_is_lacking_is_said(tmp_path: Path) -> None:
    """Each share that is too small, with what it lacks; those that are reached are not spoken of."""
    suite = suite_of(tmp_path, FENCED, RULES, "coverage: {rules: 40, guards: 50, outcomes: 99.5}\n")
    lines = [*short(suite, covered(suite))]
    assert "outcomes: 27.3 % covered, 99.5 % asked for" == lines[0]
    assert f"  {tmp_path}/rules.yaml:25:9: step `fence` of `heal` was never tried again" in lines
    assert not [line for line in lines if line.startswith(("rules", "guards"))]


def test_company_is_not_measured(tmp_path: Path) -> None:
    """Of several rule sets those beside the file are held to its tests; where none is, all are."""
    (tmp_path / "own").mkdir()
    other = RULES.replace("ruleset: ", "ruleset: other-", 1)
    (tmp_path / "rules.yaml").write_text(other, "utf-8")
    own = suite_of(tmp_path / "own", FENCED, RULES)
    names = {one.ruleset for one in covered(own).points}
    both = tmp_path / "own" / "both.yaml"
    case = "  - {name: nothing happens, steps: [{t: 0s, expect: []}]}\n"
    both.write_text(f"selfheal_test: 1\nrulesets: [., ..]\ncases:\n{case}", "utf-8")
    assert names == {one.ruleset for one in covered(load_suite(both)).points}
    apart = tmp_path / "apart.yaml"
    apart.write_text(f"selfheal_test: 1\nrulesets: [own]\ncases:\n{case}", "utf-8")
    assert names == {one.ruleset for one in covered(load_suite(apart)).points}
    assert names == {one.ruleset for one in mutants(load_suite(both).measured)}


def test_measuring_changes_nothing() -> None:
    """Over generated rules and streams: what decided is covered as fired, and no mutant stumbles."""
    mutated = 0
    for case in filter(None, map(generated_case, range(4))):
        suite = Suite(Source("generated", ""), (case,))
        played = play(case)
        found = coverage_of(suite, (Result(case, "passed", (), played),))
        fired = {(one.ruleset, one.rule) for moment in played for one in moment.settled}
        rules = {(one.ruleset, one.rule) for one in found.covered if one.sort == "rules"}
        assert set() == fired - rules
        for mutant in [*mutants(case.program.rulesets)][::7]:
            program = mutant.of(case.program)
            if program:
                play(evolve(case, program=program))
                mutated += 1
    assert mutated


def test_cases_that_fail_cover_nothing(tmp_path: Path) -> None:
    """What a wrong case went through is not shown to be right."""
    suite = suite_of(tmp_path, FENCED.replace("do: compute.fence", "do: noop"), RULES)
    found = coverage_of(suite, plainly(suite))
    assert found.points == found.missed
