"""
A file of payloads, one JSON value a line, as a tap on a bus or a webhook would write it.

A line holds a raw payload, a list of them, or `{"received": "2026-11-22T16:28:37Z", "source": "zabbix", "payload": …}`,
where `received` says when for a source that does not, and `source` names it where it is not to be recognised; either
may be missing. Empty lines are skipped. A line that cannot be read costs nothing but itself.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from attrs import evolve, frozen

from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import checked
from selfheal_rules.mapping import PayloadMapping
from selfheal_rules.normalize.reading import Ignored, Item, Unrecognised, moment_of, text
from selfheal_rules.normalize.sources import Known, payloads, read_payload
from selfheal_rules.vocabulary import Vocabulary


@frozen
class Reading:
    """One item, and the line (from 1) it was read from."""

    line: int
    item: Item


@frozen
class Problem:
    """
    One line, one element of the list in it, or one of several things a payload says, that gave no item, and why.

    `ignored` is what its source sends and no rule has a use for, such as the confirmation of a subscription. `field`
    says where something malformed stands, such as `alerts[3].startsAt`, and quotes no value; "" where nobody can say.
    """

    line: int
    kind: Literal["malformed", "unrecognised", "ignored"]
    message: str
    field: str = ""


Read: TypeAlias = Reading | Problem
_FIELD = 100
"""So much of the name of a field is told: keys are strangers' texts."""


def read_items(
    lines: Iterable[str | bytes],
    *,
    vocabulary: Vocabulary | None = None,
    mappings: Iterable[PayloadMapping] = (),
) -> Iterator[Read]:
    """
    Read payloads line by line and give what they say, in order; where a line says nothing readable, the problem.

    With a `vocabulary` CloudEvents can be read, and every item is held against its kind. `mappings` are for payloads of
    sources of your own; they are asked first.
    """
    known = Known(vocabulary=vocabulary, mappings=tuple(mappings))
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield from _line(number, line, known)


def _line(number: int, line: str | bytes, known: Known) -> Iterator[Read]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        yield _unreadable(number, error)
        return
    for payload in payloads(value, known):
        yield from _payload(number, payload, known)


def read_body(
    body: str | bytes,
    *,
    received: datetime,
    vocabulary: Vocabulary | None = None,
    mappings: Iterable[PayloadMapping] = (),
) -> Iterator[Read]:
    """Read one JSON text as it was received: what stands in it for a frame is part of the payload."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        yield _unreadable(1, error)
        return
    yield from read_value(value, Known(received, vocabulary, mappings=tuple(mappings)))


def read_value(value: object, known: Known) -> Iterator[Read]:
    """Read a JSON value as it was received."""
    for payload in payloads(value, known):
        yield from _said(1, payload, known)


def _payload(number: int, payload: object, known: Known) -> Iterator[Read]:
    try:
        framed = _framed(payload, known)
    except EventError as error:
        yield _malformed(number, error)
        return
    of = evolve(known, received=framed.received, source=framed.source) if framed.is_framed else known
    for inner in payloads(framed.payload, of):
        yield from _said(number, inner, of)


def _said(number: int, payload: object, known: Known) -> Iterator[Read]:
    try:
        parts = read_payload(payload, known)
    except Unrecognised as error:
        yield Problem(number, "unrecognised", _one_line(error))
    except Ignored as error:
        yield Problem(number, "ignored", _one_line(error))
    except EventError as error:
        yield _malformed(number, error)
    else:
        yield from (_held(number, part, known.vocabulary) for part in parts)


_FRAME = {"received", "source", "payload"}


class _Framed(NamedTuple):
    """A payload, and what was written around it."""

    payload: object
    received: datetime | None = None
    source: str | None = None
    is_framed: bool = False


def _framed(value: object, known: Known) -> _Framed:
    if not isinstance(value, Mapping) or not {"payload"} < value.keys() <= _FRAME or known.claims(value):
        return _Framed(value)
    return _Framed(value["payload"], moment_of(value, "received"), text(value, "source"), is_framed=True)


def _unreadable(number: int, error: ValueError | RecursionError) -> Problem:
    why = _why(error)
    return Problem(number, "malformed", f"not JSON: {why}", f"not JSON: {why}")


def _why(error: ValueError | RecursionError) -> str:
    """Say what is wrong with the text of one line; its number is told beside it."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[0].lower()}{error.msg[1:].removesuffix(' at')} at column {error.pos + 1}"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is not of a UTF-8 text"
    return "nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _malformed(number: int, error: EventError) -> Problem:
    return Problem(number, "malformed", _one_line(error), " ".join(error.field.split())[:_FIELD])


def _held(number: int, part: Item | EventError, vocabulary: Vocabulary | None) -> Read:
    """Hold an item against its kind; one of a kind nobody declared is not for us, and its siblings may be."""
    if isinstance(part, EventError):
        return _malformed(number, part)
    if vocabulary is None:
        return Reading(number, part)
    if part.kind not in vocabulary.kinds:
        return Problem(number, "unrecognised", f"kind `{part.kind}` is not in the vocabulary")
    try:
        return Reading(number, checked(part, vocabulary))
    except EventError as error:
        return _malformed(number, error)
