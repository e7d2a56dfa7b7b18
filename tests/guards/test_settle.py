"""What planned work has stopped may come back: by the clock's word alone nothing destructive begins at once."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from selfheal_rules.guard.view import open_until
from selfheal_rules.policy import DAYS, Calendar
from selfheal_rules.values import SECOND, microseconds
from tests.guards.rig import DRAIN, FENCED, FREE, LOST, PAGE, Site, at, rule
from tests.guards.test_calendars import TIMES

LIMIT = "{limit: 9, per: 1h}"
ENDS = f"outcome: {PAGE}"
FENCE = rule("{all: [{as: e, state: alarm}]}", f"[{FENCED}]", LIMIT, more=ENDS)
NIGHT = (
    'maintenance: [{name: night, targets: [h1], days: [mon], from: "13:30", to: "14:00", zone: Europe/Berlin,'
    " until: 2026-02-01, owner: ops, reason: patching}]\n"
)
"""From 1800 s to 3600 s."""


def test_a_host_that_its_planned_work_stopped_may_come_back() -> None:
    """Its alarm ends four minutes after the window, and it is not fenced; so it would have been at its end."""
    site = Site(FENCE, FREE + NIGHT)
    assert ["fence h1 held:maintenance@1801"] == site.state("alarm", 1801)
    assert ["fence h1 held:settle@3600"] == site.until(3600)
    assert ("`h1` was under `night` (ops: patching) until a short while ago", at(4200)) == (
        site.decisions[-1].verdict.reason,
        site.decisions[-1].verdict.retry_at,
    )
    assert ["fence h1 suppressed:withdrawn@3840"] == site.state("alarm", 3840, gone=True)
    assert [] == site.until(5000)


def test_what_does_not_come_back_is_healed_once_it_had_its_time() -> None:
    """Ten minutes after the window, to the microsecond; also after a restart, and if it fell right after the window."""
    site = Site(FENCE, FREE + NIGHT)
    site.state("alarm", 1801)
    site.until(3600)
    site.restart()
    assert [] == site.until(4199.999999)
    assert ["fence h1 allowed@4200"] == site.until(4200)
    late = Site(FENCE, FREE + NIGHT)
    assert ["fence h1 held:settle@3601"] == late.state("alarm", 3601)
    assert ["fence h2 allowed@3602"] == late.state("alarm", 3602, "h2")


def test_what_is_not_destructive_goes_on_at_once() -> None:
    """A service that is disabled can be enabled."""
    site = Site(rule(then=DRAIN), FREE + NIGHT)
    site.state("alarm", 1801)
    assert ["disable_service h1 allowed@3600"] == site.until(3600)


def test_a_stand_down_that_runs_out_settles_and_one_that_is_released_is_over() -> None:
    """A time was a guess; a person who says that it is over knows. What was said of everything counts for each."""
    for subject, told in (("h1", "a person had `h1` in hand"), ("*", "all was left alone (ann: because)")):
        site = Site(FENCE)
        site.say("stand_down", 0, subject, until=600)
        assert ["fence h1 held:stand_down@1"] == site.state("alarm", 1)
        assert ["fence h1 held:settle@600"] == site.until(600)
        assert f"{told} until a short while ago" == site.decisions[-1].verdict.reason
        assert ["fence h1 allowed@700"] == site.say("release", 700, subject)


def test_a_site_says_how_long_things_take() -> None:
    """A second is as good as none, and a window that is shorter than `settle` counts as well."""
    site = Site(FENCE, FREE + "settle: 1s\n" + NIGHT)
    site.state("alarm", 1801)
    assert ["fence h1 held:settle@3600", "fence h1 allowed@3601"] == site.until(3601)
    slow = Site(FENCE, FREE + "settle: 2h\n" + NIGHT)
    assert ["fence h1 held:settle@9000"] == slow.state("alarm", 9000)
    assert ["fence h1 allowed@10800"] == slow.until(10_800)


def test_what_was_fleeting_is_not_held_until_it_is_old() -> None:
    """An event that would be too old by then is refused at once, and nobody is told: who works on it knows."""
    site = Site(rule(LOST, f"[{FENCED}]", LIMIT, more=ENDS), FREE + NIGHT, max_age=timedelta(minutes=5))
    assert ["fence h1 suppressed:settle@3601"] == site.event("lost", 3601)
    assert ["fence h1 held:settle@3960"] == site.event("lost", 3960)
    assert ["fence h1 allowed@4200"] == site.until(4200)


def test_work_that_lasts_longer_than_it_may_settles_and_work_that_ends_is_over() -> None:
    """`at_most` is the clock's word, too; that the state is cleared is somebody's who has looked."""
    work = "maintenance: [{state: work, target: host, at_most: 20m, owner: ops, reason: disks}]\n"
    for ends in (False, True):
        site = Site(FENCE, FREE + work)
        site.state("work", 0)
        assert ["fence h1 held:maintenance@1"] == site.state("alarm", 1)
        assert ["fence h1 held:settle@1200"] == site.until(1200)
        assert "`h1` was under `work` (ops: disks) until a short while ago" == site.decisions[-1].verdict.reason
        if ends:
            assert ["fence h1 allowed@1300"] == site.state("work", 1300, gone=True)
        else:
            assert ["fence h1 allowed@1800"] == site.until(1800)


@given(TIMES, TIMES, st.integers(0, 3 * 86_400), st.integers(1, 2 * 86_400))
def test_what_was_open_lately_is_what_asking_all_along_would_have_found(
    start: time, end: time, second: int, late: int
) -> None:
    """Every window lasts a quarter of an hour or more: asked each of them since, one was open, or none was."""
    plan = Calendar("n", ("h1",), DAYS, start, end, ZoneInfo("Europe/Berlin"), date(2027, 1, 1), "o", "r")
    now = microseconds(at(second))
    asked = [*range(now, now - late * SECOND, -900 * SECOND), now - late * SECOND + 1]
    seen = [found for one in asked if (found := open_until(plan, one)) is not None]
    assert max(seen, default=None) == open_until(plan, now, late * SECOND)


ACTS = st.tuples(st.sampled_from(("alarm", "calm", "touch", "release", "crash", "time")), st.sampled_from((1, 30, 299)))


@settings(max_examples=60)
@given(st.lists(ACTS, max_size=30))
def test_nothing_is_fenced_that_is_in_hand_or_may_still_come_back(acts: list[tuple[str, int]]) -> None:
    """In no order of alarms, stand-downs, releases and restarts; and what still fails at the end is fenced then."""
    site, now, until, fails = Site(FENCE), 0, -600, False
    for act, wait in acts:
        now += wait
        before = len(site.decisions)
        site.until(now)
        assert all(until + 600 <= second for second in _fenced(site, before))
        before = len(site.decisions)
        if act in {"alarm", "calm"}:
            fails = act == "alarm"
            site.state("alarm", now, gone=not fails)
        elif act == "crash":
            site.restart()
        elif act != "time":
            until = now + 300 if act == "touch" else -600
            site.say("stand_down" if act == "touch" else "release", now, "h1", until=until if until > 0 else None)
        assert all(until + 600 <= second for second in _fenced(site, before))
    site.until(now + 1000)
    assert fails <= bool([*_fenced(site, 0)])


def _fenced(site: Site, before: int) -> Iterator[float]:
    """Give at which seconds it was fenced."""
    fenced = (one for one in site.decisions[before:] if one.verdict.status == "allowed")
    return ((one.time - at(0)).total_seconds() for one in fenced if one.action == "compute.fence")
