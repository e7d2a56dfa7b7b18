"""Mappings on the command line: `--mapping` of `selfheal events` and `selfheal run`, and `selfheal check` of one."""

import json
from pathlib import Path

import pytest

from tests.acme import block
from tests.calls import RULES, STREAM, Call, caller

ACME = block("mapping")
PAYLOAD = b'{"vendor":"ACME","array":"a7","sent":0,"alerts":[{"id":7,"kind":"fan","state":"DOWN","level":1}]}'


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """Give the file of the page's mapping."""
    (tmp_path / "acme.yaml").write_text(ACME, "utf-8")
    return tmp_path / "acme.yaml"


def test_events_reads_by_a_mapping(call: Call, acme: Path) -> None:
    """Without it the payload is of no known source."""
    found = call("events", "-", "--mapping", acme, text=PAYLOAD)
    assert (0, ["a7/7"]) == (found.code, [one["data"]["alarm"] for one in found.objects])
    assert "unrecognised" in call("events", "-", text=PAYLOAD).err


def test_run_reads_by_a_mapping(call: Call, acme: Path, tmp_path: Path) -> None:
    """A rule fires on what a mapping gave."""
    rules = tmp_path / "rules.yaml"
    text = "{id: fan, when: {as: a, state: alarm, where: {name: fan}}, then: [{do: notify, target: $a.alarm}]}"
    rules.write_text(f"selfheal: 1\nruleset: fans\nvocabulary: [openstack]\nrules: [{text}]\n", "utf-8")
    found = call("run", rules, "--input", "-", "--mapping", acme, "--format", "json", text=PAYLOAD)
    assert (0, ["a7/7"]) == (found.code, [json.loads(line)["target"] for line in found.out.splitlines()])


def test_what_is_ignored_is_named_and_counted(call: Call, acme: Path) -> None:
    """It is no fault, and not lost without a word."""
    found = call("run", RULES, "--input", "-", "--mapping", acme, text=b'{"vendor": "ACME", "alerts": []}')
    assert (0, "line 1: ignored: the mapping `acme-array` takes nothing from it\n") == (found.code, found.err)
    assert "1 line read; 0 unrecognised, 0 malformed, 1 ignored" in found.out


def test_check_reads_a_mapping(call: Call, acme: Path) -> None:
    """Findings are those of a rule set, in text and as JSON."""
    assert (0, "no findings\n") == (call("check", acme).code, call("check", acme).out)
    acme.write_text(ACME.replace("UP: ok", "UP: okay"), "utf-8")
    found = call("check", acme, "--format", "json")
    assert (1, ["SH220"]) == (found.code, [one["code"] for one in found.objects])


def test_a_faulty_mapping_is_refused_with_its_findings(call: Call, acme: Path) -> None:
    """Nothing runs."""
    acme.write_text(ACME.replace("UP: ok", "UP: okay"), "utf-8")
    for arguments in (("events", STREAM), ("run", RULES, "--input", STREAM)):
        found = call(*arguments, "--mapping", acme)
        assert (3, "") == (found.code, found.out)
        assert "the mapping cannot be used" in found.err
        assert "SH220" in found.err


def test_two_mappings_of_one_name_are_refused(call: Call, acme: Path) -> None:
    """A line could not say which of them is meant."""
    found = call("events", STREAM, "--mapping", acme, "--mapping", acme)
    assert (3, "selfheal: two mappings are called `acme-array`\n") == (found.code, found.err)


def test_a_mapping_is_no_rule_set(call: Call, acme: Path) -> None:
    """Whoever gives it in the place of rules is told where it belongs."""
    found = call("run", acme, "--input", STREAM)
    assert (2, f"selfheal: file `{acme}` is a mapping; give it with `--mapping`\n") == (found.code, found.err)
