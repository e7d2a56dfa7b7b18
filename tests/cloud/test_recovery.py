"""What else fails in a cloud and is healed with no hand: servers, stacks, load balancers, nodes; and workflows."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from attrs import frozen

import selfheal_rules as sr
from selfheal_rules.execute.openstack import CloudExecutor, cloud_executors
from selfheal_rules.integrations.pollers import (
    heat_resources,
    heat_stacks,
    ironic_nodes,
    nova_servers,
    nova_services,
    octavia_balancers,
)
from tests.cloud.hook import Hook, alert
from tests.cloud.rig import COMPUTES, PACE, Cloud
from tests.cloud.site import Site, site
from tests.cloud.test_services import Stack, balancer, resources_of, stack, workflows

__all__ = ["balancer", "stack", "workflows"]

HOST = COMPUTES[0]


def test_a_crashed_server_is_started_until_it_crashes_again_and_again(cloud: Cloud, tmp_path: Path) -> None:
    """Twice it is started; the third time it is left alone, and people are told."""
    server = cloud.boot("crashing", HOST, HA_Enabled="True")
    healing = site(cloud, tmp_path / "journal.jsonl", "servers", (nova_servers,))
    healing.look()
    for number in (1, 2):
        cloud.crash(server)
        healing.until(partial(_has_started, healing, number), "it is started")
        assert "ACTIVE" == cloud.server(server.id)["status"]
        healing.look()
    cloud.crash(server)
    healing.until(lambda: healing.paged, "people are told")
    healing.healer.close()
    assert [f"{server.id}: it crashes again and again"] == healing.paged
    assert {"compute.start_server": 2, "page": 1} == healing.done()
    assert "SHUTOFF" == cloud.server(server.id)["status"]
    cloud.delete(server.id)


def _has_started(healing: Site, times: int) -> bool:
    return healing.done()["compute.start_server"] == times


def test_a_server_its_owner_stopped_stays_stopped(cloud: Cloud, tmp_path: Path) -> None:
    """Who has not opted in keeps what they did."""
    server = cloud.boot("stopped", HOST)
    healing = site(cloud, tmp_path / "journal.jsonl", "servers", (nova_servers,))
    healing.look()
    cloud.do("compute.stop_server", server.id)
    healing.go_on(2.0)
    healing.healer.close()
    assert {} == healing.done()
    cloud.delete(server.id)


def test_a_sick_part_of_a_stack_is_replaced_by_heat(cloud: Cloud, stack: Stack, tmp_path: Path) -> None:
    """Nova calls its server failed; Heat is told, updates the stack, and puts another in its place."""
    healing = site(cloud, tmp_path / "journal.jsonl", "services", (nova_servers, heat_stacks, heat_resources))
    healing.look()
    cloud.do("compute.reset_server_state", stack.server, state="error")
    healing.until(lambda: stack.server != resources_of(cloud, stack.id).server, "it is replaced")
    healing.until(lambda: cloud.server(resources_of(cloud, stack.id).server)["status"] == "ACTIVE", "the new one runs")
    healing.healer.close()
    assert {"orchestration.mark_unhealthy": 1, "orchestration.update_stack": 1} == healing.done()
    assert [] == healing.paged


def test_a_failed_load_balancer_fails_over(cloud: Cloud, balancer: str, tmp_path: Path) -> None:
    """Octavia tells nobody that it is in ERROR; asked, it says so, and after the failover that it is ACTIVE."""
    proxy = cloud.needed("load_balancer")
    before = {one.id for one in proxy.amphorae(loadbalancer_id=balancer)}
    healing = site(cloud, tmp_path / "journal.jsonl", "services", (octavia_balancers,))
    healing.look()
    cloud.change("octavia", "load_balancer", balancer, "id", "provisioning_status = 'ERROR'")
    healing.until(lambda: healing.done()["load_balancer.failover"], "it fails over")
    healing.until(lambda: proxy.get_load_balancer(balancer).provisioning_status == "ACTIVE", "it is ACTIVE")
    healing.look()
    healing.healer.close()
    assert {"load_balancer.failover": 1} == healing.done()
    assert before.isdisjoint({one.id for one in proxy.amphorae(loadbalancer_id=balancer, status="ALLOCATED")})


@pytest.fixture
def node(cloud: Cloud) -> Iterator[str]:
    """Enroll the node of a host, and switch it on."""
    made = cloud.enroll(HOST)
    yield made
    cloud.connection.baremetal.unset_node_maintenance(made)
    cloud.connection.baremetal.delete_node(made)


def test_a_node_without_power_is_switched_on(cloud: Cloud, node: str, tmp_path: Path) -> None:
    """Where its BMC can tell; where it cannot, people are told, and nothing is switched."""
    healing = site(cloud, tmp_path / "journal.jsonl", "services", (nova_services, ironic_nodes))
    healing.look()
    _power(cloud, node, "power_state = 'power off'")
    healing.until(lambda: _node(cloud, node)["power_state"] == "power on", "it is on")
    healing.look()
    assert {"baremetal.power_on": 1} == healing.done()
    _power(cloud, node, "power_state = null, maintenance = 1, fault = 'power failure'")
    healing.until(lambda: healing.paged, "people are told")
    healing.healer.close()
    assert [f"{node}: no power, and no word from its BMC"] == healing.paged
    assert {"baremetal.power_on": 1, "page": 1} == healing.done()


def _power(cloud: Cloud, node: str, what: str) -> None:
    """Have Ironic find a node so, as its periodic look at the BMC would; its fake hardware has no plug to pull."""
    cloud.change("ironic", "nodes", node, "uuid", what)


def _node(cloud: Cloud, ident: str) -> dict[str, object]:
    found: dict[str, object] = cloud.raw("baremetal", f"/nodes/{ident}", "1.87")
    return found


@frozen
class BrokenOff:
    """An executor whose process ends the moment it has done its work."""

    inner: CloudExecutor

    @property
    def actions(self) -> tuple[str, ...]:
        """What the other does."""
        return tuple(self.inner.actions)

    @property
    def idempotent(self) -> bool:
        """As the other is."""
        return self.inner.idempotent

    def execute(self, decision: sr.Decision) -> sr.Outcome:
        """Do it, and tell nobody."""
        self.inner.execute(decision)
        raise KeyboardInterrupt


def test_a_workflow_a_rule_asks_for_runs_once(cloud: Cloud, workflows: str, hook: Hook, tmp_path: Path) -> None:
    """The process ends after Mistral took it and before that is written down; the next one finds the same execution."""
    host = f"host-{uuid4().hex[:8]}"
    (able,) = [one for one in cloud_executors(cloud.connection, pace=PACE) if workflow_is_started(one)]
    journal = tmp_path / "journal.jsonl"
    first = site(cloud, journal, "services", (), hook=hook, executors=[BrokenOff(able)])
    alert("GuestsAreSlow", host)
    with pytest.raises(KeyboardInterrupt):
        first.until(lambda: False, "it breaks off")
    first.healer.journal.close()
    second = site(cloud, journal, "services", (), hook=hook)
    second.until(lambda: _outcomes(journal), "it goes on")
    second.healer.close()
    assert {"workflow.start": 1} == second.done()
    (execution,) = executions(cloud, host)
    assert [f"execution {execution['id']}"] == _outcomes(journal)
    assert (workflows, "SUCCESS") == (execution["workflow_name"], execution["state"])
    alert("GuestsAreSlow", host, over=True)


def workflow_is_started(executor: CloudExecutor) -> bool:
    """Whether an executor starts workflows."""
    return "workflow.start" in executor.actions


def _outcomes(journal: Path) -> list[str]:
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    return [one["data"]["detail"] for one in lines if one["type"] == "outcome" and one["data"]["status"] == "done"]


def executions(cloud: Cloud, host: str) -> list[dict[str, str]]:
    """Give the executions of workflows that were asked for a host."""
    listed = cloud.raw("workflow", "/executions?limit=100&sort_keys=created_at&sort_dirs=desc&include_output=true")
    return [one for one in listed["executions"] if json.loads(one["input"]).get("host") == host]
