"""
What no notification tells, asked for: services that died without a word, power, and what runs where.

A sweep asks a service once and gives every state it knows of; a `Watch` turns sweeps into updates, and clears what a
later sweep no longer has. A service that does not answer clears nothing: not to know is not to know that it is gone.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeAlias

from attrs import define, field, frozen

from selfheal_rules.events import State
from selfheal_rules.execute.openstack.api import Api, Found
from selfheal_rules.normalize.nova_instance import STATUSES
from selfheal_rules.normalize.reading import instant, present
from selfheal_rules.values import FrozenMap, Value

SOURCE = "poller"


@frozen
class Told:
    """What was said of one thing: its fields, without the time."""

    kind: str
    fields: FrozenMap


@frozen
class Unknown:
    """A thing, by its key, of which a service cannot say how it is: what was said of it is neither so nor gone."""

    kind: str
    key: tuple[Value, ...]


Sweep: TypeAlias = Callable[[Api, datetime], Iterator[State | Unknown]]


def nova_services(api: Api, now: datetime) -> Iterator[State | Unknown]:
    """
    Give whether each service of Nova's reports, and as what an operator set it.

    A dead nova-compute sends nothing: `state` of `GET /os-services` (2.69) is the only sign, after `service_down_time`.
    One that is forced down is not alive whatever it reports; that it reports again, `last_seen` tells, which is younger
    from look to look. Once it is younger also where somebody forces the service down or disables it. Of a cell that is
    down Nova knows the names of the services alone, each with the status `UNKNOWN`.
    """
    for one in api.get("compute", "/os-services", "2.69")["services"]:
        if "state" not in one:
            yield from _unknown_service(one)
            continue
        told = {"host": one["host"], "binary": one["binary"], "availability_zone": one["zone"]}
        yield _state("service.liveness", now, **told, project="nova", alive=one["state"] == "up", last_seen=_time(one))
        if one["binary"] == "nova-compute":
            disabled = one["status"] == "disabled"
            yield _state(
                "compute.service", now, **told, disabled=disabled,
                disabled_reason=one["disabled_reason"] if disabled else None, forced_down=one["forced_down"],
            )  # fmt: skip


def _unknown_service(one: Found) -> Iterator[Unknown]:
    yield Unknown("service.liveness", (one["binary"], one["host"]))
    yield Unknown("compute.service", (one["host"], one["binary"]))


def _time(service: Found) -> datetime | None:
    return instant(service["updated_at"], "updated_at") if service["updated_at"] else None


def neutron_agents(api: Api, now: datetime) -> Iterator[State]:
    """Give whether each agent of Neutron's reports (`alive`: a heartbeat within 75 s by default)."""
    for one in api.get("network", "/agents")["agents"]:
        last_seen = instant(one["heartbeat_timestamp"], "heartbeat_timestamp")
        yield _state(
            "service.liveness", now,
            host=one["host"], binary=one["binary"], project="neutron", alive=one["alive"], last_seen=last_seen,
            agent=one["id"], mode=one["configurations"].get("agent_mode"), admin_up=one["admin_state_up"],
        )  # fmt: skip


def neutron_routers(api: Api, now: datetime) -> Iterator[State]:
    """
    Give what each L3 agent has, by a call for each.

    Where Neutron does not say whether a router is highly available or distributed, it has no such routers.
    """
    for agent in api.get("network", "/agents?agent_type=L3%20agent")["agents"]:
        found = api.find("network", f"/agents/{agent['id']}/l3-routers") or {"routers": ()}
        for one in found["routers"]:
            yield _state(
                "router", now,
                router=one["id"], agent=agent["id"], host=agent["host"], name=one["name"], status=one["status"],
                ha=one.get("ha", False), distributed=one.get("distributed", False), project=one["project_id"],
            )  # fmt: skip


def cinder_backends(api: Api, now: datetime) -> Iterator[State]:
    """
    Give how each back end of Cinder's is; one that is down is told by nothing else.

    `state` is that of cinder-volume, `backend_state` (3.49) that of the storage behind it, as a driver says it of each
    pool. It comes from the scheduler, which knows none that is dead or disabled: then it is null. A service without an
    `@` in its host has one back end, which goes by the name of the host. One that failed over and came back has an
    empty text for its copy: it uses none. Cinder gives the time of an operator's change for that of the last report,
    where it is later.
    """
    for one in api.get("block_storage", "/os-services?binary=cinder-volume", "3.49")["services"]:
        seen = one["backend_state"] if one["state"] == "up" else None
        yield _state(
            "storage.backend", now,
            backend=one["host"], host=one["host"].partition("@")[0], alive=one["state"] == "up",
            reachable=None if seen is None else seen == "up", disabled=one["status"] == "disabled",
            disabled_reason=one["disabled_reason"], replication_status=one["replication_status"],
            active_backend=one["active_backend_id"] or None, frozen=one["frozen"], last_seen=_time(one),
        )  # fmt: skip


def ironic_nodes(api: Api, now: datetime) -> Iterator[State]:
    """
    Give the power of each node; a node that changes between two notifications is seen here.

    Of a node in maintenance Ironic asks no BMC, and has written down what may be long over: its power is not known.
    """
    for one in api.pages("baremetal", _NODES, "nodes", "1.87", by="uuid"):
        yield _state(
            "node.power", now, node=one["uuid"], host=one["name"],
            power="unknown" if one["maintenance"] else _power(one["power_state"]),
            target=_power(one["target_power_state"]) if one["target_power_state"] else None, fault=one["fault"],
        )  # fmt: skip


_NODES = "/nodes?fields=uuid,name,power_state,target_power_state,fault,maintenance"


def _power(state: str | None) -> str:
    return {"power on": "on", "power off": "off"}.get(state or "", "unknown")


def nova_servers(api: Api, now: datetime) -> Iterator[State | Unknown]:
    """
    Give every server, with the host it is on; `host` of the answer is what was asked for once, and is not read.

    One that is not placed yet, or is shelved, has an empty text for its host, as the vocabulary says. Of one in a cell
    that is down Nova knows no more than that it is there.
    """
    for one in api.pages("compute", _SERVERS, "servers", "2.93"):
        if "OS-EXT-STS:vm_state" not in one:
            yield Unknown("instance", (one["id"],))
            continue
        yield _state(
            "instance", now,
            instance=one["id"], name=one["name"], host=one["OS-EXT-SRV-ATTR:host"] or "",
            node=one["OS-EXT-SRV-ATTR:hypervisor_hostname"], project=one["tenant_id"], locked=one["locked"],
            status=STATUSES.get(one["OS-EXT-STS:vm_state"], "unknown"), task_state=one["OS-EXT-STS:task_state"],
            power_state=_GUESTS.get(one["OS-EXT-STS:power_state"], "unknown"),
            availability_zone=one["OS-EXT-AZ:availability_zone"] or None, metadata=FrozenMap(one["metadata"]),
        )  # fmt: skip


_GUESTS = {0: "pending", 1: "running", 3: "paused", 4: "shutdown", 6: "crashed", 7: "suspended"}
"""The power states of a guest, as Nova numbers them (`nova/compute/power_state.py`)."""
_SERVERS = "/servers/detail?all_tenants=1&limit=500"


def masakari_hosts(api: Api, now: datetime) -> Iterator[State]:
    """
    Give every host that a segment of Masakari's covers, and which of them are on maintenance.

    By whose hand a host is on maintenance nobody says: Masakari sets that itself, too.
    """
    for segment in api.pages("instance_ha", "/segments?limit=500", "segments", "1.2"):
        path = f"/segments/{segment['uuid']}/hosts?limit=500"
        for one in api.pages("instance_ha", path, "hosts", "1.2"):
            yield _state(
                "segment.host", now,
                host=one["name"], host_uuid=one["uuid"], segment=segment["name"], enabled=segment["enabled"],
                on_maintenance=one["on_maintenance"], reserved=one["reserved"],
                recovery_method=segment["recovery_method"],
            )  # fmt: skip
            if one["on_maintenance"]:
                yield _state(
                    "host.maintenance", now,
                    host=one["name"], host_uuid=one["uuid"], reason="masakari", segment=segment["name"],
                )  # fmt: skip


def heat_stacks(api: Api, now: datetime) -> Iterator[State]:
    """Give every stack of the project that is asked for; no other is listed."""
    for one in api.pages("orchestration", _STACKS, "stacks"):
        action, status = _split(one["stack_status"])
        yield _state(
            "stack", now,
            stack=one["id"], name=one["stack_name"], action=action, status=status,
            reason=one["stack_status_reason"], project=one.get("project"),
        )  # fmt: skip


def heat_resources(api: Api, now: datetime) -> Iterator[State]:
    """
    Give what every stack of the project is made of, by a call for each that stands in no other.

    A stack in another one is a resource of that, and its own resources are told as well, under its own id: those of a
    group stand in the group's stack, or in the stack of one of its members.
    """
    for root in api.pages("orchestration", _STACKS, "stacks"):
        path = f"/stacks/{root['stack_name']}/{root['id']}/resources?nested_depth={_DEEPEST}"
        for one in (api.find("orchestration", path) or {"resources": ()})["resources"]:
            action, status = _split(one["resource_status"])
            physical, kind = one["physical_resource_id"] or None, one["resource_type"]
            yield _state(
                "stack.resource", now,
                stack=_stack(one), resource=one["resource_name"], physical=physical, resource_type=kind,
                instance=physical if kind == "OS::Nova::Server" else None, action=action, status=status,
                reason=one["resource_status_reason"],
            )  # fmt: skip


def _stack(resource: Found) -> str:
    """Give the id of the stack a resource stands in: a link tells, `.../stacks/NAME/ID`."""
    (link,) = [one["href"] for one in resource["links"] if one["rel"] == "stack"]
    return str(link).rpartition("/")[2]


_DEEPEST = 100
"""Heat goes as deep as it lets stacks be nested (`max_nested_stack_depth`), and no deeper."""

_STACKS = "/stacks?limit=500"


def _split(state: str) -> tuple[str, str]:
    """Split `CHECK_FAILED`, and `UPDATE_IN_PROGRESS` as well."""
    action, _, status = state.partition("_")
    return action, status


def octavia_balancers(api: Api, now: datetime) -> Iterator[State]:
    """Give how every load balancer is; one that fails is told by nothing else."""
    for one in api.pages("load_balancer", _BALANCERS, "loadbalancers"):
        yield _state(
            "lb.status", now,
            loadbalancer=one["id"], name=one["name"], provisioning_status=one["provisioning_status"],
            operating_status=one["operating_status"], project=one["project_id"],
        )  # fmt: skip


_BALANCERS = "/lbaas/loadbalancers?limit=500"


def octavia_amphorae(api: Api, now: datetime) -> Iterator[State]:
    """Give every amphora that is not deleted; the list is for administrators of Octavia's."""
    for one in api.pages("load_balancer", _AMPHORAE, "amphorae"):
        until = instant(one["cert_expiration"], "cert_expiration") if one["cert_expiration"] else None
        yield _state(
            "lb.amphora", now,
            amphora=one["id"], loadbalancer=one["loadbalancer_id"] or "", instance=one["compute_id"],
            role=one["role"], status=one["status"], certificate_until=until,
        )  # fmt: skip


_AMPHORAE = "/octavia/amphorae?limit=500"


def _state(kind: str, now: datetime, **told: Value) -> State:
    return State(kind, SOURCE, now, present(**told), id=f"{SOURCE}/{now.isoformat()}")


KEYS = {
    "service.liveness": ("binary", "host"),
    "compute.service": ("host", "binary"),
    "router": ("router", "agent"),
    "storage.backend": ("backend",),
    "node.power": ("node",),
    "instance": ("instance",),
    "segment.host": ("host",),
    "host.maintenance": ("host",),
    "stack": ("stack",),
    "stack.resource": ("stack", "resource"),
    "lb.status": ("loadbalancer",),
    "lb.amphora": ("amphora",),
}
"""By which fields each kind is told apart, as the vocabulary says."""


@define
class Watch:
    """
    One sweep, again and again: gives what is new or has changed since the last one, and clears what is gone.

    The first look says everything, so a process that starts again tells its engine all that holds.
    """

    sweep: Sweep
    _last: dict[tuple[Value, ...], Told] = field(factory=dict)

    def look(self, api: Api, now: datetime) -> list[State]:
        """
        Ask once.

        Raises:
            ExecutorError: where the service does not answer; nothing is forgotten, and nothing cleared.
            Refused: where it has no such thing.
        """
        swept = list(self.sweep(api, now))
        found = {_key(one): one for one in swept if isinstance(one, State)}
        kept = {(one.kind, *one.key) for one in swept if isinstance(one, Unknown)}
        gone = [_cleared(told, now) for key, told in self._last.items() if key not in found and key not in kept]
        news = [state for key, state in found.items() if self._is_news(key, state)]
        last = {key: told for key, told in self._last.items() if key in kept}
        self._last = last | {key: Told(state.kind, state.fields) for key, state in found.items()}
        return [*news, *gone]

    def _is_news(self, key: tuple[Value, ...], state: State) -> bool:
        last = self._last.get(key)
        return last is None or last.fields != state.fields


def _key(state: State) -> tuple[Value, ...]:
    return (state.kind, *(state.fields.get(name) for name in KEYS[state.kind]))


def _cleared(told: Told, now: datetime) -> State:
    return State(told.kind, SOURCE, now, {name: told.fields[name] for name in KEYS[told.kind]}, cleared=True)
