"""What a journal promises of its writers, and a lease of its holders."""

from collections.abc import Callable
from unittest import SkipTest

from selfheal_rules.diagnostics import JournalError
from selfheal_rules.journal.journal import Journal, Lease
from selfheal_rules.journal.record import Entry


class LeaseContract:
    """A lease: one holder at a time, and who is not the holder any more is told so."""

    breaks: bool = True
    """Whether it can be taken by force from who holds it."""

    def lease(self) -> Lease:
        """Give the lease as another process has it: each call is another holder of the same one."""
        raise NotImplementedError

    def test_one_holds_it(self) -> None:
        """A second one is refused, and may have it once the first has given it back."""
        first, second = self.lease(), self.lease()
        first.acquire()
        first.check()
        assert _is_told(second.acquire), "two hold it at once"
        assert _is_told(second.check), "one that never had it is told that it holds it"
        first.check()
        first.release()
        second.acquire()
        second.check()
        second.release()

    def test_giving_it_back_twice_is_harmless(self) -> None:
        """Neither is giving back what was never held, and who holds it keeps it."""
        first, second = self.lease(), self.lease()
        second.release()
        first.acquire()
        second.release()
        first.check()
        first.release()
        first.release()

    def test_one_that_lost_it_is_told(self) -> None:
        """After it was taken by force, the old holder is refused, and stays so; its release takes nothing away."""
        if not self.breaks:
            message = "it cannot be taken by force"
            raise SkipTest(message)
        old, new = self.lease(), self.lease()
        old.acquire()
        new.acquire(by_force=True)
        assert _is_told(old.check), "the old holder is told that it still holds it"
        old.release()
        new.check()
        new.release()


def _is_told(act: Callable[..., object], *given: object) -> bool:
    """Whether one that may not act is told so."""
    try:
        act(*given)
    except JournalError:
        return True
    return False


class JournalContract:
    """A journal: tokens grow, a stale one writes nothing, and what was written is read back, all of it or nothing."""

    def journal(self) -> Journal:
        """Open the journal as another process does: each call opens the same one."""
        raise NotImplementedError

    def test_tokens_grow(self) -> None:
        """Whoever becomes the writer has a greater token than all before."""
        tokens = []
        for _ in range(3):
            with self.journal() as journal:
                tokens.append(journal.fence())
        assert tokens == sorted(set(tokens)), f"tokens do not grow: {tokens}"

    def test_a_stale_writer_is_refused(self) -> None:
        """Once another has become the writer, the old one writes nothing, and is told so."""
        with self.journal() as old, self.journal() as new:
            stale = old.fence()
            old.append([_entry(1)], stale)
            token = new.fence()
            assert _is_told(old.check, stale), "a stale token is good"
            assert _is_told(old.append, [_entry(2)], stale), "a stale token may write"
            new.check(token)
        assert self._length() == 1, "a stale writer has written"

    def test_what_is_written_is_read_back(self) -> None:
        """In order, batch by batch, numbered without a gap, and by another process as well."""
        with self.journal() as journal:
            token = journal.fence()
            journal.append([_entry(number) for number in range(3)], token)
            journal.append([_entry(3)], token)
        with self.journal() as journal:
            found = list(journal.records())
        assert [one.number for one in found] == [1, 2, 3, 4], "records are lost, or not in order"
        assert [one.data["n"] for one in found] == [0, 1, 2, 3], "records are not what was written"

    def _length(self) -> int:
        with self.journal() as journal:
            return len(list(journal.records()))


def _entry(number: int) -> Entry:
    return Entry("outcome", f'{{"n":{number}}}')
