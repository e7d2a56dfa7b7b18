"""The right to write a journal: the lease, and the newest token."""

from collections.abc import Sequence

from selfheal_rules.diagnostics import JournalError
from selfheal_rules.journal.journal import Journal, Lease
from selfheal_rules.journal.record import Entry


class Writer:
    """
    The one who writes a journal, for as long as no other takes over.

    The lease keeps a second engine out as long as both behave. The token decides where they do not: the journal takes
    nothing under an older one.
    """

    def __init__(self, journal: Journal, lease: Lease | None = None) -> None:
        """
        Take the lease (the journal's own, unless another is given) and a new token.

        Raises:
            JournalError: where another holds the lease, or the journal cannot be opened.
        """
        self.journal = journal
        self._lease = lease or journal.lease()
        self._lease.acquire()
        try:
            self.token = journal.fence()
            self.torn = journal.torn
        except JournalError:
            self._lease.release()
            raise

    @property
    def inputs(self) -> int:
        """How many inputs the journal holds."""
        return self.journal.inputs

    def check(self) -> None:
        """
        Look again, before something is done, whether no other has taken over; a lease that runs out is renewed.

        Raises:
            JournalError: where one has.
        """
        self._lease.check()
        self.journal.check(self.token)

    def append(self, entries: Sequence[Entry]) -> None:
        """Write a batch and have it on disk before returning; `JournalError` where it cannot be."""
        self.journal.append(entries, self.token)

    def close(self) -> None:
        """Give the lease back and let go of the journal."""
        try:
            self._lease.release()
        finally:
            self.journal.close()
