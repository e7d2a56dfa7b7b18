"""What guards hold for long, or until it is too late: people hear of it, and nothing else comes of it."""

import pytest

from tests.guards.rig import DEAD, DRAIN, FENCED, FREE, LOST, PAGE, Site, at, line, rule

ENABLE = DRAIN.replace("disable", "enable")[1:-1]
ELSE = PAGE.replace("else: [", f"else: [{ENABLE}, ")
LIMIT = "{limit: 9, per: 1h}"
ILL = rule(DEAD, f"[{FENCED}]", LIMIT, more=f"outcome: {ELSE}")
AUTO = "autonomy: [{grade: auto}]\n"
PATIENT = f"{FREE}tell_after: 10m\n"


def test_g11_people_are_told_of_what_is_held_for_long() -> None:
    """G11: after `tell_after` what touches nothing in `else` is done, once, beside what stays held."""
    site = Site(ILL, PATIENT)
    site.say("pause", 0, "action:compute.*")
    assert ["fence h1 held:pause@1"] == site.state("alarm", 1)
    assert [] == site.until(600)
    assert ["open"] == site.status()
    assert at(601) == site.engine.next_deadline()
    site.restart()
    assert ["notify h1 allowed@601"] == site.until(601)
    assert ["held"] == site.status()
    assert [] == site.until(86_400)
    assert ["fence h1 allowed@86401"] == site.say("resume", 86_401, "action:compute.*")
    assert ["verifying"] == site.status()
    assert ["enable_service h1 allowed@86461", "notify h1#2 allowed@86461"] == site.until(86_461)
    assert ["escalated"] == site.status()


def test_g11_an_hour_is_what_a_site_waits_that_says_nothing() -> None:
    """G11: without a policy, too; where no `else` tells anybody, the state of the episode does."""
    site = Site(rule(DEAD, DRAIN, "{limit: 0, per: 1h}"), None)
    assert ["disable_service h1 held:limit@0"] == site.state("alarm", 0)
    site.until(3599)
    assert ["open"] == site.status()
    assert [] == site.until(3600)
    assert ["held"] == site.status()
    assert 1 == site.engine.counts()[("episode", "site", "r", "held")]
    site.state("alarm", 3601, gone=True)
    assert ["closed"] == site.status()


def test_g11_a_rule_can_tell_for_all_that_are_held() -> None:
    """G11: the state `selfheal.episode` is `held`, and not any more once it goes on."""
    watch = "{all: [{as: s, state: selfheal.episode, where: {rule: r, status: held}}]}"
    rules = rule(DEAD, DRAIN, LIMIT) + rule(watch, "[{do: notify, target: $s.target}]", name="watch")
    site = Site(rules, PATIENT)
    site.say("pause", 0, "rule:site/r")
    site.state("alarm", 0)
    assert ["notify h1 allowed@600"] == site.until(600)


def test_g11_a_step_of_else_that_is_held_for_long_keeps_nobody_from_being_told() -> None:
    """G11: of what waits for it, what touches nothing goes on."""
    site = Site(ILL, PATIENT)
    site.say("pause", 0, "action:compute.enable_service")
    site.state("alarm", 0)
    assert ["enable_service h1 held:pause@60"] == site.until(60)
    assert ["notify h1 allowed@660"] == site.until(660)
    assert ["enable_service h1 allowed@700"] == site.say("resume", 700, "action:compute.enable_service")


@pytest.mark.parametrize(
    ("more", "waits"),
    [
        ("autonomy: [{action: compute.*, grade: approve, for: 5h}, {grade: auto}]", "needs_approval:approval"),
        (f"{AUTO}maintenance: [{{state: work, target: host, at_most: 5h, owner: o, reason: r}}]", "held:maintenance"),
    ],
)
def test_g11_whoever_knows_is_not_told(more: str, waits: str) -> None:
    """G11: what is asked of people, or has an owner, a reason and an end, wakes nobody before it is over."""
    site = Site(ILL, PATIENT.replace(AUTO, "") + more)
    site.state("work", 0)
    assert [f"fence h1 {waits}@1"] == site.state("alarm", 1)
    assert [] == site.until(5 * 3600 - 1)


def test_g11_a_guard_that_names_an_instant_is_given_until_then() -> None:
    """G11: what a limit lets through when it said it would is told to nobody; what it then still holds is."""
    site = Site(rule(DEAD, f"[{FENCED}]", "{limit: 1, per: 1h}", more=f"outcome: {PAGE}"), PATIENT)
    for second, host in enumerate(("h1", "h2", "h3")):
        site.state("alarm", second, host)
    assert ["h1 allowed@0", "h2 held:limit@1", "h3 held:limit@2"] == [line(one)[6:] for one in site.decisions]
    assert [] == [one for one in site.until(3599) if "h1" not in one]
    assert ["fence h2 allowed@3600", "notify h2 allowed@3660", "notify h3 allowed@3660"] == site.until(3660)


def test_g11_what_was_held_until_it_was_too_old_is_told() -> None:
    """G11: an event whose step goes stale tells people, does nothing else of `else`, and ends as `stale`."""
    site = Site(rule(LOST, f"[{FENCED}]", LIMIT, more=f"outcome: {ELSE}"))
    site.say("pause", 0, "action:compute.fence")
    assert ["fence h1 held:pause@1"] == site.event("lost", 1)
    assert ["fence h1 suppressed:stale@601", "notify h1 allowed@601"] == site.until(700)
    assert ["stale"] == site.status()
    assert 1 == site.engine.counts()[("episode", "site", "r", "stale")]
    assert [False] == [one.is_open for one in site.engine.episodes()]


def test_g11_what_a_limit_lets_through_too_late_is_told_at_once() -> None:
    """G11: and what would only begin again too soon is not."""
    limited = Site(rule(LOST, f"[{FENCED}]", "{limit: 1, per: 30m}", more=f"outcome: {ELSE}"))
    limited.event("lost", 0)
    assert ["fence h2 suppressed:limit@1", "notify h2 allowed@1"] == limited.event("lost", 1, "h2")
    assert ["healed", "stale"] == limited.status()
    cooled = Site(rule(LOST, f"[{FENCED}]", LIMIT, "{cooldown: 30m}", more=f"outcome: {ELSE}"))
    cooled.event("lost", 0)
    cooled.until(61)
    assert ["fence h1 suppressed:cooldown@62"] == cooled.event("lost", 62)


def test_g11_a_rule_without_else_ends_as_stale() -> None:
    """G11: where there is nobody to tell, what became of it still says so."""
    site = Site(rule(LOST, DRAIN))
    site.say("pause", 0, "action:*")
    site.event("lost", 1)
    assert ["disable_service h1 suppressed:stale@601"] == site.until(601)
    assert ["stale"] == site.status()


def test_g11_what_is_told_again_is_tried_as_often_as_ever() -> None:
    """G11: that people were told of a hold takes nothing from the attempts to tell them of the end."""
    seen = "confirm: {event: beat, where: {host: $e.host}, within: 30s}, retry: {times: 1, backoff: 5s}"
    often = PAGE.replace("$e.host}]", f"$e.host, {seen}}}]")
    site = Site(rule(DEAD, f"[{FENCED}]", LIMIT, more=f"outcome: {often}"), PATIENT)
    site.say("pause", 0, "action:compute.*")
    site.state("alarm", 0)
    assert ["notify h1 allowed@600", "notify h1#2 allowed@635"] == site.until(699)
    site.say("resume", 700, "action:compute.*")
    assert ["notify h1#3 allowed@760", "notify h1#4 allowed@795"] == site.until(999)
    assert ["escalated"] == site.status()


def test_g11_people_are_told_where_what_went_before_was_only_shown() -> None:
    """G11: a step rests on one that was suggested, so it is only shown; that it is held is told."""
    suggest = "autonomy: [{action: compute.fence, grade: suggest}, {grade: auto}]\n"
    site = Site(rule(DEAD, f"[{FENCED}, {ENABLE}]", LIMIT, more=f"outcome: {PAGE}"), PATIENT.replace(AUTO, suggest))
    site.say("pause", 0, "action:compute.enable_service")
    assert ["fence h1 shadowed@0", "enable_service h1 held:pause@0"] == site.state("alarm", 0)
    assert ["notify h1 allowed@600"] == site.until(600)


def test_g11_a_telling_that_fails_ends_nothing() -> None:
    """G11: the step stays held, and is done when it may be."""
    site = Site(ILL, PATIENT)
    site.say("pause", 0, "action:compute.*")
    site.state("alarm", 0)
    assert ["notify h1 allowed@600"] == site.until(600)
    assert [] == site.answer(601, "failed")
    assert ["held"] == site.status()
    assert ["fence h1 allowed@700"] == site.say("resume", 700, "action:compute.*")
