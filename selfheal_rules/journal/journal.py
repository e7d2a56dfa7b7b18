"""
The contract of a journal: append a batch, all of it or nothing; read back exactly that; one writer, told by its token.

`FileJournal` and `SqlJournal` keep it, and one suite of tests holds both to it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol, Self

from attrs import frozen

from selfheal_rules.journal.inbox import Inbox
from selfheal_rules.journal.record import Entry, Record

_USER = re.compile(r"(?<=://)(?:[^:/@]*:.*|[^/?#]*)@")


def named(where: str) -> str:
    """Give the path of a journal, or its URL without who opens it, and how: as it may be read by anybody."""
    return _USER.sub("", where).partition("?")[0] if "://" in where else where


@frozen
class Torn:
    """The end of a batch that was never whole: nobody was told it is recorded, so it may be cut off."""

    where: str
    records: int
    size: int

    def __str__(self) -> str:
        """Say it in a line."""
        whole = f"{self.records} whole record{'s' * (self.records != 1)}"
        return f"`{self.where}` ends in a torn batch that was never acknowledged: {self.size} bytes, {whole} among them"


class Lease(Protocol):
    """Who may write and act: one holder at a time, as far as that can be told from outside."""

    def acquire(self, *, by_force: bool = False) -> None:
        """
        Take the lease; by force even from who holds it, for the case that it hangs.

        Raises:
            JournalError: where another has it.
        """

    def check(self) -> None:
        """
        Look again whether it is still held, and renew it where it would run out; from whatever thread.

        Raises:
            JournalError: where it is not.
        """

    def release(self) -> None:
        """Give it back; harmless where it is not held."""


class Journal(Protocol):
    """A record of inputs and of what followed, in order."""

    @property
    def inputs(self) -> int:
        """How many inputs it held when it was last fenced or appended to."""

    @property
    def torn(self) -> Torn | None:
        """What the latest reading or fencing found torn at the end; fencing has cut it off."""

    def exists(self) -> bool:
        """Whether there is one: looking makes none."""

    def fence(self) -> int:
        """Become the writer: every older token is stale from now on, and a torn end is cut off; gives the new token."""

    def check(self, token: int) -> None:
        """
        Look whether a token is still the newest.

        Raises:
            JournalError: where it is stale.
        """

    def append(self, entries: Sequence[Entry], token: int) -> None:
        """
        Write a batch and have it on disk before returning.

        Raises:
            JournalError: where it cannot be, or the token is stale; nothing of the batch is then in the journal, and
                after a failed write nothing can be appended until `fence` has looked at what there is.
        """

    def records(self) -> Iterator[Record]:
        """
        Give every record of whole batches from the first on.

        Raises:
            JournalError: at the exact place where the chain is broken.
        """

    def recent(self) -> Iterator[Record]:
        """Give the records from the last snapshot on, checked like all; none where there is no snapshot."""

    def lease(self) -> Lease:
        """Give the lease that goes with it."""

    def is_held(self) -> bool:
        """Whether anybody holds that lease, as far as can be told without taking it."""

    def inbox(self) -> Inbox:
        """Give the inbox that goes with it: what people say to whoever holds the lease."""

    def close(self) -> None:
        """Let go of files or connections."""

    def __enter__(self) -> Self:
        """Give itself."""

    def __exit__(self, *_: object) -> None:
        """Close."""
