"""Why a decision was made: what it rests on, and what every guard said of it."""

import pytest

import selfheal_rules as sr
from selfheal_rules.explain.why import STOPS, UnknownDecisionError, why
from selfheal_rules.guard.stages import STAGES
from selfheal_rules.journal.items import Input
from tests.asked import ALONE, CHAIN, alarm, power, program, rule, second, state

GUARDED = rule(ALONE, "    guard: [{cooldown: 10m}, {limit: 1, per: 1h, by: [$a.host]}]\n")


def _decided(found: sr.Program, inputs: list[Input]) -> list[sr.Decision]:
    engine = sr.Engine(found)
    return [one for given in inputs if not hasattr(given, "tzinfo") for one in engine.post(given)]


def test_every_guard_has_its_sentence() -> None:
    """A stage that is added says when it would have said no."""
    assert [stage.name for stage in STAGES] == list(STOPS)


def test_the_causes_go_down_to_what_was_posted() -> None:
    """The tree is that of the decision: a conclusion, the rule that drew it, and the items under that."""
    inputs: list[Input] = [power(0, id="p"), alarm(9, id="a")]
    (decision,) = _decided(program(CHAIN), inputs)
    found = why(program(CHAIN), inputs, decision.id)
    ((dead),) = found.decision.because
    assert ("dead", "y", ["a", "p"]) == (dead.kind, dead.rule, [one.id for one in dead.because])
    assert () == found.opinions


def test_all_guards_are_heard_behind_the_first_that_says_no() -> None:
    """The verdict is the first `FAIL`; what would have come after it is told as well."""
    inputs: list[Input] = [alarm(0), alarm(100)]
    first, second_one = _decided(program(GUARDED), inputs)
    passed, held = (why(program(GUARDED), inputs, one.id[:8]) for one in (first, second_one))
    assert {"ok"} == {one.mark for one in passed.opinions}
    assert ["cooldown"] == [one.guard for one in held.opinions if one.mark == "FAIL"]
    cooldown = next(one for one in held.opinions if one.guard == "cooldown")
    assert ("cooldown: 10m", "r.yaml:15") == (cooldown.written, cooldown.to_json()["place"])
    assert "let through unless it had begun so short a while ago" == cooldown.counterfactual
    assert "held back if so many other targets had been acted on of late" == held.opinions[-1].counterfactual


def test_a_step_that_was_told_more_than_once_has_its_story() -> None:
    """A step that was held and then let through is one decision; what was said before stands beside it."""
    found = program(rule("{state: up, as: a}", "    guard: [{cooldown: 10m}]\n"))
    inputs: list[Input] = [state("up", 0), state("up", 10, cleared=True), state("up", 20), second(700)]
    held = _decided(found, inputs)[-1]
    told = why(found, inputs, held.id)
    assert (["held"], "shadowed") == ([one.verdict.status for one in told.before], told.decision.verdict.status)
    assert {"ok"} == {one.mark for one in told.opinions}
    assert [{"time": held.time.isoformat(), "verdict": "held", "guard": "cooldown"}] == told.to_json()["before"]
    assert ["ok"] * len(told.opinions) == [one["mark"] for one in told.to_json()["guards"]]


def test_an_unknown_decision_is_refused_with_those_there_are() -> None:
    """The message names some that could be meant; a beginning that fits several says so."""
    inputs: list[Input] = [alarm(0), alarm(100), sr.Event("s", "never.heard", "m", second(101), {})]
    with pytest.raises(
        UnknownDecisionError, match=r"begins with `zz`; there are `\w{12}` \(notify c1 by x\), `\w{12}`"
    ):
        why(program(GUARDED), inputs, "zz")
    with pytest.raises(UnknownDecisionError, match="several decisions begin with ``"):
        why(program(GUARDED), inputs, "")
    with pytest.raises(UnknownDecisionError, match="none at all"):
        why(program(GUARDED), [], "a")
