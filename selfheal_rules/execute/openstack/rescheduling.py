"""Routers and networks of agents that are dead, given to those that live (Neutron)."""

from collections.abc import Callable, Iterable
from urllib.parse import quote

from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.openstack.api import Found, Refused
from selfheal_rules.execute.openstack.work import MARK, Work

_TAG = f"{MARK}-from-"
"""A tag of a router on its way, with the agent it leaves: between two calls it is on none, and would be forgotten."""


def agents_of(work: Work, kind: str) -> list[Found]:
    """Give the agents of a kind that work and may be used."""
    listed = work.pages("network", f"/agents?agent_type={quote(kind)}", "agents")
    return [one for one in listed if one["agent_type"] == kind and one["alive"] and one["admin_state_up"]]


def _dead(work: Work, kind: str) -> Found:
    agent: Found = work.get("network", f"/agents/{work.target}")["agent"]
    if agent["agent_type"] != kind:
        work.refuse(f"it is a {agent['agent_type']}, not a {kind}")
    if agent["alive"]:
        work.refuse("it is alive: what it hosts is served")
    return agent


def _heirs(work: Work, kind: str, of: str) -> dict[str, int]:
    """Give the agents that can take over, and how much each has; the one that has least is next."""
    found = [one for one in agents_of(work, kind) if one["id"] != work.target]
    if not found:
        work.refuse(f"no other {kind} is alive")
    return {str(one["id"]): int(one["configurations"].get(of) or 0) for one in found}


def _next(heirs: dict[str, int]) -> str:
    chosen = min(heirs, key=lambda one: (heirs[one], one))
    heirs[chosen] += 1
    return chosen


def _all(moved: Iterable[Found], move: Callable[[Found], object], what: str) -> str:
    """Move one after the other; a failure is noted, and the next goes."""
    done, failed = 0, {}
    for one in moved:
        try:
            move(one)
            done += 1
        except (ExecutorError, Refused) as error:
            failed[str(one["id"])] = str(error)
    if failed:
        reasons = "; ".join(f"{ident}: {why}" for ident, why in failed.items())
        message = f"{len(failed)} of {done + len(failed)} {what} did not move: {reasons}"
        raise ExecutorError(message, retryable=True)
    return f"{done} {what} moved"


def reschedule_routers(work: Work) -> str:
    """
    Move the routers of a dead L3 agent to others; those that are distributed or highly available stay: VRRP moves them.

    Neutron refuses a second agent for a router, so it is taken off the first before, and is on none in between. A tag
    keeps which one it left, so that whoever comes after a healer that died there finds it.
    """
    _dead(work, "L3 agent")
    own = work.get("network", f"/agents/{work.target}/l3-routers")["routers"]
    movable = [one for one in own if not one.get("ha") and not one.get("distributed")]
    if own and not movable:
        work.refuse(f"all of its {len(own)} routers are distributed or highly available")
    heirs = _heirs(work, "L3 agent", "routers")
    return _all([*movable, *_between(work)], lambda one: _move_router(work, one, heirs), "routers")


def _between(work: Work) -> list[Found]:
    """Give the routers that left the agent and came to no other."""
    listed = work.pages("network", f"/routers?tags={_TAG}{work.target}", "routers")
    return [one for one in listed if _TAG + work.target in one["tags"] and not _hosts(work, one)]


def _hosts(work: Work, router: Found) -> set[str]:
    return {str(one["id"]) for one in work.get("network", f"/routers/{router['id']}/l3-agents")["agents"]}


def _move_router(work: Work, router: Found, heirs: dict[str, int]) -> None:
    path, heir = f"/routers/{router['id']}/tags/{_TAG}{work.target}", _next(heirs)
    if work.target in _hosts(work, router):
        work.send("network", "PUT", path)
        work.send("network", "DELETE", f"/agents/{work.target}/l3-routers/{router['id']}")
    work.send("network", "POST", f"/agents/{heir}/l3-routers", {"router_id": router["id"]})
    if not work.dry and heir not in _hosts(work, router):
        work.later(f"it did not come to {heir}")
    work.send("network", "DELETE", path)


def reschedule_dhcp(work: Work) -> str:
    """Move the networks of a dead DHCP agent to others; each is given to another one before it is taken off."""
    _dead(work, "DHCP agent")
    networks = work.get("network", f"/agents/{work.target}/dhcp-networks")["networks"]
    heirs = _heirs(work, "DHCP agent", "networks")
    return _all(networks, lambda one: _move_network(work, one, heirs), "networks")


def _move_network(work: Work, network: Found, heirs: dict[str, int]) -> None:
    if not _served(work, network) & heirs.keys():
        work.send("network", "POST", f"/agents/{_next(heirs)}/dhcp-networks", {"network_id": network["id"]})
    if not work.dry and not _served(work, network) & heirs.keys():
        work.later("it came to no other agent")
    work.send("network", "DELETE", f"/agents/{work.target}/dhcp-networks/{network['id']}")


def _served(work: Work, network: Found) -> set[str]:
    return {str(one["id"]) for one in work.get("network", f"/networks/{network['id']}/dhcp-agents")["agents"]}
