"""What the engine remembers: plain records, all of which a snapshot writes as they are."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from hashlib import sha256
from operator import attrgetter
from typing import Any, TypeAlias

from selfheal_rules.events import Event
from selfheal_rules.values import EMPTY, Value, canonical, moment


def fingerprint(*parts: Value) -> str:
    """Give the first 32 hex digits of SHA-256 over the canonical text of a list."""
    return sha256(canonical(list(parts)).encode(errors="surrogatepass")).hexdigest()[:32]


def fraction(*parts: Value) -> float:
    """Give a number from 0 to 1 that is drawn from these values: the same for the same."""
    return int(fingerprint(*parts)[:8], 16) / 0xFFFFFFFF


class Row:
    """
    One state or count as one part sees it.

    `at` is since when the pattern has been true; `turn` the turn of that; `stamp` the time of the
    latest update. `key` and `values` tell it from others of its kind.
    """

    __slots__ = (
        "at", "cause", "fields", "gone", "key", "kind", "matches", "origin", "places", "source", "stamp", "turn",
        "twin", "values",
    )  # fmt: skip
    id = ""
    maker: Any = None

    def __init__(
        self, kind: str, source: str, key: Any, values: tuple[Value, ...], fields: Any, at: int, turn: int
    ) -> None:
        """Start as a row that stands and takes part in nothing."""
        self.kind = kind
        self.source = source
        self.key = key
        self.values = values
        self.fields = fields
        self.at = at
        self.stamp = at
        self.turn = turn
        self.gone = False
        self.matches: dict[Match, None] | None = None
        self.places: tuple[Any, ...] = ()
        self.cause: Any = ()
        self.origin: Row | None = None
        self.twin: Row | None = None

    @property
    def time(self) -> datetime:
        """The time of the item, as rules read it."""
        return moment(self.stamp)

    def evidence(self) -> list[Value]:
        """Give what tells this row from any other."""
        if self.kind == "count":
            return ["count", list(self.values), self.at]
        return ["state", self.kind, list(self.values), self.at]

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """Leave out the matches, which lead to other rows without end; `Memory.link` finds them again."""
        names = [name for kind in type(self).__mro__ for name in getattr(kind, "__slots__", ())]
        return None, {name: getattr(self, name) for name in names if name not in {"matches", "twin"}}

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        """Take everything but the matches."""
        self.matches = self.twin = None
        for name, value in state[1].items():
            setattr(self, name, value)

    def still(self) -> "Row":
        """Give the row as it is now; until it changes (and drops its `twin`), the same copy serves all who ask."""
        twin = self.twin
        if twin is None:
            twin = self.twin = self.copy(linked=False)
        return twin

    def copy(self, *, linked: bool = True) -> "Row":
        """Give a row with the same content that later updates do not touch; `linked`, it knows which row it copies."""
        twin = Row(self.kind, self.source, self.key, self.values, self.fields, self.at, self.turn)
        twin.stamp = self.stamp
        twin.cause = tuple(self.cause)
        twin.origin = (self.origin or self) if linked else None
        return twin


class Occurrence:
    """One event as the parts see it that need not keep it; rows that are kept are `Kept`."""

    __slots__ = ("at", "fields", "id", "kind", "source", "turn")
    key = None
    values: tuple[Value, ...] = ()
    matches: dict["Match", None] | None = None
    gone = False
    maker: Any = None
    cause: Any = ()

    def __init__(self, kind: str, source: str, id: str, fields: Any, at: int, turn: int) -> None:  # noqa: A002 - the record of an event
        """Record what happened, and the turn it arrived in."""
        self.kind = kind
        self.source = source
        self.id = id
        self.fields = fields
        self.at = at
        self.turn = turn

    @property
    def time(self) -> datetime:
        """The time of the event, as rules read it."""
        return moment(self.at)

    def evidence(self) -> list[Value]:
        """Give what tells this event from any other."""
        return ["event", self.source, self.id]


def occurrence(event: Event, turn: int) -> Occurrence:
    """Give a posted event, which stands for its own row as long as nobody has to hold it, as a row."""
    return Occurrence(event.kind, event.source, event.id, event.fields, event.at, turn)


Author: TypeAlias = tuple[str, str, str | int, tuple[str, ...]]
"""What concludes an event: rule set, rule, step, and the aliases of the match."""
Maker: TypeAlias = tuple[Author, tuple[Any, ...]]
"""What a concluded event follows from: its author, and the rows of the match."""


class Kept(Occurrence):
    """An event that waits for others: its projection."""

    __slots__ = ("gone", "maker")
    maker: Maker | None


_blank: Callable[[], Kept] = partial(object.__new__, Kept)
"""Makes a row of nothing: many events wait, and this is half the price of a call of `Kept`."""


def kept(item: Any, turn: int) -> Kept:
    """Give an event as the row that waits for others."""
    row = _blank()
    row.kind, row.source, row.id = item.kind, item.source, item.id
    row.fields, row.at, row.turn = item.fields, item.at, turn
    row.gone, row.maker = False, None if item.__class__ is Event else item.maker
    return row


def in_order(rows: list[Any]) -> list[Any]:
    """Give rows of one part as an exchange has them: of events in the order of their times, else as they came."""
    if rows and rows[0].key is None:
        rows.sort(key=_time)
    return rows


_time = attrgetter("at")


def is_over(row: Any, turn: int) -> bool:
    """Whether no later match can have a row in it: it has ended, or is an event that was there for one turn only."""
    return bool(row.gone) or (isinstance(row, Occurrence) and not isinstance(row, Kept) and row.turn < turn)


class Derived(Occurrence):
    """A concluded event; its id is reckoned when it is first asked for."""

    __slots__ = ("_id", "author", "rows")
    source = "selfheal"

    def __init__(self, kind: str, fields: Any, at: int, turn: int, author: Author, rows: tuple[Any, ...]) -> None:
        """Record what follows, from which match."""
        self.kind = kind
        self.fields = fields
        self.at = at
        self.turn = turn
        self.author = author
        self.rows = rows

    def __reduce__(self) -> tuple[Any, ...]:
        """Write what it was made with; the id follows from it."""
        return Derived, (self.kind, self.fields, self.at, self.turn, self.author, self.rows)

    @property
    def maker(self) -> Maker:
        """What it follows from."""
        return self.author, self.rows

    @property
    def id(self) -> str:  # type: ignore[override]
        """The id: of the rule, the step, the evidence and the instant."""
        try:
            return self._id
        except AttributeError:
            *names, aliases = self.author
            self._id: str = fingerprint(*names, evidence_of(aliases, self.rows), self.at)
            return self._id


def evidence_of(aliases: tuple[str, ...], rows: tuple[Any, ...]) -> list[Value]:
    """Give the evidence of a match: one entry for each alias, sorted by alias."""
    pairs = zip(aliases, rows, strict=False)
    return sorted([alias, *evidence(row)] for alias, row in pairs if alias != "#wait")


def evidence(row: Any) -> list[Value]:
    """Give what tells a row from any other; a posted event may stand for its own row."""
    if isinstance(row, Event):
        return ["event", row.source, row.id]
    found: list[Value] = row.evidence()
    return found


def still(rows: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give rows as they are now: those of states and counts would change with later updates."""
    return tuple([row if row.__class__ is Event or row.key is None else row.still() for row in rows])


class Record:
    """What holds under one key of one state kind, the rows it is in each part, and what supports it if concluded."""

    __slots__ = (
        "at",
        "cause",
        "fields",
        "id",
        "key",
        "kind",
        "ranked",
        "rows",
        "since",
        "source",
        "supports",
        "values",
    )

    def __init__(self, kind: str, key: Any, values: tuple[Value, ...]) -> None:
        """Start as a record of nothing."""
        self.kind = kind
        self.key = key
        self.values = values
        self.id = ""
        self.source = ""
        self.fields: Any = EMPTY
        self.at = self.since = 0
        self.cause: Any = ()
        self.rows: dict[int, Row] = {}
        self.supports: dict[Support, None] = {}
        self.ranked: list[Support] | None = None
        """The supports, the strongest first, where there are several and that was asked for."""

    @property
    def time(self) -> datetime:
        """The time of the latest update, as leaves read it."""
        return moment(self.at)


class Match:
    """One assignment of rows to the aliases of a branch that is followed as long as its rows stand."""

    __slots__ = (
        "again",
        "barred",
        "born",
        "branch",
        "ended",
        "fired",
        "holding",
        "key",
        "once",
        "rows",
        "since",
        "supports",
        "true",
        "witness",
    )

    def __init__(self, branch: int, rows: tuple[Row, ...], born: int) -> None:
        """Start as not yet judged; `born` orders matches."""
        self.born = born
        self.branch = branch
        self.rows = rows
        self.witness = rows
        self.true = self.holding = self.once = False
        self.barred: bool | None = None
        self.ended: bool | None = None
        self.since = 0
        self.again = 0
        self.key: Any = None
        self.fired: dict[Any, None] | None = None
        self.supports: list[Support | None] = []


class Support:
    """One reason for which a concluded state stands."""

    __slots__ = (
        "aliases",
        "at",
        "ends",
        "fields",
        "key",
        "kind",
        "lingers",
        "match",
        "name",
        "picks",
        "removed",
        "rows",
        "rule",
        "step",
        "strength",
        "values",
    )

    def __init__(
        self, rule: int, step: int, kind: str, aliases: tuple[str, ...], rows: tuple[Row, ...], at: int
    ) -> None:
        """Start as a support of nothing yet."""
        self.rule = rule
        self.name = ""
        self.strength: tuple[Any, ...] | None = None
        self.picks: tuple[Any, ...] = ()
        self.step = step
        self.kind = kind
        self.aliases = aliases
        self.rows = rows
        self.at = at
        self.key: Any = None
        self.values: tuple[Value, ...] = ()
        self.fields: Any = EMPTY
        self.ends: int | None = None
        self.removed = False
        self.lingers: tuple[int, str] | None = None
        """While it stands though its match is not true: which branch of its rule it is of, and the match's evidence."""
        self.match: Match | None = None

    def renewed(self, fields: Any, rows: tuple[Row, ...]) -> "Support":
        """Give the same support with what it says now."""
        other = Support(self.rule, self.step, self.kind, self.aliases, rows, self.at)
        other.name, other.picks, other.match, other.fields = self.name, self.picks, self.match, fields
        return other


class Tally:
    """One group of a count: its samples or members, and the row that stands while its bounds hold."""

    __slots__ = ("different", "due", "members", "row", "samples", "stands", "values")

    def __init__(self, values: tuple[Value, ...]) -> None:
        """Start empty."""
        self.values = values
        self.samples: list[tuple[Any, ...]] = []
        self.different: dict[Any, int] = {}
        """Where different values are counted: how many samples have each."""
        self.members: dict[Row, Value] | None = None
        self.row: Row | None = None
        self.stands = False
        self.due = 0


class Pending:
    """A sequence that waits for the end of its last `none`."""

    __slots__ = ("branch", "copies", "due", "rows")

    def __init__(self, branch: int, rows: tuple[Row, ...], copies: tuple[Row, ...], due: int) -> None:
        """Remember the rows as they are now."""
        self.branch = branch
        self.rows = rows
        self.copies = copies
        self.due = due
