"""A change of rules while guards hold steps: what nothing was done of goes with its rule, the rest goes on."""

import pytest

from tests.guards.rig import DEAD, DRAIN, FENCED, FREE, LOST, PAGE, Site, at, rule
from tests.guards.test_g01_to_g12 import ASKED, FLEET, OUTCOME, fleet
from tests.guards.test_g13_to_g18 import WORK

LIMIT = "{limit: 1, per: 10m}"
OTHER = rule("{as: e, event: touch}", "[{do: notify, target: $e.host}]", name="other")
HELD = rule(DEAD, DRAIN, LIMIT)
WIDER = rule(DEAD, DRAIN, "{limit: 2, per: 10m}")


def held(rules: str = HELD, policy: str = FREE) -> Site:
    """Give a site that has drained h1, and holds h2 and h3."""
    site = Site(rules, policy)
    assert "disable_service h1 allowed@0" in site.state("alarm", 0)
    site.answer(0)
    assert ["disable_service h2 held:limit@1"] == site.state("alarm", 1, "h2")
    assert ["disable_service h3 held:limit@2"] == site.state("alarm", 2, "h3")
    return site


@pytest.mark.parametrize("rules", [HELD + OTHER, OTHER + HELD])
def test_what_a_rule_that_is_the_same_holds_goes_on_in_its_order(rules: str) -> None:
    """[31] Nothing is told again, the budget carries over, and a cause that goes takes its step along."""
    site = held()
    site.change(rules)
    assert ([], at(600)) == (site.until(3), site.engine.next_deadline())
    assert ["disable_service h2 allowed@600"] == site.until(600)
    assert ["disable_service h3 suppressed:withdrawn@601"] == site.state("alarm", 601, "h3", gone=True)


def test_what_a_rule_held_that_is_gone_is_never_done() -> None:
    """[31] An operator who takes a rule out expects that what it only wanted is not done ten minutes later."""
    site = held()
    site.change(OTHER)
    said = site.until(3)
    assert ["disable_service h2 suppressed:replaced@2", "disable_service h3 suppressed:replaced@2"] == said
    assert "its rule was changed or is gone" in site.decisions[-1].verdict.reason
    assert [] == site.until(9_999)
    assert ((), ()) == (site.engine.carried and site.engine.carried.episodes, site.engine.episodes(state="open"))


def test_a_changed_rule_asks_anew_for_what_still_holds() -> None:
    """[31] Under its own guards, in the order of firings, and for nothing else: what was done is not done again."""
    site = held()
    site.change(WIDER)
    replaced = ["disable_service h2 suppressed:replaced@2", "disable_service h3 suppressed:replaced@2"]
    assert [*replaced, "disable_service h2 allowed@2", "disable_service h3 held:limit@2"] == site.until(3)
    ids = [one.id for one in site.decisions if one.target == "h2"]
    assert 1 == len(set(ids))
    assert ["disable_service h3 allowed@600"] == site.until(600)


def test_a_changed_rule_that_is_not_true_of_it_asks_for_nothing() -> None:
    """[31] The author has narrowed the rule: what it no longer means is not done."""
    site = held()
    site.change(rule("{all: [{as: e, state: alarm, where: {host: {not: h2}}}]}", DRAIN, LIMIT))
    replaced = ["disable_service h2 suppressed:replaced@2", "disable_service h3 suppressed:replaced@2"]
    assert [*replaced, "disable_service h3 held:limit@2"] == site.until(3)
    assert ["disable_service h3 allowed@600"] == site.until(600)
    assert [] == site.until(9_999)


def test_the_cause_of_what_a_changed_rule_asks_for_is_watched() -> None:
    """[27, 31] It goes, and so does the step: nothing is done to a host that is well again."""
    site = held()
    site.change(WIDER)
    site.until(3)
    assert ["disable_service h3 suppressed:withdrawn@5"] == site.state("alarm", 5, "h3", gone=True)
    assert [] == site.until(9_999)


def test_an_event_is_not_acted_on_by_a_rule_it_was_not_for() -> None:
    """[31] A changed rule has no memory of events: what an event led to, and is held, is dropped and told."""
    site = Site(rule(LOST), FREE)
    site.say("kill", 0)
    assert ["disable_service h1 held:kill_switch@1"] == site.event("lost", 1)
    site.change(rule(LOST, DRAIN, "{cooldown: 1s}"))
    assert ["disable_service h1 suppressed:replaced@1"] == site.say("resume", 5)
    assert [] == site.until(900)


def test_an_approval_is_of_the_rule_it_was_given_to() -> None:
    """[31, G2] A rule that is the same keeps its votes; one that was changed asks for them anew, under the same id."""
    for rules, said in ((OTHER, []), (rule(DEAD, DRAIN, "{cooldown: 1s}", more=OUTCOME), ["replaced", "approval"])):
        site = Site(rule(DEAD, DRAIN, more=OUTCOME), ASKED)
        site.state("alarm", 0)
        id_ = site.decisions[0].id
        site.say("approve", 1, id_)
        site.change(rules if said else rule(DEAD, DRAIN, more=OUTCOME) + rules)
        site.until(2)
        assert said == [one.verdict.guard for one in site.decisions[1:]]
        (request,) = site.engine.approval_requests()
        assert (id_, {} if said else {"ann": "because"}) == (request.decision.id, request.agreed)
        votes = [site.say("approve", 3, request.subject, who=who) for who in ("bo", "cy")]
        assert [[], ["disable_service h1 allowed@3"]][:: 1 if said else -1] == votes


@pytest.mark.parametrize("more", [OTHER, ""])
def test_what_waits_for_a_state_hears_of_it_after_a_change(more: str) -> None:
    """[31] A population, and maintenance: the guards of the restored engine watch them, for old steps and new."""
    guard = f"{{min_healthy: 2, {FLEET}}}"
    site = Site(rule(DEAD, DRAIN, guard), FREE + WORK)
    fleet(site, up=2, of=3)
    assert ["disable_service h2 held:min_healthy@1"] == site.state("alarm", 1, "h2")
    site.state("work", 2, "h0")
    assert ["disable_service h0 held:maintenance@3"] == site.state("alarm", 3, "h0")
    site.change(rule(DEAD, DRAIN, guard) + more)
    assert ["disable_service h2 allowed@4"] == site.state("host", 4, "h0", az="a", status="up")
    assert ["disable_service h0 held:min_healthy@5"] == site.state("work", 5, "h0", gone=True)


def test_what_was_begun_goes_on_as_it_was() -> None:
    """[31] A fence is out; the step behind it keeps the rule it began with, and the guards of that."""
    steps = f"[{FENCED}, {DRAIN[1:-1]}]"
    site = Site(rule(DEAD, steps, "{limit: 9, per: 1h}", more=f"outcome: {PAGE}"), FREE)
    site.say("pause", 0, "action:compute.disable_service")
    site.state("alarm", 0)
    assert ["disable_service h1 held:pause@1"] == site.state("power", 1, power="off")
    site.change(OTHER)
    assert [] == site.until(2)
    assert site.engine.carried is not None
    assert 1 == len(site.engine.carried.episodes)
    assert ["disable_service h1 allowed@3"] == site.say("resume", 3, "action:compute.disable_service")


def test_a_change_is_told_with_the_next_step_and_outlives_a_crash() -> None:
    """[31] What follows from it waits for time to pass; a snapshot in between holds it."""
    site = held()
    site.change(WIDER)
    site.restart()
    assert 4 == len(site.until(3))
    site.restart()
    assert ["disable_service h3 allowed@600"] == site.until(600)


@pytest.mark.parametrize("place", ["before", "behind", "gone"])
def test_what_was_let_through_is_stopped_with_its_rule_alone(place: str) -> None:
    """[31] Its episode is closed, and it waits for its executor: wherever its rule stands, it goes, or is gone."""
    said = rule(LOST, f"[{{do: notify, target: $e.host}}, {DRAIN[1:-1]}]", LIMIT)
    site = Site(said)
    assert ["notify h1 allowed@1", "disable_service h1 allowed@1"] == site.event("lost", 1)
    site.change({"before": said + OTHER, "behind": OTHER + said, "gone": OTHER}[place])
    expected = "its rule was changed or is gone, and nothing was done about it yet" if place == "gone" else ""
    assert expected == site.engine.stopped(site.decisions[-1])
    assert ["closed"] == site.status()
