"""What a host may hand an engine: plain values alone, since nothing else could be read back from a snapshot."""

import enum
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from selfheal_rules.compile import compile_rules
from selfheal_rules.decide import Outcome
from selfheal_rules.decide.control import Control
from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source

RULES = """\
selfheal: 1
ruleset: door
events:
  said: {fields: {host: string, code: integer, began: time, took: duration, more: any, labels: {map: string}}}
states:
  held: {key: [source, host], fields: {host: string}}
rules:
  - id: told
    when: {all: [{as: said, event: said}, {as: held, state: held}], same: [host]}
    then: [{do: look, target: $said.host, with: {began: $said.began, more: $said.more}}]
"""
START = datetime(2026, 3, 1, tzinfo=UTC)


class Text(str):
    """Such as a translated message, or markup."""

    __slots__ = ()


class Word(enum.StrEnum):
    """A word of an enumeration."""

    HOST = "h1"


class Number(enum.IntEnum):
    """A number of an enumeration."""

    ONE = 1


class Clock(datetime):
    """Such as a frozen clock of tests, or a time stamp of a table of data."""


class Length(timedelta):
    """A length of time of somebody else's."""


def engine() -> Engine:
    """Give an engine that remembers what is said."""
    found, report = parse_rules(Source("rules.yaml", RULES))
    assert found, report.render()
    return Engine(compile_rules(found))


def event(given: dict[str, Any]) -> Event:
    """Give an event, but for what is given."""
    plain: dict[str, Any] = {"id": "1", "kind": "said", "source": "m", "time": START, "fields": {"host": "h1"}}
    return Event(**plain | given)


def state(given: dict[str, Any]) -> State:
    """Give a state, but for what is given."""
    plain: dict[str, Any] = {"kind": "held", "source": "m", "time": START, "fields": {"host": "h1"}}
    return State(**plain | given)


def outcome(given: dict[str, Any]) -> Outcome:
    """Give an outcome, but for what is given."""
    plain: dict[str, Any] = {"decision_id": "d", "status": "done", "time": START}
    return Outcome(**plain | given)


def control(given: dict[str, Any]) -> Control:
    """Give a control, but for what is given."""
    plain: dict[str, Any] = {"act": "pause", "who": "ann", "why": "noise", "time": START, "subject": "target:h1"}
    return Control(**plain | given)


@pytest.mark.parametrize(
    ("made", "given", "field"),
    [
        (event, {"id": Text("1")}, "id"),
        (event, {"source": Text("m")}, "source"),
        (event, {"kind": Text("said")}, "kind"),
        (event, {"fields": {Text("host"): "h1"}}, "fields"),
        (event, {"fields": {"host": Word.HOST}}, "host"),
        (event, {"fields": {"code": Number.ONE}}, "code"),
        (event, {"fields": {"more": Text("x")}}, "more"),
        (event, {"fields": {"more": [Number.ONE]}}, "more"),
        (event, {"fields": {"labels": {Text("rack"): "r7"}}}, "labels"),
        (state, {"source": Text("m")}, "source"),
        (state, {"cleared": "false"}, "cleared"),
        (outcome, {"decision_id": []}, "decision_id"),
        (outcome, {"attempt": "1"}, "attempt"),
        (outcome, {"retryable": "no"}, "retryable"),
        (outcome, {"detail": Text("x")}, "detail"),
        (control, {"act": Text("pause")}, "act"),
        (control, {"who": Text("ann")}, "who"),
        (control, {"subject": Text("target:h1")}, "subject"),
        (control, {"id": Text("c1")}, "id"),
    ],
)
def test_what_is_no_plain_value_is_refused(made: Callable[..., Any], given: dict[str, Any], field: str) -> None:
    """Wherever it stands, with the name of the field; the engine is as it was."""
    asked = engine()
    before = asked.snapshot()
    with pytest.raises(EventError) as refused:
        asked.post(made(given))
    assert (field, before) == (refused.value.field, asked.snapshot())


def test_times_of_other_classes_are_taken_as_plain_ones() -> None:
    """Subclasses of `datetime` and `timedelta` lose nothing by it, and a snapshot of them can be read back."""
    asked = engine()
    asked.post(state({}))
    clock = Clock(2026, 3, 1, microsecond=7, tzinfo=UTC)
    fields = {"host": "h1", "began": clock, "took": Length(seconds=3), "more": [clock]}
    said = event({"time": clock, "fields": fields})
    (decision,) = asked.post(said)
    plain = datetime(2026, 3, 1, microsecond=7, tzinfo=UTC)
    assert {"began": plain, "more": (plain,)} == decision.params
    assert {datetime, timedelta} == {type(said.fields["began"]), type(said.time), type(said.fields["took"])}
    assert "duplicate" == Engine.restore(asked.program, asked.snapshot()).post(said).disposition


@pytest.mark.parametrize("given", [{"max_age": timedelta()}, {"max_age": timedelta(-1)}, {"max_ahead": timedelta(-1)}])
def test_an_engine_that_could_remember_nothing_is_refused(given: dict[str, Any]) -> None:
    """Before it has seen anything."""
    with pytest.raises(ValueError, match="`max_age` is longer than 0 and `max_ahead` is not below it"):
        Engine(engine().program, **given)
