"""`selfheal journal`: whether a record is whole, what it says, and what it leads to."""

import json
import re
import sys
from pathlib import Path

import pytest

import selfheal_rules as sr
from selfheal_rules.healer import Healer
from selfheal_rules.journal import Journal
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.journal.items import inputs, intended
from selfheal_rules.journal.opening import open_journal
from selfheal_rules.journal.record import Entry
from selfheal_rules.normalize import Reading, read_items
from tests.calls import ROOT, RULES, STREAM, Call, caller
from tests.journal.rig import PROGRAM, enforcing
from tests.semantics.rig import fail


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command from the root of the repository."""
    return caller(monkeypatch, capsys)


PROGRAM_OF_SAMPLE = sr.compile_rules(sr.load_rules(ROOT / RULES))


def _items() -> list[sr.Event | sr.State]:
    """Give the items of the sample, whichever the normalizers make of it."""
    with (ROOT / STREAM).open("rb") as payloads:
        found = list(read_items(payloads, vocabulary=PROGRAM_OF_SAMPLE.vocabulary))
    return [one.item for one in found if isinstance(one, Reading)]


ITEMS = _items()
EVENTS = sum(isinstance(item, sr.Event) for item in ITEMS)
RECORDS = len(ITEMS) + 11
"""Beside the items: the beginning, a program, two snapshots, a mark and six decisions."""


def _heal(journal: Journal, *, to_the_end: bool = True) -> None:
    """Write the journal of the sample, to the end, or as a process leaves it that ends before its decisions."""
    healer = Healer(sr.Engine(PROGRAM_OF_SAMPLE), journal)
    if to_the_end:
        healer.take(ITEMS)
        healer.close()
        return
    healer.course.engine.admit(ITEMS)
    healer.journal.append(inputs(ITEMS))
    healer.journal.close()


@pytest.fixture(params=["heal.jsonl", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path, call: Call) -> str:  # noqa: ARG001 - `call` goes to the root
    """Give the name of the sample's journal, in a file and in a database."""
    where = f"sqlite:///{tmp_path / 'heal.db'}" if request.param == "sqlite" else str(tmp_path / "heal.jsonl")
    _heal(open_journal(where))
    return where


COUNTS = f"1 journal, 1 program, 2 snapshot, {EVENTS} event, {len(ITEMS) - EVENTS} state, 6 decision, 1 recovery"


def test_a_whole_journal_is_counted(call: Call, journal: str) -> None:
    """Every record was held against the one before it."""
    found = call("journal", "verify", journal)
    assert (0, f"{RECORDS} records in a whole chain: {COUNTS}\n", "") == (found.code, found.out, found.err)
    (told,) = call("journal", "verify", journal, "--format", "json").objects
    names = ("records", "inputs", "first", "torn", "broken", "why")
    assert (RECORDS, len(ITEMS), 1, "", None, "") == tuple(told[name] for name in names)
    last = list(open_journal(journal).records())[-1]
    assert last.hash == told["hash"]
    assert COUNTS == ", ".join(f"{told['types'][name]} {name}" for name in re.findall("[a-z]+", COUNTS))


def test_a_broken_journal_is_a_finding_with_its_place(call: Call, tmp_path: Path) -> None:
    """For people and for machines; what comes before it is counted, and recovery does not touch it."""
    path = tmp_path / "heal.jsonl"
    _heal(open_journal(str(path)))
    path.write_bytes(path.read_bytes().replace(b"compute3", b"compute4", 1))
    before = path.read_bytes()
    line = next(n for n, line in enumerate(before.splitlines(), 1) if b"compute4" in line)
    found = call("journal", "verify", path)
    assert 1 == found.code
    assert f"{line - 1} records in a whole chain" in found.out
    assert (
        f"selfheal: the journal is broken at `{path}`, line {line}, record {line}: its hash does not fit" in found.err
    )
    told = call("journal", "verify", path, "--format", "json")
    assert (1, {"where": str(path), "line": line, "record": str(line)}) == (told.code, told.objects[0]["broken"])
    assert 1 == call("journal", "recover", path, RULES).code
    assert 1 == call("journal", "show", path).code
    assert before == path.read_bytes()


@pytest.mark.parametrize("command", ["verify", "recover"])
def test_a_record_that_says_nothing_is_found_though_its_hash_fits(call: Call, tmp_path: Path, command: str) -> None:
    """Both read what every record says, before anything is made of it."""
    where = tmp_path / "heal.jsonl"
    with FileJournal(where) as journal:
        journal.append([Entry("time", "1,2")], journal.fence())
    found = call("journal", command, where, *([RULES] if command == "recover" else []))
    assert (1, True) == (found.code, "record 1: it is no record" in found.err)


def test_a_torn_end_is_said_and_is_no_finding(call: Call, tmp_path: Path) -> None:
    """It was never acknowledged; verifying leaves it, recovering cuts it off."""
    path = tmp_path / "heal.jsonl"
    _heal(open_journal(str(path)))
    whole = path.read_bytes()
    torn = b'{"n":%d' % (whole.count(b"\n") + 1)
    path.write_bytes(whole + torn)
    found = call("journal", "verify", path)
    word = f"`{path}` ends in a torn batch that was never acknowledged: {len(torn)} bytes, 0 whole records among them"
    assert (0, f"{word}; the next writer cuts it off") == (found.code, found.out.splitlines()[1])
    found = call("journal", "recover", path, RULES)
    assert (0, f"{word}; cut off") == (found.code, found.out.splitlines()[0])
    assert path.read_bytes().startswith(whole)


def test_a_journal_that_begins_later_says_so(call: Call, tmp_path: Path) -> None:
    """Older files may have been put away."""
    journal = open_journal(str(tmp_path / "heal.jsonl"))
    journal._rotate = 1  # type: ignore[attr-defined]
    _heal(journal)
    (tmp_path / "heal.jsonl.000000000001").unlink()
    found = call("journal", "verify", tmp_path / "heal.jsonl")
    assert (0, "begins with record 4; what was before it is not here") == (found.code, found.out.splitlines()[1])


def test_records_are_shown(call: Call, journal: str) -> None:
    """A line each: number, type and what matters most."""
    lines = call("journal", "show", journal, "--type", "decision").out.splitlines()
    assert "compute.fence compute3 by heal-dead-host: shadowed after input " in lines[0]
    assert 6 == len(lines)
    assert RECORDS == len(call("journal", "show", journal).out.splitlines())
    assert all(len(line) <= 180 for line in call("journal", "show", journal).out.splitlines())


def test_records_are_shown_from_and_to(call: Call, journal: str) -> None:
    """`--since` takes a record's number, `--last` a count; both hold with a type."""
    numbers = [
        one["n"] for one in call("journal", "show", journal, "--since", str(RECORDS - 2), "--format", "json").objects
    ]
    assert [RECORDS - 2, RECORDS - 1, RECORDS] == numbers
    found = call("journal", "show", journal, "--last", "2", "--type", "event", "--format", "json")
    numbers = [one["n"] for one in found.objects]
    assert (2, True) == (len(numbers), numbers[0] < numbers[1])
    assert "" == call("journal", "show", journal, "--last", "0").out


def test_records_as_json_are_the_lines_themselves(call: Call, tmp_path: Path) -> None:
    """Byte for byte, so that a chain that was printed can be checked."""
    path = tmp_path / "heal.jsonl"
    _heal(open_journal(str(path)))
    assert path.read_text() == call("journal", "show", path, "--format", "json").out


def test_recovery_records_what_is_missing(call: Call, tmp_path: Path) -> None:
    """Inputs that were recorded, and what they lead to, which was not; a second time there is nothing left to do."""
    where = str(tmp_path / "heal.jsonl")
    _heal(open_journal(where), to_the_end=False)
    (found,) = call("journal", "recover", where, RULES, "--format", "json").objects
    assert (len(ITEMS), 6, "", [], []) == tuple(
        found[name] for name in ("replayed", "missing", "torn", "called", "waiting")
    )
    assert 6 == len(call("journal", "show", where, "--type", "decision").out.splitlines())
    assert "0 inputs applied again, 0 decisions recorded late\n" == call("journal", "recover", where, RULES).out


def test_a_journal_that_somebody_works_with_is_left_alone(call: Call, tmp_path: Path) -> None:
    """Recovery needs the lease; by force it takes it, and who had it does nothing more."""
    where = str(tmp_path / "heal.jsonl")
    healer = Healer(sr.Engine(PROGRAM_OF_SAMPLE), open_journal(where))
    found = call("journal", "recover", where, RULES)
    assert (3, True) == (found.code, "another engine holds the lease" in found.err)
    assert 0 == call("journal", "recover", where, RULES, "--force").code
    with pytest.raises(sr.SelfHealError, match=r"the lease .* is lost"):
        healer.take()


def test_other_rules_take_over(call: Call, tmp_path: Path) -> None:
    """What was recorded is applied under the rules of then; only after that are these the journal's."""
    where = str(tmp_path / "heal.jsonl")
    _heal(open_journal(where), to_the_end=False)
    found = call("journal", "recover", where, RULES, "--param", "patience=1m")
    assert (0, True) == (found.code, "6 decisions recorded late" in found.out)
    assert 2 == len(call("journal", "show", where, "--type", "program").out.splitlines())


@pytest.mark.parametrize("name", ["heal.jsonl", "sqlite:///{}/heal.db", "nonsense://here", "postgresql+none://here/db"])
@pytest.mark.parametrize("command", ["verify", "show", "recover"])
def test_what_is_no_journal_is_refused(call: Call, tmp_path: Path, name: str, command: str) -> None:
    """A misspelt name is not shown as an empty journal, and makes nothing."""
    where = name.format(tmp_path) if "://" in name else str(tmp_path / name)
    rules = [RULES] if command == "recover" else []
    found = call("journal", command, where, *rules)
    assert (3, "") == (found.code, found.out)
    assert [] == list(tmp_path.iterdir())


def test_a_database_needs_its_extra(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SQLAlchemy the cure is named."""
    monkeypatch.setitem(sys.modules, "selfheal_rules.journal.sql", None)
    found = call("journal", "verify", "sqlite:///heal.db")
    assert (3, True) == (found.code, "install `selfheal-rules[sql]`" in found.err)


def test_what_cannot_be_read_is_refused(call: Call, tmp_path: Path) -> None:
    """A folder is no journal, and nobody says that it is broken."""
    (tmp_path / "heal.jsonl").mkdir()
    found = call("journal", "verify", tmp_path / "heal.jsonl")
    assert (3, True) == (found.code, "cannot be read: is a directory" in found.err)


def test_what_waits_is_said(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decision that was allowed and not carried out, and whether its executor may have been called."""
    where = str(tmp_path / "heal.jsonl")
    monkeypatch.setattr("selfheal_rules.cli.journal.Engine", enforcing)
    monkeypatch.setattr("selfheal_rules.cli.journal.load_program", lambda *_: (PROGRAM, None))
    one = Healer(enforcing(PROGRAM), open_journal(where))
    (decision,) = one.take([fail(1)])
    one.journal.append([intended(decision)])
    one.journal.close()
    said = call("journal", "recover", where, RULES).out.splitlines()
    assert ["1 input applied again, 0 decisions recorded late"] == said[:1]
    assert ["waits: compute.disable_service a by each, whose executor may have been called"] == said[1:]


def test_a_file_that_is_something_else_is_broken(call: Call, tmp_path: Path) -> None:
    """Its first line is named."""
    path = tmp_path / "heal.jsonl"
    path.write_text(json.dumps({"n": 1}) + "\n")
    found = call("journal", "verify", path)
    assert (1, True) == (found.code, "line 1, record ?: its hash does not fit" in found.err)
