"""The page of findings is true: each code has its entry, and each entry shows what it says."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from selfheal_rules.check import check_mapping, check_rules, load_rules
from selfheal_rules.check.cloud import check_cloud
from selfheal_rules.check.ignores import INVENTORY, settled
from selfheal_rules.check.inventory import Inventory, check_inventory
from selfheal_rules.check.policy import check_policy
from selfheal_rules.check.serving import check_serving
from selfheal_rules.compile import compile_rules
from selfheal_rules.diagnostics import Report
from selfheal_rules.model import RuleSet
from selfheal_rules.normalize import Reading, read_items
from selfheal_rules.parse import load_vocabulary, parse_mapping, parse_rules, parse_vocabulary
from selfheal_rules.parse.cloud import parse_cloud
from selfheal_rules.parse.policy import parse_policy
from selfheal_rules.parse.serving import parse_serving
from selfheal_rules.serve.acting import undone
from selfheal_rules.serve.files import looked_at
from selfheal_rules.source import Source
from selfheal_rules.survey.shipped import healers
from selfheal_rules.testing.parse import parse_suite
from tests.everyday import some

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "errors.md"
_ENTRY = re.compile(r"^## (SH\d{3}): (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"\*\*(bad|good)\*\*\n\n```(yaml|python)\n(.*?)```", re.DOTALL)


@frozen
class Entry:
    """One entry of the page."""

    code: str
    blocks: dict[str, tuple[str, str]]  # bad and good → language and text


def _entries() -> list[Entry]:
    _, *parts = _ENTRY.split(PAGE.read_text("utf-8"))
    return [Entry(code, _blocks(body)) for code, body in zip(parts[::3], parts[2::3], strict=True)]


def _blocks(body: str) -> dict[str, tuple[str, str]]:
    return {word: (language, text) for word, language, text in _BLOCK.findall(body)}


ENTRIES = _entries()


def _whole(text: str) -> str:
    """Put what a fragment leaves out before and behind it."""
    if re.search(r"^selfheal\w*: ", text, re.MULTILINE):
        return text
    if text.startswith("- "):
        return "selfheal: 1\nruleset: example\nvocabulary: [openstack]\nrules:\n" + text
    return "selfheal: 1\nruleset: example\n" + text + ("" if "rules:" in text else "rules: []\n")


def _parse(text: str, values: Mapping[str, object] | None = None) -> Report:
    return parse_rules(Source("rules.yaml", _whole(text)), values=values)[1]


def _report(code: str, language: str, text: str) -> Report:
    """Give what is found in a block; the checks take part for the codes that are theirs."""
    if language == "python":
        names: dict[str, Any] = {"parse": _parse, "parse_rules": parse_rules, "Source": Source}
        exec(text, names)  # noqa: S102 - the page's own examples
        report: Report = names["report"]
        return report
    source = Source("rules.yaml", _whole(text))
    for head, found in _OTHERS.items():
        if head in text:
            return found(code, source)
    ruleset, report = parse_rules(source)
    if code < "SH200" or ruleset is None:
        return report
    report += check_rules(ruleset)
    if code in INVENTORY:
        report += check_inventory(_stream(ruleset), ruleset)
    return settled(report, [source])


def _stream(ruleset: RuleSet) -> Inventory:
    """Give what the example of a stream holds."""
    inventory = Inventory.of(ruleset)
    for line in (ROOT / "examples" / "events" / "compute-host-failure.jsonl").read_text("utf-8").splitlines():
        for read in read_items([line], vocabulary=ruleset.vocabulary):
            if isinstance(read, Reading):
                inventory.note(read.item)
    return inventory


def _mapping(_: str, source: Source) -> Report:
    mapping, report = parse_mapping(source)
    return report + (check_mapping(mapping) if mapping else Report(()))


def _policy(code: str, source: Source) -> Report:
    """Give what is found in a policy; from SH354 on it meets a shipped rule set."""
    policy, report = parse_policy(source)
    if policy is None or report.findings:
        return report
    program = compile_rules(load_rules(ROOT / "rulesets" / "compute-host-failure"))
    met = (program.rulesets, program.revisions) if code >= "SH354" else ()
    return check_policy(policy, program.vocabulary, *met)


def _described(_: str, source: Source) -> Report:
    cloud, report = parse_cloud(source)
    return report + (check_cloud(cloud, load_vocabulary("openstack"), healers()) if cloud else Report(()))


def _configured(code: str, source: Source) -> Report:
    """Give what is found in a configuration; from SH450 on it meets the rules it names."""
    serving, report = parse_serving(source)
    if serving is None:
        return report
    program = compile_rules(load_rules(ROOT / serving.rules[0])) if code >= "SH450" else None
    met = undone(program, serving.executors) if program else Report(())
    return report + check_serving(serving) + met + (looked_at(serving, ROOT) if code == "SH454" else Report(()))


_OTHERS: Mapping[str, Callable[[str, Source], Report]] = {
    "selfheal_vocabulary: ": lambda _, source: parse_vocabulary(source)[1],
    "selfheal_mapping: ": _mapping,
    "selfheal_policy: ": _policy,
    "selfheal_serve: ": _configured,
    "selfheal_cloud: ": _described,
    "selfheal_test: ": lambda _, source: parse_suite(source, folder=ROOT)[1],
}
"""Files that are no rule sets, by their heads, and what is found in them."""


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_the_bad_example_has_the_finding(entry: Entry) -> None:
    """The bad example has a finding of this code."""
    assert entry.code in {finding.code for finding in _report(entry.code, *entry.blocks["bad"]).findings}


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.code < "SH099"], ids=lambda entry: entry.code)
def test_the_bad_example_has_no_other_finding(entry: Entry) -> None:
    """A mistake of reading is one finding: nothing follows from it."""
    assert {entry.code} == {finding.code for finding in _report(entry.code, *entry.blocks["bad"]).findings}


@pytest.mark.parametrize("entry", some(ENTRIES, 4), ids=lambda entry: entry.code)
def test_the_good_example_has_none(entry: Entry) -> None:
    """The good example has no finding at all."""
    assert "no findings" == _report(entry.code, *entry.blocks["good"]).render()


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.code < "SH200"], ids=lambda entry: entry.code)
def test_the_good_example_could_be_used(entry: Entry) -> None:
    """Nobody copies an example that a later stage refuses."""
    language, text = entry.blocks["good"]
    if "selfheal_mapping: " in text or "selfheal_policy: " in text:
        return  # `_report` has checked it whole
    ruleset, _ = parse_rules(Source("rules.yaml", _whole(text))) if language == "yaml" else (None, None)
    assert () == (check_rules(ruleset).errors if ruleset else ())


def _said(stage: str) -> set[str]:
    files = sorted((ROOT / "selfheal_rules" / stage).rglob("*.py"))
    return {code for file in files for code in re.findall(r'"(SH\d{3})"', file.read_text("utf-8"))}


def test_every_code_has_its_entry() -> None:
    """Each code of the source stands on the page, once and in order, and the page has no other."""
    assert sorted(_said("")) == [entry.code for entry in ENTRIES]


def test_the_reading_stage_keeps_to_its_codes() -> None:
    """Codes below 200 are those of this stage."""
    assert {code for code in _said("") if code < "SH200"} == _said("parse")
