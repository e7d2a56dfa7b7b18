"""A guard keeps the decision in one place unless it goes by what tells the partition; the matching is divided."""

import pickle

import pytest

import selfheal_rules as sr
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.decide import Control
from selfheal_rules.divide import Partition, Partitions
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source
from tests.generate.streams import moment

HEAD = """\
selfheal: 1
ruleset: guarded
events:
  lost: {fields: {host: {type: string, required: true}, zone: {type: string, required: true}, peer: string}}
states:
  host: {key: [host], fields: {host: string, status: string}}
  gone: {key: [host], fields: {host: string}}
rules:
"""
A, B, C = (("guarded", name) for name in "abc")


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
def test_a_guard_that_looks_further_decides_in_a_later_stage(guard: str) -> None:
    """A budget for all would be a budget for each partition; so the rule is matched by host, decided in one place."""
    program = _program(_rule("a", guard, key="[$e.host]"))
    first, last = program.stages()
    assert ("host", (A,), (A,), ()) == (first.name, first.rules, first.proposed, first.decided)
    assert ("all", (), (), (A,)) == (last.name, last.rules, last.proposed, last.decided)
    (rule,) = program.split().rules
    assert (1, 2, None) == (rule.stage, rule.decided, rule.because)


@pytest.mark.parametrize("guard", ["{lock: [$e.zone, $e.host]}", "{limit: 1, per: 1m, by: [$e.host]}"])
def test_what_is_locked_beside_the_partition_is_no_matter_of_it(guard: str) -> None:
    """Each thing that is locked has to be in the partition; of what a budget goes by, one is enough."""
    locks = "lock" in guard
    assert ["host", "all"][: 1 + locks] == _names(_program(_rule("a", guard)))


def test_guarded_steps_act_on_what_tells_the_partition() -> None:
    """Two guarded steps on one target mind each other, so both are decided on in one place."""
    program = _program(_rule("a", "{limit: 1, per: 1m, by: [$e.host]}", target="$e.zone"))
    assert ["host", "all"] == _names(program)


def test_what_only_tells_people_minds_nobody() -> None:
    """Guards speak to what touches something: beside such a step, a notification may name anything."""
    told = _rule("a", "{cooldown: 5m, by: [$e.host]}", key="[$e.host, $e.zone]").replace(
        "target: $e.host}]", "target: $e.host}, {do: notify, target: $e.zone}]"
    )
    assert ["host"] == _names(_program(told))


def test_guarded_rules_are_decided_in_one_stage() -> None:
    """One by host and one by zone would not see each other's targets: each is matched by its own, and decided last."""
    by_host = _rule("a", "{cooldown: 5m}", key="[$e.host]")
    by_zone = _rule("b", "{cooldown: 5m}", target="$e.zone", key="[$e.zone]")
    plain = "  - id: c\n    when: {as: e, event: lost}\n    then: [{do: drain, target: $e.host}]\n"
    first, second, last = _program(by_host, by_zone, plain).stages()
    assert ((A, C), (A,)) == (first.rules, first.proposed)
    assert ((B,), (B,)) == (second.rules, second.proposed)
    assert ((), (A, B)) == (last.rules, last.decided)


def test_what_guards_count_is_sent_to_them() -> None:
    """A population goes to the last stage for its guard, though only a rule of the first reads it."""
    guarded = _rule("a", "{min_healthy: 1, of: {state: host, where: {status: up}}}", key="[$e.host]")
    reader = "  - id: b\n    when: {as: h, state: host}\n    then: [{do: look, target: $h.host}]\n"
    first, last = _program(guarded, reader).stages()
    assert ["host by host", "lost by host"] == list(map(str, first.routes))
    assert ["host everywhere"] == list(map(str, last.routes))


def test_one_rule_with_a_wide_guard_has_all_guarded_ones_decided_with_it() -> None:
    """What is decided last for its own sake takes the guarded rules along, not their matching."""
    program = _program(
        _rule("a", "{limit: 2, per: 1m}", key="[$e.host]"), _rule("b", "{cooldown: 5m}", key="[$e.host]")
    )
    first, last = program.stages()
    assert ((A, B), (A, B)) == (first.proposed, last.decided)


WHOLE = {
    "  - id: b\n    when: {as: d, event: selfheal.decision, where: {rule: a}}\n"
    "    then: [{do: notify, target: $d.target}]\n": (
        B,
        "it reads what the engine itself does, and the steps it may hear of are decided in one place",
    ),
    "  - id: b\n    when: {as: e, event: lost}\n    then: [{do: drain, target: $e.host}, {conclude: gone,"
    " with: {host: $e.host}, ttl: 1h}]\n    guard: [{limit: 1, per: 1m}]\n": (
        B,
        "it concludes `gone` once its steps are confirmed, which is where they are decided",
    ),
    "  - id: b\n    when: {as: e, event: lost}\n    then: [{do: notify, target: $e.host}, {conclude: gone,"
    " with: {host: $e.host}, ttl: 1h}]\n  - id: c\n    when: {as: g, state: gone}\n"
    "    then: [{do: drain, target: $g.host}]\n    guard: [{limit: 1, per: 1m}]\n": (
        C,
        "it rests on what rule `b` concludes once its steps are confirmed",
    ),
}


@pytest.mark.parametrize("rules", WHOLE)
def test_a_rule_that_must_be_where_it_is_decided_says_why(rules: str) -> None:
    """What hears of guarded steps, or follows from some, is matched in the last stage, with the reason."""
    program = _program(_rule("a", "{limit: 2, per: 1m}", key="[$e.host]"), rules)
    name, reason = WHOLE[rules]
    (found,) = [rule for rule in program.split().rules if rule.rule == name]
    assert found.because is not None
    assert (reason, ()) == (found.because.reason, found.keys)
    assert name in program.stages()[-1].rules


# By zone

BY_ZONE = "{limit: 2, per: 10m, by: [$e.zone]}"
PLACES = {"host": "zone"}


def test_decisions_are_divided_by_what_targets_are_in() -> None:
    """Stage 1 by host proposes, stage 2 by zone decides, and what cannot be divided is last."""
    once = "  - id: c\n    when: {as: e, event: lost}\n    then: [{do: notify}]\n"
    program = _program(_rule("a", BY_ZONE), once)
    first, second, last = program.stages(within=PLACES)
    assert ("host", "zone", "all") == (first.name, second.name, last.name)
    assert ((A,), (A,), (C,)) == (first.proposed, second.decided, last.rules)
    assert ("e", ("zone",)) == second.value(A)
    assert '"h1"' == program.partition_key(_lost(1, 0), first)
    with pytest.raises(KeyError):
        program.partition_key(_lost(1, 0), second)
    assert "" == program.partition_key(_lost(1, 0), last)


NO_ZONE = {
    "a guard counts over all": (_rule("a", BY_ZONE), _rule("b", "{limit: 2, per: 1m}")),
    "another target is in no zone": (_rule("a", BY_ZONE), _rule("b", BY_ZONE, target="$e.peer", key="[$e.peer]")),
    "an item need not say the zone": (
        _rule("a", BY_ZONE),
        _rule("b", BY_ZONE).replace("event: lost", "state: host").replace("$e.zone", "$e.status"),
    ),
    "a rule hears of it": (
        _rule("a", BY_ZONE),
        "  - id: b\n    when: {as: d, event: selfheal.decision, where: {rule: a}}\n    then: [{do: notify}]\n",
    ),
    "it waits for what is concluded": (
        _rule("a", BY_ZONE).replace(
            "target: $e.host}", "target: $e.host, confirm: {state: gone, where: {host: $e.host}, within: 1m}}"
        ),
        "  - id: b\n    when: {as: e, event: lost}\n    then: [{conclude: gone, with: {host: $e.host}, ttl: 1h}]\n",
    ),
}


@pytest.mark.parametrize("why", NO_ZONE)
def test_decisions_that_are_no_matter_of_one_zone_stand_last(why: str) -> None:
    """Whatever looks beyond the zone has all decided in one place."""
    stages = _program(*NO_ZONE[why]).stages(within=PLACES)
    assert "all" == stages[-1].name
    assert A in stages[-1].decided


def test_a_policy_decides_in_one_place() -> None:
    """The guards of a site look at all of it, whatever those of a rule go by; its states are sent there."""
    policy = read_policy(Source("policy.yaml", TOPOLOGY))
    program = _program(_rule("a", BY_ZONE))
    first, last = program.stages(within=PLACES, policy=policy)
    assert ((A,), (A,)) == (first.proposed, last.decided)
    assert ["host everywhere"] == list(map(str, last.routes))
    assert "all" == last.name


def test_what_was_said_to_be_in_one_zone_stays_there() -> None:
    """An item that says otherwise is refused, and changes nothing."""
    whole = Partitions(_program(_rule("a", BY_ZONE)), 3, within=PLACES)
    whole.post(_lost(1, 0))
    moved = sr.Event("e9", "lost", "m", moment(9), {"host": "h1", "zone": "y"})
    with pytest.raises(sr.EventError, match='"h1" was in the `zone` "z" and is now in "y", and was declared to stay'):
        whole.post(moved)
    assert moment(0) == whole.now
    again = Partitions.restore(whole.program, whole.snapshot())
    with pytest.raises(sr.EventError, match="declared to stay"):
        again.post(moved)


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
        assert engine.halted == whole.halted
        assert expected.disposition == actual.disposition
        assert sorted(map(str, expected)) == sorted(map(str, actual))
    assert ["shadowed"] * 5 == [decision.verdict.status for decision in actual]


TOPOLOGY = "selfheal_policy: 1\npolicy: site\ntopology: [{state: host, within: [status]}]\n"


def test_partitions_begun_without_a_policy_take_none() -> None:
    """A site's guards look at all of it, and here nobody was asked to: so a policy is refused, and nothing changes."""
    whole = Partitions(_program(_rule("a", "{cooldown: 5m}", key="[$e.host]")), 2)
    with pytest.raises(sr.EventError, match="these were begun without one"):
        whole.post(Control("policy", "me", "stricter", moment(1), TOPOLOGY))
    with pytest.raises(sr.EventError, match="other rules are divided otherwise"):
        whole.post(Control("rules", "me", "newer", moment(1), "digest"))
    assert whole.now is None


def test_another_policy_is_taken_if_it_reads_no_more() -> None:
    """What guards were never sent they cannot count; a policy that asks for it is refused, any other holds at once."""
    program = _program(_rule("a", "{cooldown: 5m}", key="[$e.host]"))
    head = "selfheal_policy: 1\npolicy: other\n"
    whole = Partitions(program, 2, policy=read_policy(Source("policy.yaml", head)))
    with pytest.raises(sr.EventError, match="the policy reads `host`, which the policy before it did not"):
        whole.post(Control("policy", "me", "stricter", moment(1), TOPOLOGY))
    with pytest.raises(sr.EventError, match="the policy cannot be taken"):
        whole.post(Control("policy", "me", "stricter", moment(1), "selfheal_policy: 2"))
    assert whole.now is None
    stopped = head + "kill_switch: true\n"
    assert "matched" == whole.post(Control("policy", "me", "stop", moment(1), stopped)).disposition
    assert "kill_switch" == whole.post(_lost(1, 2))[0].verdict.guard
    again = Partitions.restore(program, whole.snapshot())
    assert again.policy is not None
    assert again.policy.kill_switch
    assert [("a", "open")] == [(one.rule, one.state) for one in again.episodes()]
    assert {
        ("decision", "guarded", "a", "held", "kill_switch"): 1,
        ("episode", "guarded", "a", "opened"): 1,
    } == again.counts()
    assert () == again.episodes(state="closed")
    gone = Partitions.restore(program, whole.snapshot(), policy=read_policy(Source("policy.yaml", head)))
    assert gone.policy is not None
    assert not gone.policy.kill_switch


def test_a_policy_that_does_not_fit_is_refused_at_once() -> None:
    """As by one engine: with every finding."""
    text = TOPOLOGY.replace("state: host", "state: hots")
    with pytest.raises(sr.RuleSetError, match="no vocabulary has the state `hots`"):
        Partitions(_program(_rule("a", "{cooldown: 5m}")), 2, policy=read_policy(Source("policy.yaml", text)))


def test_a_pinned_revision_is_that_of_the_whole_program() -> None:
    """Every partition runs some of the rules, and each is of the revision that was looked at."""
    program = _program(
        _rule("a", "{limit: 2, per: 1m}", key="[$e.host]").replace("do: drain", "do: compute.lock_server")
    )
    revision = program.revisions["guarded"]
    text = (
        "selfheal_policy: 1\npolicy: site\nautonomy: [{grade: auto}]\n"
        f"rulesets: [{{ruleset: guarded, mode: enforce, revision: '{revision}'}}]\n"
    )
    whole = Partitions(program, 3, policy=read_policy(Source("policy.yaml", text)))
    assert ["allowed"] == [one.verdict.status for one in whole.post(_lost(1, 0))]


def test_proposals_are_plain_values() -> None:
    """What one stage hands to the next can be sent to another process: pickled, it leads to the same decision."""
    program = _program(_rule("a", "{limit: 2, per: 1m}", key="[$e.host]"))
    first, last = program.stages()
    sent = pickle.loads(pickle.dumps([program.share(first), program.share(last)]))  # noqa: S301 - what was pickled here
    assert [program.revisions] * 2 == [share.revisions for share in sent]
    matching, deciding = map(Partition, sent)
    (expected,) = sr.Engine(program).post(_lost(1, 0))
    assert [] == [*matching.post(_lost(1, 0))]
    handed = pickle.loads(pickle.dumps(matching.handed()))  # noqa: S301 - what was pickled here
    assert [] == matching.handed()
    deciding.settle(1_767_225_600_000_000)
    deciding.give(handed)
    assert (expected,) == deciding.decide()
    assert expected.because == deciding.episodes()[0].cause


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
