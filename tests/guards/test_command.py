"""A policy on the command line."""

from pathlib import Path

import pytest

from tests.calls import RULES, STREAM, Call, caller


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Give the command."""
    return caller(monkeypatch, capsys)


def test_what_a_policy_enforces_is_allowed_or_asked_for(call: Call) -> None:
    """The sample under the example of a policy: a fence wants approval, and a server is started."""
    found = call("run", RULES, "--input", STREAM, "--policy", "examples/policy.yaml")
    assert 0 == found.code
    assert "verdict  needs_approval by approval: 1 have to agree; expires at " in found.out
    assert "verdict  allowed by mode: " in found.out


def test_a_check_says_where_rules_and_policy_meet(call: Call, tmp_path: Path) -> None:
    """A policy without a finding is well, one that lets an unknown action act is not, nor one that is none."""
    assert 0 == call("check", RULES, "--policy", "examples/policy.yaml").code
    rules = tmp_path / "rules.yaml"
    head = "selfheal: 1\nruleset: mine\nvocabulary: [openstack]\nrules:\n"
    rules.write_text(
        head + "  - {id: a, when: {as: e, event: host.lost}, then: [{do: melt, target: $e.host}]}\n", "utf-8"
    )
    policy = tmp_path / "policy.yaml"
    policy.write_text("selfheal_policy: 1\npolicy: mine\nmode: enforce\n", "utf-8")
    found = call("check", rules, "--policy", policy)
    assert 1 == found.code
    assert ["SH343", "SH344", "SH345"] == [code for code in ("SH343", "SH344", "SH345") if code in found.out]
    policy.write_text("selfheal_policy: 1\nmode: live\n", "utf-8")
    assert "SH170" in call("check", rules, "--policy", policy).out
    assert "none.yaml` cannot be read: no such file" in call("check", rules, "--policy", tmp_path / "none.yaml").err


def test_a_policy_that_does_not_fit_runs_nothing(call: Call, tmp_path: Path) -> None:
    """It is refused with its findings before anything is read."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("selfheal_policy: 1\npolicy: mine\ntopology: [{state: rack, within: [row]}]\n", "utf-8")
    found = call("run", RULES, "--input", STREAM, "--policy", policy)
    assert (3, "") == (found.code, found.out)
    assert "the policy cannot be taken" in found.err
    assert "SH350" in found.err
