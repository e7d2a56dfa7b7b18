"""What is handed to other services: Masakari, Heat, Mistral, Octavia."""

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from attrs import frozen

from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.openstack import cloud_executors
from tests.cloud.rig import PACE, Cloud, decision

HOST = "compute2"


@pytest.fixture
def segment(cloud: Cloud) -> Iterator[str]:
    """Put a compute host into a segment of Masakari's."""
    proxy = cloud.needed("instance_ha")
    made = proxy.create_segment(name=f"s-{uuid4()}", recovery_method="auto", service_type="COMPUTE")
    host = proxy.create_host(made.uuid, name=HOST, type="COMPUTE", control_attributes="SSH")
    yield made.uuid
    cloud.do("instance_ha.unset_host_maintenance", HOST)
    cloud.do("compute.enable_service", HOST)
    cloud.wait(lambda: _is_free(cloud, made.uuid, host.uuid), "it is deleted")


def _is_free(cloud: Cloud, segment: str, host: str) -> bool:
    proxy = cloud.needed("instance_ha")
    try:
        proxy.delete_host(host, segment)
        proxy.delete_segment(segment)
    except Exception:  # noqa: BLE001 - a recovery still runs: Masakari answers 409
        return False
    return True


def test_masakari_leaves_a_host_alone_that_is_on_maintenance(cloud: Cloud, segment: str) -> None:
    """It would answer 409 to a notification, so none is sent."""
    assert "done" == cloud.do("instance_ha.set_host_maintenance", HOST).status
    assert "it was so before: on_maintenance is true" == cloud.do("instance_ha.set_host_maintenance", HOST).detail
    outcome = cloud.do("instance_ha.notify", HOST, type="PROCESS", event="STOPPED", process_name="nova-compute")
    assert "refused" == outcome.status
    assert "done" == cloud.do("instance_ha.unset_host_maintenance", HOST).status
    assert segment


def test_masakari_recovers_what_it_is_told_of(cloud: Cloud, segment: str) -> None:
    """It is done when Masakari has the report in hand; the host is on maintenance afterwards, and nobody unsets it."""
    outcome = cloud.do("instance_ha.notify", HOST, type="PROCESS", event="STOPPED", process_name="nova-compute")
    assert "done" == outcome.status, outcome.detail
    told = f"/notifications/{outcome.detail.rpartition(' ')[2]}"
    cloud.wait(lambda: cloud.raw("instance_ha", told, "1.2")["notification"]["status"] == "finished", "the recovery")
    (host,) = cloud.raw("instance_ha", f"/segments/{segment}/hosts", "1.2")["hosts"]
    assert host["on_maintenance"]
    assert "disabled" == cloud.service(HOST)["status"]
    cloud.connection.compute.put(
        f"/os-services/{cloud.service(HOST)['id']}", json={"status": "enabled"}, microversion="2.53"
    )


def test_a_segment_is_switched_off_and_on(cloud: Cloud, segment: str) -> None:
    """By its UUID or name."""
    assert "done" == cloud.do("instance_ha.disable_segment", segment).status
    assert "done" == cloud.do("instance_ha.enable_segment", segment).status


TEMPLATE = {
    "heat_template_version": "2018-08-31",
    "resources": {
        "guest": {
            "type": "OS::Nova::Server",
            "properties": {"image": "fake", "flavor": "m1.tiny", "networks": [{"allocate_network": "none"}]},
        }
    },
}


@frozen
class Stack:
    """A stack with one server in it."""

    id: str
    server: str


def resources_of(cloud: Cloud, ident: str) -> Stack:
    """Give a stack as it is now, by its name and id."""
    listed = cloud.raw("orchestration", f"/stacks/{ident}/resources")["resources"]
    return Stack(ident, listed[0]["physical_resource_id"])


@pytest.fixture
def stack(cloud: Cloud) -> Iterator[Stack]:
    """Make a stack of one server."""
    proxy = cloud.needed("orchestration")
    name = f"selfheal-{uuid4().hex[:8]}"
    answer = proxy.post("/stacks", json={"stack_name": name, "template": TEMPLATE})
    assert answer.ok, answer.text
    ident = answer.json()["stack"]["id"]
    cloud.wait(lambda: _status(cloud, name) == "CREATE_COMPLETE", "it is made")
    path = f"{name}/{ident}"
    yield resources_of(cloud, path)
    proxy.delete(f"/stacks/{path}")


def _status(cloud: Cloud, name: str) -> str:
    found = cloud.raw("orchestration", f"/stacks/{name}")["stack"]
    assert not found["stack_status"].endswith("FAILED"), found["stack_status_reason"]
    return str(found["stack_status"])


def test_heat_replaces_what_is_marked(cloud: Cloud, stack: Stack) -> None:
    """The server is marked by its UUID; the update of the stack puts another in its place."""
    ident = stack.id.partition("/")[2]
    assert "done" == cloud.do("orchestration.mark_unhealthy", stack.server, stack=ident, reason="it crashed").status
    assert "it was marked before" == cloud.do("orchestration.mark_unhealthy", "guest", stack=ident).detail
    assert "done" == cloud.do("orchestration.update_stack", ident).status
    assert stack.server != resources_of(cloud, stack.id).server
    assert "done" == cloud.do("orchestration.check_stack", ident).status


def test_heat_marks_nothing_that_is_not_in_the_stack(cloud: Cloud, stack: Stack) -> None:
    """Nothing of that name is no resource."""
    outcome = cloud.do("orchestration.mark_unhealthy", "somebody-else", stack=stack.id.partition("/")[2])
    assert ("refused", "0 resources of the stack are called 'somebody-else'") == (outcome.status, outcome.detail)


WORKFLOW = """\
version: '2.0'
selfheal_echo:
  input: [host]
  tasks:
    told:
      action: std.echo output=<% $.host %>
selfheal_fail:
  tasks:
    failed:
      action: std.fail
"""


@pytest.fixture(scope="module")
def workflows(cloud: Cloud) -> str:
    """Make a workflow that succeeds and one that fails."""
    proxy = cloud.needed("workflow")
    answer = proxy.post("/workflows", data=WORKFLOW, headers={"Content-Type": "text/plain"})
    conflict = 409
    assert answer.ok or answer.status_code == conflict, answer.text
    return "selfheal_echo"


def test_a_workflow_is_started_once(cloud: Cloud, workflows: str) -> None:
    """A second call of one decision is given the execution of the first: Mistral keeps the key."""
    asked = decision("workflow.start", "compute1", workflow=workflows, host="compute1")
    (executor,) = [one for one in cloud_executors(cloud.connection, pace=PACE) if "workflow.start" in one.actions]
    first, second = executor.execute(asked), executor.execute(asked)
    assert ("done", first.detail) == (first.status, second.detail)
    ident = first.detail.removeprefix("execution ")
    assert '{"host": "compute1"}' == cloud.raw("workflow", f"/executions/{ident}")["input"]


def test_a_workflow_that_fails_has_failed(cloud: Cloud, workflows: str) -> None:
    """Its outcome says so; what is not there is refused before anything is started."""
    assert workflows
    with pytest.raises(ExecutorError, match="ERROR"):
        cloud.do("workflow.start", "compute1", workflow="selfheal_fail")
    assert "refused" == cloud.do("workflow.start", "compute1", workflow="selfheal_missing").status


@pytest.fixture
def balancer(cloud: Cloud) -> Iterator[str]:
    """Make a load balancer."""
    proxy, network = cloud.needed("load_balancer"), cloud.needed("network")
    net = network.create_network(name=f"n-{uuid4().hex[:8]}")
    subnet = network.create_subnet(network_id=net.id, ip_version=4, cidr="10.99.0.0/24")
    made = proxy.create_load_balancer(name=f"lb-{uuid4().hex[:8]}", vip_subnet_id=subnet.id, provider="amphora")
    proxy.wait_for_load_balancer(made.id, interval=1, wait=90)
    yield made.id
    proxy.wait_for_load_balancer(made.id, interval=1, wait=90)
    proxy.delete_load_balancer(made.id, cascade=True)
    time.sleep(1)


def test_a_load_balancer_fails_over(cloud: Cloud, balancer: str) -> None:
    """It is done when none of its amphorae is left and it is ACTIVE again."""
    before = {one.id for one in cloud.needed("load_balancer").amphorae(loadbalancer_id=balancer)}
    assert "done" == cloud.do("load_balancer.failover", balancer).status
    after = {one.id for one in cloud.needed("load_balancer").amphorae(loadbalancer_id=balancer, status="ALLOCATED")}
    assert before.isdisjoint(after)
    (amphora,) = after
    assert "done" == cloud.do("load_balancer.failover_amphora", amphora).status


def test_the_last_member_is_not_drained(cloud: Cloud, balancer: str) -> None:
    """One of two is drained, and gets its weight back; the last one is not."""
    proxy = cloud.needed("load_balancer")
    pool = proxy.create_pool(protocol="HTTP", lb_algorithm="ROUND_ROBIN", loadbalancer_id=balancer)
    ids = []
    for last in (5, 6):
        proxy.wait_for_load_balancer(balancer, interval=1, wait=90)
        ids.append(proxy.create_member(pool.id, address=f"10.99.0.{last}", protocol_port=80).id)
    proxy.wait_for_load_balancer(balancer, interval=1, wait=90)
    assert "drained; its weight was 1" == cloud.do("load_balancer.drain_member", ids[0], pool=pool.id).detail
    assert "refused" == cloud.do("load_balancer.drain_member", ids[1], pool=pool.id).status
    assert "its weight is 1" == cloud.do("load_balancer.restore_member", ids[0], pool=pool.id).detail
