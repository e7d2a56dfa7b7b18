"""One file of a journal, as it was when it was read: its whole batches, its torn end, its last snapshot."""

from collections.abc import Iterator
from pathlib import Path

from selfheal_rules.journal.journal import Torn
from selfheal_rules.journal.record import HEAD, BrokenJournalError, Chain, Place, Record, parse

_SNAPSHOT = b'"type":"snapshot"'


class Segment:
    """
    The bytes of a file; `whole` is how many of them belong to whole batches.

    They are read at once, not mapped: a writer that takes back a failed write would pull the ground from under a map.
    """

    def __init__(self, path: Path) -> None:
        """
        Read the file, and find where its last whole batch ends.

        Raises:
            JournalError: where the end is damaged, not torn.
        """
        self.path = path
        self._bytes = path.read_bytes()
        self._torn = 0
        self.whole = self._end_of_batches()
        self._check_torn()

    def _end_of_batches(self) -> int:
        """Walk back over whole lines that others of their batch should follow, and do not."""
        end = self._bytes.rfind(b"\n") + 1
        while end:
            begin = self._before(end)
            head = HEAD.match(self._bytes, begin)
            if head is None or head[4] == b"0":
                break
            self._parsed(begin, end)
            end, self._torn = begin, self._torn + 1
        return end

    def _check_torn(self) -> None:
        """Refuse an end that is no beginning of a record: zeros aside, a torn write leaves nothing else."""
        begin = self._bytes.rfind(b"\n") + 1
        head = HEAD.match(self._bytes, self._before(begin)) if begin else None
        begun = b'{"n":%d,"inputs":' % (int(head[1]) + 1) if head else b'{"n":'
        if not begun.startswith(self._bytes[begin : begin + len(begun)].rstrip(b"\0")):
            line = self._bytes.count(b"\n") + 1
            raise BrokenJournalError(Place(str(self.path), line), "?", "it is no beginning of a record")

    def _before(self, end: int) -> int:
        return self._bytes.rfind(b"\n", 0, end - 1) + 1

    def torn(self) -> Torn | None:
        """Give what follows the last whole batch, if anything does."""
        size = len(self._bytes) - self.whole
        return Torn(str(self.path), self._torn, size) if size else None

    def lines(self) -> int:
        """Count the lines of whole batches."""
        return self._bytes.count(b"\n", 0, self.whole)

    def first(self) -> int:
        """Give the number of the first record, or 0 where there is none that can be read."""
        head = HEAD.match(self._bytes)
        return int(head[1]) if head else 0

    def end(self) -> Chain:
        """Give where the chain stands after the last whole batch."""
        return self._parsed(self._before(self.whole), self.whole).end

    def last_snapshot(self) -> int | None:
        """Give where the last snapshot of a whole batch begins, or None; the words alone may stand in any record."""
        at = self._bytes.rfind(_SNAPSHOT, 0, self.whole)
        while at >= 0:
            begin = self._before(at + 1)
            head = HEAD.match(self._bytes, begin)
            if head is not None and head[3] == b"snapshot":
                return begin
            at = self._bytes.rfind(_SNAPSHOT, 0, begin)
        return None

    def records(self, begin: int = 0) -> Iterator[Record]:
        """Give the records of whole batches from a place on."""
        line, text, where = self._bytes.count(b"\n", 0, begin), self._bytes, str(self.path)
        while begin < self.whole:
            end = text.find(b"\n", begin)
            line += 1
            yield parse(text[begin:end], Place(where, line))
            begin = end + 1

    def _parsed(self, begin: int, end: int) -> Record:
        return parse(self._bytes[begin : end - 1], Place(str(self.path), self._bytes.count(b"\n", 0, begin) + 1))
