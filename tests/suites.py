"""Files of tests in few words: small rules, the cases of a text, what came of them."""

from pathlib import Path

from selfheal_rules.testing.cases import Suite
from selfheal_rules.testing.parse import load_suite
from selfheal_rules.testing.results import Result
from selfheal_rules.testing.verdicts import judge

RULES = """
selfheal: 1
ruleset: small
params: {patience: {type: duration, default: 30s}}
events:
  lost: {fields: {host: {type: string, required: true}, size: integer}}
  beat: {fields: {host: {type: string, required: true}}}
states:
  alarm: {key: [host], fields: {host: {type: string, required: true}, level: integer}}
  power: {key: [host], fields: {host: {type: string, required: true}, power: string}}
  dead: {key: [host], fields: {host: {type: string, required: true}}}
rules:
  - id: tell
    when: {as: lost, event: lost}
    then: [{do: notify, target: $lost.host, with: {text: "lost ${lost.host}", size: $lost.size}}]
  - id: drain
    when: {as: alarm, state: alarm, for: $params.patience}
    then: [{do: compute.disable_service, target: $alarm.host}]
    guard: [{limit: 2, per: 10m}]
  - id: conclude
    when: {all: [{as: a, state: alarm}, {as: p, state: power, where: {power: "off"}}], same: [host]}
    then: [{conclude: dead, with: {host: $a.host}}]
  - id: twice
    when: {as: b, event: beat, count: {at_least: 2, within: 1m, by: [host]}}
    then: [{do: noop, target: $b.host}]
"""
"""`tell` follows events, `drain` alarms that last, `twice` two events; `conclude` only concludes."""


def suite_of(folder: Path, cases: str, rules: str = RULES, head: str = "") -> Suite:
    """Write rules and a file of tests into a folder, and load it."""
    (folder / "rules.yaml").write_text(rules, "utf-8")
    file = folder / "tests.yaml"
    file.write_text(f"selfheal_test: 1\n{head}cases:\n{cases}", "utf-8")
    return load_suite(file)


def results_of(folder: Path, cases: str, rules: str = RULES, head: str = "") -> list[Result]:
    """Judge the cases of a text."""
    return [judge(case) for case in suite_of(folder, cases, rules, head).cases]


def result_of(folder: Path, steps: str, rules: str = RULES, more: str = "") -> Result:
    """Judge one case of these steps, each on a line of its own."""
    lines = "".join(f"      - {line}\n" for line in steps.strip().splitlines())
    (found,) = results_of(folder, f"  - name: example\n{more}    steps:\n{lines}", rules)
    return found


def said(result: Result) -> list[str]:
    """Give the titles and lines of all failures, without where they stand."""
    return [line for failure in result.failures for line in (failure.title, *failure.lines)]
