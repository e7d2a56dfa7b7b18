"""Why a rule did not fire that did: what guards said of it, and what it opened that is still going on."""

from datetime import timedelta
from pathlib import Path

from selfheal_rules.decide.control import Control
from selfheal_rules.explain.why_not import Input, why_not
from selfheal_rules.parse.policy import load_policy
from tests.asked import ALONE, LATER, alarm, ask, power, program, rule, second, state

GUARDED = rule(ALONE, "    guard: [{cooldown: 10m}]\n")
STEPS = """\
  - id: x
    when: {state: up, as: a}
    key: [$a.host, $a.az]
    then:
      - {id: first, do: notify, target: $a.az, confirm: {event: power, where: {host: $a.host}}}
      - {id: second, do: notify, target: $a.host}
"""


def test_a_guard_that_holds_it_is_named() -> None:
    """What fired and was held is told with its guard, and when it is asked again."""
    answer = ask(GUARDED, [alarm(0), alarm(100)])
    assert ("cooldown", timedelta(seconds=400)) == (answer.failed, answer.miss)
    assert ["shadowed", "held"] == [one.verdict.status for one in answer.decisions]
    assert "asked again at 2026-01-01T09:10:00Z" in answer.counterfactual


def test_what_did_fire_is_told() -> None:
    """At the instant it fired nothing has failed; later it is told when it did, and that nothing new came."""
    assert ("", ["c1"]) == (
        (now := ask(rule(ALONE), [alarm(0)], 0)).failed, [one.target for one in now.decisions],
    )  # fmt: skip
    later = ask(rule(ALONE), [alarm(0)])
    assert ("again", 1) == (later.failed, len(later.decisions))


def test_an_open_episode_takes_what_comes_as_evidence() -> None:
    """While its first step waits for a confirmation, the rule does not fire again; the second step waits for it."""
    inputs: list[Input] = [state("up", 0, az="az1")]
    assert "after" == ask(STEPS, inputs).failed
    assert "episode" == why_not(program(STEPS), inputs, "x", "az1", second(LATER)).failed
    confirmed = ask(STEPS, [*inputs, power(5)], 5)
    assert ("", ["second"]) == (confirmed.failed, [one.step for one in confirmed.decisions])


def test_a_withdrawn_cause_is_named(tmp_path: Path) -> None:
    """What was held while its cause went away is told so."""
    (tmp_path / "policy.yaml").write_text("selfheal_policy: 1\npolicy: p\nmode: shadow\n", "utf-8")
    policy = load_policy(tmp_path / "policy.yaml")
    inputs: list[Input] = [
        Control("pause", "me", "wait", second(0), "rule:r/x"), state("up", 1), state("up", 5, cleared=True),
    ]  # fmt: skip
    answer = ask(rule("{state: up, as: a}"), inputs, policy=policy)
    assert ("withdrawn", True) == (answer.failed, answer.fired)
    assert "pause" == ask(rule("{state: up, as: a}"), inputs[:2], policy=policy).failed


def test_what_another_rule_won_is_named(tmp_path: Path) -> None:
    """Of two steps that contradict each other on one target, the loser is told by its guard."""
    text = (
        "selfheal_policy: 1\npolicy: p\nmode: shadow\nconflicts: [[compute.disable_service, compute.enable_service]]\n"
    )
    (tmp_path / "policy.yaml").write_text(text, "utf-8")
    rules = rule(ALONE).replace("notify", "compute.enable_service")
    rules += rule(ALONE).replace("id: x", "id: y").replace("notify", "compute.disable_service")
    answer = ask(rules, [alarm(0)], 0, policy=load_policy(tmp_path / "policy.yaml"))
    assert ("conflict", ["suppressed"]) == (answer.failed, [one.verdict.status for one in answer.decisions])


def test_a_step_that_wants_approval_says_who_could_give_it(tmp_path: Path) -> None:
    """What waits for people names itself, to be approved."""
    text = "selfheal_policy: 1\npolicy: p\nmode: enforce\n"
    (tmp_path / "policy.yaml").write_text(text, "utf-8")
    rules = rule(ALONE).replace("notify", "compute.enable_service")
    answer = ask(rules, [alarm(0)], 0, policy=load_policy(tmp_path / "policy.yaml"))
    assert ("approval", True) == (answer.failed, answer.counterfactual.startswith("somebody had approved "))


def test_what_the_engine_does_under_a_policy_is_asked_under_it(tmp_path: Path) -> None:
    """A rule over allowed decisions finds them where the site enforces; what else it asks for is what failed."""
    (tmp_path / "policy.yaml").write_text("selfheal_policy: 1\npolicy: p\nmode: enforce\n", "utf-8")
    rules = rule(ALONE).replace("id: x", "id: first") + (
        "  - id: x\n    when: {event: selfheal.decision, as: d, where: {rule: first, status: allowed, action: fence}}\n"
        "    then: [{do: notify, target: $d.target}]\n"
    )
    enforced = ask(rules, [alarm(0)], policy=load_policy(tmp_path / "policy.yaml"))
    shadowed = ask(rules, [alarm(0)])
    assert ["action had been fence", "status had been allowed and action had been fence"] == [
        enforced.counterfactual, shadowed.counterfactual,
    ]  # fmt: skip
