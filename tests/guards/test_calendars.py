"""Calendars against clocks: where those are put forward or back, the longer reading of a window counts."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfheal_rules.guard.view import open_until
from selfheal_rules.policy import DAYS, Calendar
from selfheal_rules.values import microseconds

STEP = timedelta(minutes=15)
DAY = timedelta(days=1)
CHANGES = (
    ("Africa/Casablanca", datetime(2011, 4, 3, tzinfo=UTC)),  # forward at midnight
    ("America/Sao_Paulo", datetime(2018, 11, 4, tzinfo=UTC)),  # forward at midnight, far from Greenwich
    ("America/Sao_Paulo", datetime(2018, 2, 18, tzinfo=UTC)),  # back at midnight
    ("Asia/Tehran", datetime(2021, 9, 21, tzinfo=UTC)),  # back at midnight, an odd offset
    ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),  # a day that never was
    ("Asia/Pyongyang", datetime(2018, 5, 4, tzinfo=UTC)),  # by half an hour
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("UTC", datetime(2028, 2, 29, tzinfo=UTC)),
)
"""Zones, and the days about which their clocks change."""
REACH = 8
TIMES = st.builds(lambda quarters: time(quarters // 4, quarters % 4 * 15), st.integers(0, 95))


@cache
def _clock(zone: str, middle: datetime) -> dict[datetime, list[datetime]]:
    """Walk the clock of a zone: what it shows, and at which instants."""
    shown: dict[datetime, list[datetime]] = {}
    for number in range(-REACH * 96, REACH * 96):
        instant = middle + number * STEP
        shown.setdefault(instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None), []).append(instant)
    return shown


def _readings(zone: str, middle: datetime, local: datetime) -> list[datetime]:
    """Give when a clock shows a time; where it never does, when it would by what it showed before, and after."""
    clock = _clock(zone, middle)
    if local in clock:
        return clock[local]
    before = max(one for one in clock if one < local)
    after = min(one for one in clock if one > local)
    return [clock[before][-1] + (local - before), clock[after][0] - (after - local)]


def _windows(plan: Calendar, middle: datetime) -> list[tuple[datetime, datetime]]:
    """Give when the windows of the days about an instant begin and end."""
    first = (middle - (REACH - 3) * DAY).date()
    days = [first + number * DAY for number in range(2 * REACH - 6)]
    found = []
    for day in (one for one in days if one <= plan.until and DAYS[one.weekday()] in plan.days):
        end = day + (DAY if plan.end <= plan.start else timedelta())
        begins = _readings(plan.zone.key, middle, datetime.combine(day, plan.start))
        found.append((min(begins), max(_readings(plan.zone.key, middle, datetime.combine(end, plan.end)))))
    return found


def _plan(zone: str, days: tuple[str, ...], start: time, end: time, until: date) -> Calendar:
    return Calendar("n", ("h1",), days, start, end, ZoneInfo(zone), until, "o", "r")


@settings(max_examples=60)
@given(
    st.sampled_from(CHANGES),
    st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    TIMES,
    TIMES,
    st.integers(-2, 3),
)
def test_a_window_is_as_long_as_its_longer_reading(
    change: tuple[str, datetime], days: list[str], start: time, end: time, last: int
) -> None:
    """A clock that is walked step by step, without any reckoning of zones, says the same at each instant."""
    zone, middle = change
    plan = _plan(zone, tuple(days), start, end, (middle + last * DAY).date())
    windows = _windows(plan, middle)
    for instant in (middle + quarter * STEP for quarter in range(-192, 192)):
        ends = [microseconds(over) for begin, over in windows if begin <= instant < over]
        assert max(ends, default=None) == open_until(plan, microseconds(instant)), instant


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("Africa/Casablanca", "sun", datetime(2011, 4, 2, 23, 30, tzinfo=UTC)),  # 00:30 by the clock of before
        ("Pacific/Apia", "fri", datetime(2011, 12, 30, 11, tzinfo=UTC)),
    ],
)
def test_a_window_may_begin_before_its_day(zone: str, day: str, instant: datetime) -> None:
    """Its first minutes are not there by the clock, and are left alone all the same."""
    plan = _plan(zone, (day,), time(0, 15), time(2, 15), date(2030, 1, 1))
    assert open_until(plan, microseconds(instant)) is not None
