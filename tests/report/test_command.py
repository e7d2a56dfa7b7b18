"""`selfheal report`: what it takes, what it says, and how it ends."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import selfheal_rules as sr
from selfheal_rules.healer import Healer
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.journal.items import decided
from selfheal_rules.journal.journal import named
from selfheal_rules.journal.record import INPUTS
from selfheal_rules.values import microseconds
from tests.calls import RULES, STREAM, Call
from tests.report.rig import START, data, engine, healed, program, reported


def test_the_command_says_what_it_wrote(call: Call, tmp_path: Path) -> None:
    """Beside the counts of the run, on standard error; to standard output goes the page, where no file is named."""
    found = call("report", RULES, "--input", STREAM, "--output", tmp_path / "r.html")
    assert ("", f"6 decisions in 4 episodes written to {tmp_path / 'r.html'}") == (
        found.out,
        found.err.splitlines()[-1],
    )
    shown = call("report", RULES, "--input", STREAM)
    assert (tmp_path / "r.html").read_text("utf-8") == shown.out


def test_title_time_and_coverage_are_told(call: Call, tmp_path: Path) -> None:
    """As they are given."""
    (tmp_path / "c.json").write_text(
        '{"files": {"rules.yaml": {"3": {"state": "missed", "text": "never true"}}}}', "utf-8"
    )
    more = (
        "--title",
        "Night of <the> 14th",
        "--generated",
        "2026-03-14T09:00:00Z",
        "--coverage",
        tmp_path / "c.json",
        "--until",
        "2026-11-22T17:00:00Z",
    )
    found = reported(call, tmp_path, RULES, "--input", STREAM, *more)
    assert ("Night of <the> 14th", 1773478800000000) == (found["title"], found["generated"])
    assert "missed" == found["coverage"]["files"]["rules.yaml"]["3"]["state"]
    assert found["last"] == microseconds(datetime(2026, 11, 22, 17, tzinfo=UTC))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--input", STREAM], 2, "name at least one PATH"),
        (["--journal", "heal.jsonl", RULES], 2, "its policy and its inputs: `PATH` goes with `--input`"),
        (["--journal", "heal.jsonl", "--until", "2026-11-22T17:00:00Z"], 2, "`--until` goes with `--input`"),
        (["--journal", "heal.jsonl", "--max-age", "1m"], 2, "`--max-age` goes with `--input`"),
        (["--journal", "nowhere.jsonl"], 3, "there is no journal `nowhere.jsonl`"),
        ([RULES, "--input", "nowhere"], 3, "file `nowhere` cannot be read"),
        ([RULES, "--input", STREAM, "--coverage", "nowhere"], 3, "file `nowhere` cannot be read"),
        ([RULES, "--input", STREAM, "--coverage", "README.md"], 3, "file `README.md` is no report of coverage: "),
        ([RULES], 2, "one of the arguments --journal --input is required"),
    ],
)  # fmt: skip
def test_wrong_calls_are_named(call: Call, arguments: list[str], code: int, said: str) -> None:
    """With what would be right."""
    found = call("report", *arguments)
    assert (code, "") == (found.code, found.out)
    assert said in found.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "it has no `files`"),
        ('{"files": {"a": []}}', "what it says of `a` is no object of lines"),
        ('{"files": {"a": {"3": {"state": "good"}}}}', "line 3 of `a` is none of `covered`, `partly`, `missed`"),
        ('{"files": {"a": {"x": {"state": "missed"}}}}', "line x of `a` is none of"),
    ],
)
def test_coverage_that_is_none_is_named(call: Call, tmp_path: Path, text: str, said: str) -> None:
    """It is refused before anything is read."""
    (tmp_path / "c.json").write_text(text, "utf-8")
    found = call("report", RULES, "--input", "nowhere", "--coverage", tmp_path / "c.json")
    assert (3, True) == (found.code, said in found.err)


def test_malformed_lines_are_findings(call: Call) -> None:
    """The page is written, and the command ends with 1."""
    found = call("report", RULES, "--input", "-", text=b"{]\n")
    assert (1, True) == (found.code, found.out.startswith("<!doctype html>"))


def test_a_policy_that_came_before_the_first_input_is_known(call: Call, tmp_path: Path) -> None:
    """A healer that was begun without one and stopped, and begun anew with one, is told as it decided."""
    Healer(sr.Engine(program()), FileJournal(path := tmp_path / "heal.jsonl")).close()
    healed(path, 6, 60, 0.5)
    assert 0 == call("report", "--journal", path, "--output", tmp_path / "r.html").code


def test_a_broken_journal_gives_a_page_of_what_comes_before(journal: Path, call: Call, tmp_path: Path) -> None:
    """It says where, and ends with 1."""
    broken = tmp_path / "broken.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[len(lines) // 2] = lines[len(lines) // 2].replace(b'"left":', b'"lefT":')
    broken.write_bytes(b"".join(lines))
    found = call("report", "--journal", broken, "--output", tmp_path / "r.html")
    assert (1, True) == (found.code, "the journal is broken at" in found.err)
    assert "the page tells what comes before" in found.err
    assert 0 < len(data((tmp_path / "r.html").read_text("utf-8"))["decisions"])


def test_what_stands_before_the_first_snapshot_is_counted(journal: Path, call: Call, tmp_path: Path) -> None:
    """A journal whose first files are gone is no quiet one: what the page cannot show is told, there and here."""
    records = journal.read_bytes().splitlines(keepends=True)
    begun = next(number for number, line in enumerate(records) if b'"type":"snapshot"' in line) + 1
    late = tmp_path / "late.jsonl"
    late.write_bytes(b"".join(records[begun:]))
    types = [record.type for record in FileJournal(journal).records()][begun:]
    before = types[: types.index("snapshot")] if "snapshot" in types else types
    counts = sum(one in INPUTS for one in before), before.count("decision")
    unseen = f"{counts[0]:,} inputs and {counts[1]:,} decisions"
    found = call("report", "--journal", late, "--output", tmp_path / "r.html")
    assert (1, True) == (found.code, f"{unseen} stand before the first snapshot" in found.err)
    assert unseen == data((tmp_path / "r.html").read_text("utf-8"))["unseen"]


def test_a_journal_of_another_library_is_refused(call: Call, tmp_path: Path) -> None:
    """Decisions that the inputs do not lead to are not shown as if they had."""
    path = tmp_path / "heal.jsonl"
    healer = Healer(engine(), FileJournal(path))
    made = healer.take([sr.Event("1", "server.error", "nova", START, {"host": "h", "server": "s"})])
    healer.journal.append([decided(made[0], 1)])
    healer.journal.close()
    found = call("report", "--journal", path)
    assert (3, True) == (found.code, "these are not the rules, or not the library" in found.err)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("heal.jsonl", "heal.jsonl"),
        ("postgresql+psycopg://ann:hunt@er2@db.example/heal", "postgresql+psycopg://db.example/heal"),
        ("mysql+pymysql://db/heal?password=hunter2", "mysql+pymysql://db/heal"),
        ("mysql+pymysql://u:hunter2/3@db/heal", "mysql+pymysql://db/heal"),
        ("sqlite:///heal.db", "sqlite:///heal.db"),
    ],
)
def test_a_page_does_not_say_how_its_database_is_opened(source: str, expected: str) -> None:
    """What stands above it has no user and no password."""
    assert expected == named(source)
