"""
Payloads of a user's own source, read as their mapping says.

A value that is missing leaves its field missing; one that is there and cannot be read as the mapping says is malformed.
What comes out is held against the vocabulary the mapping names.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import Event, State, checked
from selfheal_rules.mapping import (
    Condition,
    Constant,
    Filled,
    ItemMapping,
    Origin,
    Path,
    PayloadMapping,
    Taken,
    zone_of,
)
from selfheal_rules.normalize.oslo import plain
from selfheal_rules.normalize.reading import Ignored, Item, Items, Payload, fingerprint, instant, malformed, shown
from selfheal_rules.values import EPOCH, Value
from selfheal_rules.vocabulary import STRING, TIME, FieldType, parse_duration

Scope: TypeAlias = Mapping[str, Any]
"""What paths begin with: `payload`, and the element of an `each` under its name."""

_UNITS = {"seconds": 10**9, "milliseconds": 10**6, "microseconds": 10**3, "nanoseconds": 1}
"""Nanoseconds in each: whole numbers keep times since 1970 exact."""

_TRUTHS = {"true": True, "false": False, "1": True, "0": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})(?:[eE][-+]?[0-9]{1,3})?")


def recognise(mapping: PayloadMapping, payload: Payload) -> bool:
    """Whether all that the mapping asks of its payloads holds."""
    return all(_holds(condition, {"payload": payload}) for condition in mapping.recognise)


def normalize(mapping: PayloadMapping, payload: Payload, received: datetime | None) -> Items:
    """
    Give the items a payload stands for.

    Raises:
        Ignored: where no item of the mapping wants it.
    """
    scope = {"payload": payload}
    found = tuple(
        _item(mapping, one, inner, received)
        for one in mapping.items
        for inner in _scopes(one, scope)
        if all(_holds(condition, inner) for condition in one.where)
    )
    if not found:
        message = f"the mapping `{mapping.name}` takes nothing from it"
        raise Ignored(message)
    return found


def _scopes(one: ItemMapping, scope: Scope) -> Iterator[Scope]:
    if one.each is None:
        yield scope
        return
    elements = _at(one.each.path, scope)
    if elements is not None and not isinstance(elements, list | tuple):
        message = f"`{_written(one.each.path)}` is {shown(elements)}, not a list"
        raise malformed(message, _written(one.each.path))
    for element in elements or ():
        yield {**scope, one.each.name: element}


def _item(mapping: PayloadMapping, one: ItemMapping, scope: Scope, received: datetime | None) -> Item:
    kind = mapping.vocabulary.kinds[one.kind]
    source = _value(mapping.source, STRING, scope)
    if source is None:
        message = f"the mapping `{mapping.name}` finds no `source`"
        raise malformed(message, "source")
    time = _time(mapping, one, scope, received)
    types = {name: declared.type for name, declared in kind.fields.items()}
    fields = {name: _value(origin, types[name], scope) for name, origin in one.fields.items()}
    fields = {name: value for name, value in fields.items() if value is not None}
    ident = _value(one.id, STRING, scope) if one.id else None
    return _held(mapping, _made(one, source, time, fields, ident, scope))


def _made(
    one: ItemMapping, source: str, time: datetime, fields: dict[str, Value], ident: str | None, scope: Scope
) -> Item:
    if one.form == "event":
        return Event(ident or fingerprint(one.kind, source, time, fields), one.kind, source, time, fields)
    cleared = one.cleared is not None and all(_holds(condition, scope) for condition in one.cleared)
    return State(one.kind, source, time, fields, cleared, id=ident or "")


def _held(mapping: PayloadMapping, item: Item) -> Item:
    try:
        return checked(item, mapping.vocabulary)
    except EventError as error:
        message = f"mapping `{mapping.name}`: {error}"
        raise malformed(message, error.field) from None


def _time(mapping: PayloadMapping, one: ItemMapping, scope: Scope, received: datetime | None) -> datetime:
    origin = one.time or mapping.time
    time = _value(origin, TIME, scope) if origin else None
    if isinstance(time, datetime):
        return time
    if received is None:
        message = f"the mapping `{mapping.name}` finds no time, and when it was received is not known"
        raise malformed(message, "time")
    return received


def _holds(condition: Condition, scope: Scope) -> bool:
    value = _at(condition.path, scope)
    if condition.exists is not None:
        return (value is not None) is condition.exists
    is_one = any(value == wanted and type(value) is type(wanted) for wanted in condition.values)
    return is_one is not condition.negated


def _at(path: Path, scope: Scope) -> Any:  # noqa: ANN401 - a JSON value
    """Give what stands at a path; null and the empty text say nothing."""
    value: Any = scope
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list | tuple) and -len(value) <= step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return None if value == "" else value


def _written(path: Path) -> str:
    return ".".join(map(str, path))


def _value(origin: Origin, wanted: FieldType, scope: Scope) -> Value:
    if isinstance(origin, Constant):
        return wanted.literal(origin.value)
    if isinstance(origin, Filled):
        parts = [part if isinstance(part, str) else _text(_at(part, scope)) for part in origin.parts]
        return None if None in parts else "".join(part for part in parts if part is not None)
    path = next((path for path in origin.paths if _at(path, scope) is not None), None)
    return None if path is None else _taken(origin, path, _at(path, scope), wanted)


def _text(value: Any) -> str | None:  # noqa: ANN401 - a JSON value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _taken(origin: Taken, path: Path, raw: Any, wanted: FieldType) -> Value:  # noqa: ANN401 - a JSON value
    value = _cut(origin, raw) if origin.after or origin.before else raw
    if origin.words is not None:
        word = _text(value)
        found = origin.words.get(word) if word is not None else None
        return wanted.literal(found) if found is not None else _otherwise(origin, wanted)
    if value is None:
        return None
    try:
        return _read(origin, value, wanted)
    except (ValueError, OverflowError, EventError):
        message = f"`{_written(path)}` is {shown(raw)}, not {_called(origin, wanted)}"
        raise malformed(message, _written(path)) from None


def _called(origin: Taken, wanted: FieldType) -> str:
    if origin.format:
        return f"a time of the form {origin.format!r}"
    if origin.read in _UNITS:
        return f"a number of {origin.read}"
    name = origin.read or wanted.name
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _otherwise(origin: Taken, wanted: FieldType) -> Value:
    return None if origin.otherwise is None else wanted.literal(origin.otherwise)


def _cut(origin: Taken, raw: Any) -> str | None:  # noqa: ANN401 - a JSON value
    """Give what stands behind the first `after` and before the next `before`; a sign that is not there cuts nothing."""
    text = _text(raw)
    if text is None:
        return None
    behind = text.partition(origin.after)[2] if origin.after and origin.after in text else text
    return (behind.partition(origin.before)[0] if origin.before else behind) or None


def _read(origin: Taken, value: Any, wanted: FieldType) -> Value:  # noqa: ANN401 - a JSON value
    """Read a raw value as the mapping says, or, where it says nothing, as the type of the field asks."""
    if origin.read in _UNITS:
        return _counted(_number(value), _UNITS[origin.read], wanted)
    if origin.format or origin.zone or origin.read == "time" or (not origin.read and wanted.name == "time"):
        return _moment(origin, _as_text(value))
    if origin.read:
        return _READERS[origin.read](value)
    if wanted.name == "duration":
        return parse_duration(_as_text(value))
    return plain(value)


def _as_text(value: Any) -> str:  # noqa: ANN401 - a JSON value
    text = _text(value)
    if text is None:
        raise ValueError
    return text


def _integer(value: Any) -> int:  # noqa: ANN401 - a JSON value
    number = _number(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _number(value: Any) -> int | float:  # noqa: ANN401 - a JSON value
    if isinstance(value, str):
        written = value.strip()
        if _INTEGER.fullmatch(written):
            return int(written)
        value = float(written) if _NUMBER.fullmatch(written) else None
    if type(value) not in {int, float} or not math.isfinite(value):
        raise ValueError
    found: int | float = value
    return found


def _boolean(value: Any) -> bool:  # noqa: ANN401 - a JSON value
    word = _as_text(value).lower()
    if word not in _TRUTHS:
        raise ValueError
    return _TRUTHS[word]


_READERS: Mapping[str, Callable[[Any], Value]] = {
    "integer": _integer, "number": _number, "boolean": _boolean, "text": _as_text,
}  # fmt: skip


def _counted(number: float, unit: int, wanted: FieldType) -> Value:
    nanoseconds = number * unit if isinstance(number, int) else round(number * unit)
    length = timedelta(microseconds=nanoseconds // 1000)
    return length if wanted.name == "duration" else EPOCH + length


def _moment(origin: Taken, text: str) -> datetime:
    """Read an instant; one that names no zone is of the mapping's, else UTC."""
    if origin.format:
        found = datetime.strptime(text, origin.format)  # noqa: DTZ007 - the zone follows
    elif origin.zone and not _ZONED.search(text):
        found = instant(text).replace(tzinfo=None)
    else:
        found = instant(text)
    return found if found.tzinfo else found.replace(tzinfo=zone_of(origin.zone) if origin.zone else UTC)


_ZONED = re.compile(r"(?:Z|[+-]\d\d:\d\d)$")
