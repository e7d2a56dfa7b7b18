"""
The journal as a file of JSON lines: one write and one sync a batch, a lock for its writer, rotation by size.

Beside `heal.jsonl` lie `heal.jsonl.000000000001` and so on, older files named after their first record,
`heal.jsonl.token`, the newest writer's token and how many records were acknowledged, `heal.jsonl.lock`, locked by who
holds the lease, and the folder `heal.jsonl.inbox`, which has what people say to that one. POSIX only.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from selfheal_rules.diagnostics import JournalError
from selfheal_rules.journal.folder import sync_folder, write_all
from selfheal_rules.journal.locks import FileLease, TokenFile
from selfheal_rules.journal.record import BrokenJournalError, Chain, Entry, Place, Record, follow
from selfheal_rules.journal.segment import Segment
from selfheal_rules.journal.spool import Spool

if TYPE_CHECKING:
    from selfheal_rules.journal.journal import Torn

ROTATE = 64 << 20
_FRESH = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


class FileJournal:
    """
    A journal in `path`, which need not exist yet; its folder must.

    `rotate` is the size in bytes past which the file is set aside and another begun; a batch is never parted.
    """

    def __init__(self, path: str | os.PathLike[str], *, rotate: int = ROTATE) -> None:
        """Touch nothing yet: reading needs no more than this, and writing begins with `fence`."""
        self.path = Path(path)
        self.torn: Torn | None = None
        self._rotate = rotate
        self._token = TokenFile(Path(f"{path}.token"))
        self._chain = Chain()
        self._file: int | None = None
        self._size = self._first = 0

    @property
    def inputs(self) -> int:
        """How many inputs it held when it was last fenced or appended to."""
        return self._chain.inputs

    def lease(self) -> FileLease:
        """Give the lease that goes with it."""
        return FileLease(Path(f"{self.path}.lock"))

    def is_held(self) -> bool:
        """Whether anybody holds that lease, as far as can be told without taking it."""
        return self.lease().is_held()

    def inbox(self) -> Spool:
        """Give the inbox that goes with it."""
        return Spool(Path(f"{self.path}.inbox"))

    # Reading

    def files(self) -> list[Path]:
        """Give the files there are, oldest first."""
        older = sorted(self.path.parent.glob(f"{self.path.name}.{'[0-9]' * 12}"))
        return [*older, *([self.path] if self.path.exists() else [])]

    def exists(self) -> bool:
        """Whether there is one: looking makes none."""
        return bool(self.files())

    def records(self) -> Iterator[Record]:
        """Give every record of whole batches from the first on, each held against the one before."""
        return self._whole(self._acknowledged(), self._read(self.files()))

    def recent(self) -> Iterator[Record]:
        """Give the records from the last snapshot on; none where there is no snapshot."""
        acknowledged, files = self._acknowledged(), self.files()
        for index in range(len(files) - 1, -1, -1):
            begin = self._segment(files[index]).last_snapshot()
            if begin is not None:
                return self._whole(acknowledged, self._read(files[index:], begin))
        return iter(())

    def _whole(self, acknowledged: int, records: Iterator[Record]) -> Iterator[Record]:
        end, place = 0, Place(str(self.path), 1)
        for record in follow(records):
            end, place = record.number, record.place
            yield record
        self._check_end(end, acknowledged, place)

    def _acknowledged(self) -> int:
        with self._failing("read"):
            return self._token.acknowledged()

    def _check_end(self, number: int, acknowledged: int, place: Place) -> None:
        """Refuse a journal that has lost records that were acknowledged: what they led to would be done once more."""
        if number < acknowledged:
            why = f"it is the last, and {acknowledged} were acknowledged: bring back the newest file, or move"
            raise BrokenJournalError(place, number, f"{why} `{self._token.path}` away to go on without the rest")

    def _read(self, files: Sequence[Path], begin: int = 0) -> Iterator[Record]:
        self.torn = None
        for file in files:
            segment = self._segment(file)
            self.torn = segment.torn()
            yield from segment.records(begin)
            begin = 0

    def _segment(self, file: Path) -> Segment:
        with self._failing("read"):
            segment = Segment(file)
        if file != self.path and (torn := segment.torn()):
            place = Place(str(file), segment.lines() + 1)
            raise BrokenJournalError(place, "?", f"{torn}, and another file should have gone on from there")
        return segment

    # Writing

    def fence(self) -> int:
        """Become the writer: every older token is stale from now on, and a torn end is cut off; gives the new token."""
        self.close()
        with self._failing("opened"), self._token.locked() as lock:
            self._find_end()
            token = self._token.next(lock, self._chain.number)
            self._open()
        return token

    def _find_end(self) -> None:
        self._chain, self.torn, self._size, self._first = Chain(), None, 0, 0
        place = Place(str(self.path), 1)
        for file in reversed(self.files()):
            segment = self._segment(file)
            if file == self.path:
                self.torn, self._size, self._first = segment.torn(), segment.whole, segment.first()
            if segment.whole:
                self._chain, place = segment.end(), Place(str(file), segment.lines())
                break
        self._check_end(self._chain.number, self._token.acknowledged(), place)

    def _open(self) -> None:
        self._file = os.open(self.path, _FRESH, 0o640)
        if self.torn:
            os.ftruncate(self._file, self._size)
        os.fsync(self._file)
        sync_folder(self.path.parent)

    def check(self, token: int) -> None:
        """Look whether a token is still the newest; `JournalError` where it is stale."""
        with self._failing("read"):
            self._token.check(token)

    def append(self, entries: Sequence[Entry], token: int) -> None:
        """Write a batch and have it on disk before returning."""
        lines, chain = self._chain.link(entries)
        if not lines:
            return
        with self._failing("written"), self._token.locked() as lock:
            self._token.check(token)
            self._write("".join(lines).encode())
            self._token.acknowledge(lock, chain.number)
        self._chain = chain

    def _write(self, block: bytes) -> None:
        if self._size >= self._rotate:
            self._begin_another()
        try:
            write_all(self._opened(), block)
            os.fdatasync(self._opened())
        except OSError:
            self._undo()
            raise
        if not self._size:
            self._first = self._chain.number + 1
        self._size += len(block)

    def _opened(self) -> int:
        if self._file is None:
            message = f"journal `{self.path}` is not open for writing: `fence` it, which looks at what it has"
            raise JournalError(message)
        return self._file

    def _undo(self) -> None:
        """Take back what a failed write left, and write no more: what is on disk now, only `fence` can tell."""
        with suppress(OSError):
            os.ftruncate(self._opened(), self._size)
            os.fsync(self._opened())
        self.close()

    def _begin_another(self) -> None:
        self._opened()
        self.close()
        self.path.rename(f"{self.path}.{self._first:012}")
        self._size = 0
        self._file = os.open(self.path, _FRESH, 0o640)
        sync_folder(self.path.parent)

    @contextmanager
    def _failing(self, how: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"journal `{self.path}` cannot be {how}: {(error.strerror or str(error)).lower()}"
            raise JournalError(message) from error

    def close(self) -> None:
        """Let go of the file; nothing is lost, as every batch was synced."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()
