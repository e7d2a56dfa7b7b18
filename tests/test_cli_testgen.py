"""`selfheal testgen`: first tests, found from witnesses, that pass, and that overwrite nothing."""

import os
import shutil
from pathlib import Path

import pytest

from selfheal_rules.testing import judge, load_suite
from tests.calls import GOLDEN, Call, caller

ROOT = Path(__file__).parents[1]
CRAFTED = ROOT / "tests" / "data" / "testing" / "coverage" / "rules.yaml"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def _fired(case_name: str) -> bool:
    return case_name.endswith(" fires")


def test_a_first_file_reads_as_it_did(call: Call, tmp_path: Path) -> None:
    """Counts, joins, sequences, formulas, picks and chains are solved; `UPDATE_GOLDEN=1`."""
    shutil.copy(CRAFTED, tmp_path)
    found = call("testgen", tmp_path)
    assert (0, f"{tmp_path}/tests.yaml: 12 cases, to be read by a person\n") == (found.code, found.out)
    written, golden = (tmp_path / "tests.yaml").read_text("utf-8"), GOLDEN / "testgen.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(written, "utf-8")
    assert golden.read_text("utf-8") == written


@pytest.mark.parametrize("rules", [CRAFTED, ROOT / "rulesets" / "nic-failure" / "rules.yaml"])
def test_what_is_written_passes(call: Call, tmp_path: Path, rules: Path) -> None:
    """Each case holds; of each pair the rule fires in the first, and not in the second."""
    shutil.copy(rules, tmp_path)
    assert call("testgen", tmp_path).code in {0, 1}
    suite = load_suite(tmp_path / "tests.yaml")
    results = [judge(case) for case in suite.cases]
    assert {"passed"} == {one.ending for one in results}
    for one in results:
        rule = one.name.split(" ", 1)[0]
        made = {decision.rule for moment in one.played for decision in moment.settled}
        concludes = any(state.kind != "selfheal.episode" for step in one.case.steps for state in step.holds)
        assert concludes or _fired(one.name) is (rule in made), one.name
        held = [state.cleared for step in one.case.steps for state in step.holds]
        assert ([not _fired(one.name)] if concludes else []) == held, one.name


def test_nothing_is_overwritten(call: Call, tmp_path: Path) -> None:
    """Where one file of tests is there, none is written."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        shutil.copy(CRAFTED, tmp_path / name)
    (tmp_path / "b" / "tests.yaml").write_text("mine", "utf-8")
    found = call("testgen", tmp_path)
    assert (2, "") == (found.code, found.out)
    assert "is there already" in found.err
    assert ("mine", False) == ((tmp_path / "b" / "tests.yaml").read_text("utf-8"), (tmp_path / "a/tests.yaml").exists())


def test_a_file_of_another_name_has_tests_of_its_own(call: Call, tmp_path: Path) -> None:
    """`hosts.yaml` gets `hosts.selfheal-test.yaml`, which names it."""
    shutil.copy(CRAFTED, tmp_path / "hosts.yaml")
    assert 0 == call("testgen", tmp_path / "hosts.yaml").code
    assert "rulesets: [hosts.yaml]" in (tmp_path / "hosts.selfheal-test.yaml").read_text("utf-8")


def test_what_cannot_be_solved_is_named(call: Call, tmp_path: Path) -> None:
    """A sum is reckoned with by nobody: its rule is left to the author, the others have their cases."""
    hard = "  - id: hard\n    when: {as: x, event: lost, aggregate: {sum: size, more_than: 100, within: 1m}}\n"
    text = CRAFTED.read_text("utf-8") + hard + "    then: [{do: noop}]\n"
    (tmp_path / "rules.yaml").write_text(text, "utf-8")
    found = call("testgen", tmp_path)
    assert 1 == found.code
    assert ["    no witness is known of `hard`: a case in which it fires is left to you"] == found.out.splitlines()[1:]


def test_rules_with_mistakes_have_no_tests(call: Call, tmp_path: Path) -> None:
    """They are refused as `selfheal test` refuses them; so is a set of which nothing can be solved."""
    file = tmp_path / "rules.yaml"
    file.write_text(CRAFTED.read_text("utf-8").replace("event: beat", "event: beet"), "utf-8")
    found = call("testgen", tmp_path)
    assert (3, True) == (found.code, "beet" in found.err)
    hard = "selfheal: 1\nruleset: hard\nevents: {e: {fields: {n: integer}}}\nrules:\n  - id: hard\n"
    hard += "    when: {as: x, event: e, aggregate: {sum: n, more_than: 100, within: 1m}}\n    then: [{do: noop}]\n"
    file.write_text(hard, "utf-8")
    found = call("testgen", tmp_path)
    assert not (tmp_path / "tests.yaml").exists()
    assert (1, True) == (found.code, "no witness is known of any rule" in found.err), found.err


HEARD = """\
selfheal: 1
ruleset: heard
events:
  hot: {fields: {host: {type: string, required: true}, degrees: {type: number, required: true}}}
  alarm: {fields: {host: {type: string, required: true}}}
  lost: {fields: {host: {type: string, required: true}}}
rules:
  - id: says
    when: {event: hot, as: h, where: {degrees: {at_least: 10}}}
    then: [{conclude: alarm, with: {host: $h.host}}]
  - id: hears
    when: {event: alarm, as: a}
    then: [{do: notify, target: $a.host}]
  - id: mumbles
    when: {event: hot, as: h, where: {degrees: {at_least: 90}}}
    then: [{conclude: lost, with: {host: $h.host}}]
"""


def test_a_rule_that_concludes_an_event_is_held_to_what_hears_it(call: Call, tmp_path: Path) -> None:
    """Its case goes on until a rule decides on that event; where none does, no case can notice it, and that is said."""
    (tmp_path / "rules.yaml").write_text(HEARD, "utf-8")
    found = call("testgen", tmp_path)
    assert (1, True) == (found.code, "no witness is known of `mumbles`: a case that notices it" in found.out)
    suite = load_suite(tmp_path / "tests.yaml")
    (says,) = (case for case in suite.cases if case.name == "says fires")
    assert ["hears"] == [one.words["rule"] for step in says.steps for one in step.wanted or ()]
    assert "passed" == judge(says).ending
