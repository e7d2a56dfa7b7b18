"""What the file journal promises beside the contract: torn ends, rotation, full and read-only disks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from selfheal_rules.diagnostics import JournalError
from selfheal_rules.journal.file import FileJournal
from tests.journal.rig import beats, file_journal


def _numbers(folder: Path) -> list[int]:
    return [record.number for record in file_journal(folder).records()]


def _three_batches(folder: Path) -> list[int]:
    """Write three batches of two; gives the size after each."""
    journal, sizes = file_journal(folder), []
    token = journal.fence()
    for first in (0, 2, 4):
        journal.append(beats(first, first + 2), token)
        sizes.append(journal.path.stat().st_size)
    journal.close()
    return sizes


def _end_before(folder: Path, acknowledged: int) -> None:
    """Have the writer end after its write and before it acknowledged it."""
    file = folder / "heal.jsonl.token"
    file.write_text(f"{file.read_text().split()[0]} {acknowledged:020}")


def test_wherever_a_write_was_torn_whole_batches_are_left(tmp_path: Path) -> None:
    """Cut off at any byte, the file gives the batches that were whole; a new writer says what it cut and goes on."""
    _, second, third = _three_batches(tmp_path)
    path = tmp_path / "heal.jsonl"
    whole = path.read_bytes()
    for size in [*range(second + 1, third, 29), third - 2, third - 1]:
        path.write_bytes(whole[:size])
        _end_before(tmp_path, 4)
        assert [1, 2, 3, 4] == _numbers(tmp_path)
        journal = file_journal(tmp_path)
        token = journal.fence()
        assert journal.torn is not None
        assert (size - second, second) == (journal.torn.size, path.stat().st_size)
        journal.append(beats(4, 6), token)
        journal.close()
        assert whole == path.read_bytes()


def test_what_was_cut_off_is_said(tmp_path: Path) -> None:
    """The word names the file, the bytes, and how many whole records of the torn batch went with it."""
    _, second, third = _three_batches(tmp_path)
    path = tmp_path / "heal.jsonl"
    os.truncate(path, third - 1)
    _end_before(tmp_path, 4)
    journal = file_journal(tmp_path)
    list(journal.records())
    expected = f"`{path}` ends in a torn batch that was never acknowledged: {third - 1 - second} bytes, "
    assert f"{expected}1 whole record among them" == str(journal.torn)
    journal.fence()
    assert f"{expected}1 whole record among them" == str(journal.torn)
    list(journal.records())
    assert journal.torn is None


def test_a_size_that_came_before_its_bytes_is_torn_too(tmp_path: Path) -> None:
    """After a loss of power a file may end in zeros."""
    *_, third = _three_batches(tmp_path)
    os.truncate(tmp_path / "heal.jsonl", third + 512)
    journal = file_journal(tmp_path)
    journal.append(beats(6, 7), journal.fence())
    assert (512, list(range(1, 8))) == (journal.torn.size if journal.torn else 0, _numbers(tmp_path))


def test_a_damaged_record_of_a_torn_batch_is_not_cut_off(tmp_path: Path) -> None:
    """A torn write leaves the beginning of what was written; anything else was done by somebody, and is refused."""
    _, second, third = _three_batches(tmp_path)
    path = tmp_path / "heal.jsonl"
    whole = bytearray(path.read_bytes()[: third - 1])
    whole[second + 60] ^= 1
    path.write_bytes(whole)
    with pytest.raises(JournalError, match="line 5, record 5: its hash does not fit"):
        file_journal(tmp_path).fence()
    assert bytes(whole) == path.read_bytes()


@pytest.mark.parametrize("end", [b"hello, this is my diary", b'{"n":9,"inputs":7', b'{"n":7;', b"\0\0{"])
def test_what_no_write_begins_with_is_not_cut_off(tmp_path: Path, end: bytes) -> None:
    """Words of somebody else at the end are refused at their line, and stay."""
    _three_batches(tmp_path)
    path = tmp_path / "heal.jsonl"
    said = path.read_bytes() + end
    path.write_bytes(said)
    with pytest.raises(JournalError, match=r"line 7, record .: it is no beginning of a record"):
        file_journal(tmp_path).fence()
    assert said == path.read_bytes()


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    """Who gives the wrong file is told so, and loses nothing."""
    path = tmp_path / "heal.jsonl"
    path.write_bytes(b"my private key without a newline")
    with pytest.raises(JournalError, match=r"line 1, record .: it is no beginning of a record"):
        file_journal(tmp_path).fence()
    assert b"my private key without a newline" == path.read_bytes()


@pytest.mark.parametrize("cut", [1, 30, 400])
def test_an_end_that_was_acknowledged_and_is_gone_is_refused(tmp_path: Path, cut: int) -> None:
    """What it led to was done, and would be done once more; who moves the token away goes on without it."""
    *_, third = _three_batches(tmp_path)
    os.truncate(tmp_path / "heal.jsonl", third - cut)
    for use in (lambda: _numbers(tmp_path), file_journal(tmp_path).fence):
        with pytest.raises(JournalError, match=r"record 4: it is the last, and 6 were acknowledged: bring back"):
            use()
    (tmp_path / "heal.jsonl.token").unlink()
    assert [1, 2, 3, 4] == _numbers(tmp_path)


def test_a_newest_file_that_is_gone_is_missed(tmp_path: Path) -> None:
    """A whole chain in the older files is not the whole journal."""
    journal = file_journal(tmp_path, rotate=1)
    token = journal.fence()
    for first in (0, 2):
        journal.append(beats(first, first + 2), token)
    journal.path.unlink()
    with pytest.raises(JournalError, match=r"000000000001`, line 2, record 2: it is the last, and 4 were acknowledged"):
        _numbers(tmp_path)


def test_the_chain_goes_on_over_files(tmp_path: Path) -> None:
    """A full file is set aside under the number of its first record; reading and writing go on as in one file."""
    journal = file_journal(tmp_path, rotate=1_000)
    token = journal.fence()
    for first in range(0, 12, 2):
        journal.append(beats(first, first + 2), token)
    names = [path.name.removeprefix("heal.jsonl") for path in journal.files()]
    assert [".000000000001", ".000000000005", ""] == names
    assert list(range(1, 13)) == _numbers(tmp_path)
    journal.close()
    again = file_journal(tmp_path, rotate=1_000)
    again.append(beats(12, 13), again.fence())
    assert list(range(1, 14)) == _numbers(tmp_path)


def test_a_place_is_in_its_own_file(tmp_path: Path) -> None:
    """What is wrong in an older file is named by that file and the line in it."""
    journal = file_journal(tmp_path, rotate=1)
    token = journal.fence()
    for first in range(0, 6, 2):
        journal.append(beats(first, first + 2), token)
    older = tmp_path / "heal.jsonl.000000000003"
    older.write_bytes(older.read_bytes().replace(b'"n":3}', b'"n":4}'))
    with pytest.raises(JournalError, match=r"heal.jsonl.000000000003`, line 2, record 4: its hash"):
        _numbers(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Where a file in between is gone, the record that should stand there is named; the oldest may be put away."""
    journal = file_journal(tmp_path, rotate=1)
    token = journal.fence()
    for first in range(0, 8, 2):
        journal.append(beats(first, first + 2), token)
    (tmp_path / "heal.jsonl.000000000001").unlink()
    assert [3, 4, 5, 6, 7, 8] == _numbers(tmp_path)
    (tmp_path / "heal.jsonl.000000000005").unlink()
    with pytest.raises(JournalError, match=r"heal.jsonl`, line 1, record 7: record 5 should stand here"):
        _numbers(tmp_path)


def test_a_torn_end_that_others_follow_is_no_torn_end(tmp_path: Path) -> None:
    """Only the newest file can end in a write that was cut short."""
    journal = file_journal(tmp_path, rotate=1)
    token = journal.fence()
    journal.append(beats(0, 2), token)
    journal.append(beats(2, 4), token)
    with (tmp_path / "heal.jsonl.000000000001").open("ab") as older:
        older.write(b'{"n":3')
    with pytest.raises(JournalError, match=r"ends in a torn batch.*another file should have gone on from there"):
        _numbers(tmp_path)


@pytest.mark.parametrize("stage", ["before", "after"])
def test_a_process_that_ended_while_setting_a_file_aside(tmp_path: Path, stage: str) -> None:
    """Neither a missing newest file nor an empty one breaks the chain."""
    journal = file_journal(tmp_path, rotate=1)
    journal.append(beats(0, 2), journal.fence())
    journal.close()
    journal.path.rename(f"{journal.path}.000000000001")
    if stage == "after":
        journal.path.touch()
    journal.append(beats(2, 4), journal.fence())
    assert [1, 2, 3, 4] == _numbers(tmp_path)


def test_a_token_that_was_lost_is_not_given_again(tmp_path: Path) -> None:
    """Where the token's file is gone, the next token is still newer than all under which something was written."""
    tokens = []
    for at in range(3):
        journal = file_journal(tmp_path)
        tokens.append(journal.fence())
        journal.append(beats(at, at + 1), tokens[-1])
        journal.close()
    (tmp_path / "heal.jsonl.token").unlink()
    assert file_journal(tmp_path).fence() > max(tokens)


def test_a_token_that_is_none_is_refused(tmp_path: Path) -> None:
    """What stands in the token's file is not guessed at."""
    (tmp_path / "heal.jsonl.token").write_text("seven")
    with pytest.raises(JournalError, match="holds no token; move it away"):
        file_journal(tmp_path).fence()


def _fill(journal: FileJournal, token: int) -> None:
    for first in range(0, 1_000, 10):
        journal.append(beats(first, first + 10), token)


def test_a_full_disk_is_a_clear_error(small_disk: Path) -> None:
    """A batch that does not fit is refused whole, and nothing more is taken until the journal has been looked at."""
    journal = file_journal(small_disk)
    token = journal.fence()
    with pytest.raises(JournalError, match=r"heal.jsonl` cannot be written: no space left on device"):
        _fill(journal, token)
    numbers = _numbers(small_disk)
    assert (list(range(1, len(numbers) + 1)), 0) == (numbers, len(numbers) % 10)
    assert len(numbers) > 20
    assert file_journal(small_disk).torn is None
    with pytest.raises(JournalError, match="is not open for writing: `fence` it"):
        journal.append(beats(0, 1), token)


def test_a_read_only_disk_is_a_clear_error(small_disk: Path) -> None:
    """Neither a new journal nor one that is there can be written, and what is there can be read."""
    journal = file_journal(small_disk)
    journal.append(beats(0, 3), journal.fence())
    journal.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(JournalError, match=r"heal.jsonl` cannot be opened: read-only file system"):
        file_journal(small_disk).fence()
    with pytest.raises(JournalError, match=r"other.jsonl` cannot be opened: read-only file system"):
        FileJournal(small_disk / "other.jsonl").fence()
    with pytest.raises(JournalError, match="cannot be taken: read-only file system"):
        FileJournal(small_disk / "other.jsonl").lease().acquire()
    assert [1, 2, 3] == _numbers(small_disk)


LIMITED = """
import resource, sys
from tests.journal.rig import beats, file_journal
from selfheal_rules.diagnostics import JournalError
from pathlib import Path
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
journal = file_journal(Path(sys.argv[1]))
token = journal.fence()
try:
    for first in range(0, 1_000, 10):
        journal.append(beats(first, first + 10), token)
except JournalError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, before)
"""


def test_a_limit_of_size_is_a_clear_error(tmp_path: Path) -> None:
    """A write that got half way before the system refused the rest is taken back."""
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"journal `{tmp_path / 'heal.jsonl'}` cannot be written: file too large\n" == said
    journal = file_journal(tmp_path)
    numbers = [record.number for record in journal.records()]
    assert (0, True, None) == (len(numbers) % 10, len(numbers) > 20, journal.torn)


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    """A journal makes files, not folders."""
    with pytest.raises(JournalError, match="cannot be opened: no such file or directory"):
        FileJournal(tmp_path / "nowhere" / "heal.jsonl").fence()


def test_what_cannot_be_read_is_a_clear_error(tmp_path: Path) -> None:
    """A folder is no journal."""
    (tmp_path / "heal.jsonl").mkdir()
    with pytest.raises(JournalError, match="cannot be read: is a directory"):
        _numbers(tmp_path)


def test_a_failed_sync_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system cannot say that a batch is on disk, it is taken back, and the writer has to look anew."""
    journal = file_journal(tmp_path)
    token = journal.fence()
    journal.append(beats(0, 2), token)

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(JournalError, match="cannot be written: input/output error"):
            journal.append(beats(2, 4), token)
    with pytest.raises(JournalError, match="not open for writing"):
        journal.append(beats(2, 4), token)
    assert [1, 2] == _numbers(tmp_path)
    journal.append(beats(2, 4), journal.fence())
    assert [1, 2, 3, 4] == _numbers(tmp_path)
