"""Tests of rules in Python: the words of a file, told step by step."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from selfheal_rules.diagnostics import EventError, RuleSetError
from selfheal_rules.events import Event, State
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source
from selfheal_rules.testing import RuleTester
from selfheal_rules.testing.tester import node_of
from tests.guards.rig import FREE
from tests.suites import RULES

START = datetime(2026, 1, 1, tzinfo=UTC)
LOST = {"event": "lost", "with": {"host": "c1"}}
ALARM = {"state": "alarm", "with": {"host": "c1"}}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Give a folder with the small rules."""
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    return tmp_path


def test_a_story_that_is_so(rules: Path) -> None:
    """Items come as words or as themselves, time goes on, results are given, states are asked for."""
    with RuleTester(rules, also=["crash_each_step", "duplicate_each_event", "reorder_ties"]) as t:
        t.given({**ALARM, "since": "10s"}, {"state": "power", "with": {"host": "c1", "power": "on"}})
        t.at("0s", LOST, Event("e1", "lost", "python", START, {"host": "c2"}))
        t.expect({"do": "notify", "target": "c2"}, {"do": "notify", "target": "c1", "with": {"text": "lost c1"}})
        t.advance("20s").expect({"do": "compute.disable_service", "at": "20s"}).held().suppressed()
        t.at("30s", {"result": "done", "do": "compute.disable_service"}).expect()
        t.at("40s", State("power", "python", START, {"host": "c1", "power": "off"})).holds("power", host="c1")
        t.holds("dead", host="c1").holds("dead", host="c2", cleared=True)
        assert () == t.decisions
        assert 3 == len(t.engine.states())


def test_what_is_not_so_is_an_assertion_error(rules: Path) -> None:
    """The error says what came instead, as a file of tests would."""
    t = RuleTester(rules).at("0s", LOST)
    with pytest.raises(AssertionError) as error:
        t.expect({"do": "notify", "target": "c2"})
    text = str(error.value)
    assert "step 1 at 0s: 1 expected and not decided, 1 decided and not expected" in text
    assert "    - {do: notify, target: c2}\n    + {do: notify, target: c1, rule: tell" in text
    assert "target: expected c2, got c1" in text
    assert "(line" not in text


def test_order_is_asked_for(rules: Path) -> None:
    """With `ordered` the order counts."""
    t = RuleTester(rules).at("0s", LOST, {"event": "lost", "with": {"host": "c2"}})
    with pytest.raises(AssertionError, match="in another order"):
        t.expect({"target": "c2"}, {"target": "c1"}, ordered=True)


def test_nothing_goes_unnoticed(rules: Path) -> None:
    """What a check has not named fails as time goes on, and at the end."""
    t = RuleTester(rules, policy={"mode": "enforce", "autonomy": [{"grade": "approve"}]})
    t.at("0s", ALARM).at("30s").expect()
    with pytest.raises(AssertionError, match="expected nowhere"):
        t.at("31s")
    t = RuleTester(rules).at("0s", LOST)
    with pytest.raises(AssertionError, match="expected nowhere"):
        t.done()
    with pytest.raises(RuleSetError), RuleTester(rules) as t:  # its own error, and no other over it
        t.at("0s", LOST).expect({"do": "notfy"})


def test_states_that_do_not_hold(rules: Path) -> None:
    """A state that should hold, and one that should not, are errors."""
    t = RuleTester(rules).at("0s", ALARM)
    with pytest.raises(AssertionError, match="state dead does not hold"):
        t.holds("dead", host="c1")
    with pytest.raises(AssertionError, match="state alarm holds, and should not"):
        t.holds("alarm", cleared=True)


def test_circumstances_are_played_at_the_end(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs under one of `also` is an error as the tester is left."""
    monkeypatch.setattr("selfheal_rules.testing.variants._are_apart", lambda *_: True)
    (rules / "rules.yaml").write_text(RULES.replace(", for: $params.patience", ""), "utf-8")
    alarms = [{"state": "alarm", "with": {"host": host}} for host in ("c1", "c2", "c3")]
    t = RuleTester(rules, also=["reorder_ties"]).at("0s", *alarms)
    t.expect({"target": "c1"}, {"target": "c2"}).held({"target": "c3"})
    with pytest.raises(AssertionError, match="decisions differ under reorder_ties"):
        t.done()


def test_words_that_mean_nothing_are_findings(rules: Path) -> None:
    """Wrong rules, parameters, policies, items and expectations are said as they are said of files."""
    with pytest.raises(RuleSetError, match="SH411"):
        RuleTester(rules / "nowhere")
    with pytest.raises(RuleSetError, match="SH419"):
        RuleTester(rules, params={"patiense": "3s"})
    with pytest.raises(RuleSetError, match="SH425"):
        RuleTester(rules, policy="enforced")
    t = RuleTester(str(rules))
    with pytest.raises(RuleSetError, match="SH414"):
        t.at("0s", {"event": "lost", "with": {"hots": "c1"}})
    with pytest.raises(RuleSetError, match="SH416"):
        t.expect({"do": "notfy"})
    with pytest.raises(RuleSetError, match="SH414"):
        t.holds("daed")
    with pytest.raises(EventError, match="no field `hots`"):
        t.at("1s", Event("e", "lost", "python", START, {"hots": "c1"}))
    with pytest.raises(EventError, match="has no place in a test"):
        node_of(object())
    with pytest.raises(ValueError, match="no rules were given"):
        RuleTester([])


def test_time_and_what_came_before_it_have_an_order(rules: Path) -> None:
    """Time does not go back, and what held before is said before anything else."""
    t = RuleTester(rules).at("5s")
    with pytest.raises(ValueError, match="time does not go back: it is 5s after the start"):
        t.at("4s")
    with pytest.raises(ValueError, match="before the first `at`"):
        t.given(ALARM)
    with pytest.raises(AssertionError, match="nothing of the kind was decided before"):
        t.at("6s", {"result": "done", "do": "notify"})


def test_policies_of_all_sorts(rules: Path) -> None:
    """A policy is a word, a file, a mapping or itself; parameters and settings reach the engine."""
    file = rules / "policy.yaml"
    file.write_text(FREE, "utf-8")
    loaded = read_policy(Source("policy.yaml", FREE))
    said = [("enforce", "allowed"), ("shadow", "shadowed"), (file, "allowed"), ({"mode": "shadow"}, "shadowed")]
    for policy, status in [*said, (loaded, "allowed")]:
        with RuleTester([rules], policy=policy, params={"patience": "5s"}) as t:  # type: ignore[arg-type]  # one of each
            t.at("0s", ALARM).at("5s").expect({"status": status})


def test_what_would_be_found_out_at_the_end_is_refused_at_once(rules: Path) -> None:
    """A circumstance or setting that there is not, one that is no list, a start without a zone, a number for a time."""
    with pytest.raises(ValueError, match="`crash` is no circumstance; known: `crash_each_step`"):
        RuleTester(rules, also=["crash"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="`reorder_ties` is no list of circumstances; give a list"):
        RuleTester(rules, also="reorder_ties")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`maxage` is no setting; did you mean `max_age`"):
        RuleTester(rules, maxage=timedelta(1))
    with pytest.raises(EventError):
        RuleTester(rules, start=datetime(2026, 1, 1))  # noqa: DTZ001 - which is refused
    with pytest.raises(TypeError, match="a time is a text such as `90s`, or a timedelta, not 5"):
        RuleTester(rules).at(5)  # type: ignore[arg-type]


def test_a_time_may_be_a_timedelta(rules: Path) -> None:
    """It is what a program reckons with."""
    t = RuleTester(rules).at(timedelta(seconds=1)).advance(timedelta(seconds=2)).advance("3s")
    assert START + timedelta(seconds=6) == t.engine.now


def test_why_not_can_be_asked_in_python(rules: Path) -> None:
    """The reason and the miss are held, as in a file; what is another is an assertion with the whole answer."""
    t = RuleTester(rules).why_not("tell", "c1", failed="missing")
    t.at("10s", ALARM).at("25s", {**ALARM, "cleared": True})
    t.why_not("drain", "c1").why_not("drain", "c1", failed="for", miss="15s")
    with pytest.raises(AssertionError, match=r"(?s)did not fire for another reason.*miss: 4s.*miss: 15s"):
        t.why_not("drain", "c1", failed="for", miss=timedelta(seconds=4))
    with pytest.raises(RuleSetError, match="there is no rule `drane`"):
        t.why_not("drane", "c1")
