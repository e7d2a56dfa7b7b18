"""Nodes: power, maintenance and provisioning (Ironic). A host is fenced by the power of its node."""

from datetime import timedelta

from selfheal_rules.execute.openstack.api import Found
from selfheal_rules.execute.openstack.work import MARK, Work

VERSION = "1.87"
_HOST_OF = "compute_host"
"""Under which name `extra` of a node says which compute host it is, where the node is not called like it."""

_LIST = "/nodes?fields=uuid,name,extra"
_POWER = timedelta(minutes=3)
_BUSY = frozenset({"deploying", "cleaning", "clean wait", "wait call-back", "deleting", "rescuing", "unrescuing"})
_DESTROYS = frozenset({"clean", "deleted", "rebuild"})
_REACHED = {
    "active": "active", "deleted": "available", "manage": "manageable", "provide": "available", "clean": "manageable",
    "inspect": "manageable", "adopt": "active", "rebuild": "active", "service": "active", "unhold": "", "abort": "",
}  # fmt: skip
"""The state in which a node rests once a verb was carried out."""


def node_of(work: Work, ident: str) -> Found:
    """Give a node by its UUID or name."""
    node = work.find("baremetal", f"/nodes/{ident}", VERSION)
    if node is None:
        work.refuse(f"no node is called {ident!r}")
    if ident not in {node["uuid"], node["name"]}:
        work.refuse(f"asked for node {ident!r}, and was given {node['uuid']}")
    return node


def node_of_host(work: Work, host: str) -> Found:
    """Give the one node that is a compute host: by its name, or by what its `extra` says."""
    named = work.find("baremetal", f"/nodes/{host}", VERSION)
    if named is not None and named["name"] == host:
        return named
    found = [
        one
        for one in work.pages("baremetal", _LIST, "nodes", VERSION, by="uuid")
        if (one["extra"] or {}).get(_HOST_OF) == host
    ]
    if len(found) != 1:
        work.refuse(f"{len(found)} nodes are the host {host!r}; `extra.{_HOST_OF}` of a node says which it is")
    return node_of(work, str(found[0]["uuid"]))


def _free(work: Work, node: Found) -> None:
    if node["reservation"]:
        work.later(f"{node['reservation']} holds it reserved")
    if node["provision_state"] in _BUSY:
        work.later(f"it is {node['provision_state']}")


def _switch(work: Work, node: Found, asked: str, shown: str) -> str:
    """
    Switch a node, whatever Ironic has written down of it, and see that it is so.

    What is written down may be long over: Ironic asks no BMC of a node in maintenance. Asked for a change it asks the
    BMC first, and leaves a node alone that is so already. It holds the node reserved from before the call returns.
    """
    _free(work, node)
    work.send("baremetal", "PUT", f"/nodes/{node['uuid']}/states/power", {"target": asked}, VERSION)
    work.until(lambda: _is_at(work, str(node["uuid"]), shown), asked, _POWER)
    return shown


def _is_at(work: Work, uuid: str, shown: str) -> bool:
    node = node_of(work, uuid)
    if node["reservation"] or node["target_power_state"] is not None:
        return False
    if node["power_state"] != shown and node["last_error"]:
        work.later(str(node["last_error"]))
    return bool(node["power_state"] == shown)


def fence(work: Work) -> str:
    """Power off the node that a compute host is, and see that it is off."""
    return _switch(work, node_of_host(work, work.target), "power off", "power off")


def power_on(work: Work) -> str:
    """Switch a node on."""
    return _switch(work, node_of(work, work.target), "power on", "power on")


def power_off(work: Work) -> str:
    """Switch a node off."""
    soft = "soft " if work.param("type") == "soft" else ""
    return _switch(work, node_of(work, work.target), f"{soft}power off", "power off")


def reboot(work: Work) -> str:
    """
    Switch a node off and on again.

    That it is on shows nothing: it was before. Ironic holds a node reserved from before the call returns until it is
    done with its power, so it has rebooted once nobody holds it and it is on.
    """
    node = node_of(work, work.target)
    _free(work, node)
    target = "soft rebooting" if work.param("type") == "soft" else "rebooting"
    work.send("baremetal", "PUT", f"/nodes/{node['uuid']}/states/power", {"target": target}, VERSION)
    work.until(lambda: _is_let_go(work, str(node["uuid"])), target, timedelta(minutes=10))
    return "rebooted"


def _is_let_go(work: Work, uuid: str) -> bool:
    node = node_of(work, uuid)
    if node["reservation"] or node["target_power_state"] is not None:
        return False
    if node["last_error"]:
        work.later(str(node["last_error"]))
    return bool(node["power_state"] == "power on")


def set_maintenance(work: Work) -> str:
    """Have Ironic leave a node alone, with our mark as the reason."""
    node = node_of(work, work.target)
    if node["maintenance"]:
        if not (node["maintenance_reason"] or "").startswith(MARK):
            work.refuse(f"somebody else has put it there: {node['maintenance_reason'] or 'no reason is given'}")
        return f"it was in maintenance before: {node['maintenance_reason']}"
    body = {"reason": work.marked(work.param("reason"))}
    work.send("baremetal", "PUT", f"/nodes/{node['uuid']}/maintenance", body, VERSION)
    work.until(lambda: bool(node_of(work, work.target)["maintenance"]), "maintenance", _POWER)
    return "in maintenance"


def unset_maintenance(work: Work) -> str:
    """Have Ironic look after a node again, if it was us who took it out and it has found no fault since."""
    node = node_of(work, work.target)
    if not node["maintenance"]:
        return "it was not in maintenance"
    if node["fault"]:
        work.refuse(f"Ironic itself keeps it there: {node['fault']}")
    if not (node["maintenance_reason"] or "").startswith(MARK):
        work.refuse(f"somebody else has put it there: {node['maintenance_reason'] or 'no reason is given'}")
    work.send("baremetal", "DELETE", f"/nodes/{node['uuid']}/maintenance", version=VERSION)
    work.until(lambda: not node_of(work, work.target)["maintenance"], "end of maintenance", _POWER)
    return "out of maintenance"


def provision(work: Work) -> str:
    """Lead a node to another state; what destroys the data of a node in use has to be asked for in so many words."""
    node, verb = node_of(work, work.target), str(work.param("verb"))
    if node["protected"]:
        work.refuse(f"it is protected: {node['protected_reason'] or 'no reason is given'}")
    if verb in _DESTROYS and node["instance_uuid"] and not work.param("allow_loss"):
        work.refuse(f"`{verb}` destroys what is on it for {node['instance_uuid']}: say `allow_loss: true`")
    _free(work, node)
    work.send("baremetal", "PUT", f"/nodes/{node['uuid']}/states/provision", {"target": verb}, VERSION)
    work.until(lambda: _rests(work, _REACHED[verb]), verb, timedelta(hours=1))
    return f"{verb}: {'asked' if work.dry else node_of(work, work.target)['provision_state']}"


def _rests(work: Work, state: str) -> bool:
    node = node_of(work, work.target)
    if node["provision_state"] in {"error", "clean failed", "deploy failed", "inspect failed", "adopt failed"}:
        work.fail(f"it is {node['provision_state']}: {node['last_error']}")
    return node["target_provision_state"] is None and (not state or node["provision_state"] == state)
