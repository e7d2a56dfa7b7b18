"""Nothing is tried again on what may be well: the next attempt of a step that touches something looks for its cause."""

import pytest

from tests.guards.rig import AZONE, CONFIRM, DEAD, DRAIN, FENCED, LOST, Site, rule

AGAIN = ", retry: {times: 2, backoff: 10s}}"
RETRIED = FENCED[:-1] + AGAIN
DRAINED = "{do: compute.disable_service, target: $e.host, " + CONFIRM + AGAIN
LIMIT = "{limit: 9, per: 10m}"
MORE = (
    "outcome: {healthy: {none: [{state: instance, where: {host: $e.host}}], for: 5m}, within: 10m,"
    " else: [{do: notify, target: $e.host}]}"
)
RULES = rule(DEAD, f"[{RETRIED}]", LIMIT, more=MORE)


@pytest.mark.parametrize("crashing", [False, True])
def test_a_fence_is_made_again_only_while_its_cause_holds(*, crashing: bool) -> None:
    """Where the alarm is over by then people are told instead, also by a process that took over meanwhile."""
    for gone, then in ((False, "fence h1#2 allowed@11"), (True, "notify h1 allowed@11")):
        site = Site(RULES)
        assert ["fence h1 allowed@0"] == site.state("alarm", 0)
        assert [] == site.answer(1, "failed")
        if gone:
            assert [] == site.state("alarm", 5, gone=True)
        if crashing:
            site.restart()
        assert [then] == site.until(11)


def test_a_cause_that_is_back_in_time_is_one() -> None:
    """It is asked for when the next attempt is due, and not before."""
    site = Site(RULES)
    site.state("alarm", 0)
    site.answer(1, "failed")
    site.state("alarm", 5, gone=True)
    assert [] == site.state("alarm", 6)
    assert ["fence h1#2 allowed@11"] == site.until(11)


def test_once_something_was_done_the_rest_is_tried_again_whatever_is_said() -> None:
    """A host that is seen to be off is worked on to the end."""
    site = Site(rule(DEAD, f"[{FENCED}, {DRAINED.replace(CONFIRM, _worked())}]", LIMIT, more=MORE))
    site.state("alarm", 0)
    assert ["disable_service h1 allowed@1"] == site.state("power", 1, power="off")
    site.answer(2, "failed")
    site.state("alarm", 3, gone=True)
    assert ["disable_service h1#2 allowed@12"] == site.until(12)


def _worked() -> str:
    return "confirm: {state: work, where: {host: $e.host}, within: 60s}"


def test_what_comes_after_a_step_that_seemed_to_have_worked_waits_for_it() -> None:
    """The host was off before its fence was begun, and that failed: the next step is issued once the fence is done."""
    site = Site(rule(DEAD, f"[{RETRIED}, {DRAINED.replace(CONFIRM, _worked())}]", LIMIT, more=MORE))
    site.state("power", 0, power="off")
    assert ["fence h1 allowed@1", "disable_service h1 held:lock@1"] == site.state("alarm", 1)
    assert ["disable_service h1 suppressed:confirm@2"] == site.answer(2, "failed", 1)
    assert ["fence h1#2 allowed@12", "disable_service h1#2 held:lock@12"] == site.until(12)
    assert ["disable_service h1#2 allowed@13"] == site.answer(13, "done", 1)


@pytest.mark.parametrize("crashing", [False, True])
def test_what_comes_after_a_step_is_no_ground_to_do_that_again(*, crashing: bool) -> None:
    """The host was off before it was fenced, the next step is done, and then the fence has failed."""
    elsewhere = f"{{do: compute.evacuate_host, target: $e.az, {_worked()}}}"
    site = Site(rule(AZONE, f"[{RETRIED}, {elsewhere}]", LIMIT, more=f"key: [$e.host, $e.az]\n    {MORE}"))
    site.state("power", 0, power="off")
    assert ["fence h1 allowed@1", "evacuate_host z1 allowed@1"] == site.state("alarm", 1, az="z1")
    assert [] == site.state("work", 2)
    assert [] == site.answer(3, "failed", 1)
    if crashing:
        site.restart()
    assert [] == site.state("alarm", 4, gone=True)
    assert ["notify h1 allowed@13"] == site.until(13)


def test_what_an_event_led_to_has_no_cause_that_could_go() -> None:
    """It is tried again as often as it says."""
    site = Site(rule(LOST, f"[{RETRIED}]", LIMIT, more=MORE))
    site.event("lost", 0)
    site.answer(1, "failed")
    assert ["fence h1#2 allowed@11"] == site.until(11)


def test_a_rule_that_is_changed_is_not_asked_for_its_cause() -> None:
    """Its episode keeps its steps, as 0014 says."""
    site = Site(RULES)
    site.state("alarm", 0)
    site.answer(1, "failed")
    site.change(RULES.replace("times: 2", "times: 3"))
    site.state("alarm", 5, gone=True)
    assert ["fence h1#2 allowed@11"] == site.until(11)


def test_an_attempt_that_guards_hold_goes_with_its_cause() -> None:
    """It would be let through hours later; people are told at once."""
    site = Site(RULES)
    site.state("alarm", 0)
    site.answer(1, "failed")
    site.say("pause", 2, "rule:site/r")
    assert ["fence h1#2 held:pause@11"] == site.until(11)
    assert ["fence h1#2 suppressed:withdrawn@20", "notify h1 held:pause@20"] == site.state("alarm", 20, gone=True)


def test_an_attempt_that_waits_for_its_executor_is_refused_once_its_cause_is_gone() -> None:
    """It may have waited for minutes, behind one that is not over."""
    site = Site(RULES)
    site.state("alarm", 0)
    (first,) = site.decisions
    site.answer(1, "failed")
    site.until(11)
    second = site.decisions[-1]
    assert "" == site.engine.stopped(second)
    site.state("alarm", 12, gone=True)
    assert "its cause is gone, and nothing shows that it was done before" == site.engine.stopped(second)
    assert "its cause is gone, and it was not begun" == site.engine.stopped(first)


def test_a_first_attempt_that_nobody_has_begun_is_refused_once_its_cause_is_gone() -> None:
    """It waits for its executor, which is at another host; the one it is about reports again. People are told."""
    site = Site(RULES)
    site.state("alarm", 0)
    (first,) = site.decisions
    assert "" == site.engine.stopped(first)
    site.state("alarm", 5, gone=True)
    assert "its cause is gone, and it was not begun" == site.engine.stopped(first)
    site.answer(6, "refused")
    assert ["notify h1 allowed@16"] == site.until(20)


def test_whatever_nobody_has_begun_goes_with_its_cause() -> None:
    """A node is switched on later, though its host was fenced meanwhile; what tells people is told all the same."""
    for steps, why in ((DRAIN, "its cause is gone, and it was not begun"), ("[{do: notify, target: $e.host}]", "")):
        site = Site(rule(DEAD, steps))
        site.state("alarm", 0)
        site.state("alarm", 5, gone=True)
        assert why == site.engine.stopped(site.decisions[0])


def test_a_step_whose_predecessor_has_ended_the_cause_is_begun() -> None:
    """That is what it was for."""
    site = Site(rule(DEAD, f"[{DRAINED}, {{id: two, do: compute.enable_service, target: $e.host}}]"))
    site.state("alarm", 0)
    site.answer(1)
    site.state("power", 2, power="off")
    second = site.decisions[-1]
    site.state("alarm", 3, gone=True)
    assert ("compute.enable_service", "") == (second.action, site.engine.stopped(second))


HELD = f"[{FENCED}, {{id: drain, do: compute.disable_service, target: $e.host, {CONFIRM}}}]"


@pytest.mark.parametrize("crashing", [False, True])
def test_what_was_held_is_not_done_where_it_rests_on_nothing_any_more(*, crashing: bool) -> None:
    """A host that was seen to be off, and is on by the time somebody lets the next step go, is left alone."""
    done = {
        "off": ["disable_service h1 allowed@300"],
        "on": ["disable_service h1 suppressed:confirm@300", "notify h1 allowed@300"],
    }
    for power, then in done.items():
        site = Site(rule(DEAD, HELD, LIMIT, more=MORE))
        site.say("pause", 0, "action:compute.disable_service")
        site.state("alarm", 1)
        site.state("power", 2, power="off")
        site.state("power", 200, power=power)
        if crashing:
            site.restart()
        assert then == site.say("resume", 300, "action:compute.disable_service")
