"""What people tell an engine is written down with who and why, or refused."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from selfheal_rules.decide import Control
from selfheal_rules.diagnostics import EventError
from selfheal_rules.divide.partitions import Partitions
from selfheal_rules.events import Event
from tests.guards.rig import FREE, LOST, Site, at, rule

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
        ({"act": "pause", "subject": "rule:r"}, "subject"),
        ({"act": "pause", "subject": "rule:site/"}, "subject"),
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


@pytest.mark.parametrize(
    ("act", "subject", "taken"),
    [
        ("kill", "", True),
        ("pause", "action:*", True),
        ("stand_down", "h1", True),
        ("resume", "", False),
        ("release", "h1", False),
        ("policy", FREE, False),
    ],
)
def test_what_can_only_have_less_done_is_not_ahead(act: str, subject: str, taken: bool) -> None:  # noqa: FBT001
    """[3] The clock of who stops something may be wrong; it is stopped now, and time does not move."""
    site = Site(rule(LOST), max_ahead=timedelta(seconds=60))
    site.event("beat", 0)
    control = Control(act, "ann", "drill", at(3_600), subject, at(7_200) if act == "stand_down" else None)  # type: ignore[arg-type]
    assert ("matched" if taken else "ahead") == site.engine.post(control).disposition
    assert at(0) == site.engine.now
    assert [f"disable_service h1 {'held:' + HOLDS[act] if taken else 'allowed'}@1"] == site.event("lost", 1)


HOLDS = {"kill": "kill_switch", "pause": "pause", "stand_down": "stand_down"}


def test_a_kill_of_a_wrong_clock_reaches_every_partition() -> None:
    """[3] As one engine does, so do several."""
    program = Site(rule(LOST), None).program
    whole = Partitions(program, 3, max_ahead=timedelta(seconds=60))
    whole.post(Event("b", "beat", "m", at(0), {"host": "h1"}))
    dispositions = [whole.post(Control(act, "ann", "drill", at(3_600))).disposition for act in ("kill", "resume")]
    assert (["matched", "ahead"], at(0)) == (dispositions, whole.now)
    (decision,) = whole.post(Event("1", "lost", "m", at(1), {"host": "h1"}))
    assert ("held", "kill_switch") == (decision.verdict.status, decision.verdict.guard)
