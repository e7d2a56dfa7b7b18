"""
CloudEvents 1.0, the form in which anything else may speak to an engine, and an engine's items to anything else.

`type` is a kind of the vocabulary (`openstack.` before it may stay), `source` and `id` are the item's, `data` holds its
fields: times as RFC 3339 texts, durations as `1h30m`. A state is one by its kind; `selfhealcleared: true` says that it
no longer holds.
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import Event, State, checked
from selfheal_rules.normalize.reading import (
    Item,
    Items,
    Payload,
    Unrecognised,
    fingerprint,
    flag,
    instant,
    malformed,
    moment_of,
    needed,
    present,
    shown,
    text,
)
from selfheal_rules.values import Value
from selfheal_rules.vocabulary import FieldType, Kind, Vocabulary, parse_duration, write_duration

VERSION = "1.0"
ATTRIBUTES = ("id", "source", "specversion", "type")
"""What every CloudEvent has, by section 3.1 of its specification."""

_MILLISECOND = timedelta(milliseconds=1)


def recognise(payload: Payload) -> bool:
    """Whether a payload is a CloudEvent in its structured JSON form."""
    return "specversion" in payload


def normalize(payload: Payload, vocabulary: Vocabulary | None, received: datetime | None) -> Items:
    """Give the item a CloudEvent stands for, held against its kind."""
    _complete(payload)
    if payload["specversion"] != VERSION:
        message = f"`specversion` is {shown(payload['specversion'])}, and only '{VERSION}' is known"
        raise malformed(message, "specversion")
    if vocabulary is None:
        message = "a CloudEvent is read by a vocabulary, and none was given"
        raise malformed(message, "type")
    kind = _kind(needed(payload, "type"), vocabulary)
    time = moment_of(payload, "time") or received
    if time is None:
        message = "`time` is missing, and when the CloudEvent was received is not known"
        raise malformed(message, "time")
    fields = {name: _decoded(kind, name, raw) for name, raw in _data(payload).items() if raw is not None}
    return (checked(_item(payload, kind, time, fields), vocabulary),)


def _complete(payload: Payload) -> None:
    missing = [f"`{name}`" for name in ATTRIBUTES if payload.get(name) is None or payload[name] == ""]
    if missing:
        message = f"{' and '.join(missing)} of the CloudEvent {'is' if len(missing) == 1 else 'are'} missing"
        raise malformed(message, missing[0].strip("`"))


def _kind(said: str, vocabulary: Vocabulary) -> Kind:
    found: Kind | None = vocabulary.kinds.get(said) or vocabulary.kinds.get(said.removeprefix("openstack."))
    if found is None:
        message = f"CloudEvent type {shown(said)} is no kind of the vocabulary"
        raise Unrecognised(message, field="type")
    return found


def _data(payload: Payload) -> Payload:
    data = payload.get("data")
    if data is None and payload.get("data_base64") is not None:
        data = _unpacked(needed(payload, "data_base64"))
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        message = f"`data` is {shown(data)}, not a mapping of fields"
        raise malformed(message, "data")
    return data


def _unpacked(packed: str) -> object:
    try:
        read: object = json.loads(base64.b64decode(packed, validate=True))
    except ValueError:
        message = f"`data_base64` is {shown(packed)}, not JSON in Base64"
        raise malformed(message, "data_base64") from None
    return read


def _decoded(kind: Kind, name: str, raw: Any) -> Value:  # noqa: ANN401 - any JSON value
    declared = kind.fields.get(name)
    if declared is None:
        return raw  # the check that follows names it
    try:
        return _read(declared.type, raw, name)
    except (ValueError, OverflowError) as error:
        message = f"field `{name}` of `{kind.name}`: {error}"
        raise malformed(message, name) from None


def _read(expected: FieldType, raw: Any, name: str) -> Value:  # noqa: ANN401 - any JSON value
    """Read a JSON value as its type says: only times and durations look different in JSON."""
    if expected.name == "time" and isinstance(raw, str):
        return instant(raw, name)
    if expected.name == "duration" and isinstance(raw, str):
        return parse_duration(raw)
    if expected.name == "list" and expected.element and isinstance(raw, list):
        return [_read(expected.element, inner, name) for inner in raw]
    if expected.name == "map" and expected.element and isinstance(raw, Mapping):
        return {key: _read(expected.element, inner, name) for key, inner in raw.items()}
    return raw


def _item(payload: Payload, kind: Kind, time: datetime, fields: dict[str, Value]) -> Item:
    source, cause, ident = needed(payload, "source"), _cause(payload), needed(payload, "id")
    if kind.form == "event":
        return Event(ident, kind.name, source, time, fields, cause)
    state = State(kind.name, source, time, fields, flag(payload, "selfhealcleared") or False, cause)
    return state if ident == _own_id(state) else State(kind.name, source, time, fields, state.cleared, cause, ident)


def _cause(payload: Payload) -> tuple[str, ...]:
    """Read the items an item was concluded from: a JSON list in a text, as extensions may not be lists."""
    written = text(payload, "selfhealcause")
    if written is None:
        return ()
    try:
        read = json.loads(written)
    except ValueError:
        read = None
    if not isinstance(read, list) or not all(isinstance(name, str) for name in read):
        message = f"`selfhealcause` is {shown(written)}, not a JSON list of texts"
        raise malformed(message, "selfhealcause")
    return tuple(read)


def _own_id(state: State) -> str:
    """Give the id of a state that has none of its own: CloudEvents asks for one."""
    return fingerprint(state.kind, state.source, state.time, state.fields, state.cleared)


def to_cloudevent(item: Item) -> dict[str, Any]:
    """Write an item as a CloudEvent in structured form, ready for `json.dumps`; reading it gives the item again."""
    return {
        "specversion": VERSION,
        "type": item.kind,
        "source": item.source,
        "id": (item.id or _own_id(item)) if isinstance(item, State) else item.id,
        "time": _time_text(item.time),
        **(
            {"selfhealform": "state", "selfhealcleared": item.cleared}
            if isinstance(item, State)
            else {"selfhealform": "event"}
        ),
        **present(selfhealcause=json.dumps(list(item.cause)) if item.cause else None),
        "datacontenttype": "application/json",
        "data": _written(item.fields),
    }


def _written(value: Value) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, datetime):
        return _time_text(value)
    if isinstance(value, timedelta):
        return _duration_text(value)
    if isinstance(value, Mapping):
        return {name: _written(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return [_written(inner) for inner in value]
    return value


def _time_text(value: datetime) -> str:
    return value.isoformat().removesuffix("+00:00") + "Z"


def _duration_text(value: timedelta) -> str:
    """Write a duration in the units the rule language has; it has none below the millisecond."""
    if value < timedelta(0) or value % _MILLISECOND:
        message = f"duration {value} has no text: it is negative, or finer than a millisecond"
        raise EventError(message)
    return write_duration(value)
