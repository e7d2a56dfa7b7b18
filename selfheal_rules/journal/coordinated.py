"""The lease from a coordinator the cloud already runs: ZooKeeper, Redis, Kubernetes and others, through tooz."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from selfheal_rules.diagnostics import JournalError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of eventlet, which futurist imports and nothing here uses
    import tooz
    from tooz import coordination, locking


class CoordinatedLease:
    """
    A lock of tooz: its URL (`zookeeper://…`, `redis://…`, `file:///…`), and a name that is the journal's own.

    It stands in for the lease of a journal: `Healer(…, lease=CoordinatedLease(…))`. The journal's token stays what
    decides who may write.
    """

    def __init__(self, url: str, name: str = "selfheal") -> None:
        """Connect; `JournalError` where the coordinator cannot be reached, or can never tell that a lock was lost."""
        self._where = f"lock `{name}` of the coordinator"
        with self._failing("reached"):
            self._coordinator = coordination.get_coordinator(url, os.urandom(8).hex().encode())
            self._coordinator.start()
            self._lock = self._coordinator.get_lock(name.encode())
        if type(self._lock).is_still_owner is locking.Lock.is_still_owner:
            # etcd, MySQL, PostgreSQL: the lock only remembers that it was taken, whoever may have it by now
            with suppress(tooz.ToozError):
                self._coordinator.stop()
            message = f"{self._where} is no lease: its driver cannot tell whether a lock is still held; take another"
            raise JournalError(message)

    @contextmanager
    def _failing(self, how: str) -> Iterator[None]:
        try:
            yield
        except (tooz.ToozError, tooz.NotImplemented, RuntimeError, ImportError) as error:
            message = f"{self._where} cannot be {how}: {error}"
            raise JournalError(message) from error

    def acquire(self, *, by_force: bool = False) -> None:
        """Take the lock; by force where its driver knows how to break another's."""
        with self._failing("taken"):
            if by_force:
                self._lock.break_()
            is_taken = self._lock.acquire(blocking=False)
        if not is_taken:
            message = f"another engine holds {self._where}"
            raise JournalError(message)

    def check(self) -> None:
        """Look whether it is still held, after a sign of life that keeps it from running out."""
        with self._failing("looked at"):
            self._coordinator.heartbeat()
            is_held = self._lock.is_still_owner()
        if not is_held:
            message = f"{self._where} is lost"
            raise JournalError(message)

    def release(self) -> None:
        """Give the lock back; harmless where it is not held."""
        with suppress(tooz.ToozError):
            self._lock.release()
