"""
What happened and what holds: the items an engine takes.

An `Event` is an instant; a `State` says what holds from its time on, or that it no longer does. Both are frozen, and
both are held against their kind before an engine looks at them: `checked` refuses what does not fit.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from attrs import field, frozen

from selfheal_rules.diagnostics import EventError
from selfheal_rules.values import EMPTY, FrozenMap, Value, freeze, microseconds, plain_text
from selfheal_rules.vocabulary import Kind, Vocabulary


def frozen_time(value: datetime) -> datetime:
    """Give an aware time in UTC; `EventError` for anything else."""
    if value.__class__ is datetime and value.tzinfo is UTC:
        return value
    try:
        frozen_value: datetime = freeze(value)
    except ValueError as error:
        raise EventError(str(error), field="time") from None
    if not isinstance(frozen_value, datetime):
        message = f"time {value!r} is not a datetime"
        raise EventError(message, field="time")
    return frozen_value


def _frozen_fields(fields: Mapping[str, Value]) -> FrozenMap:
    if isinstance(fields, FrozenMap):
        return fields
    if not isinstance(fields, Mapping):
        message = f"fields are a {type(fields).__name__}, not a mapping"
        raise EventError(message, field="fields")
    return FrozenMap(
        {
            name: value if value.__class__ is str is name.__class__ else _frozen_field(name, value)
            for name, value in fields.items()
        }
    )


def _frozen_field(name: str, value: Value) -> Value:
    try:
        plain_text("key", name)
    except ValueError as error:
        raise EventError(str(error), field="fields") from None
    try:
        return freeze(value)
    except ValueError as error:
        message = f"field `{name}`: {error}"
        raise EventError(message, field=name) from None


def _kind_name(name: str) -> str:
    if name.__class__ is str:
        return name
    try:
        return plain_text("kind", name)
    except ValueError as error:
        raise EventError(str(error), field="kind") from None


def _names(names: Iterable[str]) -> tuple[str, ...]:
    if names == ():
        return ()
    found = tuple(names) if isinstance(names, Iterable) and not isinstance(names, str) else (None,)
    if {*map(type, found)} <= {str}:
        return found  # type: ignore[return-value]  # that was asked
    message = f"`cause` is {names!r}, not a list of ids"
    raise EventError(message, field="cause")


@frozen
class Event:
    """
    Something happened at `time`.

    `id` tells it from every other event of its `source`; the pair is what repetition is judged by. `cause` names the
    items it was concluded from. `at` is `time` in microseconds since 1970; `fits` is the kind it was checked against.
    """

    id: str
    kind: str = field(converter=_kind_name)
    source: str
    time: datetime = field(converter=frozen_time)
    fields: FrozenMap = field(default=EMPTY, converter=_frozen_fields)
    cause: tuple[str, ...] = field(default=(), converter=_names)
    at: int = field(init=False, eq=False, repr=False)
    fits: Kind | None = field(default=None, init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Reckon the instant once; the engine compares nothing else."""
        object.__setattr__(self, "at", microseconds(self.time))


@frozen
class State:
    """
    From `time` on this holds, or, `cleared`, holds no longer.

    The fields its kind names as `key` (with `source` where it is one of them) say which state is meant; a clearing
    needs no other field.
    """

    kind: str = field(converter=_kind_name)
    source: str
    time: datetime = field(converter=frozen_time)
    fields: FrozenMap = field(default=EMPTY, converter=_frozen_fields)
    cleared: bool = False
    cause: tuple[str, ...] = field(default=(), converter=_names)
    id: str = ""
    at: int = field(init=False, eq=False, repr=False)
    fits: Kind | None = field(default=None, init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Reckon the instant once; the engine compares nothing else."""
        object.__setattr__(self, "at", microseconds(self.time))


Item = TypeVar("Item", bound=Event | State)


def checked(item: Item, vocabulary: Vocabulary) -> Item:
    """
    Give the item back once it is known to fit its kind.

    Raises:
        EventError: naming the field that does not.
    """
    kind = vocabulary.kinds.get(item.kind)
    if kind is None:
        message = f"kind `{item.kind}` is not in the vocabulary"
        raise EventError(message, item=item, field="kind")
    if item.fits is not kind:
        check_item(item, kind)
    return item


def check_item(item: Event | State, kind: Kind) -> None:
    """
    Hold an item against its kind, take out what the kind calls secret, and remember that it fits.

    Raises:
        EventError: where it does not fit; it is left as it was.
    """
    _check_head(item, kind)
    fields, plain, words = item.fields, kind.plain, kind.words
    for name, value in fields.items():
        found = value.__class__
        if found is not plain.get(name) and not (found is str and value in words.get(name, ())):
            _check_field(item, kind, name, value)
    for name in kind.cleared_by if isinstance(item, State) and item.cleared else kind.needs:
        if fields.get(name) is None:
            message = f"`{kind.name}` needs field `{name}`"
            raise EventError(message, item=item, field=name)
    if kind.secrets:
        _take_out(item, kind.secrets)
    object.__setattr__(item, "fits", kind)


def _check_field(item: Event | State, kind: Kind, name: str, value: Value) -> None:
    declared = kind.fields.get(name)
    if declared is None:
        message = f"`{kind.name}` has no field `{name}`"
        raise EventError(message, item=item, field=name)
    reason = declared.type.misfit(value) if value is not None else None
    if reason and declared.secret:
        reason = f"what it holds, and nobody is shown, is not of type {declared.type.name}"
    if reason:
        message = f"field `{name}` of `{kind.name}`: {reason}"
        raise EventError(message, item=item, field=name)


def _take_out(item: Event | State, secrets: tuple[str, ...]) -> None:
    """Leave secrets out for good: nobody who has the item from here on can write them down."""
    kept = FrozenMap({name: value for name, value in item.fields.items() if name not in secrets})
    object.__setattr__(item, "fields", kept)


def _check_head(item: Event | State, kind: Kind) -> None:
    form = "event" if isinstance(item, Event) else "state"
    if kind.form != form:
        message = f"`{kind.name}` is of form {kind.form}, and this is an item of form {form}"
        raise EventError(message, item=item, field="kind")
    for name in ("id", "source") if form == "event" else ("source",):
        value = getattr(item, name)
        if value.__class__ is not str or not value:
            found = f", of type {type(value).__name__}, not str" if value and isinstance(value, str) else ", not a text"
            message = f"`{name}` of `{kind.name}` is {value!r}{found}"
            raise EventError(message, item=item, field=name)
    if isinstance(item, State) and item.cleared.__class__ is not bool:
        message = f"`cleared` of `{kind.name}` is {item.cleared!r}, neither true nor false"
        raise EventError(message, item=item, field="cleared")
