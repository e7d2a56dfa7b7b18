"""What executors do to ports of a real Neutron; it needs no agent for them."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.cloud.rig import Cloud


@pytest.fixture
def port(cloud: Cloud) -> Iterator[str]:
    """Make a port with the default group of its project."""
    proxy = cloud.needed("network")
    network = proxy.create_network(name=f"n-{uuid4().hex[:8]}")
    made = proxy.create_port(network_id=network.id)
    yield made.id
    proxy.delete_port(made.id)
    proxy.delete_network(network.id)


@pytest.fixture
def group(cloud: Cloud) -> Iterator[str]:
    """Make a group that lets nothing through: Neutron makes it with rules that let everything out."""
    proxy = cloud.needed("network")
    made = proxy.create_security_group(name=f"quarantine-{uuid4().hex[:8]}")
    for rule in made.security_group_rules:
        proxy.delete_security_group_rule(rule["id"])
    yield made.id
    proxy.delete_security_group(made.id)


def _port(cloud: Cloud, ident: str) -> Any:  # noqa: ANN401 - JSON
    return cloud.raw("network", f"/ports/{ident}")["port"]


def test_a_port_is_taken_down_and_brought_up(cloud: Cloud, port: str) -> None:
    """Done again, it is found so; one that nobody has is refused."""
    assert "done" == cloud.do("network.set_port_down", port).status
    assert not _port(cloud, port)["admin_state_up"]
    assert "it was so before: admin_state_up is false" == cloud.do("network.set_port_down", port).detail
    assert "done" == cloud.do("network.set_port_up", port).status
    assert "refused" == cloud.do("network.set_port_up", str(uuid4())).status


def test_a_port_in_quarantine_gets_its_groups_back(cloud: Cloud, port: str, group: str) -> None:
    """They are kept in its tags, beside those of others, which stay."""
    before = _port(cloud, port)["security_groups"]
    cloud.connection.network.put(f"/ports/{port}/tags", json={"tags": ["theirs"]})
    assert "done" == cloud.do("network.quarantine_port", port, security_group=group).status
    assert [group] == _port(cloud, port)["security_groups"]
    assert "it was in quarantine before" == cloud.do("network.quarantine_port", port, security_group=group).detail
    assert "done" == cloud.do("network.release_port", port).status
    assert (before, ["theirs"]) == (_port(cloud, port)["security_groups"], _port(cloud, port)["tags"])
    assert "refused" == cloud.do("network.release_port", port).status


def test_a_port_without_security_is_open_again_afterwards(cloud: Cloud, port: str, group: str) -> None:
    """It took no groups at all, and has none to go back to; a second quarantine does not hide what was before both."""
    proxy = cloud.needed("network")
    proxy.put(f"/ports/{port}", json={"port": {"security_groups": [], "port_security_enabled": False}})
    assert "done" == cloud.do("network.quarantine_port", port, security_group=group).status
    assert ([group], True) == (_port(cloud, port)["security_groups"], _port(cloud, port)["port_security_enabled"])
    proxy.put(f"/ports/{port}", json={"port": {"security_groups": []}})
    assert "done" == cloud.do("network.quarantine_port", port, security_group=group).status
    assert "released; it has no group" == cloud.do("network.release_port", port).detail
    assert not _port(cloud, port)["port_security_enabled"]


def test_a_group_that_lets_something_through_is_no_quarantine(cloud: Cloud, port: str) -> None:
    """The default group of a project lets everything out."""
    (default,) = _port(cloud, port)["security_groups"]
    assert "refused" == cloud.do("network.quarantine_port", port, security_group=default).status
    assert [] == _port(cloud, port)["tags"]
