"""What only one source says, what a role implies, which alarms a rule answers, and who read a failure."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from selfheal_rules import Event, State, compile_rules
from selfheal_rules.actions import CATALOGUE
from selfheal_rules.model import RuleSet
from selfheal_rules.survey.gap import Sort
from selfheal_rules.survey.gaps import find_gaps
from selfheal_rules.survey.record import Record
from tests.shipped import known, shipped
from tests.survey.written import cloud, gaps, only, rules, told

ROOT = Path(__file__).parents[2]
BLIND: tuple[Sort, ...] = ("blind_rule", "blind_guard", "blind_confirmation")
ON = "{as: a, state: compute.service, where: {disabled: true}}"


def _one(when: str, then: str = "{do: notify, target: $a.host}") -> RuleSet:
    return rules(f"rules:\n  - id: one\n    when: {when}\n    then: [{then}]\n")


@pytest.mark.parametrize(
    ("when", "at", "why"),
    [
        ("{as: a, state: service.liveness, where: {agent: {exists: true}}}", "nova_services", "`neutron_agents`"),
        ("{as: a, state: service.liveness, where: {project: neutron}}", "nova_services", "`neutron_agents`"),
        ("{as: a, state: service.liveness, where: {binary: nova-compute}}", "neutron_agents", "`nova_services`"),
        ("{as: a, state: host.maintenance, where: {reason: fenix}}", "masakari_hosts", "`fenix`"),
    ],
)  # fmt: skip
def test_a_value_comes_from_the_source_that_says_it(when: str, at: str, why: str) -> None:
    """Where only another source of the kind is on, a rule that asks for the value sees nothing."""
    found = only(gaps(_one(when), cloud(f"pollers: [{at}]\nnotifications: []")), "blind_rule")
    assert why in found.reason
    assert f"`{at}`" not in found.reason
    both = cloud("pollers: [nova_services, neutron_agents, masakari_hosts]\nnotifications: [fenix]")
    assert [] == told(gaps(_one(when), both), *BLIND)
    posted = cloud(f"pollers: [{at}]\nnotifications: []\nposted: [service.liveness, host.maintenance]")
    assert [] == told(gaps(_one(when), posted), *BLIND)


@pytest.mark.parametrize(
    ("leaf", "at", "lacking"),
    [
        ("host: {exists: true}", "notifications: [masakari]", "`masakari.monitors`"),
        ("host: {exists: true}", "webhooks: [masakari.monitors]", ""),
        ("host_uuid: {exists: true}", "webhooks: [masakari.monitors]", "`masakari`"),
        ("host_uuid: {exists: true}", "notifications: [masakari]", ""),
    ],
)
def test_masakari_passes_reports_on_without_a_name(leaf: str, at: str, lacking: str) -> None:
    """A rule that asks for the name of a host hears of it from who reports, and not on the bus."""
    rule = _one(f"{{as: a, event: host.lost, where: {{{leaf}}}}}", "{do: notify, target: $a.host}")
    silent = {"notifications: []", "webhooks: []", "pollers: []"} - {f"{at.partition(':')[0]}: []"}
    found = gaps(rule, cloud("\n".join([at, *sorted(silent)]))).of("blind_rule")
    assert [lacking] * bool(lacking) == [one.reason.split("comes from ")[1].split(" (")[0] for one in found]


@pytest.mark.parametrize(
    ("role", "has", "is_lacking"),
    [("member", "manager", False), ("member", "admin", False), ("member", "reader", True), ("admin", "manager", True)],
)
def test_a_role_implies_others(role: str, has: str, is_lacking: bool) -> None:  # noqa: FBT001 - an expectation
    """As Keystone has it: who is a manager is a member."""
    asked = {"member": "workflow.start, with: {workflow: w}", "admin": "compute.disable_service"}[role]
    action, _, more = asked.partition(", ")
    assert role == CATALOGUE[action].role
    then = f"{{do: {action}, target: $a.host{', ' * bool(more)}{more}}}"
    found = gaps(_one(ON, then), cloud(f"roles: [{has}]"))
    assert is_lacking == bool(found.of("no_role"))


@pytest.mark.parametrize(
    ("pollers", "roles", "needed"),
    [
        ("nova_services", "member, reader", "the role `admin`, and the user has `member`, `reader`"),
        ("octavia_amphorae", "", "one of the roles `admin`, `load-balancer_admin`, and the user has none"),
        ("octavia_amphorae", "load-balancer_admin", ""),
        ("nova_services, octavia_amphorae", "admin", ""),
        ("heat_stacks", "member", ""),
    ],
)
def test_a_poller_has_a_role_that_may_ask(pollers: str, roles: str, needed: str) -> None:
    """What a service tells some roles alone is not seen without any of them; where nobody says the roles, it may be."""
    at = f"pollers: [{pollers}]\n"
    expected = [f"the poller needs {needed}: it sees nothing, or only what is its own"] if needed else []
    quiet = _one(ON)
    assert expected == [reason for _, _, reason in told(gaps(quiet, cloud(f"{at}roles: [{roles}]")), "no_role")]
    assert [] == told(gaps(quiet, cloud(at)), "no_role")


def test_an_alarm_of_one_name_is_not_every_alarm() -> None:
    """A rule that asks for a name answers some of the alarms; one that asks for none answers all."""
    leaves = "status: problem, resource_type: host"
    named = gaps(_one(f"{{as: a, state: alarm, where: {{name: HostDown, {leaves}}}}}"))
    found = {one.fault: one for one in named.answered}
    assert ((), ("small / one",)) == (found["host-alarm"].telling, found["host-alarm"].named)
    found = {one.fault: one for one in gaps(_one(f"{{as: a, state: alarm, where: {{{leaves}}}}}")).answered}
    assert (("small / one",), ()) == (found["host-alarm"].telling, found["host-alarm"].named)
    assert ((), ()) == (found["server-alarm"].telling, found["server-alarm"].named)


def test_what_ironic_gave_up_on_is_no_node_that_is_to_be_switched_on() -> None:
    """A rule that asks for a node out of maintenance does not answer it: Ironic sets maintenance with the fault."""
    found = {one.fault: one for one in find_gaps(shipped(), known()).answered}
    assert () == found["node-fault"].acting
    assert () == found["server-alarm"].acting


def test_who_read_a_failure_and_what_held_it_is_told() -> None:
    """A rule that read it is not asked for anew; what its condition must not find, and what was there, is named."""
    lost = "{as: a, event: host.lost, where: {host: {exists: true}}}"
    when = f"{{all: [{lost}], unless: [{{state: host.maintenance, where: {{host: $a.host}}}}]}}"
    record = Record(compile_rules(_one(when)))
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    record.note(State("host.maintenance", "m", noon, {"host": "h"}))
    record.note(Event("1", "host.lost", "m", noon, {"host": "h", "recoverable": True}))
    record.close()
    found = {gap.about: gap for gap in record.unhandled()}
    held = found["compute-host-lost"]
    assert held.reason.endswith("read by `small / one`, which `host.maintenance` may have held back")
    assert "write a rule" not in held.cure
    assert "write a rule" in found["host-in-maintenance"].cure
