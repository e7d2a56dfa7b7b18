"""What people tell an engine is written down with who and why, or refused."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from selfheal_rules.decide import Control
from selfheal_rules.diagnostics import EventError

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"act": "explode"}, "act"),
        ({"act": "kill", "who": " "}, "who"),
        ({"act": "kill", "why": ""}, "why"),
        ({"act": "kill", "time": NOON.replace(tzinfo=None)}, "time"),
        ({"act": "approve"}, "subject"),
        ({"act": "pause", "subject": "h1"}, "subject"),
        ({"act": "pause", "subject": "host:"}, "subject"),
        ({"act": "resume", "subject": "target:"}, "subject"),
        ({"act": "stand_down", "subject": "h1"}, "until"),
    ],
)
def test_a_control_says_who_why_and_what(said: dict[str, Any], field: str) -> None:
    """What leaves one of them open is refused by name."""
    with pytest.raises(EventError) as raised:
        Control(**{"who": "ann", "why": "drill", "time": NOON, **said})
    assert field == raised.value.field


def test_a_control_is_written_and_read() -> None:
    """What a journal writes of a control gives the same control back, in UTC."""
    berlin = timezone(timedelta(hours=1))
    control = Control("stand_down", "ann", "disk swap", NOON.astimezone(berlin), "h1", NOON + timedelta(hours=1))
    written = control.to_json()
    assert "2026-01-01T12:00:00+00:00" == written["time"]
    assert control == Control.from_json(written)
    kill = Control("kill", "bo", "storm", NOON)
    assert {"act": "kill", "who": "bo", "why": "storm", "time": "2026-01-01T12:00:00+00:00"} == kill.to_json()
    assert kill == Control.from_json(kill.to_json())


@pytest.mark.parametrize("written", [{}, {"act": "kill"}, {"act": "kill", "who": "a", "why": "b", "time": "noon"}])
def test_what_is_no_control_is_not_read(written: dict[str, Any]) -> None:
    """Damaged text is refused, not guessed at."""
    with pytest.raises(EventError):
        Control.from_json(written)
