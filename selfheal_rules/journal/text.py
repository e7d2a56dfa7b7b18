"""
Frozen values as JSON text and back, exactly: what is read equals what was written, types included.

JSON has texts, numbers, truth values, null, lists and maps of its own. A time is written `{"$time": "2026-…+00:00"}`, a
duration `{"$duration": microseconds}`; a map's own key that begins with `$` has one more `$` put before it. The text
is plain ASCII, so that it is the same in every file and database.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from selfheal_rules.values import Value, microseconds


def write(value: Value) -> str:
    """Write a value in one go; only where a text in it begins with `$` is it looked at, and written again."""
    tags: list[None] = []
    text = _encoded(value, tags)
    return text if text.count('"$') == len(tags) else _encoded(_escaped(value), tags)


def _encoded(value: Value, tags: list[None]) -> str:
    """Give the text, and leave something in `tags` for each tag in it."""

    def tagged(inner: object) -> dict[str, str | int]:
        tags.append(None)
        return _tagged(inner)

    return json.JSONEncoder(default=tagged, separators=(",", ":"), check_circular=False).encode(value)


def read(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    """
    Read what `write` wrote; lists stay lists and maps plain, until they are frozen at the door of an item.

    Raises:
        ValueError: where the text is none.
    """
    mark = b'"$' if isinstance(text, bytes) else '"$'
    return json.loads(text, object_hook=_unescaped if mark in text else None)  # type: ignore[operator]


def _tagged(value: object) -> dict[str, str | int]:
    if isinstance(value, datetime):
        return {"$time": value.isoformat()}
    if isinstance(value, timedelta):
        return {"$duration": microseconds(value)}
    message = f"{value!r} is not a frozen value"
    raise TypeError(message)


def _escaped(value: Value) -> Value:
    if isinstance(value, Mapping):
        return {f"${name}" if name.startswith("$") else name: _escaped(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_escaped(inner) for inner in value]
    return value


def _unescaped(found: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    if len(found) == 1:
        ((name, inner),) = found.items()
        if name == "$time":
            return datetime.fromisoformat(inner)
        if name == "$duration":
            return timedelta(microseconds=inner)
    return {name[1:] if name.startswith("$$") else name: inner for name, inner in found.items()}
