"""G1 to G12: each requirement by the test that proves it."""

from tests.guards.rig import DEAD, DRAIN, FENCED, FREE, LOST, PAGE, Site, at, rule

LIMIT = "{limit: 9, per: 1h}"
MOVED = "{do: compute.evacuate_host, target: $e.host, confirm: {none: [{state: instance, where: {host: $e.host}}]}}"
OUTCOME = f"outcome: {PAGE}"
HEAL = rule(DEAD, f"[{FENCED}, {MOVED}]", LIMIT, more=OUTCOME)
FLEET = "of: {state: host, where: {status: up}}"
AZ = "{as: e, state: alarm, where: {az: {exists: true}}}"


def fleet(site: Site, up: int, of: int, second: float = 0) -> None:
    """Post a fleet of hosts, the last of them up."""
    for number in range(of):
        site.state("host", second, f"h{number}", az="a", status="up" if number >= of - up else "down")


def test_g1_shadow_decides_as_enforce_does_and_nothing_is_to_be_done() -> None:
    """G1: a rule set is in shadow until the site says otherwise; it decides the same, and nothing is allowed."""
    stream = [("lost", 0, "h1"), ("lost", 1, "h2"), ("lost", 2, "h3"), ("lost", 700, "h4")]
    rules = rule(LOST, DRAIN, "{limit: 2, per: 5m}", "{cooldown: 1h}")
    shadow, enforce = Site(rules, FREE.replace("mode: enforce", "")), Site(rules)
    said = [[site.event(kind, at, host) for kind, at, host in stream] for site in (shadow, enforce)]
    assert said[1] == [[one.replace("shadowed", "allowed") for one in step] for step in said[0]]
    assert {"shadowed", "held"} == {one.verdict.status for one in shadow.decisions}
    assert {"allowed", "held"} == {one.verdict.status for one in enforce.decisions}


ASKED = FREE.replace("grade: auto", "grade: approve, for: 30m, quorum: 2, action: compute.*")


def test_g2_what_wants_approval_waits_for_it_and_expires() -> None:
    """G2: nobody agrees within the time: suppressed, people are told, and it is never done later."""
    site = Site(rule(DEAD, DRAIN, more=OUTCOME), ASKED)
    assert ["disable_service h1 needs_approval:approval@0"] == site.state("alarm", 0)
    wanted = site.decisions[-1]
    assert [] == site.say("approve", 60, wanted.id)
    assert ["disable_service h1 suppressed:approval@1800", "notify h1 allowed@1800"] == site.until(1800)
    assert "expired: 1 of 2 agreed in time" == site.decisions[-2].verdict.reason
    assert [] == site.say("approve", 1801, wanted.id, who="bo")
    assert [] == site.until(9999)


def test_g2_a_quorum_approves_and_one_refuses() -> None:
    """G2: as many different people as it takes; the same person twice is one, and one refusal is enough to stop."""
    site = Site(rule(DEAD, DRAIN, more=OUTCOME), ASKED)
    site.state("alarm", 0)
    wanted = site.decisions[-1].id
    assert [] == site.say("approve", 1, wanted) + site.say("approve", 2, wanted)
    assert [] == site.say("approve", 2, wanted, who=" Ann ")
    assert ["disable_service h1 allowed@3"] == site.say("approve", 3, wanted, who="bo")
    assert wanted == site.decisions[-1].id
    site.state("alarm", 9, "h2")
    assert ["disable_service h2 suppressed:approval@10", "notify h2 allowed@10"] == site.say(
        "refuse", 10, site.decisions[-1].id
    )


def test_g2_suggest_is_never_done() -> None:
    """G2: on the lowest rung a step is shown and not done, in a rule set that is enforced."""
    site = Site(rule(), FREE.replace("grade: auto", "grade: suggest, risk: low"))
    assert ["disable_service h1 shadowed@0"] == site.state("alarm", 0)


def test_g3_an_empty_target_is_not_everything() -> None:
    """G3: what names nothing, or everything, is rejected; nothing is called."""
    site = Site(rule("{as: e, event: ask}", DRAIN.replace("e.host", "e.what"), more="key: [$e.host, $e.what]"))
    assert ["disable_service None rejected:target@0"] == site.event("ask", 0)
    assert ["disable_service None rejected:target@1"] == site.event("ask", 1, what="")
    assert ["disable_service * rejected:target@2"] == site.event("ask", 2, what="*")
    assert ["disable_service All rejected:target@3"] == site.event("ask", 3, what="All")
    assert ["disable_service h* rejected:target@4"] == site.event("ask", 4, what="h*")
    assert ["disable_service None rejected:target@0"] == Site(
        rule("{as: e, event: ask}", "[{do: compute.disable_service, target: ''}]")
    ).event("ask", 0)


def test_g4_a_limit_counts_targets_over_all_rules_that_share_it() -> None:
    """G4: the third host of a zone waits at 9:59.999 and goes at 10:00; another zone counts apart."""
    two = rule(LOST) + rule("{as: e, event: beat}", name="other")
    zones = "topology: [{state: host, within: [az]}]\n"
    site = Site(two, FREE + zones + "guards: [{limit: 2, per: 10m, by: [az]}]\n")
    for number, az in enumerate("aaab"):
        site.state("host", 0, f"h{number}", az=az, status="up")
    assert ["disable_service h0 allowed@0"] == site.event("lost", 0, "h0")
    assert ["disable_service h1 allowed@60"] == site.event("beat", 60, "h1")
    assert ["disable_service h3 allowed@61"] == site.event("lost", 61, "h3")
    assert ["disable_service h2 held:limit@599.999"] == site.event("lost", 599.999, "h2")
    assert at(600) == site.decisions[-1].verdict.retry_at
    assert ["disable_service h2 allowed@600"] == site.until(600)


def test_g4_the_same_target_is_counted_once() -> None:
    """G4: what is counted is things acted on, not acts."""
    site = Site(rule(LOST, DRAIN, "{limit: 1, per: 10m}"))
    assert ["disable_service h1 allowed@0"] == site.event("lost", 0)
    site.answer(1)
    assert ["disable_service h1 allowed@2"] == site.event("lost", 2)
    assert ["disable_service h2 held:limit@3"] == site.event("lost", 3, "h2")


def test_g5_one_action_at_a_time_on_one_target() -> None:
    """G5: the second waits for the lock, and goes once the first is over."""
    site = Site(rule(LOST) + rule("{as: e, event: beat}", DRAIN.replace("disable", "enable"), name="other"))
    assert ["disable_service h1 allowed@0"] == site.event("lost", 0)
    assert ["enable_service h1 held:lock@1"] == site.event("beat", 1)
    assert ["enable_service h1 allowed@2"] == site.answer(2, back=1)


def test_g5_so_many_at_once() -> None:
    """G5: a cap by scope; a failed attempt gives its place away as well as one that is done."""
    site = Site(rule(DEAD, DRAIN, "{max_in_flight: 1, by: [$e.az]}"))
    assert ["disable_service h1 allowed@0"] == site.state("alarm", 0, az="a")
    assert ["disable_service h2 held:max_in_flight@1"] == site.state("alarm", 1, "h2", az="a")
    assert ["disable_service h3 allowed@2"] == site.state("alarm", 2, "h3", az="b")
    assert ["disable_service h2 allowed@3"] == site.answer(3, "failed", back=2)


def test_g5_what_nobody_ends_ends_by_itself() -> None:
    """G5: a lock is a lease, so a lost outcome does not lock a thing for ever."""
    site = Site(rule(DEAD) + rule("{as: e, state: alarm}", DRAIN.replace("disable", "enable"), name="other"))
    assert ["disable_service h1 allowed@0", "enable_service h1 held:lock@0"] == site.state("alarm", 0)
    assert ["enable_service h1 allowed@900"] == site.until(2000)


def test_g6_so_many_stay_healthy() -> None:
    """G6: 20 hosts, 11 to stay healthy: with 15 healthy 5 episodes begin; at 10 none does, and those that run go on."""
    site = Site(rule(DEAD, f"[{FENCED}, {MOVED}]", LIMIT, f"{{min_healthy: 11, {FLEET}}}", more=OUTCOME))
    fleet(site, up=15, of=20)
    for number in range(5):
        assert [f"fence h{number} allowed@1"] == site.state("alarm", 1, f"h{number}")
    fleet(site, up=10, of=20, second=2)
    assert ["fence h5 held:min_healthy@3"] == site.state("alarm", 3, "h5")
    assert ["evacuate_host h0 allowed@4"] == site.state("power", 4, "h0", power="off")
    assert ["fence h5 allowed@5"] == site.state("host", 5, "h9", az="a", status="up")


def test_g6_what_is_acted_on_is_counted_out() -> None:
    """G6: a host that still counts as healthy is counted out when it is fenced, before the population knows."""
    site = Site(rule(DEAD, DRAIN, f"{{min_healthy: 50%, {FLEET}}}"))
    fleet(site, up=4, of=4)
    said = [site.state("alarm", 1, f"h{number}") for number in range(3)]
    assert [["disable_service h0 allowed@1"], ["disable_service h1 allowed@1"]] == said[:2]
    assert [["disable_service h2 held:min_healthy@1"]] == said[2:]


def test_g6_a_share_at_once() -> None:
    """G6: of 20 hosts 10 percent are two; the third waits until one is done."""
    site = Site(rule(DEAD, DRAIN, f"{{max_percent: 10%, {FLEET}}}"))
    fleet(site, up=20, of=20)
    said = [site.state("alarm", 1, f"h{number}") for number in range(3)]
    assert ["disable_service h2 held:max_percent@1"] == said[2]
    assert ["disable_service h2 allowed@2"] == site.answer(2, back=2)


def test_g7_a_storm_is_over_only_after_the_calm() -> None:
    """G7: 12 healthy again start the timer of 30 s; new episodes begin only at its end."""
    site = Site(rule(DEAD, DRAIN, f"{{storm: 9, {FLEET}, for: 30s}}"))
    fleet(site, up=10, of=20)
    assert ["disable_service h1 held:storm@1"] == site.state("alarm", 1)
    assert [] == site.state("host", 2, "h9", az="a", status="up") + site.state("host", 100, "h8", az="a", status="up")
    assert [] == site.until(129.999)
    assert ["disable_service h1 allowed@130"] == site.until(130)


def test_g7_a_relapse_starts_the_calm_anew() -> None:
    """G7: a storm that comes back inside the calm has not been over."""
    site = Site(rule(DEAD, DRAIN, f"{{storm: 2, {FLEET}, for: 30s}}"))
    fleet(site, up=2, of=4)
    assert ["disable_service h1 held:storm@1"] == site.state("alarm", 1)
    site.state("host", 10, "h1", az="a", status="up")
    site.state("host", 20, "h1", az="a", status="down")
    site.state("host", 30, "h1", az="a", status="up")
    assert [] == site.until(59)
    assert ["disable_service h1 allowed@60"] == site.until(60)


def test_g8_an_unknown_or_stale_population_holds() -> None:
    """G8: nobody in it, word too old, or a jump of the clock: held, and said so; `fails: open` lets pass."""
    guarded = f"{{min_healthy: 1, {FLEET}, fresh: 5m}}"
    empty = Site(rule(DEAD, DRAIN, guarded))
    assert ["disable_service h1 held:min_healthy@0"] == empty.state("alarm", 0)
    assert "unknown" in empty.decisions[-1].verdict.reason
    jumped = Site(rule(DEAD, DRAIN, guarded))
    fleet(jumped, up=2, of=2)
    assert ["disable_service h1 held:min_healthy@301"] == jumped.state("alarm", 301)
    assert ["disable_service h1 allowed@302"] == jumped.state("host", 302, "h0", az="a", status="up")
    site = Site(rule(DEAD, DRAIN, guarded.replace("fresh", "fails: open, fresh")))
    assert ["disable_service h1 allowed@0"] == site.state("alarm", 0)


def test_g8_a_scope_that_is_missing_holds() -> None:
    """G8: a budget of nobody knows which zone is nobody's to spend."""
    site = Site(rule(DEAD, DRAIN, "{limit: 1, per: 1h, by: [$e.az]}"))
    assert ["disable_service h1 held:limit@0"] == site.state("alarm", 0)
    site = Site(rule(DEAD, DRAIN, "{limit: 1, per: 1h, by: [$e.az], fails: open}"))
    assert ["disable_service h1 allowed@0"] == site.state("alarm", 0)


def test_g9_a_step_waits_for_the_confirmation_of_the_one_before() -> None:
    """G9: an outcome is no confirmation; a fence not seen to work is followed by people, not by an evacuation."""
    site = Site(HEAL)
    site.state("instance", 0, instance="i1")
    assert ["fence h1 allowed@0"] == site.state("alarm", 0)
    assert [] == site.answer(1)
    assert ["notify h1 allowed@60"] == site.until(3600)
    assert [] == [one for one in site.decisions if "evacuate" in one.action]


def test_g10_healed_is_clear_and_clear_for_a_while() -> None:
    """G10: a relapse inside the time is the same episode, whose next rung is taken."""
    ending = PAGE.replace("]}, within: 10m", "], for: 2m}, within: 5m")
    site = Site(rule(LOST, DRAIN, more=f"outcome: {ending}"))
    site.state("alarm", 0)
    assert ["disable_service h1 allowed@0"] == site.event("lost", 0)
    site.state("alarm", 60, gone=True)
    site.state("alarm", 100)
    assert ["verifying"] == site.status()
    assert ["notify h1 allowed@300"] == site.until(300)
    assert ["escalated"] == site.status()
    assert 1 == len({one.episode for one in site.decisions})
    well = Site(rule(LOST, DRAIN, more=f"outcome: {ending}"))
    well.event("lost", 0)
    well.until(120)
    assert ["healed"] == well.status()


def test_g11_a_failure_does_not_wait_for_the_timeout() -> None:
    """G11: step 1 reports at 5 s that it failed, and the next rung is taken at 5 s."""
    site = Site(HEAL)
    site.state("alarm", 0)
    assert ["notify h1 allowed@5"] == site.answer(5, "failed")


def test_g11_an_episode_that_is_over_is_not_open_whatever_it_never_issued() -> None:
    """G11: where a step of `else` fails, what would have come after it never does."""
    told = "{do: notify, target: $e.host, confirm: {event: beat, where: {host: $e.host}, within: 30s}}"
    harsher = PAGE.replace("{do: notify, target: $e.host}", f"{told}, {{do: compute.disable_service, target: $e.host}}")
    site = Site(rule(DEAD, f"[{FENCED}]", "{limit: 9, per: 1h}", more=f"outcome: {harsher}"))
    site.state("alarm", 0)
    assert ["notify h1 allowed@60"] == site.until(89)
    assert [("escalated", True)] == [(one.state, one.is_open) for one in site.engine.episodes()]
    site.until(90)
    assert [("escalated", False)] == [(one.state, one.is_open) for one in site.engine.episodes()]


def test_g12_so_many_attempts_then_people() -> None:
    """G12: attempt K+1 is never sent, the target is quarantined, people are told once, and a release lets it go on."""
    site = Site(rule(LOST, DRAIN, "{attempts: 2, per: 1h}", more=OUTCOME))
    site.state("alarm", 0, "h1")
    said = []
    for number in range(4):
        said += site.event("lost", 1000 * number)
        states = site.status()
        site.answer(1000 * number + 1)
        said += site.until(1000 * number + 700)
    first = ["disable_service h1 allowed@0", "notify h1 allowed@600"]
    second = ["disable_service h1 allowed@1000", "notify h1 allowed@1600"]
    third = ["disable_service h1 suppressed:attempts@2000", "notify h1 allowed@2000"]
    assert [*first, *second, *third, "disable_service h1 suppressed:quarantine@3000"] == said
    assert "quarantined" == states[-1]
    site.restart()
    assert ["disable_service h1 suppressed:quarantine@9000"] == site.event("lost", 9000)
    site.say("release", 9001, "h1")
    assert ["disable_service h1 allowed@9002"] == site.event("lost", 9002)
