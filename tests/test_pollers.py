"""Sweeps over answers as the services give them; `tests/cloud/test_pollers.py` has them over a real cloud."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import field, frozen

from selfheal_rules.events import checked
from selfheal_rules.execute.openstack.api import Api, Found
from selfheal_rules.integrations.pollers import (
    Sweep,
    Watch,
    cinder_backends,
    ironic_nodes,
    neutron_agents,
    neutron_routers,
    nova_servers,
    nova_services,
    octavia_amphorae,
)
from tests.payloads import VOCABULARY

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
SEEN = datetime(2026, 3, 1, 9, 58, 12, tzinfo=UTC)

AGENT = {
    "id": "a1",
    "agent_type": "L3 agent",
    "binary": "neutron-l3-agent",
    "host": "net1",
    "admin_state_up": True,
    "alive": False,
    "heartbeat_timestamp": "2026-03-01 09:58:12",
    "configurations": {"agent_mode": "legacy", "routers": 2, "handle_internal_only_routers": True},
}
OVS = AGENT | {
    "id": "a2",
    "agent_type": "Open vSwitch agent",
    "binary": "neutron-openvswitch-agent",
    "configurations": {},
}
"""The keys of Neutron's `api-ref/source/v2/samples/agents/agents-list-response.json`."""

ROUTER = {
    "id": "r1",
    "name": "router1",
    "status": "ACTIVE",
    "ha": True,
    "distributed": False,
    "project_id": "p1",
}
PLAIN = {key: value for key, value in ROUTER.items() if key not in {"ha", "distributed"}} | {"id": "r2"}
"""Some keys of a router of Neutron's; `ha` and `distributed` are there where their extensions are loaded."""

VOLUME = {
    "binary": "cinder-volume",
    "host": "ctl1@lvm",
    "status": "enabled",
    "state": "up",
    "updated_at": "2026-03-01T09:58:12.000000",
    "disabled_reason": None,
    "replication_status": "disabled",
    "active_backend_id": "",
    "frozen": False,
    "backend_state": "down",
}
DEAD = VOLUME | {
    "host": "ctl2",
    "status": "disabled",
    "state": "down",
    "updated_at": None,
    "disabled_reason": "repairs",
}
"""The keys of Cinder's `api-ref/source/v3/samples/services/v3.7/services-list-response.json`, and `backend_state`."""

COMPUTE = {
    "id": "s1",
    "binary": "nova-compute",
    "host": "c1",
    "zone": "az1",
    "state": "up",
    "status": "disabled",
    "disabled_reason": "disks",
    "forced_down": False,
    "updated_at": "2026-03-01T09:58:12.000000",
}
"""The keys of Nova's `doc/api_samples/os-services/v2.69/services-list-get-resp.json`."""
LOST = {"binary": "nova-compute", "host": "c1", "status": "UNKNOWN"}
"""A service in a cell that is down, as Nova's guide to handling down cells has it (2.69)."""

AMPHORA = {
    "id": "m1",
    "loadbalancer_id": "lb1",
    "compute_id": "i1",
    "role": "BACKUP",
    "status": "ERROR",
    "cert_expiration": "2026-04-01T09:58:12",
}
FRESH = AMPHORA | {"id": "m2", "loadbalancer_id": None, "role": None, "status": "BOOTING", "cert_expiration": None}
"""Some keys of Octavia's `api-ref/source/v2/examples/amphora-list-response.json`."""


@frozen
class Answers(Api):
    """A cloud that answers so, by path, and nothing else."""

    answers: Mapping[str, Any] = field(factory=dict)

    def find(self, service: str, path: str, version: str = "") -> Found | None:
        """Give what stands for a path."""
        del service, version
        return self.answers.get(path)


def fields(sweep: Sweep, answers: Mapping[str, object]) -> list[dict[str, object]]:
    """Give the fields of what a sweep says, each state held against its kind."""
    states = Watch(sweep).look(Answers(None, answers), NOW)  # type: ignore[arg-type]  # nobody is asked
    return [dict(checked(one, VOCABULARY).fields) for one in states]


def test_an_agent_is_told_with_what_names_it_and_how_it_works() -> None:
    """By its uuid actions name it; a mode is said by L3 agents alone."""
    told = {"host": "net1", "project": "neutron", "alive": False, "last_seen": SEEN, "admin_up": True}
    expected = [
        told | {"binary": "neutron-l3-agent", "agent": "a1", "mode": "legacy"},
        told | {"binary": "neutron-openvswitch-agent", "agent": "a2"},
    ]
    assert expected == fields(neutron_agents, {"/agents": {"agents": [AGENT, OVS]}})


def test_routers_are_told_by_the_agent_they_are_on() -> None:
    """One that is highly available is on several; an agent that is gone meanwhile has none."""
    answers = {
        "/agents?agent_type=L3%20agent": {
            "agents": [AGENT, AGENT | {"id": "a3", "host": "net3"}, AGENT | {"id": "a4"}]
        },
        "/agents/a1/l3-routers": {"routers": [ROUTER, PLAIN]},
        "/agents/a3/l3-routers": {"routers": [ROUTER]},
    }
    told = {"name": "router1", "status": "ACTIVE", "project": "p1", "distributed": False}
    expected = [
        told | {"router": "r1", "agent": "a1", "host": "net1", "ha": True},
        told | {"router": "r2", "agent": "a1", "host": "net1", "ha": False},
        told | {"router": "r1", "agent": "a3", "host": "net3", "ha": True},
    ]
    assert expected == fields(neutron_routers, answers)


def test_a_back_end_whose_service_is_dead_says_nothing_of_its_storage() -> None:
    """What it last said of its storage is no word of now; a host without an `@` has one back end."""
    told = {"replication_status": "disabled", "frozen": False}
    expected = [
        told
        | {
            "backend": "ctl1@lvm",
            "host": "ctl1",
            "alive": True,
            "reachable": False,
            "disabled": False,
            "last_seen": SEEN,
        },
        told | {"backend": "ctl2", "host": "ctl2", "alive": False, "disabled": True, "disabled_reason": "repairs"},
    ]
    assert expected == fields(cinder_backends, {"/os-services?binary=cinder-volume": {"services": [VOLUME, DEAD]}})


def test_a_service_of_nova_is_told_with_its_zone() -> None:
    """No notification of Nova's says in which zone a host is."""
    told = {"host": "c1", "binary": "nova-compute", "availability_zone": "az1"}
    expected = [
        told | {"project": "nova", "alive": True, "last_seen": SEEN},
        told | {"disabled": True, "disabled_reason": "disks", "forced_down": False},
    ]
    assert expected == fields(nova_services, {"/os-services": {"services": [COMPUTE]}})


def test_what_nova_cannot_tell_stays_as_it_was() -> None:
    """The cell of c1 is down, and c2 of another one dies: that is told, and nothing of c1, until Nova knows again."""
    watch, other = Watch(nova_services), COMPUTE | {"host": "c2"}

    def looked(*services: Mapping[str, object]) -> list[tuple[str, object, bool]]:
        states = watch.look(Answers(None, {"/os-services": {"services": services}}), NOW)  # type: ignore[arg-type]
        return [(f"{one.kind} {one.fields['host']}", one.fields.get("alive"), one.cleared) for one in states]

    assert 4 == len(looked(COMPUTE, other))
    assert [("service.liveness c2", False, False)] == looked(LOST, other | {"state": "down"})
    assert [("service.liveness c1", False, False)] == looked(COMPUTE | {"state": "down"}, other | {"state": "down"})
    assert [("service.liveness c1", None, True), ("compute.service c1", None, True)] == looked(
        other | {"state": "down"}
    )


def test_a_server_nova_knows_nothing_of_is_no_error() -> None:
    """Of one in a cell that is down its id is told, and no state of it."""
    lost = {"id": "i1", "status": "UNKNOWN", "tenant_id": "p1", "created": "2026-03-01T09:58:12Z", "links": []}
    first = "/servers/detail?all_tenants=1&limit=500"
    assert [] == fields(nova_servers, {first: {"servers": [lost]}, f"{first}&marker=i1": {"servers": []}})


def test_what_a_server_is_and_whether_it_runs_is_told_apart() -> None:
    """Nova calls a guest active that libvirt has paused; its power is said beside that, by the words of the bus."""
    server = {
        "id": "i1",
        "name": "web",
        "tenant_id": "p1",
        "locked": False,
        "metadata": {},
        "OS-EXT-AZ:availability_zone": "az1",
        "OS-EXT-SRV-ATTR:host": "c1",
        "OS-EXT-SRV-ATTR:hypervisor_hostname": "c1",
        "OS-EXT-STS:vm_state": "active",
        "OS-EXT-STS:task_state": None,
    }
    first = "/servers/detail?all_tenants=1&limit=500"

    def told(power: int) -> tuple[object, object]:
        answer = [server | {"OS-EXT-STS:power_state": power}]
        (said,) = fields(nova_servers, {first: {"servers": answer}, f"{first}&marker=i1": {"servers": []}})
        return said["status"], said["power_state"]

    said = [told(power)[1] for power in (0, 1, 3, 4, 6, 7, 9)]
    assert ["pending", "running", "paused", "shutdown", "crashed", "suspended", "unknown"] == said
    assert ("active", "paused") == told(3)


def test_amphorae_are_read_to_the_end_of_their_list() -> None:
    """One that is yet to be given to a load balancer has none, nor a certificate."""
    first, rest = "/octavia/amphorae?limit=500", "/octavia/amphorae?limit=500&marker="
    answers = {first: {"amphorae": [AMPHORA]}, f"{rest}m1": {"amphorae": [FRESH]}, f"{rest}m2": {"amphorae": []}}
    until = datetime(2026, 4, 1, 9, 58, 12, tzinfo=UTC)
    lost = {"loadbalancer": "lb1", "role": "BACKUP", "status": "ERROR", "certificate_until": until}
    spare = {"loadbalancer": "", "status": "BOOTING"}
    expected = [{"amphora": "m1", "instance": "i1", **lost}, {"amphora": "m2", "instance": "i1", **spare}]
    assert expected == fields(octavia_amphorae, answers)


def test_the_power_of_a_node_in_maintenance_is_not_known() -> None:
    """Ironic asks no BMC of it: what it has written down may be long over, and confirms no fence."""
    node = {"uuid": "n1", "name": "c1", "power_state": "power off", "target_power_state": None, "fault": None}
    nodes = [node | {"maintenance": False}, node | {"uuid": "n2", "name": "c2", "maintenance": True}]
    path = "/nodes?fields=uuid,name,power_state,target_power_state,fault,maintenance"
    found = fields(ironic_nodes, {path: {"nodes": nodes}, f"{path}&marker=n2": {"nodes": []}})
    assert [("c1", "off"), ("c2", "unknown")] == [(one["host"], one["power"]) for one in found]
