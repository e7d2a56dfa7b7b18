"""What executors do for the routers and networks of agents that died, on a real Neutron (`extras.sh agents`)."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.cloud.rig import Cloud, lacking

L3, DHCP = "L3 agent", "DHCP agent"


pytestmark = pytest.mark.usefixtures("agents")


@pytest.fixture
def agents(cloud: Cloud) -> Iterator[None]:
    """Have the agents of both hosts alive, before and after."""
    if len(_agents(cloud, L3)) < 2:
        lacking("no agents (extras.sh agents)")
    _all_live(cloud)
    yield
    _all_live(cloud)


def _all_live(cloud: Cloud) -> None:
    for host in ("net1", "net2"):
        cloud.script(f"start agents-{host} python $S/agents.py {host} $HOME/.neutron/neutron.conf")
    cloud.wait(lambda: all(one["alive"] for one in _agents(cloud)), "the agents live")


def _agents(cloud: Cloud, kind: str = "") -> list[Any]:
    listed = cloud.raw("network", "/agents")["agents"]
    return [one for one in listed if one["agent_type"] in ({kind} if kind else {L3, DHCP})]


def id_of(cloud: Cloud, kind: str, host: str) -> str:
    """Give the id of the agent of a kind on a host."""
    return next(str(one["id"]) for one in _agents(cloud, kind) if one["host"] == host)


def dies(cloud: Cloud, host: str) -> None:
    """Have the agents of a host die, and wait until Neutron has noticed."""
    cloud.stop(f"agents-{host}")
    cloud.wait(lambda: not any(one["alive"] for one in _agents(cloud) if one["host"] == host), "its agents are dead")


@pytest.fixture
def router(cloud: Cloud) -> Iterator[str]:
    """Make a router that is on net1."""
    proxy = cloud.needed("network")
    made = proxy.create_router(name=f"r-{uuid4().hex[:8]}")
    proxy.post(f"/agents/{id_of(cloud, L3, 'net1')}/l3-routers", json={"router_id": made.id})
    yield made.id
    proxy.delete_router(made.id)


@pytest.fixture
def network(cloud: Cloud) -> Iterator[str]:
    """Make a network that net1 alone has addresses for."""
    proxy = cloud.needed("network")
    made = proxy.create_network(name=f"n-{uuid4().hex[:8]}")
    for host, method in (("net2", "DELETE"), ("net1", "POST")):
        path, body = f"/agents/{id_of(cloud, DHCP, host)}/dhcp-networks", {"network_id": made.id}
        _ = proxy.post(path, json=body) if method == "POST" else proxy.delete(f"{path}/{made.id}")
    yield made.id
    proxy.delete_network(made.id)


def _hosts(cloud: Cloud, path: str) -> list[str]:
    return [one["host"] for one in cloud.raw("network", path)["agents"]]


def test_the_routers_of_a_dead_agent_move(cloud: Cloud, router: str) -> None:
    """Those of one that is alive stay; a dry run says the calls; done again, there is nothing to move."""
    agent = id_of(cloud, L3, "net1")
    assert "it is alive: what it hosts is served" == cloud.do("network.reschedule_routers", agent).detail
    dies(cloud, "net1")
    shown = cloud.do("network.reschedule_routers", agent, dry=True).detail.split("; ")
    assert ["PUT", "DELETE", "POST", "DELETE"] == [one.split()[1] for one in shown if router in one]
    assert ["net1"] == _hosts(cloud, f"/routers/{router}/l3-agents")
    moved = cloud.do("network.reschedule_routers", agent)
    assert "done" == moved.status, moved.detail
    assert ["net2"] == _hosts(cloud, f"/routers/{router}/l3-agents")
    assert [] == cloud.raw("network", f"/routers/{router}")["router"]["tags"]
    assert "0 routers moved" == cloud.do("network.reschedule_routers", agent).detail


def test_a_router_on_its_way_is_found_again(cloud: Cloud, router: str) -> None:
    """A healer died between taking it off and giving it on: it is on no agent, and bears the tag of the one it left."""
    agent, proxy = id_of(cloud, L3, "net1"), cloud.connection.network
    dies(cloud, "net1")
    proxy.put(f"/routers/{router}/tags/selfheal-from-{agent}")
    proxy.delete(f"/agents/{agent}/l3-routers/{router}")
    assert [] == _hosts(cloud, f"/routers/{router}/l3-agents")
    assert "done" == cloud.do("network.reschedule_routers", agent).status
    assert ["net2"] == _hosts(cloud, f"/routers/{router}/l3-agents")


def test_without_another_agent_everything_stays(cloud: Cloud, router: str) -> None:
    """A router is worth nothing on no agent; an agent of another kind is refused as well."""
    dies(cloud, "net1")
    dies(cloud, "net2")
    refused = cloud.do("network.reschedule_routers", id_of(cloud, L3, "net1"))
    assert ("refused", "no other L3 agent is alive") == (refused.status, refused.detail)
    assert ["net1"] == _hosts(cloud, f"/routers/{router}/l3-agents")
    wrong = cloud.do("network.reschedule_routers", id_of(cloud, DHCP, "net1"))
    assert ("refused", "it is a DHCP agent, not a L3 agent") == (wrong.status, wrong.detail)


def test_the_networks_of_a_dead_agent_move(cloud: Cloud, network: str) -> None:
    """Another one has a network before it is taken off the first."""
    agent = id_of(cloud, DHCP, "net1")
    assert "refused" == cloud.do("network.reschedule_dhcp", agent).status
    dies(cloud, "net1")
    moved = cloud.do("network.reschedule_dhcp", agent)
    assert "done" == moved.status, moved.detail
    assert ["net2"] == _hosts(cloud, f"/networks/{network}/dhcp-agents")
    assert "0 networks moved" == cloud.do("network.reschedule_dhcp", agent).detail


def test_an_agent_is_taken_out_while_another_one_lives(cloud: Cloud) -> None:
    """It is neither disabled as the last of its kind, nor enabled twice."""
    agent = id_of(cloud, L3, "net1")
    assert "admin_state_up is false" == cloud.do("network.disable_agent", agent).detail
    other = cloud.do("network.disable_agent", id_of(cloud, L3, "net2"))
    assert ("refused", "no other L3 agent is alive") == (other.status, other.detail)
    assert "admin_state_up is true" == cloud.do("network.enable_agent", agent).detail
    assert "it was so before: admin_state_up is true" == cloud.do("network.enable_agent", agent).detail
