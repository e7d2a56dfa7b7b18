"""Wherever a process ends, the next one goes on: the same decisions, none twice, none lost."""

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from selfheal_rules.diagnostics import ExecutorError, JournalError
from selfheal_rules.healer import Healer
from selfheal_rules.journal import Entry, Journal
from selfheal_rules.journal.items import Input
from tests.generate.streams import moment
from tests.journal.rig import Hands, file_journal, healer, told
from tests.journal.storages import Storage
from tests.semantics.rig import beat, fail, node


class Ended(BaseException):
    """The process ends here."""


class Ending:
    """A journal whose process ends at one append: before it, or right after it."""

    def __init__(self, journal: Journal, appends: int, *, after: bool) -> None:
        """End at the append of that number, from 0."""
        self._journal = journal
        self._left = appends
        self._after = after

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a journal has
        """Do all else as the journal does."""
        return getattr(self._journal, name)

    def append(self, entries: Sequence[Entry], token: int) -> None:
        """Append, unless the process ends first."""
        if not entries:
            return
        self._left -= 1
        if self._left >= 0:
            self._journal.append(entries, token)
        elif self._after:
            self._journal.append(entries, token)
            raise Ended
        else:
            raise Ended


def _stream(seed: int, length: int) -> list[Input]:
    """Give events, states and instants on three hosts, on which both rules fire, retry, confirm and give up."""
    draw, found = Random(seed), list[Input]()
    for number in range(length):
        at, host = number / 2, draw.choice("abc")
        one = draw.random()
        if one < 0.1:
            found.append(fail(at, id=f"f{number}", host=host))
        elif one < 0.4:
            found.append(node(at, host=host, level=draw.choice(("low", "high", "high"))))
        elif one < 0.5:
            found.append(moment(at))
        else:
            found.append(beat(at, id=f"b{number}", host=host, n=draw.choice((0, 1))))
    return found


BATCH = 7


def _batches(stream: Sequence[Input], healed: Healer) -> Iterator[Sequence[Input]]:
    """Give the batches of a stream a journal does not hold yet: what it holds is counted, outcomes aside."""
    records = healed.journal.journal.records()
    taken = sum(record.type in {"event", "state", "time"} for record in records)
    assert taken % BATCH == 0 or taken == len(stream), "a batch is there whole, or not at all"
    return (stream[first : first + BATCH] for first in range(taken, len(stream), BATCH))


def _hands(*, idempotent: bool) -> Hands:
    return Hands(idempotent=idempotent, answers={"compute.lock_server": ExecutorError("not today", retryable=True)})


def _run(journal: Journal, hands: Hands, stream: Sequence[Input]) -> None:
    one = healer(journal, hands, every=20)
    with closing(one.journal):
        one.take()
        for batch in _batches(stream, one):
            one.take(batch)
        one.close()


def _take(journal: Journal, hands: Hands, batch: Sequence[Input]) -> None:
    one = healer(journal, hands)
    with closing(one.journal):
        one.take(batch)


def _whole(folder: Path, stream: Sequence[Input]) -> tuple[list[Any], list[str]]:
    """Give what a run without an end says and does."""
    folder.mkdir()
    hands = _hands(idempotent=True)
    _run(file_journal(folder), hands, stream)
    return told(file_journal(folder).records()), hands.keys


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_the_process_ends_at_each_append(storage: Storage, tmp_path: Path, after: bool) -> None:  # noqa: FBT001 - a parameter
    """[G19] Before or after whichever write, again and again: one journal, record for record, and each key once."""
    stream = _stream(1, 140)
    said, keys = _whole(tmp_path / "whole", stream)
    hands = _hands(idempotent=True)
    for starts in range(len(said)):
        with suppress(Ended):
            _run(Ending(storage.open(), 1 + starts % 5, after=after), hands, stream)
            break
    assert said == told(storage.open().records())
    assert (True, keys) == (len(keys) > 20, list(dict.fromkeys(hands.keys)))


def test_an_executor_that_cannot_be_asked_twice_is_not(tmp_path: Path) -> None:
    """A process that ended between the call and its outcome leaves `unconfirmed`, and the call is not made again."""
    hands = Hands()
    with pytest.raises(Ended):
        _take(Ending(file_journal(tmp_path), 5, after=False), hands, [fail(1)])
    healer(file_journal(tmp_path), hands).take()
    (outcome,) = [data for type_, _, data in told(file_journal(tmp_path).records()) if type_ == "outcome"]
    assert (["disable_service a#1"], "unconfirmed") == (hands.calls, outcome["status"])


def test_what_was_decided_and_not_yet_recorded_is_recorded(storage: Storage) -> None:
    """The inputs lead to the same decision again, and it is carried out once."""
    hands = Hands()
    with pytest.raises(Ended):
        _take(Ending(storage.open(), 3, after=False), hands, [beat(0), fail(1)])
    one = healer(storage.open(), hands)
    assert ["journal", "program", "snapshot", "recovery", "event", "event", "decision", "recovery"] == [
        record.type for record in storage.open().records()
    ]
    mark = [record.data for record in storage.open().records()][-1]
    assert (2, 1, []) == (mark["replayed"], mark["missing"], mark["called"])
    one.take()
    assert ["disable_service a#1"] == hands.calls


def test_a_journal_without_its_snapshot_is_refused(tmp_path: Path) -> None:
    """Where the files with the snapshot are gone, nobody begins as if nothing had been."""
    journal = file_journal(tmp_path, rotate=1)
    one = healer(journal, Hands())
    one.take([beat(1)])
    one.journal.close()
    for older in journal.files()[:-1]:
        older.unlink()
    with pytest.raises(JournalError, match="has no snapshot to begin from"):
        healer(file_journal(tmp_path))


def test_a_second_engine_is_kept_out(storage: Storage) -> None:
    """As long as one works with a journal, no other begins."""
    one = healer(storage.open(), Hands())
    one.take([beat(0)])
    with pytest.raises(JournalError, match="another engine holds the lease"):
        healer(storage.open(), Hands())
    one.close()
    healer(storage.open(), Hands()).take([beat(1)])


def test_a_journal_that_cannot_be_opened_leaves_the_lease(tmp_path: Path) -> None:
    """Who failed to begin does not keep the next one out."""
    (tmp_path / "heal.jsonl").write_bytes(b"a shopping list\n")
    with pytest.raises(JournalError, match=r"line 1, record [?]: its hash does not fit"):
        healer(file_journal(tmp_path), Hands())
    (tmp_path / "heal.jsonl").unlink()
    healer(file_journal(tmp_path), Hands()).close()


def test_who_was_taken_over_from_does_nothing_more(storage: Storage) -> None:
    """[G20] Its inputs do not count, and its executor is not called, even for what it has decided already."""
    hands = Hands()
    old = healer(storage.open(), hands)
    old.take([beat(0)])
    (decision,) = old.course.apply(fail(1))
    lease = storage.open().lease()
    lease.acquire(by_force=True)
    lease.release()
    new = healer(storage.open(), Hands())
    before = storage.lines()
    with pytest.raises(JournalError, match="lost"):
        old.take([fail(2)])
    with pytest.raises(JournalError, match="stale"):
        old._carry_out()
    assert old.executors is not None
    with pytest.raises(JournalError, match="lost"):
        old.executors.begin(decision, old.journal, again=False)
    assert ([], before) == (hands.calls, storage.lines())
    new.take([fail(3)])
