"""Which rule a failure explains where something expected was not decided, and the test names none."""

from pathlib import Path

import pytest

from tests.suites import results_of

RULES = """
selfheal: 1
ruleset: small
events:
  lost: {fields: {host: {type: string, required: true}}}
states:
  alarm: {key: [host], fields: {host: {type: string, required: true}, zone: string, level: integer}}
  crowd: {key: [zone], fields: {zone: {type: string, required: true}}}
  flag: {key: [name], fields: {name: {type: string, required: true}}}
rules:
  - id: tell-host
    when: {all: [{as: a, state: alarm, where: {level: 9}}, {as: l, event: lost}], same: [host]}
    then: [{do: page, target: $a.host, with: {text: "${a.host} is down"}}]
  - id: tell-level
    when: {all: [{as: a, state: alarm, where: {level: 3}}, {as: l, event: lost}], same: [host]}
    then: [{do: page, target: $a.host, with: {text: "${a.host} is ill"}}]
  - id: crowded
    when: {as: a, state: alarm, count: {at_least: 3, by: [zone]}}
    then: [{conclude: crowd, with: {zone: $a.zone}}]
  - id: tell-zone
    when: {as: c, state: crowd}
    then: [{id: call, do: page, target: $c.zone, with: {text: "${c.zone} is down", level: 1}}]
  - id: tell-cloud
    when: {as: f, state: flag}
    then: [{do: page, target: cloud, with: {text: all of it}}]
  - id: tell-vain
    when: {as: e, state: selfheal.episode, where: {rule: tell-host, status: escalated}}
    then: [{do: page, target: $e.target, with: {text: in vain}}]
"""


@pytest.mark.parametrize(
    ("wanted", "rules"),
    [
        ("do: page, target: az1", ["tell-zone"]),
        ("do: page, target: c1", ["tell-level"]),
        ("do: page, target: c1, rule: tell-host", ["tell-host"]),
        ("do: page, target: c1, step: call", ["tell-zone"]),
        ('do: page, target: c1, with: {text: "c1 is down", level: 1}', ["tell-zone"]),
        ('do: page, target: c2, with: {text: "c2 is ill"}', ["tell-level"]),
        ("do: page, target: cloud", ["tell-cloud"]),
        ("do: page, target: cloud, with: {text: all of it}", ["tell-cloud"]),
        ("do: page, target: nobody", ["tell-vain"]),
        ("do: page", []),
    ],
)
def test_a_failure_explains_the_rule_that_is_meant(tmp_path: Path, wanted: str, rules: list[str]) -> None:
    """It is of the rule, the step and the parameters that are named, about the target's sort, and came furthest."""
    steps = (
        "    steps:\n"
        "      - {t: 1s, state: alarm, with: {host: c1, zone: az1, level: 3}}\n"
        f"      - {{t: 2s, expect: [{{{wanted}}}]}}\n"
    )
    (missed,) = results_of(tmp_path, f"  - name: missed\n{steps}", RULES)
    assert rules == [one.rule for one in missed.failures[0].answers]
