"""Locks of the file journal: the token that fences, and the lease that keeps a second engine out."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selfheal_rules.diagnostics import JournalError

_OPEN = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
_DIGITS = 20


class TokenFile:
    """
    The newest writer's token, and how many records were acknowledged, in a file of its own.

    Whoever writes the journal does so under a lock on this file, and reads it there: so no write of an older writer can
    fall between the look at the token and the sync. What was acknowledged is put down after the sync and not synced
    itself: it is never more than the disk has, so a journal with less has lost its end.
    """

    def __init__(self, path: Path) -> None:
        """Touch nothing yet."""
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the lock, which waits for a write that is under way; gives the file."""
        file = os.open(self.path, _OPEN, 0o640)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _read(self) -> tuple[int, int]:
        words = self.path.read_bytes().split() if self.path.exists() else []
        if len(words) > 2 or not all(word.isdigit() for word in words):  # noqa: PLR2004 - token, and records
            message = f"`{self.path}` holds no token; move it away, and the next writer makes another"
            raise JournalError(message)
        token, acknowledged = (*map(int, words), 0, 0)[:2]
        return token, acknowledged

    def acknowledged(self) -> int:
        """Give how many records were acknowledged at the least."""
        return self._read()[1]

    def next(self, file: int, least: int) -> int:
        """Give a token newer than all before and greater than `least`, once it is on disk in the locked file."""
        token = max(self._read()[0], least) + 1
        os.pwrite(file, b"%0*d" % (_DIGITS, token), 0)
        os.fsync(file)
        return token

    def acknowledge(self, file: int, number: int) -> None:
        """Put down in the locked file that so many records are on disk."""
        os.pwrite(file, b" %0*d" % (_DIGITS, number), _DIGITS)

    def check(self, token: int) -> None:
        """
        Look whether a token is still the newest.

        Raises:
            JournalError: where it is stale.
        """
        newest = self._read()[0]
        if token != newest:
            message = f"token {token} is stale: another engine took over under token {newest}"
            raise JournalError(message)


class FileLease:
    """A lock on a file that lasts as long as its process, and no longer."""

    def __init__(self, path: Path) -> None:
        """Touch nothing yet."""
        self.path = path
        self._file: int | None = None

    def acquire(self, *, by_force: bool = False) -> None:
        """Take the lease; by force even from who holds it: the lock file is replaced, which its holder sees."""
        self.release()
        if by_force:
            self.path.unlink(missing_ok=True)
        try:
            file = os.open(self.path, _OPEN, 0o640)
        except OSError as error:
            message = f"lease `{self.path}` cannot be taken: {(error.strerror or str(error)).lower()}"
            raise JournalError(message) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            message = f"another engine holds the lease `{self.path}`"
            raise JournalError(message) from None
        self._file = file
        self.check()

    def is_held(self) -> bool:
        """Whether anybody holds it: then the lock cannot be shared."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def check(self) -> None:
        """Look whether the lock is still on the file that others would lock."""
        try:
            held = self._file is not None and os.path.samestat(os.fstat(self._file), self.path.stat())
        except FileNotFoundError:
            held = False
        if not held:
            message = f"the lease `{self.path}` is lost"
            raise JournalError(message)

    def release(self) -> None:
        """Give the lease back; harmless where it is not held."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)
