"""`selfheal check` for machines, each form held against what its readers ask for; and real data beside the rules."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from selfheal_rules.check import load_rules
from selfheal_rules.cli.forms import FORMS
from selfheal_rules.compile import compile_rules
from selfheal_rules.diagnostics import Diagnostic, Report, Severity
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event
from selfheal_rules.healer import Healer
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.source import Source, Span
from tests.calls import RULES, STREAM, Call, caller, cloudevent
from tests.generate.streams import moment

SCHEMA = Path(__file__).parent / "data" / "sarif" / "sarif-2.1.0-rtm.5.json"
SARIF = Draft4Validator(json.loads(SCHEMA.read_text("utf-8")))
HEAD = "selfheal: 1\nruleset: tests\nvocabulary: [openstack]\nrules:\n"
FOUND = f"""{HEAD}\
  - {{id: every, when: {{event: host.lost}}, then: [{{do: noop}}]}}
  - {{id: some, when: {{event: host.lost, where: {{recoverable: true}}}}, then: [{{do: noop}}]}}
  - {{id: odd, when: {{event: host.lots}}, then: [{{do: noop}}]}}
"""


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a rule set with a warning that has a witness, and an error."""
    found = tmp_path / "odd name, 100%.yaml"
    found.write_text(FOUND, "utf-8")
    return found


def _log(text: str) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(text)
    assert [] == [error.message for error in SARIF.iter_errors(log)]
    return log


def test_sarif_is_what_its_schema_says(call: Call, file: Path) -> None:
    """Codes, levels, places with their ends, what is related, and the witness."""
    found = call("check", file, "--format", "sarif")
    results = _log(found.out)["runs"][0]["results"]
    assert (1, ["SH403", "SH203"]) == (found.code, [one["ruleId"] for one in results])
    assert ["warning", "error"] == [one["level"] for one in results]
    place = results[1]["locations"][0]["physicalLocation"]
    assert {"startLine": 7, "startColumn": 29, "endLine": 7, "endColumn": 38} == place["region"]
    assert file.as_uri() == place["artifactLocation"]["uri"]
    assert "did you mean `host.lost`?" in results[1]["message"]["text"]
    assert 5 == results[0]["relatedLocations"][0]["physicalLocation"]["region"]["startLine"]
    assert ["host.lost"] == [json.loads(line)["type"] for line in results[0]["properties"]["witness"]]


def test_sarif_of_nothing_is_a_log(call: Call) -> None:
    """A run without results: what was found before is then known to be gone."""
    found = call("check", RULES, "--format", "sarif")
    assert (0, []) == (found.code, _log(found.out)["runs"][0]["results"])


def test_relative_paths_stay_relative(call: Call, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code scanning looks for files from the root of the repository; signs a URI has no room for are escaped."""
    call("schema")  # the fixture goes to the root of this repository first
    monkeypatch.chdir(file.parent)
    found = call("check", file.name, "--format", "sarif")
    place = _log(found.out)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert "odd%20name%2C%20100%25.yaml" == place["artifactLocation"]["uri"]


def test_a_workflow_is_told_each_finding(call: Call, file: Path) -> None:
    """One command a line, with the file's name escaped and lines of the cure kept."""
    lines = call("check", file, "--format", "github").out.splitlines()
    assert ["warning", "error"] == [line.split(" ")[0].strip(":") for line in lines]
    assert "odd name%2C 100%25.yaml,line=7,endLine=7,col=29,endColumn=38,title=SH203::" in lines[1]
    assert lines[1].endswith("%0Ahelp: did you mean `host.lost`?")


COMMAND = re.compile(r"::(error|warning) ([^:]*)::(.*)")
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda name: not name.isspace())


@given(NAMES, st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 9), st.integers(0, 2))
def test_whatever_is_said_comes_back_whole(name: str, message: str, line: int, more: int) -> None:
    """The runner's own reading of a command gives what was written: nothing ends it early, nothing adds a property."""
    span = Span(Source(f"a/{name}", "x"), line, 2, line + more, 5)
    report = Report.of([Diagnostic("SH402", Severity.ERROR, message, span, "cure: it, 100%")])
    [command] = FORMS["github"](report)
    assert "\n" not in command
    assert "\r" not in command
    found = (
        COMMAND.fullmatch(command)
        if command.isprintable()
        else re.match(r"(?s)::(error|warning) ([^:]*)::(.*)\Z", command)
    )
    assert found is not None
    properties = dict(one.split("=", 1) for one in found[2].split(","))
    assert {"file", "line", "endLine", "title"} | ({"col", "endColumn"} if not more else set()) == set(properties)
    assert f"{message}\nhelp: cure: it, 100%" == _read(found[3])
    assert str(line) == properties["line"]
    assert "SH402" == properties["title"]
    [log] = FORMS["sarif"](report)
    place = _log(log)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(place).startswith("a/")


def _read(text: str) -> str:
    """Undo the escapes, the one for `%` last, as the runner does."""
    for sign, meant in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(sign, meant)
    return text


def test_the_shipped_rules_fit_the_shipped_stream(call: Call) -> None:
    """All that they name is there, but for what speaks where clocks are off, many hosts failed, or others heal."""
    found = call("check", RULES, "--inventory", STREAM)
    assert 0 == found.code
    beside = {"clock.off", "host.handed", "host.minded", "host.returned", "host.rising", "host.storm", "nic.alarmed"}
    pollers = {"recovery", "segment.host", "service.liveness", "source.freshness"}
    assert beside | pollers == set(re.findall(r"SH375\]: no `([\w.]+)` was seen", found.out))


def test_what_the_data_has_nowhere_is_said(call: Call, tmp_path: Path) -> None:
    """Kinds, fields, values and targets, each with how much was looked at."""
    rules, data = tmp_path / "rules.yaml", tmp_path / "data.jsonl"
    rules.write_text(
        f"""{HEAD}\
  - {{id: a, when: {{event: host.lost, where: {{host: c9, host_status: {{exists: true}}}}}}, then: [{{do: noop}}]}}
  - {{id: b, when: {{state: lb.pool}}, then: [{{do: notify, target: nobody}}]}}
  - {{id: c, when: {{as: l, event: host.lost, where: {{host: [c9, c1]}}}}, then: [{{do: noop, target: c1}}]}}
""",
        "utf-8",
    )
    time = "2026-11-22T16:00:00Z"
    lines = [cloudevent("host.lost", str(number), time, host=f"c{number}", recoverable=True) for number in range(3)]
    data.write_bytes(b"".join([*lines, b"nonsense\n"]))
    found = call("check", rules, "--inventory", data, "--format", "json")
    assert [
        "`host` was never `c9` in 3 `host.lost` that had it",
        "`host_status` was never filled among 3 `host.lost`",
        "no `lb.pool` was seen among 3 items",
        "the target `nobody` was named nowhere in 3 items",
    ] == [one["message"] for one in found.objects]
    assert "line 4: malformed" in found.err


def test_a_journal_is_real_data_too(call: Call, tmp_path: Path) -> None:
    """What a healer has recorded is looked at as it was read."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        f"{HEAD}  - {{id: a, when: {{event: host.lost, where: {{host: c9}}}}, then: [{{do: noop}}]}}\n", "utf-8"
    )
    healer = Healer(Engine(compile_rules(load_rules(rules))), FileJournal(tmp_path / "heal.jsonl"))
    fields = {"host": "c1", "recoverable": True}
    healer.take([Event(str(number), "host.lost", "m", moment(number), fields) for number in range(2)])
    healer.close()
    found = call("check", rules, "--journal", tmp_path / "heal.jsonl", "--format", "json")
    assert ["`host` was never `c9` in 2 `host.lost` that had it"] == [one["message"] for one in found.objects]
    missing = call("check", RULES, "--journal", tmp_path / "none.jsonl")
    assert (3, "") == (missing.code, missing.out)
    assert "there is no journal" in missing.err
    (tmp_path / "odd.jsonl").write_text("{}\n", "utf-8")
    assert 3 == call("check", RULES, "--journal", tmp_path / "odd.jsonl").code


OPPOSED = f"""{HEAD}\
  - id: keep
    when: {{as: vm, state: instance, where: {{status: error}}}}
    then: [{{do: compute.lock_server, target: $vm.instance}}]
  - id: free
    when: {{as: vm, state: instance, where: {{host: {{starts_with: edge-}}}}}}
    then: [{{do: compute.unlock_server, target: $vm.instance}}]
"""
POLICY = "selfheal_policy: 1\npolicy: site\nmode: shadow\nconflicts: [[{}, compute.unlock_server]]\n"


def test_a_policy_may_name_the_winner(call: Call, tmp_path: Path) -> None:
    """Then opposite steps on one target are no finding any more, and a comment about them is not needless."""
    rules, policy = tmp_path / "rules.yaml", tmp_path / "policy.yaml"

    def codes(*options: str | Path) -> list[str]:
        found = [one["code"] for one in call("check", rules, "--format", "json", *options).objects]
        return [code for code in found if code in {"SH362", "SH371"}]

    rules.write_text(OPPOSED, "utf-8")
    policy.write_text(POLICY.format("compute.lock_server"), "utf-8")
    assert (["SH362"], []) == (codes(), codes("--policy", policy))
    policy.write_text(POLICY.format("compute.fence"), "utf-8")
    assert ["SH362"] == codes("--policy", policy)
    policy.write_text(POLICY.format("compute.lock_server"), "utf-8")
    rules.write_text(f"{OPPOSED.rstrip()}  # selfheal: ignore[SH362] rare\n", "utf-8")
    assert ([], []) == (codes(), codes("--policy", policy))


def test_seen_warnings_are_not_shown_by_run(call: Call, tmp_path: Path) -> None:
    """What its author has seen is said by `check --strict` alone where the comment is wrong."""
    rules = tmp_path / "rules.yaml"
    text = FOUND.replace("  - {id: odd", "  # {id: odd").replace(
        "then: [{do: noop}]}\n  #", "then: [{do: noop}]}  # selfheal: ignore[SH403] seen\n  #"
    )
    rules.write_text(text, "utf-8")
    assert (0, "no findings\n") == (call("check", rules, "--strict").code, call("check", rules).out)
    assert "SH403" not in call("run", rules, STREAM).err
