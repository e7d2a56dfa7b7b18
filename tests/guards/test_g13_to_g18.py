"""G13 to G18: each requirement by the test that proves it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.diagnostics import RuleSetError
from selfheal_rules.guard.backoff import wait
from selfheal_rules.guard.view import open_until
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.policy import DAYS, Calendar
from selfheal_rules.source import Source
from selfheal_rules.values import microseconds
from tests.guards.rig import AZONE, DEAD, DRAIN, FENCED, FREE, LOST, PAGE, Site, at, rule
from tests.guards.test_g01_to_g12 import OUTCOME

ENABLE = DRAIN.replace("disable", "enable")
TOPOLOGY = "topology: [{state: instance, within: [host]}, {state: host, within: [az]}]\n"
SECOND = 1_000_000


def test_g13_the_same_again_only_after_a_while() -> None:
    """G13: a cooldown holds what still has its cause, and drops what would be too old by then."""
    site = Site(rule(DEAD, DRAIN, "{cooldown: 30m}"))
    assert ["disable_service h1 allowed@0"] == site.state("alarm", 0)
    site.answer(1)
    site.state("alarm", 60, gone=True)
    assert ["disable_service h1 held:cooldown@120"] == site.state("alarm", 120)
    assert ["disable_service h1 allowed@1800"] == site.until(1800)
    once = Site(rule(LOST, DRAIN, "{cooldown: 30m}"))
    once.event("lost", 0)
    once.answer(1)
    assert ["disable_service h1 suppressed:cooldown@2"] == once.event("lost", 2)


def test_g13_waits_double_up_to_the_cap_and_are_drawn_apart_alike() -> None:
    """G13: the same seed gives the same waits; the bounds hold for ten thousand keys, and jitter spreads them."""
    guard = Guarding("backoff", "site/r", amount=10 * SECOND, cap=60 * SECOND, jitter=0.5)
    for key in range(10_000):
        scope = (f"h{key}",)
        waits = [wait(guard, scope, times, "seed") for times in (1, 2, 3, 4, 90)]
        assert all(
            low <= one <= high for one, low, high in zip(waits, (10e6, 20e6, 40e6), (15e6, 30e6, 60e6), strict=False)
        )
        assert [60 * SECOND] * 2 == waits[3:]
    assert wait(guard, ("h1",), 2, "seed") == wait(guard, ("h1",), 2, "seed")
    assert 9000 < len({wait(guard, (f"h{key}",), 1, "seed") for key in range(10_000)})
    assert wait(guard, ("h1",), 1, "seed") != wait(guard, ("h1",), 1, "another")


def test_g13_a_backoff_holds_longer_each_time() -> None:
    """G13: what is begun again and again in vain is begun less and less often."""
    site = Site(rule(DEAD, DRAIN, "{backoff: 1m, cap: 3m, per: 1d}"))
    begun = []
    for second in range(0, 900, 10):
        site.state("alarm", second, gone=bool(second % 20))
        if site.decisions and site.decisions[-1].verdict.status == "allowed" and site.decisions[-1].id not in begun:
            begun.append(site.decisions[-1].id)
            site.answer(second)
    times = sorted(
        {int((one.time - at(0)).total_seconds()) for one in site.decisions if one.verdict.status == "allowed"}
    )
    assert [0, 60, 180, 360, 540, 720] == times


def test_g13_retries_of_a_step_have_jitter_from_the_seed() -> None:
    """G13: two sites with two seeds retry at different instants, each site always at the same, within the bounds."""
    step = FENCED[:-1] + ", retry: {times: 3, backoff: 1m, cap: 2m, jitter: 50%}}"
    rules = rule(DEAD, f"[{step}]", "{limit: 9, per: 1h}", more=OUTCOME.replace("10m", "1h"))

    def times(seed: str) -> list[float]:
        site = Site(rules, FREE + f"seed: {seed}\n")
        site.state("alarm", 0)
        site.until(3000)
        return [(one.time - at(0)).total_seconds() for one in site.decisions if one.action == "compute.fence"]

    first = times("one")
    assert first == times("one") != times("two")
    assert 0 == first[0]
    assert 120 < first[1] < 150
    assert first[1] + 180 == first[2]


def test_g14_what_flaps_is_left_to_people() -> None:
    """G14: twenty flips in ten minutes lead to one remediation and one page."""
    site = Site(rule(DEAD, DRAIN, "{flap: 2, per: 10m, for: 30m}", more=OUTCOME))
    for second in range(0, 600, 30):
        if second % 60 == 0:
            site.state("alarm", second)
            if site.decisions[-1].verdict.status == "allowed" and site.decisions[-1].action != "notify":
                site.answer(second)
        else:
            site.state("alarm", second, gone=True)
    allowed = [one.action for one in site.decisions if one.verdict.status == "allowed"]
    assert ["compute.disable_service", "notify"] == allowed
    site.state("alarm", 4000, gone=True)
    assert ["disable_service h1 allowed@5000"] == site.state("alarm", 5000)


def test_g15_an_action_that_keeps_failing_is_probed_first() -> None:
    """G15: after two failures on any target the next waits; then one probe goes, and its success lets the others."""
    breaker = "guards: [{breaker: 2, per: 10m, for: 5m}]\n"
    site = Site(rule(), FREE + breaker)
    site.state("alarm", 0, "h1")
    site.answer(1, "failed")
    site.state("alarm", 2, "h2")
    site.answer(3, "failed")
    assert ["disable_service h3 held:breaker@4"] == site.state("alarm", 4, "h3")
    assert ["disable_service h4 held:breaker@5"] == site.state("alarm", 5, "h4")
    assert ["disable_service h3 allowed@303"] == site.until(304)
    assert ["disable_service h4 allowed@305"] == site.answer(305)
    again = Site(rule(), FREE + breaker)
    for second, host in enumerate(("h1", "h2")):
        again.state("alarm", second, host)
        again.answer(second, "failed")
    again.state("alarm", 2, "h3")
    again.state("alarm", 3, "h4")
    again.until(301)
    assert [] == again.answer(310, "failed")
    assert ["disable_service h4 allowed@610"] == again.until(1000)


def test_g15_a_cause_that_stays_counts_as_a_failure() -> None:
    """G15: what was done and did not help opens the breaker as well as what was reported to have failed."""
    site = Site(rule(more=OUTCOME), FREE + "guards: [{breaker: 1, per: 1h, for: 1h}]\n")
    site.state("alarm", 0)
    site.answer(1)
    site.until(600)
    assert ["disable_service h2 held:breaker@700"] == site.state("alarm", 700, "h2")


WORK = "maintenance: [{state: work, target: host, at_most: 1d, owner: ops, reason: disks}]\n"
NIGHT = (
    'maintenance: [{name: night, targets: [a], days: [mon], from: "13:30", to: "14:00", zone: Europe/Berlin,'
    " until: 2026-02-01, owner: ops, reason: patching}]\n"
)


def test_g15_a_probe_that_nothing_confirms_closes_nothing() -> None:
    """G15: its executor says that it is done, and its episode ends without being healed: the next one probes again."""
    fence = FENCED.replace("within: 60s", "within: 20m")
    guards = ("{limit: 9, per: 1h}", "{breaker: 1, per: 1h, for: 10s}")
    beside = "{do: compute.enable_service, target: $e.az, after: []}"
    site = Site(rule(AZONE, f"[{fence}, {beside}]", *guards, more=f"key: [$e.host, $e.az]\n    outcome: {PAGE}"))
    site.state("alarm", 0, az="a1")
    assert ["notify h1 allowed@1"] == site.answer(1, "failed", back=1)
    assert ["fence h2 allowed@20", "enable_service a2 allowed@20"] == site.state("alarm", 20, "h2", az="a2")
    assert [] == site.answer(21, back=1)
    assert ["fence h3 held:breaker@22"] == site.state("alarm", 22, "h3", az="a3")[:1]
    assert ["notify h2 allowed@23", "fence h3 allowed@23"] == site.answer(23, "failed", back=2)
    assert ["fence h4 held:breaker@24"] == site.state("alarm", 24, "h4", az="a4")[:1]


def test_g16_what_people_work_on_is_left_alone_and_so_is_what_is_in_it() -> None:
    """G16: by the target and by what it is in; when the work ends, what still has a cause goes on, once."""
    site = Site(rule(), FREE + TOPOLOGY + WORK)
    site.state("work", 0, "h1")
    assert ["disable_service h1 held:maintenance@1"] == site.state("alarm", 1)
    assert "(ops: disks)" in site.decisions[-1].verdict.reason
    site.state("instance", 2, "h1", instance="i1")
    assert ["disable_service i1 held:maintenance@3"] == site.state("alarm", 3, "i1")
    site.state("alarm", 4, "i1", gone=True)
    assert "withdrawn" == site.decisions[-1].verdict.guard
    assert ["disable_service h1 allowed@5"] == site.state("work", 5, "h1", gone=True)


def test_g16_a_calendar_holds_until_its_end_and_leaves_no_stale_burst() -> None:
    """G16: 13:30 in Berlin is half past noon here; at its end what still has a cause goes, an event is dropped."""
    site = Site(rule() + rule(LOST, ENABLE, name="old"), FREE + TOPOLOGY + NIGHT)
    site.state("host", 0, az="a")
    assert ["disable_service h1 allowed@1799"] == site.state("alarm", 1799)
    site.answer(1799)
    site.state("alarm", 1799.5, gone=True)
    assert ["disable_service h1 held:maintenance@1800"] == site.state("alarm", 1800)
    assert at(3600) == site.decisions[-1].verdict.retry_at
    assert ["enable_service h1 suppressed:maintenance@1801"] == site.event("lost", 1801)
    assert ["enable_service h1 held:maintenance@3500"] == site.event("lost", 3500)
    assert ["disable_service h1 allowed@3600", "enable_service h1 held:lock@3600"] == site.until(3600)


def test_g16_maintenance_ends_by_itself() -> None:
    """G16: a state nobody clears holds no longer than it may, and a calendar means nothing after its last day."""
    site = Site(rule(), FREE + WORK.replace("1d", "1h"))
    site.state("work", 0)
    assert ["disable_service h1 held:maintenance@1"] == site.state("alarm", 1)
    assert ["disable_service h1 allowed@3600"] == site.until(3600)
    over = Site(rule(), FREE + TOPOLOGY + NIGHT.replace("2026-02-01", "2026-01-04"))
    over.state("host", 0, az="a")
    assert ["disable_service h1 allowed@2000"] == over.state("alarm", 2000)


PUT_FORWARD, PUT_BACK = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)
"""The nights on which clocks in Berlin go from 2:00 to 3:00, and from 3:00 back to 2:00: both at one o'clock here."""


@pytest.mark.parametrize("window", [("02:30", "03:30"), ("22:00", "02:30"), ("02:15", "02:45"), ("01:00", "02:00")])
@pytest.mark.parametrize("night", [PUT_FORWARD, PUT_BACK])
def test_g16_no_window_is_shorter_for_a_clock_that_is_changed(night: datetime, window: tuple[str, str]) -> None:
    """G16: at whatever minute a clock on the wall shows a time in the window, it is maintenance."""
    start, end = map(time.fromisoformat, window)
    berlin = ZoneInfo("Europe/Berlin")
    plan = Calendar("night", ("*",), DAYS, start, end, berlin, date(2026, 12, 31), "ops", "patching")
    for minute in range(-180, 300, 5):
        now = night + timedelta(minutes=minute)
        shown = now.astimezone(berlin).time()
        within = start <= shown < end if start < end else shown >= start or shown < end
        assert not within or open_until(plan, microseconds(now)) is not None, now


@pytest.mark.parametrize("missing", ["owner: ops", "reason: patching", "until: 2026-02-01"])
def test_g16_maintenance_says_who_why_and_until_when(missing: str) -> None:
    """G16: an owner, a reason and an end are not left out."""
    with pytest.raises(RuleSetError, match="SH101"):
        read_policy(Source("p.yaml", FREE + NIGHT.replace(f"{missing}, ", "").replace(f", {missing}", "")))


TOUCHED = "stand_down: [{event: touch, target: host, for: 1h}, {state: hand, target: host}]\n"


def test_g17_a_person_wins() -> None:
    """G17: an operator's act on a target has rules stand down, for its time or until it is released."""
    site = Site(rule(), FREE + TOUCHED)
    site.event("touch", 0)
    assert ["disable_service h1 held:stand_down@1"] == site.state("alarm", 1)
    assert ["disable_service h1 allowed@3600"] == site.until(3600)
    freed = Site(rule(), FREE + TOUCHED)
    freed.event("touch", 0)
    freed.state("alarm", 1)
    assert ["disable_service h1 allowed@2"] == freed.say("release", 2, "h1")
    state = Site(rule(), FREE + TOUCHED)
    state.state("hand", 0)
    assert ["disable_service h1 held:stand_down@1"] == state.state("alarm", 1)
    assert ["disable_service h1 allowed@9999"] == state.state("hand", 9999, gone=True)


def test_g17_a_person_says_so_from_outside() -> None:
    """G17: by a control as well, with who and why."""
    site = Site(rule())
    site.say("stand_down", 0, "h1", until=600)
    assert ["disable_service h1 held:stand_down@1"] == site.state("alarm", 1)
    assert "ann: because" in site.decisions[-1].verdict.reason
    assert ["disable_service h1 allowed@600"] == site.until(600)


@pytest.mark.parametrize("policy", [FREE, None])
def test_g18_the_kill_switch_stops_everything_and_outlives_a_crash(policy: str | None) -> None:
    """G18: set, crashed, restored: nothing new goes; what runs may end; lifted, what has a cause goes."""
    done = "shadowed" if policy is None else "allowed"
    site = Site(rule(DEAD, f"[{FENCED}, {ENABLE[1:-1]}]", "{limit: 9, per: 1h}", more=OUTCOME), policy)
    assert [f"fence h1 {done}@0"] == site.state("alarm", 0)
    assert [] == site.say("kill", 1)
    site.restart()
    assert ["enable_service h1 held:kill_switch@2"] == site.state("power", 2, power="off")
    assert ["fence h2 held:kill_switch@3"] == site.state("alarm", 3, "h2")
    lifted = site.say("resume", 4)
    assert [f"enable_service h1 {done}@4", f"fence h2 {done}@4"] == lifted


def test_g18_a_rule_without_guards_and_without_a_policy_is_stopped_too() -> None:
    """G18: the quick way of decisions that nothing guards ends where somebody stops everything."""
    site = Site(rule(LOST), None)
    assert ["disable_service h1 shadowed@0"] == site.event("lost", 0)
    site.say("kill", 1)
    assert ["disable_service h1 held:kill_switch@2"] == site.event("lost", 2)
    site.say("resume", 3)
    assert ["disable_service h2 shadowed@4"] == site.event("lost", 4, "h2")


def test_g18_a_policy_can_have_it_on() -> None:
    """G18: what the policy stops no control lifts."""
    site = Site(rule(), FREE + "kill_switch: true\n")
    site.state("alarm", 0)
    assert [] == site.say("resume", 1)
    assert ["disable_service h1 allowed@2"] == site.say("policy", 2, FREE)


@pytest.mark.parametrize("scope", ["ruleset:site", "rule:site/r", "action:compute.*", "target:h?"])
def test_g18_a_part_can_be_paused(scope: str) -> None:
    """G18: a rule set, a rule, an action or a target; the others go on."""
    site = Site(rule())
    site.say("pause", 0, scope)
    assert ["disable_service h1 held:pause@1"] == site.state("alarm", 1)
    assert [] == site.say("resume", 2, scope.replace("h?", "h2").replace("*", "x").replace("site", "other"))
    assert ["disable_service h1 allowed@3"] == site.say("resume", 3, scope)
