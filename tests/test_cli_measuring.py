"""`selfheal test` measures: coverage and mutation score, shown and held against what is asked for."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.calls import Call, caller
from tests.test_testing_mutation import ONE

FAR = "  - {name: far, steps: [{t: 0s, event: hot, with: {host: c1, degrees: 200}, expect: [{do: notify}]}]}\n"
BELOW = "  - {name: below, steps: [{t: 0s, event: hot, with: {host: c1, degrees: 89}, expect: []}]}\n"
AT = "  - {name: at, steps: [{t: 0s, event: hot, with: {host: c1, degrees: 90}, expect: [{do: notify}]}]}\n"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def _site(folder: Path, cases: str, head: str = "") -> Path:
    (folder / "rules.yaml").write_text(ONE, "utf-8")
    (folder / "tests.yaml").write_text(f"selfheal_test: 1\n{head}cases:\n{cases}", "utf-8")
    return folder


def test_what_is_asked_for_is_held(call: Call, tmp_path: Path) -> None:
    """A file whose cases cover too little ends with 1, and says what lacks what; with one more case it holds."""
    head = "coverage: {rules: 100, leaves: 100}\n"
    found = call("test", _site(tmp_path, FAR, head))
    assert 1 == found.code
    assert [
        f"{tmp_path}/tests.yaml: leaves: 50.0 % covered, 100 % asked for",
        f"  {tmp_path}/rules.yaml:8:39: leaf `degrees` of `cool` was never false",
    ] == found.err.splitlines()
    assert 0 == call("test", _site(tmp_path, FAR, head), "-k", "far").code
    assert 0 == call("test", _site(tmp_path, FAR + BELOW, head)).code


def test_a_run_that_falls_short_has_a_failing_case_for_build_servers(call: Call, tmp_path: Path) -> None:
    """What is lacking is a case of its own in JUnit XML; where nothing is, there is none."""
    head, file = "coverage: {leaves: 100}\n", tmp_path / "results.xml"
    for cases, expected in ((FAR, ("2", "1")), (FAR + BELOW, ("2", "0"))):
        code = call("test", _site(tmp_path, cases, head), "--junit", file).code
        (suite,) = ET.parse(file).getroot()  # noqa: S314 - written the line before
        assert expected == (suite.get("tests"), suite.get("failures"))
        failing = [case for case in suite if case.find("failure") is not None]
        assert code == len(failing) == int(expected[1])
        for case in failing:
            assert "the tests cover what the file asks for" == case.get("name")
            assert "leaves: 50.0 % covered, 100 % asked for" == case[0].get("message")
            assert "was never false" in (case[0].text or "")


def test_a_file_that_fails_is_not_measured(call: Call, tmp_path: Path) -> None:
    """What fails is told of; what it would cover is not spoken of."""
    found = call("test", _site(tmp_path, FAR.replace("notify", "noop"), "coverage: {leaves: 100}\n"), "--mutate")
    assert 3 == found.code
    found = call("test", _site(tmp_path, FAR.replace("200", "20"), "coverage: {leaves: 100}\n"), "--mutate")
    assert (1, "") == (found.code, found.err)


def test_coverage_is_shown(call: Call, tmp_path: Path) -> None:
    """Line by line as text, as an object of JSON, and as a file for the report."""
    site, file = _site(tmp_path, FAR), tmp_path / "coverage.json"
    found = call("test", site, "--coverage", "--coverage-json", file)
    assert 0 == found.code
    assert "         ^ leaf `degrees` was never false" in found.out.splitlines()
    assert f"{site}/tests.yaml: rules 1 of 1, leaves 1 of 2 (50 %), outcomes 1 of 1" == found.out.splitlines()[-1]
    lines = json.loads(file.read_text("utf-8"))["files"][f"{site}/rules.yaml"]
    assert {"7": "covered", "8": "partly", "9": "covered"} == {line: one["state"] for line, one in lines.items()}
    found = call("test", site, "--coverage", "--format", "json")
    assert {"rules": [1, 1], "leaves": [1, 2], "outcomes": [1, 1]} == found.objects[-1]["coverage"]
    found = call("test", site, "--coverage-json", tmp_path / "nowhere" / "c.json")
    assert (3, True) == (found.code, "cannot be written" in found.err)


def test_mistakes_are_made(call: Call, tmp_path: Path) -> None:
    """Those that no case notices are shown; too many of them end with 1, by the file or by the command."""
    site = _site(tmp_path, FAR)
    found = call("test", site, "--mutate")
    assert 0 == found.code
    assert f"{site}/tests.yaml: mutation 1 of 5 noticed (20.0 %)" == found.out.splitlines()[-1]
    assert "  +     when: {as: h, event: hot, where: {degrees: {more_than: 90}}}" in found.out.splitlines()
    assert "  = test: an item whose `degrees` is exactly at the limit" in found.out.splitlines()
    assert 1 == call("test", site, "--mutate", "--min", "90").code
    found = call("test", _site(tmp_path, FAR, "coverage: {mutation: 20.5}\n"), "--mutate")
    assert (1, f"{site}/tests.yaml: mutation: 20.0 % noticed, 20.5 % asked for\n") == (found.code, found.err)
    assert 0 == call("test", site, "--mutate", "--min", "20").code
    found = call("test", _site(tmp_path, AT + BELOW), "--mutate", "--min", "100", "--format", "json")
    assert (0, 100.0, []) == (found.code, found.objects[-1]["mutation"], found.objects[-1]["survivors"])


def test_a_share_of_mistakes_is_not_asked_for_in_vain(call: Call, tmp_path: Path) -> None:
    """`--min` without `--mutate` would pass whatever the tests are worth."""
    found = call("test", _site(tmp_path, FAR), "--min", "90")
    assert (2, "", True) == (found.code, found.out, "`--mutate` makes them" in found.err)


def test_mistakes_are_not_looked_for_by_some_cases(call: Call, tmp_path: Path) -> None:
    """`-k` beside `--mutate` would look like mistakes that were all noticed."""
    found = call("test", _site(tmp_path, FAR), "--mutate", "-k", "a")
    assert (2, "", True) == (found.code, found.out, "leave out `-k`" in found.err)


@pytest.mark.parametrize("share", ["many", "-1", "101", "nan"])
def test_what_is_no_share_is_a_wrong_call(call: Call, tmp_path: Path, share: str) -> None:
    """`--min` takes a number from 0 to 100."""
    assert 2 == call("test", _site(tmp_path, FAR), "--mutate", "--min", share).code


def _fates(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "mutation.jsonl").read_text("utf-8").splitlines()]


def test_what_became_of_mistakes_is_kept(call: Call, tmp_path: Path) -> None:
    """A later run comes to the same score and survivors, and writes the same; a case that is new is tried on them."""
    first = call("test", _site(tmp_path, FAR), "--mutate", "--incremental")
    head, rule = _fates(tmp_path)
    assert (1, "one/cool", {"far"}) == (head["selfheal_mutation"], rule["rule"], {*rule["killed"]})
    again = call("test", tmp_path, "--mutate", "--incremental")
    assert (first.out, [head, rule]) == (again.out, _fates(tmp_path))
    assert call("test", _site(tmp_path, FAR + BELOW + AT)).code == 0
    plain, later = call("test", tmp_path, "--mutate"), call("test", tmp_path, "--mutate", "--incremental")
    assert plain.out == later.out
    assert {"far", "below", "at"} == {*_fates(tmp_path)[1]["killed"]}


def test_a_mistake_is_noticed_now_or_not_at_all(call: Call, tmp_path: Path) -> None:
    """What an earlier run says was noticed does not count where no case notices it; what is no such run is refused."""
    call("test", _site(tmp_path, FAR), "--mutate", "--incremental")
    head, rule = _fates(tmp_path)
    boasting = {**rule, "survived": [], "killed": {"far": [*rule["killed"]["far"], *rule["survived"]]}}
    kept = tmp_path / "mutation.jsonl"
    kept.write_text("".join(f"{json.dumps(one)}\n" for one in (head, boasting)), "utf-8")
    assert call("test", tmp_path, "--mutate").out == call("test", tmp_path, "--mutate", "--incremental").out
    for wrong in ("", "[]\n", "{\n", '{"selfheal_mutation": 2, "suite": ""}\n', f"{json.dumps(head)}\n7\n"):
        kept.write_text(wrong, "utf-8")
        found = call("test", tmp_path, "--mutate", "--incremental")
        assert (3, True) == (found.code, "mutation.jsonl`: it says nothing of mutants" in found.err)
        assert wrong == kept.read_text("utf-8")
    assert 2 == call("test", tmp_path, "--incremental").code
