"""`selfheal test`: what it plays, what it says, how it ends."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from selfheal_rules.cli.choosing import chooser
from selfheal_rules.cli.ending import Refused
from selfheal_rules.cli.watching import BETWEEN, look, watch
from tests.calls import GOLDEN, Call, caller
from tests.suites import RULES

TESTS = """\
selfheal_test: 1
cases:
  - name: it is told
    steps: [{t: 0s, event: lost, with: {host: c1}, expect: [{do: notify}]}]
  - name: nobody is told
    steps:
      - {t: 0s, state: alarm, with: {host: c1}}
      - {t: 40s, event: lost, with: {host: "c\\a1"}}
      - t: 1m
        expect: [{do: notify, target: c2}]
        held: [{do: compute.disable_service, by: limit}]
        holds: [{state: dead, with: {host: c1}}]
        why_not: {rule: drain, target: c2, failed: for}
  - name: some other day
    skip: not today
    steps: [{t: 0s, expect: []}]
"""


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Give a folder of rule sets, one of them with tests."""
    for name in ("small", "untested"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "small" / "tests.yaml").write_text(TESTS, "utf-8")
    return tmp_path


def test_a_failure_reads_as_it_did(call: Call, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a run: what was expected and what came, timeline, why not, because, counts; `UPDATE_GOLDEN=1`."""
    found = call("test", site / "small" / "tests.yaml")
    golden = GOLDEN / "test.txt"
    written = found.out.replace(str(site), "SITE")
    assert 1 == found.code
    assert "" == found.err
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(written, "utf-8")
    assert golden.read_text("utf-8") == written
    monkeypatch.chdir(site)
    assert 1 == call("test", site).code


def test_names_are_shown_where_that_is_asked_for(call: Call, site: Path) -> None:
    """With `-v` each case is named with its ending, and notes with the number of their cases."""
    found = call("test", site, "-v", "-k", "it or other")
    assert ["passed  it is told", "skipped  some other day"] == found.out.splitlines()[:2]
    assert found.out.splitlines()[2].endswith("tests.yaml: 1 passed, 1 skipped")
    assert "    1 case: not today" == found.out.splitlines()[3]
    assert 0 == found.code


def test_as_json_each_case_is_an_object(call: Call, site: Path) -> None:
    """One object a line, the counts to standard error."""
    found = call("test", site / "small", "--format", "json")
    assert (1, "1 passed, 1 failed, 1 skipped\n") == (found.code, found.err)
    assert [("it is told", "passed"), ("nobody is told", "failed"), ("some other day", "skipped")] == [
        (one["name"], one["result"]) for one in found.objects
    ]
    failures = found.objects[1]["failures"]
    assert [("1m", 9, None), ("1m", 12, None), ("1m", 13, None)] == [
        (one["at"], one["line"], one["variant"]) for one in failures
    ]
    assert ["compute.disable_service", "notify"] == [one["action"] for one in failures[0]["decisions"]]


def test_build_servers_read_the_results(call: Call, site: Path) -> None:
    """JUnit XML has a suite for each file, and each case with its line, its failure or why it was skipped."""
    file = site / "results.xml"
    assert 1 == call("test", site, "--junit", file).code
    (suite,) = ET.parse(file).getroot()  # noqa: S314 - written the line before
    assert ("3", "1", "1", "0") == tuple(suite.get(name) for name in ("tests", "failures", "skipped", "errors"))
    told, failed, skipped = suite
    assert ("it is told", "3") == (told.get("name"), told.get("line"))
    assert "nobody is told" in (failed[0].text or "")
    assert "not today" == skipped[0].get("message")
    found = call("test", site, "--junit", site / "nowhere" / "results.xml")
    assert (3, True) == (found.code, "cannot be written" in found.err)


def test_what_cannot_be_loaded_ends_with_three(call: Call, site: Path) -> None:
    """A file that is none, a folder without tests: nothing is played."""
    (site / "small" / "tests.yaml").write_text(TESTS.replace("event: lost", "event: lots"), "utf-8")
    found = call("test", site)
    assert (3, "") == (found.code, found.out)
    assert "the tests cannot be run" in found.err
    assert "SH414" in found.err
    assert 3 == call("test", site / "untested").code
    assert 3 == call("test", site / "nowhere.yaml").code


def test_no_case_of_that_name_is_a_wrong_call(call: Call, site: Path) -> None:
    """A run that plays nothing is no success."""
    found = call("test", site, "-k", "elsewhere")
    assert (2, True) == (found.code, "no case is meant" in found.err)
    assert 2 == call("test", site, "-k", "and and").code
    assert 2 == call("test").code


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("host", ["a host falls", "a HOST stands"]), ("host and not falls", ["a HOST stands"]),
        ("falls or nothing", ["a host falls", "nothing"]), ("not (host or nothing)", ["x"]),
        ("(host and falls) or x", ["a host falls", "x"]), ("not not x", ["x"]),
    ],
)  # fmt: skip
def test_cases_are_chosen_by_texts_of_their_names(expression: str, chosen: list[str]) -> None:
    """Texts joined by `and`, `or`, `not` and brackets, in any case of letters."""
    assert chosen == [name for name in ("a host falls", "a HOST stands", "nothing", "x") if chooser(expression)(name)]


@pytest.mark.parametrize("expression", ["", "and", "a or", "(a", "a)", "not", "a b", "()"])
def test_what_is_no_expression_is_refused(expression: str) -> None:
    """Half an expression chooses nothing."""
    with pytest.raises(Refused, match="no expression"):
        chooser(expression)


def _runs(changes: list[Mapping[Path, int]], places: list[list[Path]]) -> list[list[Path]]:
    """Watch over looks that see these, and give the places each look was given."""
    looks = iter(changes)
    seen: list[list[Path]] = []
    waits: list[float] = []
    left: Iterator[list[Path]] = iter(places)

    def sees(asked: Iterable[Path]) -> Mapping[Path, int]:
        seen.append([*asked])
        return next(looks)

    rounds = iter([True] * (len(changes) // 2) + [False])
    watch(lambda: next(left), seen=sees, wait=waits.append, goes_on=lambda: next(rounds))
    assert {BETWEEN} == set(waits)
    return seen


def test_a_change_is_a_reason_to_run_again() -> None:
    """It runs at once, and again after a look that sees another time, another file, or one less."""
    a, b = Path("a"), Path("b")
    seen = _runs([{a: 1}, {a: 1}, {a: 2}, {a: 2}, {a: 2, b: 1}, {a: 2, b: 1}], [[a], [a], [a, b], []])
    assert [[a], [a], [a], [a], [a], [a, b]] == seen


def test_a_look_sees_files_of_folders(tmp_path: Path) -> None:
    """A look gives the time of each file, of folders to any depth; what is not there is not seen."""
    (tmp_path / "inner").mkdir()
    file = tmp_path / "inner" / "a.yaml"
    file.write_text("a", "utf-8")
    before = look([tmp_path, tmp_path / "nowhere"])
    assert file in before
    os.utime(file, ns=(1, 1))
    assert before != look([tmp_path])
    assert {file: 1} == look([file])


def test_watching_survives_what_cannot_be_loaded(call: Call, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with a mistake is told of, and tested once it is mended; Ctrl-C ends it."""
    file = site / "small" / "tests.yaml"
    file.write_text(TESTS.replace("event: lost", "event: lots"), "utf-8")

    def mended(run: Callable[[], Iterable[Path]]) -> None:
        assert site / "small" in run()
        file.write_text(TESTS, "utf-8")
        assert site / "small" in run()
        raise KeyboardInterrupt

    monkeypatch.setattr("selfheal_rules.cli.test.watch", mended)
    found = call("test", site / "small", "--watch", "-k", "it")
    assert 130 == found.code
    assert "SH414" in found.err
    assert found.out.endswith("tests.yaml: 1 passed\n")
    assert 2 == found.err.count("waiting for a file to change")


def test_counts_of_several_files_are_summed(call: Call, site: Path) -> None:
    """Behind the count of each file stands that of all."""
    (site / "untested" / "more.selfheal-test.yaml").write_text(TESTS, "utf-8")
    found = call("test", site, site / "small", "-k", "it")
    assert 3 == len(found.out.splitlines())
    assert "2 passed" == found.out.splitlines()[-1]
