"""
What may be said: kinds of events and states, and the types of their fields.

A vocabulary is data. `parse/vocabulary.py` reads it from YAML; `events.py` refuses what does not fit it; `check/`
types every leaf of a rule against it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Literal as OneOf
from typing import TypeAlias

from attrs import field, frozen

from selfheal_rules.source import NOWHERE, Span
from selfheal_rules.values import EMPTY, SECOND, FrozenMap, Value

Form: TypeAlias = OneOf["event", "state"]
TypeName: TypeAlias = OneOf[
    "string", "integer", "number", "boolean", "time", "duration", "enum", "ordered", "list", "map", "any"
]

Way: TypeAlias = OneOf["bus", "post", "poll", "serve"]
"""How items of a source come: by a bus, posted by whoever has them, by a poller, or from the process that serves."""

UNITS = FrozenMap({"ms": 1_000, "s": SECOND, "m": 60 * SECOND, "h": 3_600 * SECOND, "d": 86_400 * SECOND})
"""Microseconds in each unit a duration is written with."""

_MILLISECOND = timedelta(milliseconds=1)
WRITTEN_DURATION = re.compile(r"(?:[0-9]+(?:ms|s|m|h|d))+")
"""How durations are written."""

_DURATION_PART = re.compile(r"([0-9]+)(ms|s|m|h|d)")


def parse_duration(text: str) -> timedelta:
    """
    Read `90s`, `5m`, `1h30m`: whole numbers with units ms, s, m, h, d, each directly behind its number.

    Raises:
        ValueError: where the text is anything else.
    """
    if not WRITTEN_DURATION.fullmatch(text):
        message = f"`{text}` is not a duration such as `30s`, `5m` or `1h30m`"
        raise ValueError(message)
    return timedelta(microseconds=sum(int(n) * UNITS[unit] for n, unit in _DURATION_PART.findall(text)))


def write_duration(value: timedelta) -> str:
    """Write a duration as `parse_duration` reads it; below the millisecond, and below zero, as decimal seconds."""
    left, rest = divmod(value, _MILLISECOND)
    if rest or left < 0:
        return f"{value.total_seconds():f}s"
    parts = []
    for unit, size in reversed(UNITS.items()):
        count, left = divmod(left, size // 1_000)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def parse_time(text: str) -> datetime:
    """
    Read an RFC 3339 instant with its zone; digits past the microsecond are cut off.

    Raises:
        ValueError: where the text is anything else, or names no zone.
    """
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        message = f"`{text}` names no time zone"
        raise ValueError(message)
    return value


@frozen
class FieldType:
    """
    What a field may hold.

    .. code-block:: yaml

        {type: string}   {enum: [up, down]}   {ordered: [info, warning, critical]}   {list: string}   {map: any}

    `values` are the words of an enum, or of an ordered enum from least to greatest. `element` is the type inside a
    list or map. `any` takes every frozen value, and no ordering is defined on it.
    """

    name: TypeName
    values: tuple[str, ...] = ()
    element: "FieldType | None" = None

    def __str__(self) -> str:
        """Give the type as messages name it."""
        if self.values:
            return f"{self.name} of {', '.join(self.values)}"
        return f"{self.name} of {self.element}" if self.element else self.name

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic is defined on values of the type."""
        return self.name in {"integer", "number"}

    @property
    def is_ordered(self) -> bool:
        """Whether `at_least` and its kin are defined on values of the type."""
        return self.name in {"integer", "number", "duration", "time", "ordered"}

    def rank(self, value: str) -> int:
        """Give the place of a word in an ordered enum, from 0."""
        return self.values.index(value)

    def misfit(self, value: Value) -> str | None:
        """Say why a frozen value does not fit, or None where it does; null is no value of any type."""
        return _MISFITS[self.name](self, value)

    def literal(self, raw: object) -> Value:
        """
        Read a YAML or JSON scalar as a value of the type: durations and times are written as text.

        Raises:
            ValueError: with the reason, where `raw` cannot be one.
        """
        value = raw
        if self.name == "duration" and isinstance(raw, str):
            value = parse_duration(raw)
        elif self.name == "time" and isinstance(raw, str):
            value = parse_time(raw)
        reason = self.misfit(value)
        if reason:
            raise ValueError(reason)
        return value


Misfit: TypeAlias = Callable[[FieldType, Value], str | None]


def _kind_of(value: Value) -> str:
    words = {bool: "boolean", int: "integer", float: "number", str: "string", tuple: "list", type(None): "null"}
    if isinstance(value, Mapping):
        return "map"
    return words.get(type(value), {datetime: "time", timedelta: "duration"}.get(type(value), "foreign value"))


def _shown(value: Value) -> str:
    text = str(value)
    return f"{_kind_of(value)} `{text if len(text) <= 40 else text[:37] + '...'}`"  # noqa: PLR2004 - a line's worth


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _plain(*types: type) -> Misfit:
    def misfit(expected: FieldType, value: Value) -> str | None:
        return None if type(value) in types else f"{_shown(value)} is not {_article(expected.name)} {expected.name}"

    return misfit


def _instance(kind: type) -> Misfit:
    def misfit(expected: FieldType, value: Value) -> str | None:
        return None if isinstance(value, kind) else f"{_shown(value)} is not {_article(expected.name)} {expected.name}"

    return misfit


def _word_misfit(expected: FieldType, value: Value) -> str | None:
    if type(value) is str and value in expected.values:
        return None
    return f"{_shown(value)} is not one of {', '.join(f'`{word}`' for word in expected.values)}"


def _list_misfit(expected: FieldType, value: Value) -> str | None:
    if not isinstance(value, tuple | list):
        return f"{_shown(value)} is not a list"
    return next((why for item in value if expected.element and (why := expected.element.misfit(item))), None)


def _map_misfit(expected: FieldType, value: Value) -> str | None:
    if not isinstance(value, Mapping):
        return f"{_shown(value)} is not a map"
    inner = expected.element
    if inner is None or {*map(type, value.values())} == {_PLAIN.get(inner.name)}:
        return None
    return next((f"`{k}`: {why}" for k, v in value.items() if v is not None and (why := inner.misfit(v))), None)


def _no_misfit(_: FieldType, value: Value) -> str | None:
    return "null is no value" if value is None else None


_MISFITS: Mapping[TypeName, Misfit] = {
    "string": _plain(str),
    "integer": _plain(int),
    "number": _plain(int, float),
    "boolean": _plain(bool),
    "time": _instance(datetime),
    "duration": _instance(timedelta),
    "enum": _word_misfit,
    "ordered": _word_misfit,
    "list": _list_misfit,
    "map": _map_misfit,
    "any": _no_misfit,
}

_PLAIN: Mapping[str, type] = {"string": str, "integer": int, "boolean": bool, "time": datetime, "duration": timedelta}
"""The types of which a value of the class, and of no subclass, is always one."""

_TOLD_APART = frozenset({"string", "integer", "enum", "ordered", "boolean"})
"""The types whose values differ in Python wherever they differ in a key: 1, 1.0 and true are of three."""

STRING = FieldType("string")
INTEGER = FieldType("integer")
NUMBER = FieldType("number")
BOOLEAN = FieldType("boolean")
TIME = FieldType("time")
DURATION = FieldType("duration")
ANY = FieldType("any")

ATTRIBUTES: Mapping[str, FieldType] = FrozenMap({"id": STRING, "source": STRING, "time": TIME})
"""What every item has beside its fields; `$alias.time` reads it, and no field may take its name."""


@frozen
class Field:
    """
    One field of a kind: its type, whether it is always there, what it says and where it comes from.

    A `secret` one is taken out of an item at the door: no rule, decision, journal, log or report has it. Two that are
    told in other words are the same field.
    """

    name: str
    type: FieldType
    required: bool = False
    doc: str = field(default="", eq=False)
    origin: str = field(default="", eq=False)
    secret: bool = False
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class Kind:
    """
    One thing that may be said.

    `key` names the fields that tell one state from another (`source` among them where two sources may speak of one
    thing); an event has none. `sources` are the names of those that give it without anybody's mapping; a CloudEvent
    may bring every kind, so where none is named, it comes by that alone, or is concluded. Two rule sets that declare a
    kind in other words mean the same one.
    """

    name: str
    form: Form
    fields: FrozenMap = EMPTY
    key: tuple[str, ...] = ()
    doc: str = field(default="", eq=False)
    span: Span = field(default=NOWHERE, eq=False, repr=False)
    sources: tuple[str, ...] = field(default=(), eq=False, repr=False)
    secrets: tuple[str, ...] = field(init=False, eq=False, repr=False)
    plain: FrozenMap = field(init=False, eq=False, repr=False)
    words: FrozenMap = field(init=False, eq=False, repr=False)
    cleared_by: tuple[str, ...] = field(init=False, eq=False, repr=False)
    needs: tuple[str, ...] = field(init=False, eq=False, repr=False)
    is_keyed_plainly: bool = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """
        Reckon once what every item is asked.

        The names of the secret fields; the class whose values fit a field, or the words, where that tells; the fields a
        clearing needs, and those any other item does; whether the values of a key differ wherever their texts do.
        """
        set_once = partial(object.__setattr__, self)
        set_once("secrets", tuple(name for name, declared in self.fields.items() if declared.secret))
        plain = {name: _PLAIN[one.type.name] for name, one in self.fields.items() if one.type.name in _PLAIN}
        set_once("plain", FrozenMap(plain))
        words = {name: frozenset(one.type.values) for name, one in self.fields.items() if one.type.values}
        set_once("words", FrozenMap(words))
        set_once("cleared_by", tuple(name for name in self.key if name != "source"))
        required = (name for name, one in self.fields.items() if one.required and name not in self.key)
        set_once("needs", (*self.cleared_by, *required))
        types = (self.type_at((name,)) or ANY for name in self.key)
        set_once("is_keyed_plainly", all(one.name in _TOLD_APART for one in types))

    def __reduce__(self) -> tuple[type["Kind"], tuple[Value, ...]]:
        """Pickle what was declared; the rest is reckoned from it."""
        return Kind, (self.name, self.form, self.fields, self.key, self.doc, self.span, self.sources)

    def type_at(self, path: tuple[str, ...]) -> FieldType | None:
        """Give the type of what rules see at a dotted path (an attribute such as `time` among it), or None."""
        if len(path) == 1 and path[0] in ATTRIBUTES:
            return ATTRIBUTES[path[0]]
        declared = self.fields.get(path[0])
        found: FieldType | None = declared.type if declared and not declared.secret else None
        for _ in path[1:]:
            if found is None or found.name not in {"map", "any"}:
                return None
            found = found.element or ANY
        return found

    def requires(self, path: tuple[str, ...]) -> bool:
        """Whether every item of the kind has a value at the path."""
        if len(path) != 1:
            return False
        declared = self.fields.get(path[0])
        return path[0] in ATTRIBUTES or path[0] in self.key or (declared is not None and declared.required)


@frozen
class Feed:
    """
    One source of items: the way they come, the service of a cloud that sends or answers, and how it is switched on.

    `nova.state_changes` is what of `nova` has a switch of its own. `roles` are those of which any lets a user ask a
    service for it, by the policies a service comes with; whoever has none of them sees nothing, or only what is their
    own.
    """

    name: str
    by: Way
    service: str = ""
    switch: str = ""
    roles: tuple[str, ...] = ()
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class Vocabulary:
    """A set of kinds by name, the named types their fields were declared with, and the sources that give them."""

    name: str
    kinds: FrozenMap = EMPTY
    types: FrozenMap = EMPTY  # name → FieldType
    sources: FrozenMap = field(default=EMPTY, eq=False, repr=False)  # name → Feed

    def __or__(self, other: "Vocabulary") -> "Vocabulary":
        """Join two vocabularies; of two kinds with one name the right one stands (parse reports the clash)."""
        name = f"{self.name}+{other.name}"
        kinds, types = FrozenMap({**self.kinds, **other.kinds}), FrozenMap({**self.types, **other.types})
        return Vocabulary(name, kinds, types, FrozenMap({**self.sources, **other.sources}))


def _own(name: str, form: Form, doc: str, *fields: Field, key: tuple[str, ...] = ()) -> Kind:
    return Kind(name, form, FrozenMap({declared.name: declared for declared in fields}), key, doc)


def _text(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, STRING, required=True) for name in names)


EPISODE_STATUS = FieldType(
    "enum", ("open", "held", "verifying", "healed", "escalated", "stale", "quarantined", "closed")
)
_TARGET = Field("target", ANY, required=True, doc='Empty (`""`) where a step has none, so that it can be joined.')

_SELF = (
    _own(
        "selfheal.decision", "event", "The engine decided a step; `id` is the decision's.",
        *_text("ruleset", "rule", "action"), _TARGET, *_text("status", "guard", "episode"),
    ),
    _own(
        "selfheal.outcome", "event", "An executor said how a decision went.",
        *_text("decision", "action"), _TARGET, *_text("status"),
    ),
    _own(
        "selfheal.episode", "state", "One rule deals with one key; cleared a while after it closes.",
        *_text("episode", "ruleset", "rule"), _TARGET, Field("status", EPISODE_STATUS, required=True), key=("episode",),
    ),
)  # fmt: skip

SELF_KINDS = Vocabulary("selfheal", FrozenMap({kind.name: kind for kind in _SELF}))
"""The engine's own acts as items; they are part of every vocabulary."""
