"""`selfheal plan` says how the stream may be divided."""

from pathlib import Path

import pytest

from tests.calls import RULES, Call, caller

HOSTS = """\
selfheal: 1
ruleset: hosts
events:
  lost: {fields: {host: {type: string, required: true}}}
states:
  alarm: {key: [alarm], fields: {alarm: string, host: {type: string, required: true}}}
rules:
  - id: both
    when: {all: [{as: e, event: lost}, {as: a, state: alarm}], same: [host], within: 1m}
    then: [{do: fence, target: $e.host}]
  - id: long
    when: {as: a, state: alarm, for: 1m}
    then: [{do: notify, target: $a.host}]
"""


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def test_the_division_is_part_of_the_plan(call: Call, tmp_path: Path) -> None:
    """As text and as JSON: the stages, what every partition keeps, and where and why a rule stays whole."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(HOSTS, encoding="utf-8")
    found = call("plan", str(rules)).out
    assert "stage 1 by host: both\n" in found
    assert "every partition keeps and updates all of: alarm\n" in found
    assert "long (hosts, line 12) is not divided: `alarm`" in found
    (written,) = call("plan", str(rules), "--format", "json").objects
    first, last = written["division"]["stages"]
    assert (1, "host", ["both"], ["alarm everywhere", "lost by host"]) == tuple(
        first[name] for name in ("number", "by", "rules", "items")
    )
    assert (["alarm"], "all", ["long"]) == (first["everywhere"], last["by"], last["rules"])
    (whole,) = written["division"]["undivided"]
    assert "`alarm` is told apart by `alarm`, so its `host` may change while it stands" == whole["why"]
    assert (12, "hosts", "long") == (whole["line"], whole["ruleset"], whole["rule"])


def test_a_field_that_never_changes_is_named(call: Call, tmp_path: Path) -> None:
    """`--fixed KIND.FIELD` divides by it; what is no field of a kind is refused with the words of the option."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(HOSTS, encoding="utf-8")
    assert "stage 1 by host: both, long\n" in call("plan", str(rules), "--fixed", "alarm.host").out
    assert "`alarm` has no field `hots` that could be fixed" in call("plan", str(rules), "--fixed", "alarm.hots").err
    refused = call("plan", RULES, "--fixed", "alarm")
    assert 2 == refused.code
    assert "`alarm` does not name a field of a kind, such as `alarm.host`" in refused.err


GUARDED = """\
selfheal: 1
ruleset: guarded
events:
  lost: {fields: {host: {type: string, required: true}, zone: {type: string, required: true}}}
rules:
  - id: fence
    when: {as: e, event: lost}
    key: [$e.host]
    then: [{do: compute.lock_server, target: $e.host}]
    guard: [{limit: 2, per: 10m, by: [$e.zone]}]
  - id: tell
    when: {as: e, event: lost}
    then: [{do: notify, target: $e.host}]
"""


def test_the_plan_says_where_steps_are_decided(call: Call, tmp_path: Path) -> None:
    """`--within THING=PLACE` divides the decisions, a policy has them all in one place; the rest is a usage error."""
    rules, policy = tmp_path / "rules.yaml", tmp_path / "policy.yaml"
    rules.write_text(GUARDED, encoding="utf-8")
    policy.write_text("selfheal_policy: 1\npolicy: site\n", encoding="utf-8")
    found = call("plan", str(rules)).out
    assert "stage 1 by host: tell; proposes fence\n" in found
    assert "stage 2 by all: decides fence\n" in found
    assert "stage 2 by zone: decides fence\n" in call("plan", str(rules), "--within", "host=zone").out
    governed = call("plan", str(rules), "--within", "host=zone", "--policy", str(policy), "--format", "json")
    (written,) = governed.objects
    first, last = written["division"]["stages"]
    assert (["fence", "tell"], []) == (first["proposed"], first["decided"])
    assert ("all", ["fence", "tell"]) == (last["by"], last["decided"])
    for option, value, why in (
        ("--within", "hots=zone", "no item has both `hots` and `zone`, so none says which `zone` one is in"),
        ("--fixed", "lost.host", "`lost` is no state of these rule sets, so nothing of it is fixed"),
    ):
        unknown = call("plan", str(rules), option, value)
        assert 2 == unknown.code
        assert why in unknown.err
    refused = call("plan", str(rules), "--within", "host")
    assert 2 == refused.code
    assert "`host` does not say what is in what, such as `host=zone`" in refused.err
