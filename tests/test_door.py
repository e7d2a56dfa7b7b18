"""What a host may hand an engine: plain values alone, since nothing else could be read back from a snapshot."""

import enum
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from selfheal_rules.check import check_rules, load_rules
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.decide import Outcome
from selfheal_rules.decide.control import Control
from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.normalize import normalize_payload
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


# Arguments


def _program() -> Program:
    rules, _ = parse_rules(Source("rules.yaml", RULES))
    assert rules
    return compile_rules(rules)


PROGRAM = _program()
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "no program": (lambda: Engine(None), "`program` is None, not Program; `compile_rules` gives one"),  # type: ignore[arg-type]
    "rules for a program": (
        lambda: Engine(PROGRAM.rulesets[0]),  # type: ignore[arg-type]
        "`program` is of type RuleSet, not Program; `compile_rules` gives one",
    ),
    "seconds": (lambda: Engine(PROGRAM, max_age=600), "`max_age` is of type int, not timedelta"),  # type: ignore[arg-type]
    "no age": (lambda: Engine(PROGRAM, max_age=None), "`max_age` is None, not timedelta"),  # type: ignore[arg-type]
    "seconds ahead": (
        lambda: Engine(PROGRAM, max_ahead=5),  # type: ignore[arg-type]
        "`max_ahead` is of type int, not timedelta or None",
    ),
    "no cap": (lambda: Engine(PROGRAM, remembered=None), "`remembered` is None, not int"),  # type: ignore[arg-type]
    "a word": (lambda: Engine(PROGRAM, fan_out="many"), "`fan_out` is of type str, not int"),  # type: ignore[arg-type]
    "a file for a policy": (
        lambda: Engine(PROGRAM, policy="site.yaml"),  # type: ignore[arg-type]
        "`policy` is of type str, not Policy or None; `load_policy` gives one",
    ),
    "one item": (
        lambda: Engine(PROGRAM).post_all(Event("1", "said", "m", START)),  # type: ignore[arg-type]
        "`items` is of type Event, not Iterable; one alone goes to `post`",
    ),
    "no items": (lambda: Engine(PROGRAM).admit(None), "`items` is None, not Iterable; one alone goes to `post`"),  # type: ignore[arg-type]
    "a restore of nothing": (
        lambda: Engine.restore(None, Engine(PROGRAM).snapshot()),  # type: ignore[arg-type]
        "`program` is None, not Program; `compile_rules` gives one",
    ),
    "a list of rule sets": (
        lambda: compile_rules([*PROGRAM.rulesets]),  # type: ignore[arg-type]
        "`rulesets` is of type list, not RuleSet; `load_rules` gives one, and several stand side by side",
    ),
    "no rules": (lambda: check_rules(None), "`ruleset` is None, not RuleSet; `load_rules` gives one"),  # type: ignore[arg-type]
    "no path": (lambda: load_rules(None), "`path` is None, not str or PathLike"),  # type: ignore[arg-type]
    "a list of values": (
        lambda: load_rules("rules.yaml", values=[1]),  # type: ignore[arg-type]
        "`values` is of type list, not Mapping or None",
    ),
    "a time as a text": (
        lambda: normalize_payload({}, received="now"),  # type: ignore[arg-type]
        "`received` is of type str, not datetime",
    ),
    "a vocabulary by name": (
        lambda: normalize_payload({}, vocabulary="openstack"),  # type: ignore[arg-type]
        "`vocabulary` is of type str, not Vocabulary; `load_vocabulary` gives one",
    ),
    "a mapping by name": (
        lambda: normalize_payload({}, mappings=["mine.yaml"]),  # type: ignore[list-item]
        "`mappings` is of type str, not PayloadMapping; `load_mapping` gives one",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_argument_is_named_at_the_door(case: str) -> None:
    """Whoever hands over the wrong thing is told which and what instead, without what it holds."""
    call, message = WRONG[case]
    with pytest.raises(TypeError) as raised:
        call()
    assert message == str(raised.value)


@pytest.mark.parametrize("cause", [None, 5, "e1", ["e1", 2]])
def test_a_cause_is_a_list_of_ids(cause: Any) -> None:  # noqa: ANN401 - that is the case
    """A text alone would be taken for its letters."""
    with pytest.raises(EventError, match=r"`cause` is .*, not a list of ids") as raised:
        Event("1", "said", "m", START, {}, cause)
    assert "cause" == raised.value.field
    assert ("e1", "e2") == Event("1", "said", "m", START, {}, iter(["e1", "e2"])).cause


@pytest.mark.parametrize("item", ["x", None, {}, [], 5])
def test_what_is_no_item_is_refused(item: Any) -> None:  # noqa: ANN401 - that is the case
    """Posted, in a batch or admitted: it is an `EventError`, and nothing changes."""
    engine = Engine(PROGRAM)
    before = engine.snapshot()
    for take in (engine.post, lambda one: engine.post_all([one]), lambda one: engine.admit([one])):
        with pytest.raises(EventError, match="an engine takes events, states, outcomes and controls, not"):
            take(item)
    assert before == engine.snapshot()
