"""What is said to be lacking is lacking: sight of rules, means of actions, and somebody who reads a fault."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from selfheal_rules import Engine, State, compile_rules
from selfheal_rules.actions import CATALOGUE
from selfheal_rules.check.meeting import Meeting
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.witness import Item, witness
from selfheal_rules.model import Rule, RuleSet
from selfheal_rules.normalize import Reading, read_items
from selfheal_rules.parse import parse_rules
from selfheal_rules.policy import Policy
from selfheal_rules.source import Source
from selfheal_rules.survey.gap import CHOICES, SORTS, TITLES, Sort
from selfheal_rules.survey.gaps import find_gaps
from selfheal_rules.survey.record import Record
from selfheal_rules.survey.shipped import faults, given
from tests.shipped import known, program, shipped
from tests.survey.written import GUARDED, cloud, gaps, only, rules, told

ROOT = Path(__file__).parents[2]
STREAM = ROOT / "examples" / "events" / "compute-host-failure.jsonl"
BLIND: tuple[Sort, ...] = ("blind_rule", "blind_guard", "blind_confirmation")

ON = "{as: a, state: compute.service, where: {disabled: true}}"


def _one(when: str, then: str = "{do: notify, target: $a.host}", more: str = "") -> RuleSet:
    return rules(f"rules:\n  - id: one\n    when: {when}\n    then: [{then}]\n{more}")


# What is seen


@pytest.mark.parametrize(
    ("when", "target", "at", "why", "cure"),
    [
        ("{as: a, event: instance.error}", "instance", "notifications: []", "`nova` (its notifications", "nova"),
        ("{as: a, event: alarm.event}", "alarm", "webhooks: [nagios]", "`aodh` (nothing of it is posted here)", "aodh"),
        ("{as: a, state: lb.status}", "loadbalancer", "pollers: []", "`octavia_balancers` (the poller", "octavia"),
        ("{as: a, state: source.freshness}", "about", "pollers: []", "`serve` (no poller runs)", "any poller"),
        ("{as: a, event: node.action}", "node", "services: {}", "(there is no service `baremetal`)", "install"),
    ],
)  # fmt: skip
def test_a_rule_whose_source_is_off_never_fires(when: str, target: str, at: str, why: str, cure: str) -> None:
    """It is told which source would give it, why that gives nothing, and how it is switched on."""
    found = only(gaps(_one(when, f"{{do: notify, target: $a.{target}}}"), cloud(at)), "blind_rule")
    assert ("small / one", True) == (found.about, found.is_finding)
    assert why in found.reason
    assert found.reason.endswith("; it never fires")
    assert cure in found.cure
    assert (6, "small.yaml") == (found.span.line, found.span.source.name)


@pytest.mark.parametrize(
    "at",
    [
        "",
        "notifications: [nova]\npollers: []",
        "notifications: []\npollers: [nova_services]",
        "notifications: []",  # whether a poller runs nobody says
        "notifications: []\npollers: []\nposted: [compute.service]",
    ],
)
def test_one_source_is_enough(at: str) -> None:
    """A kind that one source gives, or may give, or somebody posts, can be seen."""
    assert [] == told(gaps(_one(ON), cloud(at)), *BLIND)


def test_one_alternative_is_enough() -> None:
    """Of an `any` the others may be blind; where all are, the first is told."""
    failed = "{as: a, event: process.failed, where: {host: {exists: true}}}"
    when = f"{{any: [{failed.replace('process.failed', 'host.lost')}, {failed}]}}"
    both = f"{{any: [{{as: a, state: node.power, where: {{host: {{exists: true}}}}}}, {failed}]}}"
    at = "services: {instance-ha: '1'}\nnotifications: [masakari]\nwebhooks: []\npollers: []"
    assert [] == told(gaps(_one(when), cloud(at)), *BLIND)
    assert [] == told(gaps(_one(both), cloud(at)), *BLIND)
    assert "`node.power`" in only(gaps(_one(both), cloud("services: {}\nwebhooks: []")), "blind_rule").reason


CHAIN = """\
states: {ill: {key: [host], fields: {host: string}}, worse: {key: [host], fields: {host: string}}}
rules:
  - id: see
    when: {as: a, event: host.lost, where: {host: {exists: true}}}
    then: [{conclude: ill, with: {host: $a.host}, ttl: 1h}]
  - {id: judge, when: {as: a, state: ill}, then: [{conclude: worse, with: {host: $a.host}}]}
  - {id: act, when: {as: a, state: worse}, then: [{do: notify, target: $a.host}]}
"""


def test_what_waits_for_a_blind_rule_is_blind() -> None:
    """Through any number of conclusions; those are closed with the first, and are marked so."""
    found = gaps(rules(CHAIN), cloud("services: {}\nwebhooks: []")).of("blind_rule")
    assert [("small / see", False), ("small / judge", True), ("small / act", True)] == [
        (one.about, one.follows) for one in found
    ]
    assert [] == told(gaps(rules(CHAIN), cloud("webhooks: [masakari.monitors]")), *BLIND)


OWN = "states: {heat: {key: [host], fields: {host: string}}}\n"


def test_what_nobody_gives_has_to_be_posted() -> None:
    """A kind without a source is seen where somebody posts or maps it; where nobody says so, it is a doubt."""
    ruleset = rules(OWN + "rules: [{id: one, when: {as: a, state: heat}, then: [{do: notify, target: $a.host}]}]\n")
    doubt = only(gaps(ruleset), "blind_rule")
    assert ("no source gives `heat`" in doubt.reason, doubt.is_finding) == (True, False)
    assert only(gaps(ruleset, cloud("posted: []")), "blind_rule").is_finding
    assert [] == told(gaps(ruleset, cloud("posted: [heat]")), *BLIND)
    assert [] == told(gaps(ruleset, cloud("posted: []"), frozenset({"heat"})), *BLIND)
    sourced = "sources: {probe: {by: post}}\n" + OWN.replace("key: [host]", "key: [host], sources: [probe]")
    ruleset = rules(sourced + "rules: [{id: one, when: {as: a, state: heat}, then: [{do: notify, target: $a.host}]}]\n")
    assert [] == told(gaps(ruleset), *BLIND)
    assert "`probe`" in only(gaps(ruleset, cloud("webhooks: []")), "blind_rule").reason


@pytest.mark.parametrize(
    ("leaf", "alerts", "said"),
    [
        ("HostDown", "[DiskFull]", "no alarm of the cloud is called `HostDown`"),
        ("[HostDown, HostGone]", "[]", "no alarm of the cloud is called `HostDown` or `HostGone`"),
        ("{matches: ^Host}", "[DiskFull]", "no alarm of the cloud has such a name"),
        ("$params.alert", "[DiskFull]", "no alarm of the cloud is called `HostDown`"),
        ("{matches: ^Host}", "[DiskFull, HostDown]", ""),
        ("[HostDown, HostGone]", "[HostGone]", ""),
    ],
)
def test_an_alarm_has_a_name_that_exists(leaf: str, alerts: str, said: str) -> None:
    """Rules over alarms are held against the names of those there are, where these are told."""
    params = "params: {alert: {type: string, default: HostDown}}\n" if "$params" in leaf else ""
    when = f"{{as: a, state: alarm, where: {{name: {leaf}}}}}"
    text = f"{params}rules: [{{id: one, when: {when}, then: [{{do: notify, target: $a.alarm}}]}}]\n"
    found = told(gaps(rules(text), cloud(f"alerts: {alerts}")), "blind_rule")
    assert ([("blind_rule", "small / one", f"{said}; it never fires")] if said else []) == found
    assert [] == told(gaps(rules(text), cloud("")), "blind_rule")


def test_a_count_of_nothing_needs_nothing() -> None:
    """A rule that fires where few are there does not wait for them."""
    when = "{as: a, state: instance, count: {at_most: 0, by: [host]}}"
    assert [] == told(gaps(_one(when), cloud("services: {}")), *BLIND)


# What holds back, and what shows


def test_a_rule_that_acts_sees_what_should_hold_it_back() -> None:
    """An `unless` over what never comes lets everything through; of a rule that only tells it is no matter."""
    when = "{all: [{as: a, state: compute.service}], unless: [{state: host.maintenance, where: {host: $a.host}}]}"
    at = cloud("notifications: [nova]\npollers: [nova_services]")
    acting = "{do: compute.disable_service, target: $a.host}"
    found = only(gaps(_one(when, acting), at), "blind_guard")
    assert found.is_finding
    assert found.reason.endswith("; it acts all the same")
    assert "`fenix` (its notifications are off)" in found.reason
    assert [] == told(gaps(_one(when), at), *BLIND)
    assert [] == told(gaps(_one(when, acting), cloud("notifications: [nova, fenix]\npollers: []")), *BLIND)


FENCE = """\
rules:
  - id: one
    when: {as: a, state: service.liveness, where: {alive: false}}
    then:
      - do: compute.fence
        target: $a.host
        confirm: {state: node.power, where: {host: $a.host, power: "off"}, within: 2m}
"""


def test_a_confirmation_can_be_seen() -> None:
    """Neither what shows that a step worked nor what shows that all is well may be blind, negatives included."""
    ruleset = rules(FENCE + GUARDED)
    at = cloud('services: {compute: "2.96"}\nnotifications: []\npollers: [nova_services]')
    found = [(one.reason.rpartition("; ")[2], one.span.line) for one in gaps(ruleset, at).of("blind_confirmation")]
    assert [
        ("`compute.fence` is never seen to have worked, or not to have", 10),
        ("nothing shows that it is healthy again", 13),
    ] == found
    whole = cloud("pollers: [nova_services, ironic_nodes, nova_servers]")
    assert [] == told(gaps(ruleset, whole), *BLIND)


# What can be done


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ('services: {compute: "2.96"}', [("no_service", "`compute.fence` needs the service `baremetal`")]),
        ('services: {compute: "2.1", baremetal: "1.1"}', []),
        (
            'services: {compute: "2", baremetal: "1.0"}',
            [("old_api", "`compute.fence` needs baremetal 1.1, and the cloud has 1.0")],
        ),
        ("roles: [admin]", []),
        (
            "roles: [member, reader]",
            [("no_role", "`compute.fence` needs the role `admin`, and the user has `member`, `reader`")],
        ),
        ("roles: []", [("no_role", "`compute.fence` needs the role `admin`, and the user has none")]),
        ("", []),
    ],
)
def test_an_action_has_its_service_its_version_and_its_role(at: str, expected: list[tuple[Sort, str]]) -> None:
    """What the catalogue says an action needs is held against what the cloud has, as far as that is told."""
    found = told(gaps(rules(FENCE + GUARDED), cloud(at)), "no_service", "old_api", "no_role")
    assert expected == [(sort, reason) for sort, _, reason in found]


def test_an_action_of_an_ended_project_is_told_of() -> None:
    """Unless its service still runs."""
    then = "{do: root_cause.post_event, target: $a.host, with: {type: x}}"
    assert "2026-06-09" in only(gaps(_one(ON, then)), "retired").reason
    assert [] == told(gaps(_one(ON, then), cloud('services: {root-cause-analysis: "1"}')), "retired", "no_service")


def test_every_action_names_a_role() -> None:
    """What a service carries out needs somebody who may."""
    assert [] == [action.name for action in CATALOGUE.values() if action.api and not action.role]


@pytest.mark.parametrize("status", ["ok", "[ok]", "{not: [problem, unknown]}"])
@pytest.mark.parametrize("kind", ["alarm", "lb.pool"])
def test_a_rule_that_waits_for_a_state_to_be_well_never_fires(kind: str, status: str) -> None:
    """An alarm that is resolved is cleared, and holds with no status at all, whatever is on in the cloud."""
    found = only(gaps(_one(f"{{as: a, state: {kind}, where: {{status: {status}}}}}", "{do: noop}")), "blind_rule")
    assert f"`{kind}` is cleared where its `status` would be `ok`, and holds no more; it never fires" == found.reason
    assert found.is_finding


@pytest.mark.parametrize("status", ["[ok, problem]", "{not: ok}", "{exists: true}", "$b.status"])
def test_a_rule_that_waits_for_more_than_that_may_fire(status: str) -> None:
    """As may one of a site that posts such an alarm itself."""
    when = f"{{all: [{{as: b, state: lb.pool}}, {{as: a, state: alarm, where: {{status: {status}}}}}]}}"
    assert () == gaps(_one(when, "{do: noop}")).of("blind_rule")
    well = _one("{as: a, state: alarm, where: {status: ok}}", "{do: noop}")
    assert () == gaps(well, cloud("posted: [alarm]")).of("blind_rule")


def test_what_is_confirmed_by_an_alarm_that_is_well_is_never_seen_to_have_worked() -> None:
    """As nothing shows it."""
    well = "confirm: {state: alarm, where: {host: $a.host, status: ok}, within: 1m}"
    (found,) = gaps(_one(ON, f"{{do: compute.fence, target: $a.host, {well}}}")).of("blind_confirmation")
    assert "is cleared where its `status` would be `ok`" in found.reason


# Faults


def _witnesses(rule: Rule) -> list[tuple[Item, ...]]:
    subject = Subject.of(faults())
    scopes = [scope.alternative for scope in RuleView.of(rule).when]
    named = [(one, {placed.pattern.alias: at for at, placed in enumerate(one.placed)}) for one in scopes]
    return [witness(Meeting.of(one, subject), ((one, rule, items),)) for one, items in named]


@pytest.mark.parametrize("rule", faults().rules, ids=lambda rule: rule.id)
def test_each_fault_of_the_table_is_found(rule: Rule) -> None:
    """An item that each of its alternatives asks for raises it, and it has one class."""
    assert 1 == len(given(rule, "class"))
    for items in _witnesses(rule):
        engine = Engine(compile_rules(faults()))
        assert rule.id in {decision.rule for item in items for decision in engine.post(item)}


def test_what_no_rule_reads_no_rule_decides_on() -> None:
    """An item of a fault that is said to be handled by nobody leads the shipped rule sets to no decision."""
    open_ones = {gap.about for gap in find_gaps(shipped(), known()).of("fault")}
    tried = 0
    for rule in (one for one in faults().rules if one.id in open_ones):
        for items in _witnesses(rule):
            engine = Engine(program(), policy=Policy("survey"))
            decided = [decision for item in items for decision in engine.post(item)]
            assert [] == [*decided, *engine.advance(items[-1].time + timedelta(days=1))], rule.id
            tried += 1
    assert tried >= 15


def test_a_fault_is_answered_through_conclusions() -> None:
    """Who reads what is concluded from it answers it; a leaf that contradicts the fault does not."""
    found = {one.fault: one for one in gaps(rules(CHAIN)).answered}
    assert ((), ("small / act",)) == (found["compute-host-lost"].acting, found["compute-host-lost"].telling)
    well = gaps(_one("{as: a, state: service.liveness, where: {alive: true, binary: nova-compute}}"))
    assert "compute-service-down" in {gap.about for gap in well.of("fault")}
    ill = gaps(_one("{as: a, state: service.liveness, where: {alive: false, binary: nova-compute}}"))
    assert "compute-service-down" not in {gap.about for gap in ill.of("fault")}
    assert "network-agent-down" in {gap.about for gap in ill.of("fault")}, "a nova-compute is no agent of Neutron's"


def test_kinds_that_no_rule_reads_are_named() -> None:
    """But for those of the engine's own."""
    found = {gap.about for gap in gaps(_one(ON)).of("kind")}
    assert {"compute.service", "selfheal.episode"}.isdisjoint(found)
    assert {"volume", "alarm"} <= found


# The record


def _recorded(*rulesets: RuleSet) -> list[tuple[str, int, str, str]]:
    record = Record(compile_rules(*rulesets))
    for read in read_items(STREAM.read_bytes().splitlines(), vocabulary=known()):
        if isinstance(read, Reading):
            record.note(read.item)
    record.close()
    found = sorted(record.unhandled(), key=lambda gap: gap.about)
    return [(one.about, one.seen.count, one.seen.first, one.seen.last) for one in found if one.seen]


def test_failures_that_nothing_was_decided_about_are_grouped() -> None:
    """With how many there were, the first and the last; what the rules decided about is not among them."""
    nothing = {name: count for name, count, _, _ in _recorded(_one("{as: a, event: node.action}", "{do: noop}"))}
    assert {"compute-host-lost": 3, "event-alarm": 1, "host-alarm": 3, "host-in-maintenance": 1} == nothing
    (ruleset,) = (one for one in shipped() if one.name == "compute-host-failure")
    found = {name: (count, first) for name, count, first, _ in _recorded(ruleset)}
    assert {
        "compute-host-lost": (2, "2026-11-22T16:09:40+00:00"),
        "event-alarm": (1, "2026-11-22T16:08:37.457126+00:00"),
        "host-alarm": (1, "2026-11-22T16:09:22.755000+00:00"),
        "host-in-maintenance": (1, "2026-11-22T16:05:00+00:00"),
    } == found


def test_an_item_of_another_shape_is_looked_at_by_those_who_know_it() -> None:
    """Of two kinds of one name each engine takes the items of its own."""
    own = "states: {alarm: {key: [door], fields: {door: string}}}\n"
    text = f"selfheal: 1\nruleset: a\n{own}rules: [{{id: x, when: {{state: alarm}}, then: [{{do: noop}}]}}]\n"
    found, _ = parse_rules(Source("a.yaml", text))
    assert found is not None
    record = Record(compile_rules(found))
    said = {"alarm": "a", "status": "problem", "resource_type": "host", "host": "h"}
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    record.note(State("alarm", "m", noon, {"door": "d"}))
    record.note(State("alarm", "m", noon, said))
    record.close()
    assert (2, ["host-alarm"]) == (record.looked_at, [gap.about for gap in record.unhandled()])


def test_every_failure_of_one_host_counts() -> None:
    """Two alarms of it are two, and so are two of its services; one that is said again while it holds is one."""
    record = Record(compile_rules(_one("{as: a, event: node.action}", "{do: noop}")))
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for hour, name in enumerate("aba"):
        said = {"alarm": name, "status": "problem", "resource_type": "host", "host": "h"}
        record.note(State("alarm", "m", noon + timedelta(hours=hour), said))
    for name in ("nova-scheduler", "nova-conductor"):
        silent = {"host": "h", "project": "nova", "binary": name, "alive": False}
        record.note(State("service.liveness", "m", noon + timedelta(hours=3), silent))
    record.close()
    found = {gap.about: gap.seen for gap in record.unhandled()}
    assert {"host-alarm": 2, "control-service-down": 2} == {name: seen.count for name, seen in found.items() if seen}


def test_the_example_of_a_group_is_an_item() -> None:
    """`selfheal run` reads it, and it is of the fault."""
    record = Record(compile_rules(_one(ON)))
    for read in read_items(STREAM.read_bytes().splitlines(), vocabulary=known()):
        if isinstance(read, Reading):
            record.note(read.item)
    engine = Engine(compile_rules(faults()))
    for gap in record.unhandled():
        assert gap.seen is not None
        (read,) = read_items([gap.seen.example], vocabulary=known())
        assert isinstance(read, Reading)
        assert gap.about in {decision.rule for decision in engine.post(read.item)}


# The whole


def test_every_sort_has_its_title() -> None:
    """And what is a choice is one of them."""
    assert list(SORTS) == list(TITLES)
    assert set(SORTS) > CHOICES


def test_shipped_rule_sets_work_in_a_whole_cloud() -> None:
    """Where every source is on, every service there and every kind posted, nothing but choices is left."""
    services = {action.api.partition(" ")[0]: "" for action in CATALOGUE.values() if action.api}
    services |= {feed.service: "" for feed in known().sources.values() if feed.service}
    ways = {"notifications": "bus", "webhooks": "post", "pollers": "poll"}
    lists = {key: [feed.name for feed in known().sources.values() if feed.by == by] for key, by in ways.items()}
    text = (
        "".join(f"{key}: {names}\n" for key, names in lists.items())
        + f"posted: {sorted(known().kinds)}\nroles: [admin]\n"
    )
    at = cloud(text + f"services: {services}\n")
    assert () == find_gaps(shipped(), known(), at).findings
