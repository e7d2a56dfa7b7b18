"""A guard keeps its rule in one partition unless it goes by what tells the partition; guarded rules stay together."""

import pytest

import selfheal_rules as sr
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.decide import Control
from selfheal_rules.divide import Partitions
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from tests.generate.streams import moment

HEAD = """\
selfheal: 1
ruleset: guarded
events:
  lost: {fields: {host: {type: string, required: true}, zone: {type: string, required: true}}}
states:
  host: {key: [host], fields: {host: string, status: string}}
rules:
"""


def _program(*rules: str) -> Program:
    found, report = parse_rules(Source("rules.yaml", HEAD + "".join(rules)))
    assert found is not None, report
    return compile_rules(found)


def _rule(name: str, guard: str, target: str = "$e.host", key: str = "[$e.host, $e.zone]") -> str:
    return (
        f"  - id: {name}\n    when: {{as: e, event: lost}}\n    key: {key}\n"
        f"    then: [{{do: drain, target: {target}}}]\n    guard: [{guard}]\n"
    )


OWN = (
    "{limit: 1, per: 1m, by: [$e.host]}",
    "{limit: 1, per: 1m, by: [$e.zone, $e.host]}",
    "{cooldown: 5m}",
    "{cooldown: 5m, by: [$e.host]}",
    "{lock: [$e.host]}",
    "{max_in_flight: 1, by: [$e.host]}",
)
WIDER = (
    "{limit: 2, per: 10m}",
    "{limit: 2, per: 10m, by: [$e.zone]}",
    "{cooldown: 5m, by: [$e.zone]}",
    "{lock: [$e.zone]}",
    "{max_in_flight: 1}",
    "{min_healthy: 50%, of: {state: host, where: {status: up}}}",
)


def _names(program: Program) -> list[str]:
    return [stage.name for stage in program.stages()]


@pytest.mark.parametrize("guard", OWN)
def test_a_guard_that_goes_by_the_partition_divides(guard: str) -> None:
    """Each partition has the whole of what the guard counts."""
    assert ["host"] == _names(_program(_rule("a", guard)))


@pytest.mark.parametrize("guard", WIDER)
def test_a_guard_that_looks_further_does_not(guard: str) -> None:
    """A budget for all would be a budget for each partition; so the rule stands in the last stage, and says why."""
    program = _program(_rule("a", guard, key="[$e.host]"))
    assert ["all"] == _names(program)
    (rule,) = program.split().rules
    name = guard.partition(":")[0].strip("{")
    assert rule.because is not None
    assert f"guard `{name}` looks at more than one `$e.host`" == rule.because.reason
    assert "where each is to have its own, say `by: [$e.host]`" == rule.because.help


def test_guarded_steps_act_on_what_tells_the_partition() -> None:
    """Two guarded steps on one target mind each other, so both must be in its partition."""
    program = _program(_rule("a", "{limit: 1, per: 1m, by: [$e.host]}", target="$e.zone"))
    assert ["all"] == _names(program)
    (rule,) = program.split().rules
    assert rule.because is not None
    assert "guarded steps mind each other, and the target of `drain` need not be `$e.host`" == rule.because.reason


def test_guarded_rules_stay_in_one_stage() -> None:
    """One by host and one by zone would not see each other's targets: both go last, and an unguarded one does not."""
    by_host = _rule("a", "{cooldown: 5m}", key="[$e.host]")
    by_zone = _rule("b", "{cooldown: 5m}", target="$e.zone", key="[$e.zone]")
    plain = "  - id: c\n    when: {as: e, event: lost}\n    then: [{do: drain, target: $e.host}]\n"
    program = _program(by_host, by_zone, plain)
    first, last = program.stages()
    assert (("guarded", "c"),) == first.rules
    assert (("guarded", "a"), ("guarded", "b")) == last.rules
    reasons = [rule.because.reason for rule in program.split().rules if rule.because]
    assert [
        "rules with guards mind each other's targets, and not all of them can be divided in one stage"
    ] * 2 == reasons


def test_what_guards_count_is_sent_to_them() -> None:
    """A population goes to the last stage for its guard, though only a rule of the first reads it."""
    guarded = _rule("a", "{min_healthy: 1, of: {state: host, where: {status: up}}}", key="[$e.host]")
    reader = "  - id: b\n    when: {as: h, state: host}\n    then: [{do: look, target: $h.host}]\n"
    first, last = _program(guarded, reader).stages()
    assert ["host by host"] == list(map(str, first.routes))
    assert ["host everywhere", "lost everywhere"] == list(map(str, last.routes))


def test_one_rule_with_a_wide_guard_keeps_the_other_guarded_ones() -> None:
    """What is last for its own sake takes the guarded rules along."""
    program = _program(
        _rule("a", "{limit: 2, per: 1m}", key="[$e.host]"), _rule("b", "{cooldown: 5m}", key="[$e.host]")
    )
    assert ["all"] == _names(program)


def _lost(number: int, at: int) -> sr.Event:
    return sr.Event(f"e{number}", "lost", "m", moment(at), {"host": f"h{number}", "zone": "z"})


def test_what_people_say_reaches_every_partition() -> None:
    """The kill switch holds every rule in every partition, and once it is lifted, all goes on."""
    program = _program(_rule("a", "{cooldown: 5m}", key="[$e.host]"))
    engine, whole = sr.Engine(program), Partitions(program, 7)
    inputs: list[Control | sr.Event] = [
        Control("kill", "me", "a fire", moment(1)),
        *(_lost(number, 2) for number in (3, 1, 4, 2, 0)),
        Control("resume", "me", "it is out", moment(3)),
    ]
    for item in inputs:
        expected, actual = engine.post(item), whole.post(item)
        assert expected.disposition == actual.disposition
        assert sorted(map(str, expected)) == sorted(map(str, actual))
    assert ["shadowed"] * 5 == [decision.verdict.status for decision in actual]


def test_partitions_take_no_policy() -> None:
    """A site's limits are for the whole site, so a policy is refused before anything changes."""
    whole = Partitions(_program(_rule("a", "{cooldown: 5m}", key="[$e.host]")), 2)
    with pytest.raises(sr.EventError, match="counts over all partitions"):
        whole.post(Control("policy", "me", "stricter", moment(1), "selfheal: 1"))
    assert whole.now is None


def test_a_step_may_lock_its_own_target() -> None:
    """What its rule locks besides, its target among it, is free again when the step has failed."""
    program = _program(_rule("a", "{lock: [$e.host]}", key="[$e.host]"))
    engine = sr.Engine(program)
    (made,) = engine.post(_lost(1, 1))
    assert "matched" == engine.post(sr.Outcome(made.id, "failed", moment(2))).disposition
    (again,) = engine.post(_lost(1, 3)) or engine.post(
        sr.Event("other", "lost", "m", moment(3), {"host": "h1", "zone": "z"})
    )
    assert "shadowed" == again.verdict.status
