"""What executors do to nodes of a real Ironic (its fake hardware), and how a host is fenced by one."""

from collections.abc import Iterator

import pytest

from tests.cloud.rig import Cloud

HOST = "compute3"


@pytest.fixture
def node(cloud: Cloud) -> Iterator[str]:
    """Enroll a node called like a compute host, and switch it on."""
    made = cloud.enroll(HOST)
    yield made
    cloud.connection.baremetal.delete_node(made)


def _node(cloud: Cloud) -> dict[str, object]:
    found: dict[str, object] = cloud.raw("baremetal", f"/nodes/{HOST}", "1.87")
    return found


def test_a_host_is_fenced_by_the_power_of_its_node(cloud: Cloud, node: str) -> None:
    """It is off when Ironic says so; done again, its BMC is asked again; and then Nova lets the host be forced down."""
    outcome = cloud.do("compute.fence", HOST)
    assert ("done", "power off") == (outcome.status, outcome.detail)
    assert ("power off", node) == (_node(cloud)["power_state"], _node(cloud)["uuid"])
    assert ("done", "power off") == ((again := cloud.do("compute.fence", HOST)).status, again.detail)
    assert "up" == cloud.service(HOST)["state"]
    assert "done" == cloud.do("compute.force_down", HOST).status
    assert "done" == cloud.do("compute.force_up", HOST).status


def test_a_host_without_a_node_is_not_fenced(cloud: Cloud, node: str) -> None:
    """Nothing else is switched off instead."""
    outcome = cloud.do("compute.fence", "compute1")
    assert ("refused", "power on") == (outcome.status, _node(cloud)["power_state"])
    assert node


def test_a_node_that_extra_names_is_the_host(cloud: Cloud, node: str) -> None:
    """A node need not be called like its compute host."""
    proxy = cloud.needed("baremetal")
    proxy.update_node(node, extra={"compute_host": "compute2"})
    assert "done" == cloud.do("compute.fence", "compute2").status
    assert "power off" == _node(cloud)["power_state"]


def test_a_node_is_switched_and_rebooted(cloud: Cloud, node: str) -> None:
    """A reboot is over when nobody holds the node reserved: that it is on, it was before."""
    assert "rebooted" == cloud.do("baremetal.reboot", node).detail
    assert (None, "power on") == (_node(cloud)["reservation"], _node(cloud)["power_state"])
    assert "done" == cloud.do("baremetal.power_off", node).status
    assert "done" == cloud.do("baremetal.power_on", HOST).status
    assert "power on" == _node(cloud)["power_state"]


def test_the_maintenance_of_somebody_else_stays(cloud: Cloud, node: str) -> None:
    """A node is taken out of maintenance if the reason bears our mark."""
    assert "done" == cloud.do("baremetal.set_maintenance", node, reason="no power").status
    assert str(_node(cloud)["maintenance_reason"]).endswith(": no power")
    assert "done" == cloud.do("baremetal.unset_maintenance", node).status
    proxy = cloud.needed("baremetal")
    proxy.set_node_maintenance(node, reason="new disks")
    assert "somebody else has put it there: new disks" == cloud.do("baremetal.set_maintenance", node).detail
    assert "refused" == cloud.do("baremetal.unset_maintenance", node).status
    proxy.unset_node_maintenance(node)


def test_a_node_is_led_to_another_state(cloud: Cloud, node: str) -> None:
    """It is done when the node rests there."""
    assert "provide: available" == cloud.do("baremetal.provision", node, verb="provide").detail
    assert "manage: manageable" == cloud.do("baremetal.provision", node, verb="manage").detail
    assert "refused" == cloud.do("baremetal.provision", "no-such-node", verb="provide").status
