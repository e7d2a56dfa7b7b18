"""What is said of a plan is true of the program, and tells an operator what to change."""

import json
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from selfheal_rules.check import load_rules
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.diagnostics import RuleSetError
from selfheal_rules.engine import Engine
from selfheal_rules.explain import ProgramPlan, explain_plan, page
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from selfheal_rules.values import microseconds
from tests.calls import ROOT, RULES, Call, caller
from tests.chunks import DATA
from tests.engines import native
from tests.generate.cases import Case, case

COSTLY = DATA / "plan" / "costly.yaml"
MAX_AGE = timedelta(minutes=10)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def test_the_text_of_a_plan() -> None:
    """A plan reads as it did; `UPDATE_GOLDEN=1` writes it anew."""
    golden = COSTLY.with_suffix(".txt")
    text = page(explain_plan(compile_rules(load_rules(COSTLY)), MAX_AGE)) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, "utf-8")
    assert golden.read_text("utf-8") == text


def _program(one: Case) -> Program:
    found = [parse_rules(Source("case.yaml", text))[0] for text in one.texts]
    try:
        return compile_rules(*(rules for rules in found if rules))
    except RuleSetError:
        reject()


@settings(max_examples=50)
@given(st.integers(0, 100_000))
def test_every_search_through_all_rows_is_told(seed: int) -> None:
    """The lookups without a field are those the generated code makes: loops over all that stands, or over one group."""
    program = _program(case(seed))
    plan = explain_plan(program, MAX_AGE)
    branches = [branch for rule in plan.rules for branch in rule.branches]
    looked = [look for branch in branches for one in branch.arrivals for look in one.lookups]
    looked += [look for branch in branches for look in branch.judged]
    written = re.findall(r"in m\.standing\[(\d+)\]:|in m\.demand\((\d+), \(\), \(\)\):", program.plan.source)
    assert {int(standing or group) for standing, group in written} == {look.part for look in looked if not look.by}


@settings(max_examples=50)
@given(st.integers(0, 100_000))
def test_nothing_is_kept_longer_than_is_told(seed: int) -> None:
    """A snapshot has no older event at the front of a part, and none at all in a part that keeps none."""
    one = case(seed)
    driver = native(*_program(one).rulesets, max_age=one.max_age, max_ahead=one.max_ahead)
    plan, memory = driver.engine.explain_plan(), driver.engine._memory
    for item in one.items:
        driver.take(item)
        driver.engine.snapshot()
        for part in plan.parts:
            events = memory.recent[part.number]
            assert part.keeps == "events" or not (events or memory.waiting[part.number])
            assert not events or events[0].at > memory.now - microseconds(part.lasts or timedelta())


HEAD = COSTLY.read_text("utf-8").split("rules:\n")[0] + "rules:\n"


def _plan(*rules: str) -> ProgramPlan:
    found, report = parse_rules(Source("plan.yaml", HEAD + "".join(f"  - {{{rule}}}\n" for rule in rules)))
    assert found is not None, report.render()
    return Engine(compile_rules(found)).explain_plan()


CURED = {
    "each new `f` (`fail`) is held against every `n` (`node`)": (
        "{all: [{as: f, event: fail}, {as: n, state: node, where: {zone: {not: $f.zone}}}]}",
        "{all: [{as: f, event: fail}, {as: n, state: node, where: {zone: $f.zone}}]}",
    ),
    "n events of `fail` of the last 5m that join make n times n matches": (
        "{all: [{as: f, event: fail}, {as: g, event: fail}], same: [host], within: 5m}",
        "{as: f, event: fail, count: {at_least: 2, within: 5m, by: [host]}}",
    ),
    "each match goes over every `storm`": (
        "{all: [{as: f, state: node}], unless: [{state: storm}]}",
        "{all: [{as: f, state: node}], unless: [{state: sick, where: {host: $f.host}}]}",
    ),
    "each new sample goes over all samples of its group by host in 1h": (
        "{as: f, event: beat, count: {at_most: 3, within: 1h, by: [host]}}",
        "{as: f, event: beat, count: {more_than: 3, within: 1h, by: [host]}}",
    ),
    "its condition falls into 8 alternatives, each with lookups of its own": (
        f"{{any: [{', '.join(f'{{as: f, state: node, where: {{load: {n}}}}}' for n in range(8))}]}}",
        "{as: f, state: node, where: {load: [0, 1, 2, 3, 4, 5, 6, 7]}}",
    ),
}


@pytest.mark.parametrize("why", CURED)
def test_a_cost_goes_with_its_cure(why: str) -> None:
    """What is said stands out, and what the help says takes it away."""
    costly, cured = (_plan(f"id: a, when: {when}, then: [{{do: x, target: $f.host}}]") for when in CURED[why])
    assert why in [cost.why for cost in costly.costs]
    assert () == cured.costs


def _alarmed(count: int, field: str) -> list[str]:
    return [f"id: r{n}, when: {{event: beat, where: {{{field}: {n}}}}}, then: [{{do: x}}]" for n in range(count)]


def test_patterns_are_told_apart_by_the_field_they_share() -> None:
    """An item is tried by those that ask for its value alone; where no field tells them apart, by all of them."""
    (told_apart,) = _plan(*_alarmed(40, "n")).kinds
    assert ("n", 40, 1) == (told_apart.index, len(told_apart.parts), told_apart.tried)
    many = _plan(*_alarmed(40, "load"))
    assert (None, 40) == (many.kinds[0].index, many.kinds[0].tried)
    assert ["an item of `beat` may be held against the leaves of 40 patterns, one by one"] == [
        cost.why for cost in many.costs
    ]


def test_an_event_that_waits_for_nothing_is_not_kept() -> None:
    """A rule over single events keeps none of them, whatever their number."""
    (part,) = _plan("id: a, when: {as: f, event: fail}, then: [{do: x, target: $f.host}]").parts
    assert ("nothing", None, ("a",)) == (part.keeps, part.lasts, part.rules)


def test_the_command_says_what_the_engine_says(call: Call) -> None:
    """As text and as one JSON object; parameters and the age of events change it."""
    plan = Engine(compile_rules(load_rules(ROOT / RULES))).explain_plan()
    found = call("plan", RULES)
    assert (0, page(plan) + "\n", "") == (found.code, found.out, found.err)
    (written,) = call("plan", RULES, "--format", "json").objects
    assert json.loads(json.dumps(plan.to_json())) == written
    assert "held for 7m" in call("plan", RULES, "--param", "patience=7m").out
    assert "keeps events for 16m" in call("plan", RULES, "--max-age", "1m").out


def test_rules_with_errors_have_no_plan(call: Call, tmp_path: Path) -> None:
    """They are refused as `run` refuses them."""
    (tmp_path / "rules.yaml").write_text("selfheal: 1\nruleset: x\nrules: [{}]\n", "utf-8")
    found = call("plan", tmp_path)
    assert (3, "") == (found.code, found.out)
    assert "error[SH101]" in found.err
