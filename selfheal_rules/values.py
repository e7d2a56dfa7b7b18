"""
The values items carry: frozen once at the door, never coerced afterwards.

A value is a string, integer, finite float, boolean, aware datetime, timedelta, None, a tuple of values or a
`FrozenMap` of values. Instants and durations are integer microseconds inside the engine.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Never, TypeAlias

Value: TypeAlias = Any
"""A frozen value; the vocabulary, not the Python type, says which shapes a field takes."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
DEPTH = 64
LARGEST = 2**1024


class FrozenMap(dict[str, Value]):
    """A mapping that cannot change, hashes by content and pickles."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> Never:
        message = "a frozen mapping cannot change"
        raise TypeError(message)

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        """Hash by content, in any order of keys."""
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type["FrozenMap"], tuple[dict[str, Value]]]:
        """Pickle as a plain mapping: item-wise unpickling would call the refused methods."""
        return FrozenMap, (dict(self),)


EMPTY = FrozenMap()


_STR = {str}
_FROZEN = frozenset({type(None), str, bool, timedelta, FrozenMap})


def freeze(value: object, depth: int = 0) -> Value:
    """
    Give `value` as a frozen value: lists become tuples, mappings `FrozenMap`, −0.0 becomes 0.0.

    Raises:
        ValueError: for NaN, infinities, naive datetimes, keys that are not strings, foreign types (subclasses of `str`,
            `int` and `float` too: no snapshot of them could be read back), integers past 2^1024 and values nested more
            than `DEPTH` deep.
    """
    if value.__class__ in _FROZEN:
        return value
    if value.__class__ in _NUMBERS:
        return _NUMBERS[value.__class__](value)
    if isinstance(value, datetime | timedelta):
        return _freeze_time(value)
    if depth > DEPTH:
        message = f"values nested more than {DEPTH} deep have no place in an item"
        raise ValueError(message)
    if isinstance(value, Mapping):
        return freeze_map(value, depth + 1)
    if isinstance(value, list | tuple):
        return tuple(freeze(element, depth + 1) for element in value)
    message = f"a value of type {type(value).__name__} has no place in an item"
    raise ValueError(message)


def freeze_map(mapping: Mapping[str, object], depth: int = 0) -> FrozenMap:
    """Freeze a mapping with string keys, its values included."""
    if isinstance(mapping, FrozenMap):
        return mapping
    if {*map(type, mapping)} != _STR:
        for key in mapping:
            plain_text("key", key)
    if {*map(type, mapping.values())} == _STR:  # labels and the like: nothing in them is to be frozen
        return FrozenMap(mapping)
    return FrozenMap({key: value if value.__class__ is str else freeze(value, depth) for key, value in mapping.items()})


def plain_text(what: str, value: object) -> str:
    """
    Give a value that is a plain `str`.

    Raises:
        ValueError: where it is none, or of a subclass.
    """
    if value.__class__ is str:
        return value
    found = f"of type {type(value).__name__}, not str" if isinstance(value, str) else "not a string"
    message = f"{what} {value!r} is {found}"
    raise ValueError(message)


def argument(what: str, value: object, *kinds: type, cure: str = "") -> None:
    """
    Refuse an argument of a public function that is of none of these types, at the door and not deep inside.

    Raises:
        TypeError: naming the argument, what it is and what it should be.
    """
    if not isinstance(value, kinds):
        wanted = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
        hint = f"; {cure}" if cure else ""
        found = "None" if value is None else f"of type {type(value).__name__}"  # what it holds may be a secret
        message = f"`{what}` is {found}, not {wanted}{hint}"
        raise TypeError(message)


def _freeze_integer(value: int) -> int:
    if -LARGEST <= value <= LARGEST:
        return value
    message = "an integer of more than 1024 bits has no place in an item"
    raise ValueError(message)


def _freeze_float(value: float) -> float:
    if not math.isfinite(value):
        message = f"{value} is not a finite number"
        raise ValueError(message)
    return value + 0.0  # turns -0.0 into 0.0


_NUMBERS: Mapping[type, Callable[[Any], int | float]] = {int: _freeze_integer, float: _freeze_float}


def _freeze_time(value: datetime | timedelta) -> datetime | timedelta:
    if isinstance(value, timedelta):
        return timedelta(value.days, value.seconds, value.microseconds)
    if value.tzinfo is None:
        message = f"time {value.isoformat()} has no time zone"
        raise ValueError(message)
    try:
        frozen = value.astimezone(UTC)
        return frozen if frozen.__class__ is datetime else moment(microseconds(frozen))
    except OverflowError:
        message = f"time {value.isoformat()} is out of the calendar in UTC"
        raise ValueError(message) from None


def microseconds(value: datetime | timedelta) -> int:
    """Give an aware instant (since 1970) or a duration as whole microseconds, exactly."""
    delta = value - EPOCH if isinstance(value, datetime) else value
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def moment(at: int) -> datetime:
    """Give microseconds since 1970 as an aware UTC datetime; what is past the last one, as the last one."""
    return EPOCH + timedelta(microseconds=min(at, _LAST))


_LAST = microseconds(datetime.max.replace(tzinfo=UTC))
"""A payload may put its time, and with it a timer, at the end of year 9999."""


def canonical(value: Value) -> str:
    """
    Write a value as the one JSON text that stands for it in ids and in the order of keys.

    1, 1.0 and True have three texts; mappings are written in the order of their keys; instants and durations
    are `{"time": µs}` and `{"duration": µs}`.
    """
    return _encode(value)


def canonical_key(values: tuple[Value, ...]) -> str:
    """Write the values of a key as `canonical` writes a list of them; quicker where they are all texts."""
    if len(values) == 1 and values[0].__class__ is str:
        return f"[{text_of(values[0])}]"
    if all(value.__class__ is str for value in values):
        return f"[{','.join(map(text_of, values))}]"
    return _encode(list(values))


def _tagged(value: object) -> dict[str, int]:
    if isinstance(value, datetime):
        return {"time": microseconds(value)}
    if isinstance(value, timedelta):
        return {"duration": microseconds(value)}
    message = f"{value!r} is not a frozen value"
    raise TypeError(message)


_encode = json.JSONEncoder(default=_tagged, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
text_of = json.encoder.encode_basestring
"""Writes a text as `canonical` does, and nothing else."""


def lookup(fields: Mapping[str, Value], path: Iterable[str]) -> Value:
    """Give the value at a path of names, or None where any part of it is missing."""
    value: Value = fields
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def percentage(value: Value) -> float:
    """
    Give the number before a `%`.

    Raises:
        ValueError: where it is none from 0 to 100.
    """
    number = float(value[:-1]) if isinstance(value, str) and value.endswith("%") else math.nan
    if 0 <= number <= 100:  # noqa: PLR2004 - a whole
        return number
    message = f"`{value}` is no share, such as `20%`"
    raise ValueError(message)
