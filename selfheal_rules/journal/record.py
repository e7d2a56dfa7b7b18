"""
One record of a journal: a line of JSON, chained to the line before it.

    {"n":7,"inputs":5,"type":"event","left":0,"data":{…},"prev":"9f…","hash":"c1…"}

`n` counts records, `inputs` the inputs among them, `left` says how many records of the same batch follow. `hash` is the
SHA-256 of the line up to and without `,"hash"`, `prev` the hash of the record before. `docs/journal.md` is its page.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from attrs import field, frozen

from selfheal_rules.diagnostics import JournalError
from selfheal_rules.journal.text import read

FORMAT = 1
NOTHING = "0" * 64
"""What the first record has for the hash of the one before."""

INPUTS = ("event", "state", "outcome", "control", "time")
TYPES = ("journal", "program", "snapshot", *INPUTS, "decision", "intent", "recovery")
_COMMON = frozenset(name.encode() for name in TYPES if name != "journal")
"""Types that need no second look."""

HEAD = re.compile(rb'\{"n":(\d+),"inputs":(\d+),"type":"(\w+)","left":(\d+),"data":')
"""How a line begins, up to its data."""
_HASH = len(',"hash":""}') + 64
_PREV = len(',"prev":""') + 64
_BEFORE = b',"prev":"'


class Entry(NamedTuple):
    """What is to be recorded: its type, and its data as JSON text."""

    type: str
    data: str


class Chain(NamedTuple):
    """Where a journal ends: the number and hash of its last record, and how many inputs it holds."""

    number: int = 0
    hash: str = NOTHING
    inputs: int = 0

    def link(self, entries: Iterable[Entry]) -> "tuple[list[str], Chain]":
        """Give the lines of a batch, each with its line break, and where the journal then ends."""
        batch = list(entries)
        number, last, inputs = self
        left, lines = len(batch), []
        for type_, data in batch:
            number, left = number + 1, left - 1
            inputs += type_ in INPUTS
            body = f'{{"n":{number},"inputs":{inputs},"type":"{type_}","left":{left},"data":{data},"prev":"{last}"'
            last = sha256(body.encode()).hexdigest()
            lines.append(f'{body},"hash":"{last}"}}\n')
        return lines, Chain(number, last, inputs)


class Place(NamedTuple):
    """Where a record stands: a file and line, or a table and row."""

    where: str
    line: int
    unit: str = "line"

    def __str__(self) -> str:
        """Give the place as messages name it."""
        return f"`{self.where}`, {self.unit} {self.line}"


@frozen(eq=False)
class Record:
    """
    A record as it was read; two are equal where they say the same, wherever they stand.

    `text` is what it says, as JSON, and is decoded when somebody first asks for `data`: most who read a journal want
    few of its records.
    """

    number: int
    inputs: int
    type: str
    left: int
    text: bytes
    prev: str = field(repr=False)
    hash: str = field(repr=False)
    place: Place

    @cached_property
    def data(self) -> Any:  # noqa: ANN401 - any JSON value
        """What it says; `BrokenJournalError` where that is no JSON."""
        try:
            return read(self.text)
        except ValueError as error:
            raise BrokenJournalError(self.place, self.number, f"it is no record: {error}") from None

    @property
    def end(self) -> Chain:
        """Where a journal ends whose last record this is."""
        return Chain(self.number, self.hash, self.inputs)

    def said(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """Give what the data hold under a name; `BrokenJournalError` where they do not."""
        if not isinstance(self.data, dict) or name not in self.data:
            raise BrokenJournalError(self.place, self.number, f"it is a `{self.type}` without `{name}`")
        return self.data[name]

    def __eq__(self, other: object) -> bool:
        """Whether another says the same."""
        if not isinstance(other, Record):
            return NotImplemented
        return (self.inputs, self.type, self.data) == (other.inputs, other.type, other.data)

    __hash__ = None  # type: ignore[assignment] # what a record says is a map


def parse(line: bytes, place: Place) -> Record:
    """
    Read a line, without its break, by itself.

    Raises:
        JournalError: with its place, where it is not what was once written.
    """
    cut = len(line) - _HASH
    hash_ = sha256(line[: max(cut, 0)]).hexdigest()
    if line[cut:] != f',"hash":"{hash_}"}}'.encode():
        raise BrokenJournalError(place, _number(line), "its hash does not fit: it is not what was written")
    head, prev = HEAD.match(line), cut - _PREV
    if head is None or not line.startswith(_BEFORE, prev):
        raise BrokenJournalError(place, _number(line), "it is no record: it is not written as one")
    number, inputs, type_, left = head.groups()
    text, before = line[head.end() : prev], line[prev + len(_BEFORE) : cut - 1].decode("ascii", "replace")
    record = Record(int(number), int(inputs), type_.decode(), int(left), text, before, hash_, place)
    if type_ not in _COMMON:
        _check_format(record)
    return record


def _number(line: bytes) -> str:
    """Give the number a damaged line claims, if that much can be read."""
    digits = line.removeprefix(b'{"n":').partition(b",")[0]
    return digits.decode() if digits.isdigit() else "?"


def _check_format(record: Record) -> None:
    if record.type == "journal" and record.said("format") != FORMAT:
        message = f"it begins format {record.data['format']}, and this library knows format {FORMAT}"
        raise BrokenJournalError(record.place, record.number, message)
    if record.type not in TYPES:
        raise BrokenJournalError(record.place, record.number, f"its type `{record.type}` is not known")


class BrokenJournalError(JournalError):
    """A record cannot be trusted; `place` and `record` say which."""

    def __init__(self, place: Place, record: int | str, why: str) -> None:
        """Say where the journal is broken, and why."""
        super().__init__(f"the journal is broken at {place}, record {record}: {why}")
        self.place = place
        self.record = record
        self.why = why

    def __reduce__(self) -> tuple[type["BrokenJournalError"], tuple[Place, int | str, str]]:
        """Pickle by its parts, not by the message."""
        return BrokenJournalError, (self.place, self.record, self.why)


def follow(records: Iterable[Record], chain: Chain | None = None) -> Iterator[Record]:
    """
    Pass records on, each held against the one before.

    Args:
        records: in their order.
        chain: where the journal stood before them; None: the first is taken at its word.

    Raises:
        JournalError: at the first that does not follow.
    """
    number, before = (chain.number, chain.hash) if chain else (0, "")
    for record in records:
        if before and (record.number != number + 1 or record.prev != before):
            raise _unfollowing(record, number)
        number, before = record.number, record.hash
        yield record


def _unfollowing(record: Record, number: int) -> BrokenJournalError:
    if record.number != number + 1:
        return BrokenJournalError(record.place, record.number, f"record {number + 1} should stand here")
    why = f"it does not carry the hash of record {number}: one of the two was exchanged"
    return BrokenJournalError(record.place, record.number, why)
