"""What is said to overlap does, as an engine decides; who should yield is told, and the table of healers is sound."""

import json
from collections import defaultdict
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfheal_rules import Engine, Program, compile_rules
from selfheal_rules.decide.decision import Decision
from selfheal_rules.model import RuleSet
from selfheal_rules.normalize import Reading, read_items
from selfheal_rules.policy import Policy
from selfheal_rules.survey.overlap import Overlap, Overlaps
from selfheal_rules.survey.overlaps import find_overlaps
from selfheal_rules.survey.shipped import healers
from selfheal_rules.values import Value
from tests.shipped import shipped
from tests.survey.written import GUARDED, cloud, rules

ROOT = Path(__file__).parents[2]
ALONE = cloud("healers: []")


@cache
def _shipped() -> Overlaps:
    """Give those of all that is shipped; not at import, or every worker pays for it as it collects."""
    return find_overlaps(shipped())


@cache
def _every() -> Program:
    return compile_rules(*shipped(), *healers().values())


def _between(*rulesets: RuleSet) -> list[tuple[str, str, str]]:
    found = find_overlaps(rulesets, ALONE).overlaps
    return [(one.how, one.first.name, one.second.name) for one in found if not one.is_apart]


# Shipped rule sets


def _decided(overlap: Overlap) -> list[Decision]:
    """Post the witness as it is shown and nothing before it, let a week pass, and give what was decided."""
    engine = Engine(_every(), policy=Policy("tried"))
    reads = list(read_items(overlap.witness, vocabulary=engine.program.vocabulary))
    items = [read.item for read in reads if isinstance(read, Reading)]
    assert len(items) == len(reads)
    decided = [decision for item in items for decision in engine.post(item)]
    return [*decided, *engine.advance(items[-1].time + timedelta(days=7))]


def _acted(overlap: Overlap) -> dict[tuple[str, str], dict[Value, set[str]]]:
    """Give what each rule did to what."""
    found: dict[tuple[str, str], dict[Value, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in _decided(overlap):
        found[one.ruleset, one.rule][one.target].add(str(one.params.get("action") or one.action))
    return found


@pytest.mark.whole
def test_the_witness_makes_both_act_on_the_target() -> None:
    """Each of the two does what is said of it, to the target that is said."""
    for one in _shipped().overlaps:
        found = _acted(one)
        for side, target in ((one.first, one.target), (one.second, one.other or one.target)):
            missing = {*side.actions} - found[side.ruleset, side.rule][target]
            assert set() == missing, f"{side.name} of {one.first.name} and {one.second.name}"


def _named(found: Overlaps) -> dict[tuple[str, str], str]:
    return {(one.first.name, one.second.name): one.how for one in found.overlaps}


def test_what_the_sig_knows_of_is_found() -> None:
    """Two healers that evacuate one host, or replace one member or server, each of which the use cases warn of."""
    found = _named(_shipped())
    heal, replace = "compute-host-failure / heal-dead-host", "load-balancer-member / replace-member"
    lost = "stopped-server-in-stack / replace-lost-member"
    assert "twice" == found[heal, "Masakari (host-recovery)"]
    assert "twice" == found[heal, "Pacemaker (lost-node)"]
    assert "twice" == found[replace, "Aodh, Heat, Mistral (member-alarm)"]
    assert "twice" == found[lost, "Aodh, Heat, Mistral (server-alarm)"]
    assert "twice" == found[lost, "Aodh, Heat, Mistral (delete-alarm)"]
    assert (heal, "masakari-hand-over / hand-over") not in found, "these two leave each other's hosts alone"


def test_what_another_healer_does_for_another_item_is_told() -> None:
    """A host that is dead by an alarm and the HA monitor is one whose service is down, which InstanceHA looks at."""
    found = {(one.first.rule, one.second.name): one for one in _shipped().overlaps}
    for rule in ("heal-dead-host", "hand-over"):
        assert "twice" == found[rule, "InstanceHA (lost-compute)"].how
        apart = found[rule, "InstanceHA (dead-compute)"]
        assert ("twice", True, False) == (apart.how, apart.is_apart, apart.is_finding)


def test_what_only_shadow_shows_is_not_told() -> None:
    """Where a site enforces, a host that is being fenced is not closed as well: the fence is not over at once."""
    pairs = {(one.first.rule, one.second.rule) for one in _shipped().overlaps}
    assert pairs.isdisjoint({("heal-dead-host", "keep-servers-off"), ("hand-over", "keep-servers-off")})


def test_a_witness_says_what_sources_say() -> None:
    """No nova-compute of Neutron's, and no agent of Nova's."""
    lines = [json.loads(line) for one in _shipped().overlaps for line in one.witness]
    reports = [one["data"] for one in lines if one["type"] == "service.liveness"]
    assert reports
    assert [] == [one for one in reports if one["binary"].startswith("nova-") != (one.get("project", "nova") == "nova")]
    assert [] == [one for one in reports if one["binary"].startswith("nova-") and "agent" in one]


def test_two_services_of_one_host_are_restarted_by_two_workflows() -> None:
    """A workflow that is started for two processes is not started twice."""
    assert "beside" == _named(_shipped())["compute-service-down / restart-compute", "l3-agent / restart-agent"]


def test_what_reaches_a_server_does_so_while_another_acts_on_it() -> None:
    """The two decide within minutes, and not days apart."""
    for overlap in (one for one in _shipped().overlaps if one.how == "within"):
        decided = _decided(overlap)
        sides = (overlap.first, overlap.target), (overlap.second, overlap.other)
        first, second = (
            [one.time for one in decided if (one.ruleset, one.rule, one.target) == (side.ruleset, side.rule, target)]
            for side, target in sides
        )
        assert min(abs(one - other) for one in first for other in second) <= timedelta(minutes=10)


@pytest.mark.whole
def test_the_same_is_found_again() -> None:
    """To the last witness."""
    assert _shipped() == find_overlaps(shipped())


# Rules with each other


DISABLE = """\
  - id: {0}
    when: {{as: a, state: service.liveness, where: {{binary: nova-compute, alive: {1}}}}}
    then: [{{do: {2}, target: $a.host}}]
"""


def _pair(first: tuple[str, str], second: tuple[str, str]) -> RuleSet:
    return rules("rules:\n" + DISABLE.format("one", *first) + DISABLE.format("two", *second))


def test_how_two_acts_stand_to_each_other() -> None:
    """The same twice, one against the other, or side by side; what cannot be the cause of both is none."""
    off, on = ("false", "compute.disable_service"), ("false", "compute.enable_service")
    tells, other = ("false", "notify"), ("false", "instance_ha.set_host_maintenance")
    assert [("twice", "small / one", "small / two")] == _between(_pair(off, off))
    assert [("against", "small / one", "small / two")] == _between(_pair(off, on))
    assert [("beside", "small / one", "small / two")] == _between(_pair(off, other))
    assert [] == _between(_pair(off, tells))
    assert [] == _between(_pair(off, ("true", "compute.disable_service")))


STATUSES = ("active", "stopped", "error", "paused", "deleted")
SOME = st.lists(st.sampled_from(STATUSES), min_size=1, unique=True)


@settings(max_examples=25)
@given(SOME, SOME, st.booleans())
def test_two_rules_overlap_where_one_item_fits_both(mine: list[str], theirs: list[str], by_not: bool) -> None:  # noqa: FBT001 - drawn
    """Of leaves that equality or its opposite decides, just those that leave a value to both are found."""
    leaf = f"{{not: [{', '.join(theirs)}]}}" if by_not else f"[{', '.join(theirs)}]"
    text = f"""\
rules:
  - id: one
    when: {{as: a, event: instance.update, where: {{status: [{", ".join(mine)}]}}}}
    then: [{{do: compute.start_server, target: $a.instance}}]
  - id: two
    when: {{as: b, event: instance.update, where: {{status: {leaf}}}}}
    then: [{{do: compute.lock_server, target: $b.instance}}]
"""
    meet = set(mine) - set(theirs) if by_not else set(mine) & set(theirs)
    found = find_overlaps([rules(text)], ALONE).overlaps
    assert bool(meet) == bool(found)
    for one in found:
        (line,) = one.witness
        assert json.loads(line)["data"]["status"] in meet


def test_rule_sets_are_held_against_each_other() -> None:
    """With parameters of one name and two values, each rule is taken by those of its own set."""
    text = """\
params: {{who: {{type: string, default: {0}}}}}
rules:
  - id: act
    when: {{as: a, state: service.liveness, where: {{binary: $params.who, alive: false}}}}
    then: [{{do: compute.disable_service, target: $a.host}}]
"""
    first, same, other = (rules(text.format(word), name) for word, name in (("x", "one"), ("x", "two"), ("y", "three")))
    assert [("twice", "one / act", "two / act")] == _between(first, same, other)


DEEP = """\
states:
  ill: {key: [host], fields: {host: {type: string, required: true}, level: integer}}
rules:
  - id: judge
    when:
      as: a
      event: instance.action
      where: {action: reboot, phase: error, host: {exists: true}}
      count: {at_least: 3, within: 10m, by: [host]}
    then: [{conclude: ill, with: {host: $a.host, level: 5}, ttl: 1h}]
  - id: act
    when: {as: b, state: ill, where: {level: {at_least: LEVEL}}, for: 2m}
    then: [{do: compute.disable_service, target: $b.host}]
  - id: direct
    when: {as: c, event: instance.action, where: {phase: error, host: {exists: true}}}
    then: [{do: compute.disable_service, target: $c.host}]
"""


def test_conclusions_are_followed_to_what_they_are_drawn_from() -> None:
    """Through counts and waits; what a conclusion never says is not waited for."""
    found = find_overlaps([rules(DEEP.replace("LEVEL", "5"))], ALONE).overlaps
    assert [("small / act", "small / direct", "instance.action")] == [
        (one.first.name, one.second.name, one.kind) for one in found
    ]
    assert 3 == len(found[0].witness)
    assert () == find_overlaps([rules(DEEP.replace("LEVEL", "6"))], ALONE).overlaps


ZONED = """\
states:
  ill: {key: [host], fields: {host: {type: string, required: true}, zone: {type: string, required: true}}}
  closed: {key: [host], fields: {host: {type: string, required: true}, zone: {type: string, required: true}}}
rules:
  - id: see
    when: {as: a, state: service.liveness, where: {alive: false}}
    then: [{conclude: ill, with: {host: $a.host, zone: blue}}]
  - id: look
    when: {as: a, state: service.liveness, where: {alive: false}}
    then: [{conclude: closed, with: {host: $a.host, zone: ZONE}}]
  - id: act
    when: {all: [{as: b, state: ill}, {as: c, OTHER}], same: [host]}
    then: [{do: compute.disable_service, target: $b.host}]
  - id: direct
    when: {as: d, state: service.liveness, where: {alive: false}}
    then: [{do: instance_ha.set_host_maintenance, target: $d.host}]
"""


@pytest.mark.parametrize(
    ("zone", "other", "is_found"),
    [
        ("blue", "state: closed, where: {zone: $b.zone}", True),
        ("green", "state: closed, where: {zone: $b.zone}", False),
        ("green", "state: compute.service, where: {availability_zone: $b.zone}", True),
    ],
)
def test_what_conclusions_give_is_joined_as_it_is(zone: str, other: str, is_found: bool) -> None:  # noqa: FBT001 - an expectation
    """A literal of a conclusion is a value like any other: what two conclusions make unequal never meets."""
    found = _between(rules(ZONED.replace("ZONE", zone).replace("OTHER", other)))
    assert is_found == (("beside", "small / act", "small / direct") in found)


def test_a_server_is_no_host() -> None:
    """Rules about two sorts of things do not act on one target, though both are named by texts."""
    text = """\
rules:
  - {id: host, when: {as: a, state: instance}, then: [{do: compute.disable_service, target: $a.host}]}
  - {id: server, when: {as: a, state: instance}, then: [{do: compute.start_server, target: $a.instance}]}
"""
    assert [] == _between(rules(text))


@pytest.mark.parametrize(
    ("first", "second", "yields", "why"),
    [
        ("compute.stop_server", "compute.start_server", "small / one", "`small / two` can do less harm"),
        ("compute.start_server", "compute.lock_server", "small / two", "`small / one` stands first"),
    ],
)
def test_one_of_two_rules_yields(first: str, second: str, yields: str, why: str) -> None:
    """What does less harm goes first, then what asks for more, then what stands first; the cure says how."""
    text = """\
rules:
  - id: one
    when: {as: a, event: instance.update, where: {status: error}}
    then:
      - {do: ONE, target: $a.instance, confirm: {event: instance.update, where: {instance: $a.instance}, within: 1m}}
    guard: [{limit: 2, per: 10m}]
    outcome: {healthy: {event: instance.update, where: {instance: $a.instance}}, within: 5m, else: [{do: notify}]}
  - id: two
    when: {as: b, event: instance.update, where: {status: error}}
    then: [{do: TWO, target: $b.instance}]
""".replace("ONE", first).replace("TWO", second)
    (found,) = find_overlaps([rules(text)], ALONE).overlaps
    assert (yields, why) == (found.yields, found.why)
    ranked = (second, first) if yields.endswith("one") else (first, second)
    assert f"name the winner in the policy: `conflicts: [[{', '.join(ranked)}]]`" == found.cure


BOTH = """\
rules:
  - id: one
    when: {all: [{as: a, state: service.liveness, where: {alive: false} HELD}] ONE}
    then: [{do: compute.disable_service, target: $a.host}]
  - id: two
    when: {all: [{as: a, state: service.liveness, where: {alive: false}}]}
    then: [{do: SECOND, target: $a.host}]
"""


@pytest.mark.parametrize("second", ["compute.disable_service", "instance_ha.set_host_maintenance"])
def test_what_decides_later_can_know(second: str) -> None:
    """With the `unless` that is told, no stream is found any more that makes both act."""
    text = BOTH.replace("HELD", ", for: 2m").replace("SECOND", second)
    (found,) = find_overlaps([rules(text.replace("ONE", ""))], ALONE).overlaps
    assert ("small / one", "`small / two` decides first, and is at work by then") == (found.yields, found.why)
    unless = found.cure.partition("`unless")[2].rstrip("`")
    assert () == find_overlaps([rules(text.replace("ONE", f", unless{unless}"))], ALONE).overlaps


FENCED = """\
rules:
  - id: fence
    when: {as: a, state: alarm, where: {status: problem, host: {exists: true}}}
    then: [{do: FIRST, target: $a.host, confirm: {none: [{state: instance, where: {host: $a.host}}], within: 5m}}]
GUARDED  - id: reboot
    when: {all: [{as: b, event: instance.failed}] ONE}
    then: [{do: compute.start_server, target: $b.instance}]
""".replace("GUARDED", GUARDED)


def test_what_is_done_to_a_host_reaches_the_server_on_it() -> None:
    """Two acts for two reasons overlap where a state says that one target is on the other; the part yields."""
    ruleset = rules(FENCED.replace("ONE", "").replace("FIRST", "compute.evacuate_host"))
    (found,) = find_overlaps([ruleset], ALONE).overlaps
    assert ("within", "small / fence", "small / reboot") == (found.how, found.first.name, found.second.name)
    assert ("instance", "small / reboot", False) == (found.kind, found.yields, found.is_finding)
    said = [json.loads(line) for line in found.witness]
    (there,) = (one["data"] for one in said if one["type"] == "instance")
    assert {"instance": found.other, "host": found.target}.items() <= there.items()


def test_with_what_is_told_the_part_yields() -> None:
    """With the `unless` of the cure, what is done to the host first keeps the rule off the server on it."""
    text = FENCED.replace("FIRST", "compute.evacuate_host")
    (found,) = find_overlaps([rules(text.replace("ONE", ""))], ALONE).overlaps
    unless = found.cure.partition("`unless")[2].rstrip("`")
    assert () == find_overlaps([rules(text.replace("ONE", f", unless{unless}"))], ALONE).overlaps


def test_a_list_of_references_is_followed() -> None:
    """A field that is one of several values of another item is followed as one that equals the first of them."""
    two = """\
rules:
  - id: lock
    when: {as: a, event: instance.failed}
    then: [{do: compute.lock_server, target: $a.instance}]
  - id: unlock
    when:
      all:
        - {as: a, event: instance.failed}
        - {as: b, state: instance, where: {instance: [$a.instance, $a.host]}}
    key: [$b.instance]
    then: [{do: compute.unlock_server, target: $b.instance}]
"""
    assert [("against", "small / lock", "small / unlock")] == _between(rules(two))


def test_what_leaves_servers_alone_reaches_none_of_them() -> None:
    """A host that is disabled, and a server on it that is acted on, are two things."""
    text = FENCED.replace("ONE", "").replace("FIRST", "compute.disable_service")
    assert () == find_overlaps([rules(text)], ALONE).overlaps


def test_where_both_decide_at_once_the_site_names_the_winner() -> None:
    """With the `conflicts` that are told, the loser is not let through in the stream that is shown."""
    ruleset = rules(BOTH.replace("HELD", "").replace("ONE", "").replace("SECOND", "instance_ha.set_host_maintenance"))
    (found,) = find_overlaps([ruleset], ALONE).overlaps
    assert "small / two" == found.yields
    ranked = tuple(found.cure.partition("[[")[2].partition("]]")[0].split(", "))
    engine = Engine(compile_rules(ruleset), policy=Policy("site", conflicts=(ranked,)))
    reads = read_items(found.witness, vocabulary=ruleset.vocabulary)
    decided = [one for read in reads if isinstance(read, Reading) for one in engine.post(read.item)]
    assert {"one": "mode", "two": "conflict"} == {one.rule: one.verdict.guard for one in decided}


def test_two_that_do_the_same_at_once_are_told_to_part() -> None:
    """One of them has to wait, so that it can know."""
    ruleset = rules(BOTH.replace("HELD", "").replace("ONE", "").replace("SECOND", "compute.disable_service"))
    (found,) = find_overlaps([ruleset], ALONE).overlaps
    assert found.cure.startswith("let it wait for a moment with `for`, and add to `small / two`: `unless: ")
