"""
How a normalizer reads a raw payload: what is missing stays missing, what is of the wrong type is an `EventError`.

A source's null and its empty text both mean "not said", so both read as missing; nothing is coerced.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import Event, State
from selfheal_rules.secrecy import is_secret, without_login
from selfheal_rules.values import EPOCH, SECOND, FrozenMap, Value, canonical_key, freeze

Payload: TypeAlias = Mapping[str, Any]
Item: TypeAlias = Event | State
Items: TypeAlias = tuple[Item, ...]
Parts: TypeAlias = tuple[Item | EventError, ...]
"""What a payload of several things says; of one that cannot be read, why, in its place."""

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,20}(?:\.[0-9]{0,20})?")
_SHOWN = 60
_TEXT = {str}


class Unrecognised(EventError):  # noqa: N818 - an outcome of its own: the payload is fine, and not for us
    """A payload that is well-formed and comes from no source this library knows."""


class Ignored(EventError):  # noqa: N818 - an outcome of its own: the payload is fine, and nothing for rules
    """A payload of a known source that says nothing to a rule: a handshake, a state its source still doubts."""


def malformed(message: str, field: str = "") -> EventError:
    """Give the error for a payload that is of a known source but not in its shape."""
    return EventError(message, field=field)


def shown(value: object) -> str:
    """Write a raw value so that it fits in one line of a message; what may hold a secret is named, not quoted."""
    if isinstance(value, Mapping | list | tuple) and value:
        return f"a {'map' if isinstance(value, Mapping) else 'list'} of {len(value)}"
    text = json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def text(payload: Payload, name: str) -> str | None:
    """Give a text, or None where it is null, empty or not there."""
    value = payload.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        message = f"`{name}` is {shown(value)}, not a text"
        raise malformed(message, name)
    return value


def needed(payload: Payload, name: str) -> str:
    """Give a text that must be there."""
    value = text(payload, name)
    if value is None:
        message = f"`{name}` is missing"
        raise malformed(message, name)
    return value


def flag(payload: Payload, name: str) -> bool | None:
    """Give a boolean, or None where it is not there."""
    value = payload.get(name)
    if value is not None and not isinstance(value, bool):
        message = f"`{name}` is {shown(value)}, not a boolean"
        raise malformed(message, name)
    return value


def whole(payload: Payload, name: str) -> int | None:
    """Give an integer, or None where it is not there."""
    value = payload.get(name)
    if value is not None and type(value) is not int:
        message = f"`{name}` is {shown(value)}, not an integer"
        raise malformed(message, name)
    return value


def mapping(payload: Payload, name: str) -> Payload:
    """Give a mapping, an empty one where it is null or not there."""
    value = payload.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        message = f"`{name}` is {shown(value)}, not a mapping"
        raise malformed(message, name)
    return value


def sequence(payload: Payload, name: str) -> list[Any]:
    """Give a list, an empty one where it is null or not there."""
    value = payload.get(name)
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        message = f"`{name}` is {shown(value)}, not a list"
        raise malformed(message, name)
    return list(value)


def each(payload: Payload, name: str, read: Callable[[Any], Items], called: str) -> Parts:
    """
    Read the elements of a list, each by itself: one that cannot be read costs nothing but itself.

    The error in its place names it by where it stands, and by the text it is `called` by, if it has one.
    """
    found = enumerate(sequence(payload, name))
    return tuple(part for at, element in found for part in _by_itself(element, f"{name}[{at}]", read, called))


def _by_itself(element: object, place: str, read: Callable[[Any], Items], called: str) -> Parts:
    try:
        return read(element)
    except (EventError, ValueError) as error:  # the latter is what `freeze` says of NaN
        name = element.get(called) if isinstance(element, Mapping) else None
        told = f" ({called} {shown(name)})" if name and isinstance(name, str) else ""
        field = getattr(error, "field", "")
        return (malformed(f"`{place}`{told}: {error}", f"{place}.{field}" if field else place),)


def texts(payload: Payload, name: str) -> dict[str, str]:
    """
    Give a mapping of texts: labels and metadata, whose values sources write as texts.

    What has the name of a secret is left out, and a URL has no user and no password in it.
    """
    found = mapping(payload, name)
    if not {*map(type, found), *map(type, found.values())} <= _TEXT:
        for key, value in found.items():
            if not isinstance(key, str) or not isinstance(value, str):
                message = f"`{name}` has {shown(value)} under {shown(key)}, not a text"
                raise malformed(message, f"{name}.{key}")
    return {key: without_login(value) for key, value in found.items() if not is_secret(key)}


def word(payload: Payload, name: str, words: Mapping[str, str]) -> str | None:
    """Give our word for a source's word; `unknown` for one it has not had before, None where it says none."""
    value = text(payload, name)
    return None if value is None else words.get(value, "unknown")


def instant(value: str, name: str = "time") -> datetime:
    """
    Read a time in any of the forms OpenStack and Prometheus write.

    A space or a `T`, no fraction or any number of digits (cut off after the microsecond), `Z`, an offset, or no zone
    at all, which means UTC.
    """
    try:
        if not _INSTANT.fullmatch(value):
            raise ValueError(value)  # noqa: TRY301 - what `fromisoformat` takes beyond this is no time of a payload
        read = datetime.fromisoformat(value)
        if read.tzinfo is UTC:
            return read
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"`{name}` is {shown(value)}, not a time"
        raise malformed(message, name) from None


def moment_of(payload: Payload, name: str) -> datetime | None:
    """Give a time, or None where it is null, empty or not there."""
    value = text(payload, name)
    return None if value is None else instant(value, name)


def needed_moment(payload: Payload, name: str) -> datetime:
    """Give a time that must be there."""
    return instant(needed(payload, name), name)


def epoch(payload: Payload, name: str, *, per_second: int = 1) -> datetime | None:
    """Give a time written as a number since 1970, of seconds or finer, or as its text; None where it is missing."""
    value = payload.get(name)
    if value is None or value == "":
        return None
    try:
        return EPOCH + timedelta(microseconds=_microseconds(value, per_second))
    except (ValueError, OverflowError):
        message = f"`{name}` is {shown(value)}, not a time since 1970"
        raise malformed(message, name) from None


def needed_epoch(payload: Payload, name: str, *, per_second: int = 1) -> datetime:
    """Give a time written as a number since 1970 that must be there."""
    found = epoch(payload, name, per_second=per_second)
    if found is None:
        message = f"`{name}` is missing"
        raise malformed(message, name)
    return found


def _microseconds(value: object, per_second: int) -> int:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = float(value) if "." in value else int(value)
    if type(value) is int:
        return value * SECOND // per_second
    if type(value) is float:
        return round(value * (SECOND // per_second))
    raise ValueError


def alarm_of(source: str, time: datetime, status: str, ident: str = "", **fields: Value) -> State:
    """Give an alarm as the state it sets, or, where its status is `ok`, clears; without an id told by what it says."""
    said = present(status=status, **fields)
    return State("alarm", source, time, said, status == "ok", id=ident or fingerprint(said["alarm"], status, time))


def known_status(payload: Payload, name: str, words: Mapping[str, str]) -> str:
    """Give our word for a source's; one it has not had before is malformed, for nobody knows what it would mean."""
    said = needed(payload, name)
    if said not in words:
        message = f"`{name}` is {shown(said)}, none of {', '.join(words)}"
        raise malformed(message, name)
    return words[said]


def received_at(received: datetime | None, what: str) -> datetime:
    """Give the time of arrival, for what says no time; it is malformed where that is not known either."""
    if received is None:
        message = f"{what}, and when it was received is not known"
        raise malformed(message, "received")
    return received


def agreed(values: Iterable[str | None]) -> str | None:
    """Give what all that say something agree on."""
    said = dict.fromkeys(value for value in values if value)
    return next(iter(said)) if len(said) == 1 else None


def present(**fields: Value) -> dict[str, Value]:
    """Give the fields that say something: null is a missing field."""
    return {name: value for name, value in fields.items() if value is not None}


def fingerprint(*parts: Value) -> str:
    """Give the id that stands for these parts and for no others, in every process."""
    written = canonical_key(parts if {*map(type, parts)} <= _TEXT else tuple(freeze(part) for part in parts))
    return hashlib.sha256(written.encode(errors="surrogatepass")).hexdigest()[:32]


def alias(source: str, time: datetime, scheme: str, name: str | None, **meant: str | None) -> Items:
    """Give the state that says what a name stands for, or nothing where either side is not known."""
    known = present(**meant)
    if not name or not known:
        return ()
    fields = FrozenMap({"scheme": scheme, "name": name, **known})
    return (State(kind="alias", source=source, time=time, fields=fields),)
