"""What an episode begins with, what its `else` may do, who wins of two, and when an act is over."""

import pytest

from tests.guards.rig import DEAD, DRAIN, FENCED, FREE, LOST, PAGE, Site, rule

ENABLE = DRAIN.replace("disable", "enable")[1:-1]
FLEET = "of: {state: host, where: {status: up}}"
HEALTHY = "{healthy: {none: [{state: alarm, where: {host: $e.host}}]}, within: 10m, else: "
ELSE = f"outcome: {HEALTHY}[{ENABLE}, {{do: notify, target: $e.host}}]}}"
FLAP = "{flap: 2, per: 10m, for: 20m}"
LIMIT = "{limit: 9, per: 1h}"


def _flapping(site: Site, second: float) -> list[str]:
    site.state("alarm", second)
    site.state("alarm", second + 1, gone=True)
    return site.state("alarm", second + 2)


def test_what_else_does_is_no_way_around_guards_of_beginnings() -> None:
    """G14: nothing was let through, so `else` would be the beginning: the flap holds it, too, and people are told."""
    site = Site(rule(DEAD, f"[{FENCED}]", LIMIT, FLAP, f"{{storm: 1, {FLEET}, for: 1m}}", more=ELSE))
    site.state("host", 0, "h9", status="down")
    expected = ["fence h1 suppressed:flap@3", "enable_service h1 suppressed:flap@3", "notify h1 allowed@3"]
    assert expected == _flapping(site, 1)
    assert ["quarantined"] == site.status()[-1:]


def test_a_beginning_is_counted_once() -> None:
    """G14: an episode whose `else` is asked as well has begun once."""
    ask = "autonomy: [{grade: approve, action: compute.fence}, {grade: auto}]"
    rules = rule(DEAD, f"[{FENCED}]", LIMIT, "{flap: 3, per: 10m, for: 20m}", more=ELSE)
    site = Site(rules, FREE.replace("autonomy: [{grade: auto}]", ask))
    for second in (0, 10):
        site.state("alarm", second)
        said = site.say("refuse", second + 1, site.decisions[-1].id)
        assert f"enable_service h1 allowed@{second + 1}" == said[1]
        site.answer(second + 1, back=1)
        site.state("alarm", second + 2, gone=True)
    assert ["fence h1 suppressed:flap@20"] == site.state("alarm", 20)[:1]


def test_what_waits_for_a_refused_step_of_else_is_told_to_people_alone() -> None:
    """G14: neither the refused step nor what would come after it is done; whoever is told in `else` is told."""
    more = f"outcome: {HEALTHY}[{ENABLE}, {DRAIN[1:-1]}, {{do: notify, target: $e.host}}]}}"
    site = Site(rule(DEAD, f"[{FENCED}]", LIMIT, FLAP, more=more))
    told = [one.split(" suppressed")[0] for one in _flapping(site, 1)]
    assert ["fence h1", "enable_service h1", "notify h1 allowed@3"] == told


FENCE = rule(LOST, f"[{FENCED}]", LIMIT, "{cooldown: 1h}", name="fence", more=f"outcome: {PAGE}")
MOVE = rule(LOST, f"[{ENABLE}]", name="move", more="priority: 5")
RANKED = FREE + "conflicts: [[compute.fence, compute.enable_service]]\n"


def test_what_is_only_shown_wins_no_conflict() -> None:
    """G24: a fence the site only looks at keeps nobody from what it does, whichever is judged first."""
    shown = RANKED.replace("autonomy: [", "autonomy: [{grade: suggest, action: compute.fence}, ")
    for rules in (FENCE + MOVE, MOVE + FENCE.replace("  - id: fence", "  - id: fence\n    priority: 9")):
        made = Site(rules, shown).event("lost", 0)
        assert ["enable_service h1 allowed@0", "fence h1 shadowed@0"] == sorted(made)


def test_what_guards_refuse_wins_no_conflict() -> None:
    """G24: of two asked for at once the winner is judged first; if it is refused for good, the other has its turn."""
    site = Site(FENCE + MOVE, RANKED)
    assert ["fence h1 allowed@0", "enable_service h1 suppressed:conflict@0"] == site.event("lost", 0)
    site.answer(1, back=1)
    site.state("power", 2, power="off")
    assert ["fence h1 suppressed:cooldown@3", "enable_service h1 allowed@3"] == site.event("lost", 3)


def test_what_was_so_before_an_act_does_not_tell_its_end() -> None:
    """G5: the host was off when it was fenced: the lock ends with the outcome, or by itself at the deadline."""
    rules = rule(LOST, f"[{FENCED}]", LIMIT, name="fence", more=f"outcome: {PAGE}") + rule(LOST, f"[{ENABLE}]")
    for answers in (True, False):
        site = Site(rules)
        site.state("power", 0, power="off")
        assert ["fence h1 allowed@1", "enable_service h1 held:lock@1"] == site.event("lost", 1)
        made = site.answer(5, back=1) if answers else site.until(61)
        assert [f"enable_service h1 allowed@{5 if answers else 61}"] == made


def test_a_cap_counts_what_is_confirmed_before_it_began() -> None:
    """G5: one at a time is one at a time, be they all off already."""
    site = Site(rule(LOST, f"[{FENCED}]", LIMIT, more=f"outcome: {PAGE}"), FREE + "guards: [{max_in_flight: 1}]\n")
    for host in ("h1", "h2"):
        site.state("power", 0, host, power="off")
    assert ["fence h1 allowed@1"] == site.event("lost", 1)
    assert ["fence h2 held:max_in_flight@1"] == site.event("lost", 1, "h2")
    assert ["fence h2 allowed@3"] == site.answer(3, back=1)


@pytest.mark.parametrize("others", [0, 1100])
def test_what_fails_is_heard_however_much_is_done_meanwhile(others: int) -> None:
    """G15: failures of attempts under way are none that a breaker could forget before they come."""
    site = Site(
        rule(LOST) + rule("{as: e, event: beat}", "[{do: notify, target: $e.host}]", name="tell"),
        FREE + "guards: [{breaker: 2, per: 30m, for: 15m}]\n",
    )
    site.event("lost", 0, "h1")
    site.event("lost", 0, "h2")
    for number in range(others):
        site.event("beat", 1, f"x{number}")
    site.answer(2, "failed", back=others)
    site.answer(2, "failed", back=others + 1)
    assert ["disable_service h9 held:breaker@3"] == site.event("lost", 3, "h9")


def test_other_numbers_of_a_breaker_keep_what_failed() -> None:
    """[31] An attempt under way, and what failed before, count for the breaker of the policy that holds now."""

    def policy(least: int, actions: str = "compute.disable_service") -> str:
        return f"{FREE}guards: [{{breaker: {least}, per: 30m, for: 15m, action: [{actions}]}}]\n"

    site = Site(rule(LOST), policy(5))
    for host in ("h1", "h2"):
        site.event("lost", 0, host)
    site.answer(1, "failed")
    site.say("policy", 2, policy(2, "compute.*, compute.disable_service"))
    site.answer(3, "failed", back=1)
    assert ["disable_service h3 held:breaker@4"] == site.event("lost", 4, "h3")
    site.say("policy", 5, policy(3))
    site.restart()
    assert ["disable_service h4 held:breaker@6"] == site.event("lost", 6, "h4")


def test_other_numbers_of_a_storm_do_not_end_it() -> None:
    """[31] What raged is calm for the whole `for` of the policy that holds now."""

    def policy(number: int) -> str:
        return f"{FREE}guards: [{{storm: {number}, {FLEET}, for: 1m}}]\n"

    site = Site(rule(LOST), policy(2))
    for host in ("h1", "h2", "h3"):
        site.state("host", 0, host, status="up")
    site.state("host", 1, "h1", status="down")
    site.state("host", 1, "h2", status="down")
    site.say("policy", 2, policy(3))
    assert ["disable_service h1 held:storm@3"] == site.event("lost", 3)
    assert ["disable_service h1 allowed@62"] == site.until(99)


def test_services_are_counted_out_with_their_host() -> None:
    """G6: where a population has several keys, what is done to a host is done to each of its records."""
    vocabulary = "{state: service, where: {status: up}}"
    site = Site(rule(LOST, DRAIN, f"{{min_healthy: 4, of: {vocabulary}}}"))
    for host in ("h1", "h2", "h3"):
        for binary in ("agent", "compute"):
            site.state("service", 0, host, binary=binary, status="up")
    assert ["disable_service h1 allowed@1"] == site.event("lost", 1)
    assert ["disable_service h2 held:min_healthy@2"] == site.event("lost", 2, "h2")
    assert ["disable_service h2 allowed@3"] == site.answer(3, back=1)
    share = Site(rule(LOST, DRAIN, f"{{max_percent: 40%, of: {vocabulary}}}"))
    for host in ("h1", "h2", "h3"):
        share.state("service", 0, host, binary="agent", status="up")
        share.state("service", 0, host, binary="compute", status="up")
    assert ["disable_service h1 allowed@1"] == share.event("lost", 1)
    assert ["disable_service h2 held:max_percent@2"] == share.event("lost", 2, "h2")


def test_a_quarantine_says_what_releases_it() -> None:
    """G12: what is counted by the zone is released by the zone, or by the host that was refused first."""
    for name in ("a", "h2"):
        site = Site(rule(LOST, DRAIN, "{attempts: 2, per: 1h, by: [$e.az]}"))
        for number in range(4):
            site.event("lost", number, f"h{number}", az="a")
            if number < 2:
                site.answer(number)
        assert "release `a` by hand" in site.decisions[-1].verdict.reason
        site.say("release", 5, name)
        assert ["disable_service h3 allowed@6"] == site.event("lost", 6, "h3", az="a")
