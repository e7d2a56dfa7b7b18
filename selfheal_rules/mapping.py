"""
A mapping on one page: what a user's YAML says of payloads no normalizer knows.

`parse/mapping.py` reads it, `check/mapping.py` holds it against its vocabulary, `normalize/mapped.py` follows it.
Every value that came from a file knows its span; spans stand outside equality.
"""

from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Literal as OneOf
from typing import TypeAlias

from attrs import field, frozen

from selfheal_rules.source import NOWHERE, Span
from selfheal_rules.values import EMPTY, FrozenMap, Value
from selfheal_rules.vocabulary import Form, Vocabulary

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands: `payload` or the name of an `each`, then keys of mappings and places in lists."""

Reading: TypeAlias = OneOf[
    "", "integer", "number", "boolean", "text", "time", "seconds", "milliseconds", "microseconds", "nanoseconds"
]
"""What a raw value is read as; the units make an instant since 1970 of a time field, a length of a duration."""

READINGS: tuple[Reading, ...] = (
    "integer", "number", "boolean", "text", "time", "seconds", "milliseconds", "microseconds", "nanoseconds",
)  # fmt: skip


def _span() -> Span:
    return field(default=NOWHERE, eq=False, repr=False, kw_only=True)


@frozen
class Constant:
    """`critical`: the same for every payload."""

    value: Value
    span: Span = _span()  # noqa: RUF009 - an attrs field under a short name, not a shared default


@frozen
class Filled:
    """`"${payload.array}/${alert.id}"`: a text with values in it; missing where one of them is."""

    parts: tuple[str | Path, ...]
    span: Span = _span()  # noqa: RUF009 - the same


@frozen
class Taken:
    """
    A value of the payload, and how it becomes one of a field.

    .. code-block:: yaml

        $payload.alert.id
        {from: [$payload.node, $payload.host], after: "//", before: "."}
        {from: $payload.state, words: {UP: ok, DOWN: problem}, else: unknown}
        {path: [payload, EVENT.ID, 0], read: text}
        {from: $payload.at, format: "%d.%m.%Y %H:%M:%S", zone: Europe/Berlin}

    The first of `paths` that says something counts; null and the empty text say nothing.
    """

    paths: tuple[Path, ...]
    after: str = ""
    before: str = ""
    words: FrozenMap | None = None
    otherwise: Value = None
    read: Reading = ""
    format: str = ""
    zone: str = ""
    span: Span = _span()  # noqa: RUF009 - the same


Origin: TypeAlias = Constant | Filled | Taken


@frozen
class Condition:
    """`payload.state: [UP, DOWN]`, `alert.id: {exists: true}`, `payload.kind: {not: heartbeat}`."""

    path: Path
    values: tuple[Value, ...] = ()
    exists: bool | None = None
    negated: bool = False
    span: Span = _span()  # noqa: RUF009 - the same


@frozen
class Each:
    """`each: {as: alert, in: $payload.alerts}`: one item per element of a list."""

    name: str
    path: Path
    span: Span = _span()  # noqa: RUF009 - the same


@frozen
class ItemMapping:
    """One item a payload gives, or one per element; none where a condition of `where` does not hold."""

    form: Form
    kind: str
    fields: FrozenMap = EMPTY  # name → Origin
    each: Each | None = None
    where: tuple[Condition, ...] = ()
    cleared: tuple[Condition, ...] | None = None
    id: Origin | None = None
    time: Origin | None = None
    span: Span = _span()  # noqa: RUF009 - the same


@frozen
class PayloadMapping:
    """A file: how its payloads are told from others, who sends them, when they are from, and what they give."""

    name: str
    vocabulary: Vocabulary
    recognise: tuple[Condition, ...]
    items: tuple[ItemMapping, ...]
    source: Origin
    time: Origin | None = None
    doc: str = ""
    span: Span = _span()  # noqa: RUF009 - the same


@cache
def zone_of(name: str) -> tzinfo:
    """
    Give the zone of `+01:00`, `UTC` or `Europe/Berlin`; the last need the zones of the system or of `tzdata`.

    Raises:
        ValueError: where there is no such zone.
    """
    if name == "UTC":
        return UTC
    if name[:1] in {"+", "-"}:
        found = datetime.strptime(name, "%z").tzinfo
        return found or UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only a mapping with a zone needs it

    try:
        return ZoneInfo(name)
    except (KeyError, OSError):
        message = f"no zone is called `{name}`"
        raise ValueError(message) from None
