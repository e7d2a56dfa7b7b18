"""
Every shipped rule set keeps the promises of the tests beside it, each case under one of the circumstances.

`selfheal test --mutate`, which `.ci/run` has for every set, plays each case under all of them; so it is one case in
six here, and all of those in which rule sets stand beside one another.
"""

from functools import cache
from pathlib import Path

import pytest
from attrs import evolve

from selfheal_rules.model import Do
from selfheal_rules.testing import judge, load_suite
from selfheal_rules.testing.cases import ALSO, Suite
from selfheal_rules.testing.report import text

ROOT = Path(__file__).parents[1] / "rulesets"
SUITES = sorted(file.relative_to(ROOT).as_posix() for file in ROOT.glob("*/tests.yaml"))
BESIDE = sorted(file.relative_to(ROOT).as_posix() for file in ROOT.glob("*/*.selfheal-test.yaml"))
"""Tests of a rule set beside another one."""
CHEAP = [also for also in ALSO if also != "crash_each_step"]
RARE = 16
"""A crash at each step costs as much as twenty of the others: one case in so many has it."""
SOME = 12
"""Of the cases of a rule set alone, one in so many is played here."""


@cache
def _suite(name: str) -> Suite:
    return load_suite(ROOT / name)


@pytest.mark.parametrize("name", [*SUITES, *BESIDE], scope="module")
def test_each_case_holds(name: str) -> None:
    """What the cases say is so, also after crashes, or with every event twice, or with ties turned round."""
    for played, case in enumerate(_suite(name).cases[:: SOME if name in SUITES else 1]):
        also = CHEAP[played % len(CHEAP)] if played % RARE else "crash_each_step"
        result = judge(evolve(case, also=(also,)))
        assert "passed" == result.ending, text(result)


@pytest.mark.parametrize("name", SUITES, scope="module")
def test_every_rule_is_tested_under_every_circumstance(name: str) -> None:
    """Each rule of the set that acts is named by some case, and each case is played under all there is."""
    suite = _suite(name)
    (ruleset,) = suite.measured
    assert {ALSO} == {case.also for case in suite.cases}
    written = suite.source.text
    acting = [rule.id for rule in ruleset.rules if any(isinstance(step, Do) for step in rule.then)]
    assert [] == [rule for rule in acting if rule not in written]


@pytest.mark.parametrize("name", SUITES, scope="module")
def test_every_rule_set_asks_for_all_of_it(name: str) -> None:
    """Its tests go through all there is to go through, and notice nine of ten mistakes, or fail."""
    asked = dict.fromkeys(("rules", "leaves", "windows", "guards", "outcomes"), 100) | {"mutation": 90}
    assert asked == dict(_suite(name).coverage)
