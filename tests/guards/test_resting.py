"""A step is done only while what it rests on is so: the states that confirmed what it comes after."""

import pytest

from tests.guards.rig import CONFIRM, DEAD, DRAIN, FENCED, Site, rule

LIMIT = "{limit: 9, per: 10m}"
SETTLE, BACKOFF = 20, 10
NEVER = "confirm: {state: mark, where: {name: never}, within: 9h}"
ELSE = (
    "outcome: {healthy: {none: [{state: instance, where: {host: $e.host}}], for: 5m}, within: 9h,"
    " else: [{do: notify, target: $e.host}]}"
)
FENCE = "{id: fence, do: compute.fence, target: $e.host, " + CONFIRM + "}"
SETTLED = (
    "{id: settled, do: noop, target: $e.host, after: [],"
    f" confirm: {{none: [{{state: work, where: {{host: $e.host}}}}], for: {SETTLE}s, within: 1h}}}}"
)
DRAINED = (
    "{id: drain, do: compute.disable_service, target: $e.host, after: [fence, settled], "
    f"{NEVER}, retry: {{times: 2, backoff: {BACKOFF}s}}}}"
)
RULES = rule(DEAD, f"[{FENCE}, {SETTLED}, {DRAINED}]", LIMIT, more=ELSE)
DRAINING = "action:compute.disable_service"


@pytest.mark.parametrize("crashing", [False, True])
def test_what_was_so_for_a_while_and_still_is_lets_a_held_step_go(*, crashing: bool) -> None:
    """It is not asked to be so for as long again; work that began meanwhile has to have been over for as long."""
    for until, then in ((0, "allowed@100"), (80, "allowed@100"), (81, "suppressed:confirm@100")):
        site = Site(RULES)
        site.say("pause", 0, DRAINING)
        site.state("alarm", 0)
        site.state("power", 1, power="off")
        assert ["disable_service h1 held:pause@20"] == site.until(20)
        if until:
            site.state("work", 50)
            site.state("work", until, gone=True)
        if crashing:
            site.restart()
        assert f"disable_service h1 {then}" == site.say("resume", 100, DRAINING)[0]


def test_what_an_event_confirmed_stays_confirmed() -> None:
    """An event is not so for a while: it has happened."""
    heard = FENCE.replace(CONFIRM, "confirm: {event: touch, where: {host: $e.host}, within: 60s}")
    site = Site(rule(DEAD, f"[{heard}, {SETTLED}, {DRAINED}]", LIMIT, more=ELSE))
    site.state("alarm", 0)
    site.event("touch", 1)
    site.event("beat", 2)
    assert ["disable_service h1 allowed@20"] == site.until(20)


def test_a_step_may_end_what_an_earlier_one_was_confirmed_by() -> None:
    """What comes after it rests on it alone: a node that was switched off is switched on, and then put to use."""
    on = FENCED.replace("fence", "force_up").replace("'off'", "'on'")
    site = Site(rule(DEAD, f"[{FENCED}, {on}, {DRAIN[1:-1]}]", LIMIT, more=ELSE))
    site.state("alarm", 0)
    assert ["force_up h1 allowed@1"] == site.state("power", 1, power="off")
    assert ["disable_service h1 allowed@2"] == site.state("power", 2, power="on")


@pytest.mark.parametrize("between", ["{do: notify, target: $e.host}", "{do: noop}"])
def test_who_is_told_in_between_changes_nothing(between: str) -> None:
    """What touches nothing and waits for nothing is no ground: a step behind it rests on what that comes after."""
    site = Site(rule(DEAD, f"[{FENCED}, {between}, {DRAIN[1:-1]}]", LIMIT, more=ELSE))
    site.say("pause", 0, DRAINING)
    site.state("alarm", 0)
    assert "disable_service h1 held:pause@1" in site.state("power", 1, power="off")
    site.state("power", 2, power="on")
    assert "disable_service h1 suppressed:confirm@3" == site.say("resume", 3, DRAINING)[0]
