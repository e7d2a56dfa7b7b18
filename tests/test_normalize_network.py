"""Neutron and Octavia: only what was asked of their APIs is told, and what they say of statuses is old."""

from datetime import UTC, datetime
from typing import Any

import pytest

from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import State
from tests.payloads import changed, event, items, message, raw, read, state

PORT = "a538bffd-9402-4c5d-9ec6-fa4c09c6c2a2"


def test_a_port_is_as_the_api_last_gave_it() -> None:
    """An unbound one has an empty host, so that a rule may join by it."""
    fields = state("port", items("neutron/unversioned.port.create.end")).fields
    assert (PORT, "DOWN", True, "", "unbound", ()) == tuple(
        fields[name] for name in ("port", "status", "admin_up", "host", "vif_type", "addresses")
    )
    assert "" == fields["instance"]


def test_a_port_of_a_server_names_it() -> None:
    """The device is a server where its owner begins with `compute:`."""
    found = items("neutron/bus.port.create.end")
    fields = state("port", found).fields
    assert ("f2171ae4-c74f-44ef-8cde-908644c279f1", ("172.16.59.10",), "") == tuple(
        fields[name] for name in ("instance", "addresses", "host")
    )
    router = changed(
        "neutron/unversioned.port.create.end", port={"id": "p", "device_id": "r", "device_owner": "network:r"}
    )
    assert ("r", "") == (state("port", router).fields["device"], state("port", router).fields["instance"])


def test_a_deleted_port_is_cleared_after_the_event() -> None:
    """Newer releases send it with its deletion, older ones its id alone."""
    for name in ("neutron/unversioned.port.delete.end", "neutron/bus.port.delete.end"):
        said, port = items(name)
        assert isinstance(port, State)
        assert ("network.action", True, said.fields["resource"]) == (said.kind, port.cleared, port.fields["port"])


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("neutron/unversioned.port.create.start", None),
        ("neutron/unversioned.port.delete.start", PORT),
        ("neutron/bus.port.update.start", "289ed46b-274c-444d-9fd4-bddf8acc7d7c"),
    ],
)
def test_a_start_is_a_request_and_no_state(name: str, resource: str | None) -> None:
    """What is yet to be made has no id."""
    (said,) = items(name)
    assert ("network.action", "start", resource) == (said.kind, said.fields["phase"], said.fields.get("resource"))


def test_the_id_beside_a_request_is_that_of_what_it_changes() -> None:
    """`update.start` holds the new values and the id, side by side; both are kept."""
    payload = event("network.action", items("neutron/bus.port.update.start")).fields["payload"]
    assert {"id": "289ed46b-274c-444d-9fd4-bddf8acc7d7c", "admin_state_up": False} == payload


def test_one_call_may_make_many() -> None:
    """Each is an event with an id of its own."""
    found = items("neutron/bus.ports.create.end")
    assert ["compute1", "compute2"] == [item.fields["host"] for item in found if item.kind == "port"]
    assert 2 == len({item.id for item in found if item.kind == "network.action"})


def test_any_resource_of_neutron_is_told() -> None:
    """Its payload is kept, without what may be a secret."""
    fields = event("network.action", items("neutron/unversioned.security_group.delete.end")).fields
    assert ("security_group", "delete", "end", "g") == tuple(
        fields[name] for name in ("resource_type", "action", "phase", "name")
    )
    vpn = message("neutron/unversioned.network.create.end") | {
        "event_type": "ipsec_site_connection.create.end",
        "payload": {"ipsec_site_connection": {"id": "v", "psk_secret": "x"}},
    }
    assert {"id": "v"} == event("network.action", read(vpn)).fields["payload"]


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({"port": 5}, "`port` is 5, not a mapping"),
        ({"port": {"id": 5}}, "`id` is 5, not a text"),
        ({"port": {"id": "p", "fixed_ips": {}}}, "`fixed_ips` is {}, not a list"),
        ({"port": {"id": "p", "admin_state_up": "up"}}, "`admin_state_up` is 'up', not a boolean"),
    ],
)
def test_a_malformed_port_is_refused(payload: dict[str, Any], problem: str) -> None:
    """The field is named, and what stands in it."""
    with pytest.raises(EventError, match=f"^{problem}$"):
        read(message("neutron/unversioned.port.update.end") | {"payload": payload})


@pytest.mark.parametrize("name", ["octavia/unversioned.octavia.loadbalancer.create.end", "octavia/bus.create.end"])
def test_a_load_balancer_has_two_forms(name: str) -> None:
    """The flat one that is sent, and the nested one that is documented."""
    fields = state("lb.loadbalancer", items(name)).fields
    assert {"loadbalancer", "name", "admin_up", "address", "port", "network", "project"} <= fields.keys()
    assert fields["admin_up"] is True


def test_no_stale_status_of_a_load_balancer_becomes_a_state() -> None:
    """`PENDING_CREATE` at the end of a creation is from before it: nothing of it is told."""
    assert "PENDING_CREATE" == raw("octavia/bus.create.end")[0]["payload"]["provisioning_status"]
    found = items("octavia/bus.create.end")
    assert [] == [item for item in found if "PENDING" in str(item.fields) or "OFFLINE" in str(item.fields)]


def test_a_deleted_load_balancer_is_cleared_after_the_event() -> None:
    """The publisher is null, and the time is that of the envelope."""
    said, balancer = items("octavia/bus.delete.end")
    assert isinstance(balancer, State)
    assert (("lb.action", "delete"), True) == ((said.kind, said.fields["action"]), balancer.cleared)
    assert datetime(2026, 11, 22, 16, 30, 0, 125_000, UTC) == said.time


def test_a_load_balancer_without_an_id_is_refused() -> None:
    """Neither form has it."""
    with pytest.raises(EventError, match=r"^neither `loadbalancer_id` nor `id` is there$"):
        changed("octavia/bus.create.end", id=None)
