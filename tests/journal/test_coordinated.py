"""The lease of tooz: its file driver is a real one, and needs no server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tooz.drivers.file import FileLock

from selfheal_rules.diagnostics import JournalError
from selfheal_rules.healer import Healer
from selfheal_rules.journal.coordinated import CoordinatedLease
from tests.journal.rig import PROGRAM, enforcing, file_journal


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[CoordinatedLease, CoordinatedLease]]:
    """Give two that want one lock."""
    made = CoordinatedLease(f"file://{tmp_path}"), CoordinatedLease(f"file://{tmp_path}")
    yield made
    for lease in made:
        lease.release()


def test_one_at_a_time(pair: tuple[CoordinatedLease, CoordinatedLease]) -> None:
    """The second is refused until the first lets go, and who holds none is told so."""
    first, second = pair
    first.acquire()
    first.check()
    with pytest.raises(JournalError, match="another engine holds lock `selfheal`"):
        second.acquire()
    with pytest.raises(JournalError, match="is lost"):
        second.check()
    first.release()
    second.acquire()
    second.check()


def test_a_driver_that_cannot_break_a_lock_says_so(pair: tuple[CoordinatedLease, CoordinatedLease]) -> None:
    """Force is not pretended."""
    with pytest.raises(JournalError, match="cannot be taken"):
        pair[0].acquire(by_force=True)


def test_a_coordinator_that_is_none_is_a_clear_error() -> None:
    """A URL nobody has a driver for is named."""
    with pytest.raises(JournalError, match="cannot be reached"):
        CoordinatedLease("nonsense://nowhere")


def test_a_driver_that_cannot_tell_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only remembers that it took a lock would act on beside whoever has it by now."""
    monkeypatch.delattr(FileLock, "is_still_owner")
    with pytest.raises(JournalError, match="its driver cannot tell whether a lock is still held"):
        CoordinatedLease(f"file://{tmp_path}")


def test_it_stands_in_for_the_lease_of_a_journal(
    tmp_path: Path, pair: tuple[CoordinatedLease, CoordinatedLease]
) -> None:
    """A healer that was given one keeps others out by it."""
    healer = Healer(enforcing(PROGRAM), file_journal(tmp_path), lease=pair[0])
    with pytest.raises(JournalError, match="another engine holds lock"):
        Healer(enforcing(PROGRAM), file_journal(tmp_path), lease=pair[1])
    healer.close()
    Healer(enforcing(PROGRAM), file_journal(tmp_path), lease=pair[1]).close()
