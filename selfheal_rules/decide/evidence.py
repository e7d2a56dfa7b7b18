"""What a decision rests on, item by item, down to what was posted."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from attrs import field, frozen

from selfheal_rules.events import Event
from selfheal_rules.match.rows import Support, occurrence
from selfheal_rules.values import EMPTY, FrozenMap, Value, moment
from selfheal_rules.vocabulary import write_duration


@frozen
class Evidence:
    """
    One item a decision rests on, under the alias the rule gives it.

    `because` is what it was itself concluded from, down to items that were posted: all its supports, the strongest
    first; `rule` is the rule of that one.
    """

    alias: str
    form: str
    kind: str
    source: str
    id: str
    key: tuple[Value, ...]
    time: datetime
    fields: FrozenMap = field(default=EMPTY, repr=False)
    rule: str = ""
    because: "tuple[Evidence, ...]" = ()

    def to_json(self) -> dict[str, Any]:
        """Give the evidence as `--format json` prints it."""
        return {
            "alias": self.alias,
            "form": self.form,
            "kind": self.kind,
            "source": self.source,
            "id": self.id,
            "key": plain(self.key),
            "time": self.time.isoformat(),
            "fields": plain(self.fields),
            "rule": self.rule,
            "because": [evidence.to_json() for evidence in self.because],
        }


def explain(aliases: Iterable[str], rows: Iterable[Any], seen: dict[int, None] | None = None) -> tuple[Evidence, ...]:
    """
    Give the rows of a match as evidence, in the order of the rule.

    What several conclusions rest on is explained where it first comes up, and only named after that.
    """
    known = {} if seen is None else seen
    pairs = zip(aliases, rows, strict=False)
    return tuple(_evidence(alias, plain_row(row), known) for alias, row in pairs if alias != "#wait")


def _evidence(alias: str, row: Any, seen: dict[int, None]) -> Evidence:
    rule, because = _because(row, seen)
    form = "event" if row.key is None else "count" if row.kind == "count" else "state"
    fields = FrozenMap(row.fields)
    return Evidence(alias, form, row.kind, row.source, row.id, row.values, moment(row.at), fields, rule, because)


def _because(row: Any, seen: dict[int, None]) -> tuple[str, tuple[Evidence, ...]]:
    """Give the rule a row was concluded by, and what it rested on unless that has been said."""
    if row.kind == "count":
        return "", tuple(map(_counted, row.cause))
    if row.maker is not None:
        (_, rule, _, aliases), rows = row.maker
        return rule, _rested(aliases, rows, seen)
    supports: tuple[Support, ...] = row.cause if row.key is not None else ()
    found = tuple(one for support in supports for one in _rested(support.aliases, support.rows, seen))
    return supports[0].name if supports else "", found


def _counted(sample: tuple[Any, ...]) -> Evidence:
    """Give one row of a count: an event by its id, a state by its key."""
    at, _, _, kind, source, name = sample
    form, id_, key = ("event", name, ()) if isinstance(name, str) else ("state", "", name)
    return Evidence("", form, kind, source, id_, key, moment(at))


def _rested(aliases: tuple[str, ...], rows: tuple[Any, ...], seen: dict[int, None]) -> tuple[Evidence, ...]:
    if id(rows) in seen:
        return ()
    seen[id(rows)] = None
    return explain(aliases, rows, seen)


def plain_row(row: Any) -> Any:
    """Give a posted event that stands for its own row as a row."""
    return occurrence(row, 0) if isinstance(row, Event) else row


def plain(value: Value) -> object:
    """Give a value as JSON has it: a time as its ISO text, a duration as `1h30m`."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return write_duration(value)
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return [plain(inner) for inner in value]
    return value
