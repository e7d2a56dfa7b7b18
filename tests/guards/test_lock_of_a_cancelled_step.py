"""What is known to be done locks its target no longer, whatever becomes of what it was done for."""

import pytest

from tests.guards.rig import LOST, Site, rule

WATCHED = (
    "[{do: compute.disable_service, target: $e.host, confirm: {event: touch, where: {host: $e.host}, within: 60s}}]"
)
RULES = rule(then=WATCHED) + rule(LOST, "[{do: compute.enable_service, target: $e.host}]", name="back")


def test_a_step_whose_cause_went_locks_nothing_once_it_is_done() -> None:
    """Nobody awaits its confirmation any more, and its executor has said that it is over."""
    site = Site(RULES)
    assert ["disable_service h1 allowed@0"] == site.state("alarm", 0)
    site.answer(1)
    site.state("alarm", 2, gone=True)
    site.restart()
    assert ["enable_service h1 allowed@3"] == site.event("lost", 3)


def test_a_step_that_takes_its_own_cause_away_locks_nothing_once_it_is_done() -> None:
    """The cloud tells of what was done before its executor does: then nobody awaits a confirmation when that comes."""
    site = Site(RULES)
    assert ["disable_service h1 allowed@0"] == site.state("alarm", 0)
    site.state("alarm", 1, gone=True)
    assert ["enable_service h1 held:lock@2"] == site.event("lost", 2)
    assert ["enable_service h1 allowed@3"] == site.answer(3, back=1)


@pytest.mark.parametrize("status", [None, "unconfirmed"])
def test_a_step_that_may_still_run_keeps_its_target(status: str | None) -> None:
    """Where nobody knows whether it is over, nothing else is done to its target until its deadline."""
    site = Site(RULES)
    site.state("alarm", 0)
    if status:
        site.answer(1, status)
    site.state("alarm", 2, gone=True)
    assert ["enable_service h1 held:lock@3"] == site.event("lost", 3)
    assert ["enable_service h1 allowed@60"] == site.until(60)


def test_a_step_that_is_watched_keeps_its_target() -> None:
    """That it is done is not yet that it has worked."""
    site = Site(RULES)
    site.state("alarm", 0)
    site.answer(1)
    assert ["enable_service h1 held:lock@3"] == site.event("lost", 3)
    assert ["enable_service h1 allowed@4"] == site.event("touch", 4)


@pytest.mark.parametrize("status", ["done", "failed", "dry_run"])
def test_what_is_told_after_the_cause_went_frees_the_target_at_once(status: str) -> None:
    """Nobody has to wait for the deadline of a step that is over: what was held goes on with the outcome."""
    site = Site(RULES)
    site.state("alarm", 0)
    site.state("alarm", 2, gone=True)
    assert ["enable_service h1 held:lock@3"] == site.event("lost", 3)
    site.restart()
    assert ["enable_service h1 allowed@5"] == site.answer(5, status, back=1)
