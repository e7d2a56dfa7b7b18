"""What every journal promises, whatever it is kept in."""

import json

import pytest

from selfheal_rules.diagnostics import JournalError
from selfheal_rules.journal import Entry
from selfheal_rules.journal.record import NOTHING, Chain
from tests.journal.rig import beats, told
from tests.journal.storages import Storage


def test_what_is_appended_is_read_back(storage: Storage) -> None:
    """Records come back in order, numbered without a gap, batch by batch."""
    journal = storage.open()
    token = journal.fence()
    journal.append(beats(0, 3), token)
    journal.append([Entry("decision", "{}"), Entry("intent", '{"key":"k"}')], token)
    found = list(journal.records())
    assert [(1, 1, 2), (2, 2, 1), (3, 3, 0), (4, 3, 1), (5, 3, 0)] == [(r.number, r.inputs, r.left) for r in found]
    assert ["event", "event", "event", "decision", "intent"] == [record.type for record in found]
    assert 3 == journal.inputs


def test_each_record_carries_the_hash_of_the_one_before(storage: Storage) -> None:
    """The chain begins with nothing and goes on over batches."""
    journal = storage.open()
    token = journal.fence()
    journal.append(beats(0, 2), token)
    journal.append(beats(2, 4), token)
    found = list(journal.records())
    assert [NOTHING, *(record.hash for record in found[:-1])] == [record.prev for record in found]


def test_a_new_writer_goes_on_where_the_last_one_ended(storage: Storage) -> None:
    """Opened again, a journal counts and chains on."""
    first = storage.open()
    first.append(beats(0, 2), first.fence())
    first.close()
    second = storage.open()
    second.append(beats(2, 4), second.fence())
    found = list(storage.open().records())
    assert ([1, 2, 3, 4], 4) == ([record.number for record in found], second.inputs)


def test_an_empty_journal_is_empty(storage: Storage) -> None:
    """Reading what nobody has written gives nothing, before and after somebody became its writer."""
    journal = storage.open()
    assert ([], []) == (list(journal.records()), list(journal.recent()))
    journal.append([], journal.fence())
    assert ([], []) == (list(journal.records()), list(journal.recent()))


def test_a_stale_token_writes_nothing(storage: Storage) -> None:
    """Once another has become the writer, the old one is refused, and the journal is as it was."""
    old, new = storage.open(), storage.open()
    stale = old.fence()
    old.append(beats(0, 1), stale)
    token = new.fence()
    new.append(beats(1, 2), token)
    before = storage.lines()
    with pytest.raises(JournalError, match=rf"token {stale} is stale.*token {token}"):
        old.append(beats(2, 3), stale)
    with pytest.raises(JournalError, match="stale"):
        old.check(stale)
    new.check(token)
    assert before == storage.lines()


def test_a_writer_that_was_fenced_out_can_become_the_writer_again(storage: Storage) -> None:
    """Fencing looks at what there is by then."""
    old, new = storage.open(), storage.open()
    old.append(beats(0, 1), old.fence())
    new.append(beats(1, 3), new.fence())
    old.append(beats(3, 4), old.fence())
    assert [1, 2, 3, 4] == [record.number for record in storage.open().records()]


def test_nothing_is_written_without_becoming_the_writer(storage: Storage) -> None:
    """A journal that was not fenced takes nothing, under whatever token."""
    token = storage.open().fence()
    with pytest.raises(JournalError):
        storage.open().append(beats(0, 1), token)
    assert [] == storage.lines()


def test_recent_begins_with_the_last_snapshot(storage: Storage) -> None:
    """Words that look like a snapshot inside another record are none."""
    journal = storage.open()
    token = journal.fence()
    assert [] == list(journal.recent())
    journal.append([*beats(0, 2), Entry("snapshot", '{"a":1}')], token)
    journal.append([*beats(2, 3), Entry("snapshot", '{"a":2}'), *beats(3, 4)], token)
    journal.append([Entry("mark", '{"type":"snapshot","left":0}')._replace(type="recovery")], token)
    found = list(journal.recent())
    assert ["snapshot", "event", "recovery"] == [record.type for record in found]
    assert {"a": 2} == found[0].data


def test_every_text_survives(storage: Storage) -> None:
    """NUL, half a surrogate pair, quotes, line breaks and other scripts come back as they were."""
    text = 'a\x00b\ud800"\\\n\u2028é漢🚑\x7f'
    journal = storage.open()
    journal.append([Entry("recovery", '{"t":' + json.dumps(text) + "}")], journal.fence())
    assert [{"t": text}] == [record.data for record in storage.open().records()]


@pytest.mark.parametrize("line", [1, 3, 5])
@pytest.mark.parametrize("part", [b'"n":', b'"inputs":', b'"data":', b'"prev":"', b'"hash":"'])
def test_a_flipped_byte_is_found_at_its_record(storage: Storage, line: int, part: bytes) -> None:
    """[G25] Whichever part of whichever record was changed, the message names that record; those before it come out."""
    journal = storage.open()
    journal.append(beats(0, 5), journal.fence())
    lines = storage.lines()
    at = lines[line - 1].index(part) + len(part)
    lines[line - 1] = lines[line - 1][:at] + bytes([lines[line - 1][at] ^ 1]) + lines[line - 1][at + 1 :]
    storage.put(lines)
    given: list[int] = []
    with pytest.raises(JournalError) as raised:
        given.extend(record.number for record in storage.open().records())
    assert f"the journal is broken at {storage.place(line)}, record " in str(raised.value)
    assert list(range(1, line)) == given


def test_a_missing_record_is_named(storage: Storage) -> None:
    """Where a record was taken out, the one that now stands there is named, and the one that should."""
    journal = storage.open()
    journal.append(beats(0, 5), journal.fence())
    lines = storage.lines()
    storage.put(lines[:2] + lines[3:])
    with pytest.raises(JournalError, match=r"record 4: record 3 should stand here"):
        list(storage.open().records())


def test_a_forged_record_does_not_fit_in(storage: Storage) -> None:
    """A record that is whole by itself, but not of this chain, is refused."""
    journal = storage.open()
    journal.append(beats(0, 3), journal.fence())
    lines = storage.lines()
    forged, _ = Chain(1, "f" * 64, 1).link(beats(7, 9))
    storage.put([lines[0], *(line.rstrip().encode() for line in forged)])
    with pytest.raises(JournalError, match="record 2: it does not carry the hash of record 1"):
        list(storage.open().records())


def test_a_journal_of_another_format_is_refused(storage: Storage) -> None:
    """What a later version wrote is not guessed at."""
    journal = storage.open()
    journal.append([Entry("journal", '{"format":2}')], journal.fence())
    with pytest.raises(JournalError, match="it begins format 2, and this library knows format 1"):
        list(storage.open().records())


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (Entry("journal", "{}"), "record 1: it is a `journal` without `format`"),
        (Entry("journal", "[]"), "record 1: it is a `journal` without `format`"),
        (Entry("rumour", "{}"), "record 1: its type `rumour` is not known"),
        (Entry("time", "1,2"), "record 1: it is no record"),
    ],
)
def test_a_record_that_is_none_is_named(storage: Storage, entry: Entry, expected: str) -> None:
    """A line whose hash fits may still say nothing that can be read: it is refused before anything is made of it."""
    journal = storage.open()
    journal.append([entry], journal.fence())
    with pytest.raises(JournalError, match=expected):
        [record.data for record in storage.open().records()]


def test_thousands_in_one_batch(storage: Storage) -> None:
    """A batch is as large as it is."""
    journal = storage.open()
    batch = beats(0, 3_000)
    journal.append(batch, journal.fence())
    assert [("event", n, json.loads(one.data)) for n, one in enumerate(batch, 1)] == told(storage.open().records())


def test_one_lease_at_a_time(storage: Storage) -> None:
    """A second holder is refused until the first lets go; who takes it by force has it, and the other sees that."""
    first, second = storage.open().lease(), storage.open().lease()
    first.acquire()
    first.check()
    with pytest.raises(JournalError, match="holds the lease"):
        second.acquire()
    first.release()
    second.acquire()
    first.acquire(by_force=True)
    first.check()
    with pytest.raises(JournalError, match="lost"):
        second.check()
    first.release()
    with pytest.raises(JournalError, match="lost"):
        first.check()
