"""
What a real cloud says while something fails in it, and what the rule sets that ship decide about it.

With `SELFHEAL_RECORD=1` each stream is kept beside its rule set, where `recorded.selfheal-test.yaml` holds the rules to
it without a cloud.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from selfheal_rules.integrations.pollers import (
    cinder_backends,
    heat_resources,
    heat_stacks,
    ironic_nodes,
    masakari_hosts,
    neutron_agents,
    neutron_routers,
    nova_servers,
    nova_services,
    octavia_amphorae,
    octavia_balancers,
)
from tests.cloud.hook import PORT, Hook, alert
from tests.cloud.rig import COMPUTES, Cloud
from tests.cloud.tape import Tape
from tests.cloud.test_agents import L3, agents, dies, id_of, router
from tests.cloud.test_pollers import array
from tests.cloud.test_services import balancer
from tests.cloud.test_story import settle
from tests.cloud.test_volumes import backend

__all__ = ["agents", "array", "backend", "balancer", "router"]

HOST = COMPUTES[1]


def test_cinder_backend(cloud: Cloud, backend: str, array: Path) -> None:
    """The only back end is out of reach: it is not kept off, as none would be left; then its process dies."""
    tape = Tape(cloud, (cinder_backends,))
    tape.told("storage.backend", backend=backend, reachable=True)
    array.touch()
    tape.told("storage.backend", backend=backend, reachable=False)
    said = tape.decided("cinder-backend", timedelta(minutes=10))
    assert [("held", "block_storage.disable_service", backend)] == said
    array.unlink()
    cloud.stop("cinder-volume")
    try:
        tape.told("storage.backend", backend=backend, alive=False)
    finally:
        cloud.script("start cinder-volume cinder-volume --config-file $HOME/.cinder/cinder.conf")
    said = tape.kept("cinder-backend").decided("cinder-backend", timedelta(minutes=5))
    assert [("shadowed", "workflow.start", backend)] == said
    tape.told("storage.backend", backend=backend, alive=True, reachable=True)


@pytest.mark.usefixtures("agents")
def test_l3_agent(cloud: Cloud, router: str, hook: Hook) -> None:
    """All that ran on a host is dead, and the monitoring calls it down: what was on its agent is moved."""
    tape = Tape(cloud, (neutron_agents, neutron_routers), hook)
    agent = id_of(cloud, L3, "net1")
    tape.told("router", router=router, agent=agent)
    dies(cloud, "net1")
    alert("HostDown", "net1")
    tape.posted("HostDown")
    tape.told("service.liveness", agent=agent, alive=False)
    alert("HostDown", "net1", over=True)
    said = tape.kept("l3-agent").decided("l3-agent", timedelta(minutes=5))
    assert [("shadowed", "network.reschedule_routers", agent)] == said


def test_octavia_amphora(cloud: Cloud, balancer: str) -> None:
    """A load balancer and its only amphora are in ERROR: nothing serves, so it fails over."""
    tape = Tape(cloud, (octavia_balancers, octavia_amphorae))
    (amphora,) = [one.id for one in cloud.needed("load_balancer").amphorae(loadbalancer_id=balancer)]
    tape.told("lb.amphora", amphora=amphora, status="ALLOCATED")
    cloud.change("octavia", "amphora", amphora, "id", "status = 'ERROR'")
    cloud.change("octavia", "load_balancer", balancer, "id", "provisioning_status = 'ERROR'")
    try:
        tape.told("lb.status", loadbalancer=balancer, provisioning_status="ERROR")
        tape.told("lb.amphora", amphora=amphora, status="ERROR")
    finally:
        cloud.change("octavia", "load_balancer", balancer, "id", "provisioning_status = 'ACTIVE'")
    said = tape.kept("octavia-amphora").decided("octavia-amphora", timedelta(minutes=20))
    assert [("shadowed", "load_balancer.failover", balancer)] == said


def test_certificate_expiry(cloud: Cloud, balancer: str) -> None:
    """The certificate by which Octavia speaks to an amphora has run out: people are told."""
    tape = Tape(cloud, (octavia_amphorae,))
    (amphora,) = [one.id for one in cloud.needed("load_balancer").amphorae(loadbalancer_id=balancer)]
    tape.told("lb.amphora", amphora=amphora, status="ALLOCATED")
    cloud.change("octavia", "amphora", amphora, "id", "cert_expiration = date_sub(utc_timestamp(), interval 2 hour)")
    whole = len(tape.lines)
    tape.until(lambda _: len(tape.lines) > whole, "it is told")
    said = tape.kept("certificate-expiry").decided("certificate-expiry", timedelta(minutes=10))
    assert [("shadowed", "notify", amphora)] == said


UNIT = """\
heat_template_version: 2018-08-31
parameters:
  pool: {type: string}
resources:
  guest: {type: "OS::Nova::Server", properties: {image: fake, flavor: m1.tiny, networks: [{allocate_network: none}]}}
  member:
    type: OS::Octavia::PoolMember
    properties: {pool: {get_param: pool}, address: 10.99.0.5, protocol_port: 80}
"""


@pytest.fixture
def pool(cloud: Cloud, balancer: str) -> str:
    """Make a pool of a load balancer."""
    proxy = cloud.needed("load_balancer")
    made = proxy.create_pool(protocol="HTTP", lb_algorithm="ROUND_ROBIN", loadbalancer_id=balancer)
    proxy.wait_for_load_balancer(balancer, interval=1, wait=90)
    return str(made.id)


@pytest.fixture
def group(cloud: Cloud, pool: str) -> Iterator[str]:
    """Make a stack with a group in it, whose member is a server and its place in the pool."""
    proxy, name = cloud.needed("orchestration"), f"selfheal-{uuid4().hex[:8]}"
    unit = {"type": "unit.yaml", "properties": {"pool": pool}}
    one = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 1, "resource_def": unit}}
    template = {"heat_template_version": "2018-08-31", "resources": {"group": one}}
    answer = proxy.post("/stacks", json={"stack_name": name, "template": template, "files": {"unit.yaml": UNIT}})
    assert answer.ok, answer.text
    path = f"/stacks/{name}/{answer.json()['stack']['id']}"
    cloud.wait(lambda: "COMPLETE" in _status(cloud, path), "it is made")
    yield path
    proxy.delete(path)
    cloud.wait(lambda: "DELETE_COMPLETE" == _status(cloud, path), "it is deleted")


def _status(cloud: Cloud, path: str) -> str:
    stack = cloud.raw("orchestration", path)["stack"]
    assert not stack["stack_status"].endswith("FAILED"), stack["stack_status_reason"]
    return str(stack["stack_status"])


def test_load_balancer_member(cloud: Cloud, pool: str, group: str, hook: Hook) -> None:
    """Octavia calls a member sick, Aodh's alarm over its pool says so, and Heat what it stands in: that is replaced."""
    tape = Tape(cloud, (heat_stacks, heat_resources, nova_servers), hook)
    root = group.rpartition("/")[2]
    inner = cloud.raw("orchestration", f"{group}/resources/group")["resource"]["physical_resource_id"]
    (unit,) = [one["data"]["physical"] for one in tape.lines if one.get("data", {}).get("stack") == inner]
    rule = {"pool_id": pool, "stack_id": root, "autoscaling_group_id": inner}
    body = {
        "name": f"lb-{uuid4().hex[:8]}",
        "type": "loadbalancer_member_health",
        "loadbalancer_member_health_rule": rule,
    }
    actions = {"alarm_actions": [f"http://127.0.0.1:{PORT}/v1/events"], "severity": "critical", "repeat_actions": True}
    answer = cloud.needed("alarm").post("/alarms", json={**body, **actions})
    assert answer.ok, answer.text
    cloud.change("octavia", "member", pool, "pool_id", "operating_status = 'ERROR'")
    try:
        tape.posted("unhealthy_members")
    finally:
        cloud.connection.alarm.delete(f"/alarms/{answer.json()['alarm_id']}")
    said = tape.kept("load-balancer-member").decided("load-balancer-member", timedelta(minutes=25))
    assert ("shadowed", "orchestration.mark_unhealthy", unit) == said[0]


@pytest.fixture
def segment(cloud: Cloud) -> Iterator[str]:
    """Put the host into a segment of Masakari's."""
    proxy = cloud.needed("instance_ha")
    made = proxy.create_segment(name=f"s-{uuid4()}", recovery_method="auto", service_type="COMPUTE")
    host = proxy.create_host(made.uuid, name=HOST, type="COMPUTE", control_attributes="SSH")
    yield str(made.name)
    proxy.delete_host(host.uuid, made.uuid)
    proxy.delete_segment(made.uuid)


@pytest.fixture
def node(cloud: Cloud) -> Iterator[str]:
    """Enroll the node of the host, and have the host as it was afterwards."""
    made = cloud.enroll(HOST)
    yield made
    cloud.connection.baremetal.delete_node(made)
    cloud.script(f"exporter {HOST}")
    settle(cloud, HOST)


@pytest.mark.usefixtures("segment", "node")
def test_masakari_hand_over(cloud: Cloud, hook: Hook) -> None:
    """A host of a segment dies, Prometheus and its host monitor say so: it is fenced, and Masakari is told."""
    tape = Tape(cloud, (masakari_hosts, nova_services, ironic_nodes), hook)
    cloud.kill(HOST)
    cloud.stop(f"exporter-{HOST}")
    tape.posted("HostDown")
    tape.told("service.liveness", host=HOST, binary="nova-compute", alive=False)
    assert [] == tape.decided("masakari-hand-over", timedelta(minutes=10))
    tape.lines.append(_reported())
    said = tape.kept("masakari-hand-over").decided("masakari-hand-over", timedelta(minutes=10))
    assert ("shadowed", "compute.fence", HOST) == said[0]


def _reported() -> dict[str, Any]:
    """Give what Masakari's host monitor posts, in its words: it takes Pacemaker to have one."""
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    payload = {"event": "STOPPED", "host_status": "NORMAL", "cluster_status": "OFFLINE"}
    body = {"type": "COMPUTE_HOST", "hostname": HOST, "generated_time": now, "payload": payload}
    return {"source": "masakari", "payload": {"notification": body}}
