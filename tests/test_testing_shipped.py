"""
Every shipped rule set keeps the promises of the tests beside it, each case under one of the circumstances.

`selfheal test --mutate`, which `.ci/run` has for every set, plays each case under all of them.
"""

from pathlib import Path

import pytest
from attrs import evolve

from selfheal_rules.model import Do
from selfheal_rules.testing import judge, load_suite
from selfheal_rules.testing.cases import ALSO, Also, Case
from selfheal_rules.testing.report import text

ROOT = Path(__file__).parents[1]
SUITES = {path.name: load_suite(path / "tests.yaml") for path in sorted(ROOT.glob("rulesets/*/"))}
BESIDE = sorted(ROOT.glob("rulesets/*/*.selfheal-test.yaml"))
TOGETHER = {f"{path.parent.name}, {path.name.partition('.')[0]}": load_suite(path) for path in BESIDE}
"""Tests of a rule set beside another one."""
CASES = [(name, case) for suites in (SUITES, TOGETHER) for name, suite in suites.items() for case in suite.cases]
CHEAP = [also for also in ALSO if also != "crash_each_step"]
RARE = 16
"""A crash at each step costs as much as twenty of the others: one case in so many has it."""
IN_TURN = [
    (case, CHEAP[number % len(CHEAP)] if number % RARE else "crash_each_step") for number, (_, case) in enumerate(CASES)
]


@pytest.mark.parametrize(("case", "also"), IN_TURN, ids=[f"{name}: {case.name}" for name, case in CASES])
def test_the_case_holds(case: Case, also: Also) -> None:
    """What the case says is so, also after crashes, or with every event twice, or with ties turned round."""
    result = judge(evolve(case, also=(also,)))
    assert "passed" == result.ending, text(result)


@pytest.mark.parametrize("name", SUITES)
def test_every_rule_is_tested_under_every_circumstance(name: str) -> None:
    """Each rule of the set that acts is named by some case, and each case is played under all there is."""
    suite = SUITES[name]
    (ruleset,) = suite.measured
    assert {ALSO} == {case.also for case in suite.cases}
    written = suite.source.text
    acting = [rule.id for rule in ruleset.rules if any(isinstance(step, Do) for step in rule.then)]
    assert [] == [rule for rule in acting if rule not in written]


@pytest.mark.parametrize("name", SUITES)
def test_every_rule_set_asks_for_all_of_it(name: str) -> None:
    """Its tests go through all there is to go through, and notice nine of ten mistakes, or fail."""
    asked = dict.fromkeys(("rules", "leaves", "windows", "guards", "outcomes"), 100) | {"mutation": 90}
    assert asked == dict(SUITES[name].coverage)
