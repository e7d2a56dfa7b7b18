"""Agents and ports (Neutron)."""

from datetime import timedelta

from selfheal_rules.execute.openstack.api import Found
from selfheal_rules.execute.openstack.rescheduling import agents_of
from selfheal_rules.execute.openstack.work import MARK, Work

_SOON = timedelta(minutes=1)
_TAG = f"{MARK}-groups-"
"""A tag of a port in quarantine, for each security group it had: where it goes back to."""

_NONE, _OPEN = "none", "open"
"""In place of a group: that it had none, or took none at all (its port security was off)."""


def _agent(work: Work) -> Found:
    found: Found = work.get("network", f"/agents/{work.target}")["agent"]
    return found


def _set_agent(work: Work, *, up: bool) -> str:
    if _agent(work)["admin_state_up"] is up:
        return f"it was so before: admin_state_up is {str(up).lower()}"
    work.send("network", "PUT", f"/agents/{work.target}", {"agent": {"admin_state_up": up}})
    work.until(lambda: _agent(work)["admin_state_up"] is up, "admin_state_up", _SOON)
    return f"admin_state_up is {str(up).lower()}"


def enable_agent(work: Work) -> str:
    """Have Neutron use an agent again."""
    return _set_agent(work, up=True)


def disable_agent(work: Work) -> str:
    """Have Neutron use an agent no more, as long as another of its kind is alive."""
    _another(work, _agent(work))
    return _set_agent(work, up=False)


def _another(work: Work, agent: Found) -> None:
    kind = str(agent["agent_type"])
    if not [one for one in agents_of(work, kind) if one["id"] != agent["id"]]:
        work.refuse(f"no other {kind} is alive")


def _port(work: Work) -> Found:
    found: Found = work.get("network", f"/ports/{work.target}")["port"]
    if found["id"] != work.target:
        work.refuse(f"{work.target!r} is not the UUID of a port")
    return found


def _set_port(work: Work, port: Found, **changes: object) -> None:
    work.send("network", "PUT", f"/ports/{port['id']}", {"port": changes})


def _set_admin(work: Work, *, up: bool) -> str:
    port = _port(work)
    if port["admin_state_up"] is up:
        return f"it was so before: admin_state_up is {str(up).lower()}"
    _set_port(work, port, admin_state_up=up)
    work.until(lambda: _port(work)["admin_state_up"] is up, "admin_state_up", _SOON)
    return f"admin_state_up is {str(up).lower()}"


def set_port_up(work: Work) -> str:
    """Bring a port up."""
    return _set_admin(work, up=True)


def set_port_down(work: Work) -> str:
    """Take a port down."""
    return _set_admin(work, up=False)


def quarantine_port(work: Work) -> str:
    """Let a port speak to nobody; the groups it had are kept as tags of the port, before they are taken away."""
    port, group = _port(work), str(work.param("security_group"))
    rules = work.get("network", f"/security-groups/{group}")["security_group"]["security_group_rules"]
    if rules:
        work.refuse(f"the security group {group} has {len(rules)} rules: it would let something through")
    if port["security_groups"] == [group]:
        return "it was in quarantine before"
    if not _kept(port):  # else it is in another quarantine of ours, and goes back to where it was before both
        _tag(work, port, *(_TAG + one for one in port["security_groups"] or [_OPEN if _is_open(port) else _NONE]))
    _set_port(work, port, security_groups=[group], **({"port_security_enabled": True} if _is_open(port) else {}))
    work.until(lambda: _port(work)["security_groups"] == [group], "quarantine", _SOON)
    return f"in quarantine; it had {', '.join(port['security_groups']) or 'no group'}"


def _is_open(port: Found) -> bool:
    """Whether a port takes no groups at all; where the extension is not loaded, every port does."""
    return port.get("port_security_enabled") is False


def _kept(port: Found) -> list[str]:
    return sorted(tag.removeprefix(_TAG) for tag in port["tags"] if tag.startswith(_TAG))


def _tag(work: Work, port: Found, *ours: str) -> None:
    tags = [tag for tag in port["tags"] if not tag.startswith(_TAG)]
    work.send("network", "PUT", f"/ports/{port['id']}/tags", {"tags": [*tags, *ours]})


def release_port(work: Work) -> str:
    """Give a port the groups back that it had before we put it into quarantine."""
    port = _port(work)
    kept = _kept(port)
    if not kept:
        work.refuse("we did not put it into quarantine: no tag says which groups it had")
    groups = [one for one in kept if one not in {_NONE, _OPEN}]
    _set_port(work, port, security_groups=groups, **({"port_security_enabled": False} if _OPEN in kept else {}))
    work.until(lambda: sorted(_port(work)["security_groups"]) == groups, "release", _SOON)
    _tag(work, port)
    return f"released; it has {', '.join(groups) or 'no group'}"
