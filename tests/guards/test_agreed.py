"""An approval is of what was asked: of that action, on that target, with those params, and while its cause is young."""

from itertools import permutations
from pathlib import Path

import pytest

from selfheal_rules.compile import compile_rules
from selfheal_rules.decide import Control
from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import Engine
from selfheal_rules.healer import Healer
from selfheal_rules.journal.inbox import put
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source
from tests.calls import Call, caller
from tests.guards.rig import DEAD, DRAIN, FREE, LOST, Site, at, load, rule
from tests.journal.rig import file_journal

ASKED = FREE.replace("grade: auto", "grade: approve, for: 1h")
THEN = (
    "[{do: compute.disable_service, target: $e.host}]",
    "[{do: compute.enable_service, target: $e.host}]",
    "[{do: compute.disable_service, target: $e.host, with: {reason: lost}}]",
    "[{do: compute.disable_service, target: $e.host, with: {reason: moved}}]",
)
"""What rules ask for under one id."""
OLD = "suppressed:approval"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Give the command."""
    return caller(monkeypatch, capsys)


@pytest.mark.parametrize(("before", "after"), [*permutations(THEN, 2)])
def test_g2_what_was_agreed_to_under_other_rules_is_not_what_is_asked_now(before: str, after: str) -> None:
    """The id is the same, and neither a vote with what it is of nor one by the id alone counts for anything else."""
    site = Site(rule(DEAD, before), ASKED)
    site.state("alarm", 0)
    (first,) = site.engine.approval_requests()
    site.change(rule(DEAD, after))
    site.until(1)
    (second,) = site.engine.approval_requests()
    assert (first.decision.id, True) == (second.decision.id, first.subject != second.subject)
    for subject in (first.subject, first.decision.id):
        with pytest.raises(EventError):
            site.engine.admit([Control("approve", "ann", "seen", at(2), subject)])
        assert [] == site.say("approve", 2, subject)
    site.restart()
    assert [f"{second.decision.action.removeprefix('compute.')} h1 allowed@3"] == site.say("approve", 3, second.subject)


def test_g2_an_id_alone_is_enough_under_the_rules_that_asked() -> None:
    """There, it stands for one thing; a rule that is the same goes on to be asked for by its id."""
    site = Site(rule(DEAD, DRAIN), ASKED)
    site.state("alarm", 0)
    site.change(rule(DEAD, DRAIN) + rule(LOST, DRAIN, name="other"))
    assert ["disable_service h1 allowed@2"] == site.say("approve", 2, site.decisions[0].id)


def test_g2_one_against_it_is_enough_whatever_it_is() -> None:
    """A refusal can only have less done."""
    site = Site(rule(DEAD, THEN[0]), ASKED)
    site.state("alarm", 0)
    id_ = site.decisions[0].id
    site.change(rule(DEAD, THEN[1]))
    site.until(1)
    assert ["enable_service h1 suppressed:approval@2"] == site.say("refuse", 2, id_)


def test_g2_a_note_of_what_is_no_longer_asked_is_put_aside_with_a_word(tmp_path: Path, call: Call) -> None:
    """It was written under the rules of before, and whoever wrote it is told to look again."""
    site, programs = read_policy(Source("p.yaml", ASKED)), [compile_rules(load(rule(DEAD, then))) for then in THEN]
    one = Healer(Engine(programs[0], policy=site), file_journal(tmp_path))
    alarm = Site(rule(DEAD, THEN[0]), ASKED)
    alarm.state("alarm", 0)
    (asked,) = one.take([*alarm.engine.states()])
    one.close()
    journal, words = str(tmp_path / "heal.jsonl"), ("--why", "seen", "--who", "ann", "--time", at(1).isoformat())
    assert 0 == call("approve", journal, asked.id, *words).code
    put(file_journal(tmp_path).inbox(), Control("approve", "bo", "seen", at(1), asked.id), "z")
    two = Healer(Engine(programs[1], policy=site), file_journal(tmp_path))
    two.take()
    flaws = [note.flaw for note in two.inbox.aside()]
    assert [True, True] == ["asks for something else" in flaws[0], "the rules have changed" in flaws[1]]
    two.take([at(2)])
    (request,) = two.course.engine.approval_requests()
    alone = call("approve", journal, asked.id, *words)
    assert (2, True) == (alone.code, f"approve `{request.subject}`" in alone.err)
    assert 0 == call("approve", journal, request.subject, *words).code
    assert ["allowed"] == [decision.verdict.status for decision in two.take()]


@pytest.mark.parametrize(("second", "verdict"), [(599, "allowed"), (600, OLD), (3_000, OLD)])
def test_g21_what_nobody_agreed_to_grows_old_once_nobody_is_asked(second: int, verdict: str) -> None:
    """People are waited for longer than `max_age`; where a policy no longer asks them, the cause counts again."""
    site = Site(rule(LOST, DRAIN), ASKED)
    site.event("lost", 0)
    assert [f"disable_service h1 {verdict}@{second}"] == site.say("policy", second, FREE)


def test_g21_what_was_agreed_to_is_done_though_nobody_is_asked_any_more() -> None:
    """The vote was given in time, and something else held it."""
    site = Site(rule(LOST, DRAIN), ASKED)
    site.event("lost", 0)
    site.say("pause", 1, "target:h1")
    site.say("approve", 2, site.decisions[0].id)
    site.say("policy", 700, FREE)
    assert ["disable_service h1 allowed@701"] == site.say("resume", 701, "target:h1")


RETRIED = DRAIN.replace("}]", ", retry: {times: 3, backoff: 20m}}]")
HEALTHY = (
    "outcome: {healthy: {state: power, where: {host: $e.host}}, within: 20h, else: [{do: notify, target: $e.host}]}"
)
TWO = ASKED.replace("for: 1h", "for: 1h, quorum: 2")


def _failed_once(site: Site) -> str:
    """Have a step approved by one at 1 s, and fail at 2 s; give its id."""
    site.state("alarm", 0)
    wanted = site.decisions[0].id
    assert ["disable_service h1 allowed@1"] == site.say("approve", 1, wanted)
    assert [] == site.answer(2, "failed")
    return wanted


def test_g2_what_people_agreed_to_is_tried_again_within_its_time_alone() -> None:
    """After `for` they are asked anew; what they said of an attempt before it counts for nothing."""
    site = Site(rule(DEAD, RETRIED, more=HEALTHY), ASKED)
    wanted = _failed_once(site)
    assert ["disable_service h1#2 allowed@1202"] == site.until(1202)
    assert [] == site.answer(1203, "failed")
    assert ["disable_service h1#3 needs_approval:approval@3603"] == site.until(3700)
    site.restart()
    assert [(wanted, {})] == [(one.decision.id, dict(one.agreed)) for one in site.engine.approval_requests()]
    assert ["disable_service h1#3 allowed@4000"] == site.say("approve", 4000, wanted)
    assert [] == site.answer(4001, "failed")
    assert ["disable_service h1#4 needs_approval:approval@8801"] == site.until(8801)
    assert ["disable_service h1#4 suppressed:approval@12401", "notify h1 allowed@12401"] == site.until(20_000)


def test_g2_a_retry_is_held_against_the_quorum_that_counts_by_then() -> None:
    """One has agreed, and two have to by now: they are asked, both of them."""
    site = Site(rule(DEAD, RETRIED, more=HEALTHY), ASKED)
    wanted = _failed_once(site)
    assert [] == site.say("policy", 3, TWO)
    assert ["disable_service h1#2 needs_approval:approval@1202"] == site.until(1202)
    assert [] == site.say("approve", 1203, wanted, who="bo")
    assert ["disable_service h1#2 allowed@1204"] == site.say("approve", 1204, wanted)


def test_g2_a_refusal_after_an_attempt_stops_the_next() -> None:
    """Whoever refuses it then is heard, however many have agreed."""
    site = Site(rule(DEAD, RETRIED, more=HEALTHY), ASKED)
    wanted = _failed_once(site)
    site.say("refuse", 3, wanted)
    assert ["disable_service h1#2 suppressed:approval@1202", "notify h1 allowed@1202"] == site.until(1202)
