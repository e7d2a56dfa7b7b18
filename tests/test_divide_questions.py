"""
Each question asked before a rule is decided apart from where it is matched is needed.

What the question refuses is decided in one place; unasked, partitions decide a stream otherwise than one engine does.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import field, frozen

from selfheal_rules.compile import Program, compile_rules, deciding
from selfheal_rules.compile.deciding import _Leading
from selfheal_rules.events import Event, State
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from tests.generate.streams import Advance, Input, moment
from tests.sites import Course, differs

HEAD = """\
selfheal: 1
ruleset: asked
events:
  lost: {fields: {host: {type: string, required: true}, zone: {type: string, required: true}, peer: string}}
  seen: {fields: {host: {type: string, required: true}, zone: {type: string, required: true}}}
states:
  dead: {key: [host], fields: {host: string, zone: string}}
  calm: {key: [host], fields: {host: string}}
rules:
"""
PLACES = {"host": "zone"}
CONFIRM = "confirm: {event: seen, where: {zone: $e.zone, host: never}, within: 1h}"
"""What is never seen, so that a step that is only shown is not over as it is shown."""
ZONED = "guard: [{limit: 9, per: 1h, by: [$e.zone]}]"


def _nothing(*_: object, **__: object) -> None:
    return None


def _never(*_: object, **__: object) -> bool:
    return False


def _always(*_: object, **__: object) -> bool:
    return True


def _none(*_: object, **__: object) -> Iterator[Any]:
    return iter(())


@frozen
class Question:
    """A question, what it is made to answer, rules it keeps in one place, and a stream that tells the difference."""

    where: object
    name: str
    answer: Any
    rules: str
    stream: tuple[Input, ...] = field(repr=False)


def _event(at: int, kind: str, **fields: str) -> Event:
    return Event(f"{kind}{at}", kind, "m", moment(at), fields)


LOST = tuple(_event(at, "lost", host=f"h{at}", zone=f"z{at}", peer="p") for at in range(6))
DEAD = tuple(State("dead", "m", moment(at), {"host": f"h{at}", "zone": "z"}) for at in range(6))
QUESTIONS = {
    "does anybody hear of its steps": Question(
        deciding,
        "hears",
        _never,
        f"- {{id: act, when: {{as: e, event: lost}}, then: [{{do: drain, target: $e.host}}], {ZONED}}}\n"
        "- {id: tell, when: {as: d, event: selfheal.decision, where: {rule: act}},\n"
        "   then: [{do: notify, target: $d.target}]}",
        LOST,
    ),
    "does anything follow from its steps": Question(
        deciding,
        "_bound",
        _nothing,
        "- {id: act, when: {as: e, event: lost}, guard: [{limit: 9, per: 1h}],\n"
        "   then: [{do: drain, target: $e.host}, {conclude: calm, with: {host: $e.host}, ttl: 1h}]}\n"
        "- {id: tell, when: {as: c, state: calm}, then: [{do: notify, target: $c.host}]}",
        LOST,
    ),
    "do its guards count within the place": Question(
        _Leading,
        "_counts",
        _always,
        "- {id: act, when: {as: e, event: lost},\n"
        f"   then: [{{do: drain, target: $e.host, {CONFIRM}}}],\n"
        "   guard: [{limit: 9, per: 1h, by: [$e.zone]}, {max_in_flight: 2}]}",
        LOST,
    ),
    "are its targets in the place": Question(
        _Leading,
        "_is_home",
        _always,
        f"- {{id: act, when: {{as: e, event: lost}}, key: [$e.host, $e.peer],\n"
        f"   then: [{{do: drain, target: $e.peer, {CONFIRM}}}], {ZONED}}}",
        LOST,
    ),
    "do the items say what is in what": Question(
        _Leading,
        "_says",
        _always,
        "- {id: other, when: {as: e, event: seen},\n"
        "   then: [{conclude: dead, with: {host: $e.zone, zone: $e.host}, ttl: 1h}]}\n"
        "- {id: act, when: {as: e, state: dead},\n"
        f"   then: [{{do: drain, target: $e.host, {CONFIRM}}}],\n"
        "   guard: [{limit: 9, per: 1h, by: [$e.zone]}]}\n"
        f"- {{id: more, when: {{as: e, event: lost}}, {ZONED},\n"
        f"   then: [{{do: drain, target: $e.host, {CONFIRM}}}]}}",
        tuple(
            item
            for at in range(6)
            for item in (
                _event(2 * at, "seen", host=f"x{at}", zone=f"t{at}"),
                _event(2 * at + 1, "lost", host=f"t{at}", zone=f"y{at}"),
            )
        ),
    ),
    "does what its steps wait for come there": Question(
        deciding,
        "strays",
        _none,
        f"- {{id: act, when: {{as: e, event: lost}}, {ZONED},\n"
        "   then: [{do: drain, target: $e.host, confirm: {event: seen, within: 1m}}, {do: notify, target: $e.host}]}",
        (*LOST, _event(9, "seen", host="h9", zone="z9"), Advance(moment(90))),
    ),
}


def _program(rules: str) -> Program:
    found, report = parse_rules(Source("rules.yaml", HEAD + rules + "\n"))
    assert found is not None, report
    return compile_rules(found)


def _told(program: Program, stream: tuple[Input, ...]) -> str:
    """Give the first difference between one engine and several partitions."""
    course = Course(program, None, {})
    for item in stream:
        course.take(item)
    return next((why for count in (2, 3, 5, 7) if (why := differs(course, count, PLACES))), "")


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_is_needed(question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked, partitions decide as one engine; unasked, some number of them does not."""
    asked = QUESTIONS[question]
    program = _program(asked.rules)
    assert "" == _told(program, asked.stream)
    monkeypatch.setattr(asked.where, asked.name, asked.answer)
    assert "" != _told(program, asked.stream)
