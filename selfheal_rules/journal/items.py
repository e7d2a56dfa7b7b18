"""
What the healer has to record, as entries, and inputs back as what they were.

Inputs are written field by field and read back equal; one table, by class, says how. A field that its kind calls
`secret` was taken out of the item when it was held against its kind, and an item that never was is not written.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from attrs import frozen

from selfheal_rules.compile.program import Program
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Decision, Outcome, Step
from selfheal_rules.diagnostics import EventError, JournalError
from selfheal_rules.engine import Engine, Item
from selfheal_rules.events import Event, State
from selfheal_rules.journal.record import FORMAT, Entry, Record
from selfheal_rules.journal.text import write
from selfheal_rules.source import Source

Input: TypeAlias = Item | datetime
"""What a healer takes: an item, or an instant up to which time passes."""


@frozen
class Form:
    """How inputs of one class are written and read."""

    type: str
    write: Callable[[Any], dict[str, Any]]
    read: Callable[[dict[str, Any]], Any]


def _event(event: Event) -> dict[str, Any]:
    _held(event)
    data = {"id": event.id, "kind": event.kind, "source": event.source, "time": event.time.isoformat()}
    return {**data, "fields": event.fields, **({"cause": event.cause} if event.cause else {})}


def _state(state: State) -> dict[str, Any]:
    _held(state)
    data = {"kind": state.kind, "source": state.source, "time": state.time.isoformat(), "fields": state.fields}
    more = {"cleared": state.cleared, "cause": state.cause, "id": state.id}
    return {**data, **{name: value for name, value in more.items() if value}}


def _held(item: Event | State) -> None:
    if item.fits is None:
        message = f"an item of kind `{item.kind}` was not held against its kind, so what is secret in it is not known"
        raise JournalError(message)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    data = {"decision_id": outcome.decision_id, "status": outcome.status, "time": outcome.time.isoformat()}
    return {**data, "detail": outcome.detail, "retryable": outcome.retryable, "attempt": outcome.attempt}


def _timed(make: Callable[..., Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda data: make(**{**data, "time": datetime.fromisoformat(data["time"])})


FORMS: Mapping[type, Form] = {
    Event: Form("event", _event, _timed(Event)),
    State: Form("state", _state, _timed(State)),
    Outcome: Form("outcome", _outcome, _timed(Outcome)),
    Control: Form("control", Control.to_json, Control.from_json),
    datetime: Form("time", lambda now: {"now": now.isoformat()}, lambda data: datetime.fromisoformat(data["now"])),
}
"""Every class of inputs; a new one is one entry here, and its type one word in `record.INPUTS`."""

_READ = {form.type: form.read for form in FORMS.values()}
_TEXT = rb'"[^"\\]*"'
_BRIEF = re.compile(rb'\{(?:"id":%b,)?"kind":"([^"\\]*)","source":%b,"time":"([^"\\]*)"' % (_TEXT, _TEXT))
"""How the data of an event or a state begin; a text with an escape does not fit."""
_ITEMS = ("event", "state")


def inputs(batch: Iterable[Input]) -> list[Entry]:
    """Give the entries of inputs, in order."""
    return [Entry(form.type, write(form.write(item))) for item in batch for form in (FORMS[item.__class__],)]


def input_of(record: Record) -> Input:
    """
    Give the input a record holds.

    Raises:
        JournalError: where it holds none.
    """
    try:
        found: Input = _READ[record.type](record.data)
    except (AttributeError, EventError, KeyError, TypeError, ValueError) as error:
        message = f"record {record.number} at {record.place} holds no input: {error}"
        raise JournalError(message) from None
    return found


def brief(record: Record) -> tuple[str, datetime] | None:
    """Give the kind and the time of an event or a state, by its first bytes; None where it takes reading all of it."""
    head = _BRIEF.match(record.text) if record.type in _ITEMS else None
    if head is None:
        return None
    try:
        time = datetime.fromisoformat(head[2].decode())
    except ValueError:
        return None
    return (head[1].decode(), time) if time.tzinfo is UTC else None


def decided(decision: Decision, about: int) -> Entry:
    """Give the entry of a decision that input number `about` led to: all of it, its verdict and reasons included."""
    return Entry("decision", write({"input": about, **decision.to_json()}))


def outputs(steps: Iterable[Step], first: int) -> list[Entry]:
    """Give the entries of all decisions of a batch of inputs whose first has the number `first`."""
    return [decided(decision, number) for number, step in enumerate(steps, first) for decision in step]


def intended(decision: Decision) -> Entry:
    """Give the entry that says: the executor is called next, once, under this key."""
    data = {"key": decision.idempotency_key, "action": decision.action, "target": decision.to_json()["target"]}
    return Entry("intent", write(data))


def snapshot_taken(engine: Engine) -> Entry:
    """Give the entry of a snapshot: the engine as it is after the latest input."""
    return Entry("snapshot", write({"program": engine.program.digest, "engine": b64encode(engine.snapshot()).decode()}))


def snapshot_of(record: Record) -> bytes:
    """Give the snapshot a record holds; `JournalError` where it holds none."""
    try:
        return b64decode(str(record.said("engine")), validate=True)
    except ValueError:
        message = f"record {record.number} at {record.place} holds no snapshot: it is not Base64"
        raise JournalError(message) from None


def beginning() -> Entry:
    """Give the entry a journal begins with."""
    return Entry("journal", write({"format": FORMAT}))


def marked(found: dict[str, Any]) -> Entry:
    """Give the mark of a start: what was found, and what was made of it."""
    return Entry("recovery", write(found))


def program_begins(engine: Engine) -> list[Entry]:
    """Give the entries with which a program takes over: itself, and the engine it begins with."""
    return [_program(engine.program), snapshot_taken(engine)]


def _program(program: Program) -> Entry:
    """Give the entry of a program: its digest, and the text and site values of all it was compiled from."""
    rulesets = [{**_source(one.span.source), "name": one.name, "values": one.values} for one in program.rulesets]
    files = {one.span.source: None for one in program.vocabulary.kinds.values() if one.span.source.text}
    return Entry(
        "program",
        write({"digest": program.digest, "rulesets": rulesets, "kinds": [_source(source) for source in files]}),
    )


def _source(source: Source) -> dict[str, str]:
    return {"file": source.name, "text": source.text}
