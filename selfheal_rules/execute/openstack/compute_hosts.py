"""Compute hosts: the scheduler kept off, forced down and up again, and put into aggregates (Nova, os-services)."""

from datetime import timedelta

from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.openstack import baremetal
from selfheal_rules.execute.openstack.api import Found, Refused
from selfheal_rules.execute.openstack.work import MARK, Work

VERSION = "2.53"
_SOON = timedelta(minutes=1)


def service_of(work: Work, host: str) -> Found:
    """Give the one compute service of a host; the filter of a list is never trusted."""
    listed = work.get("compute", f"/os-services?binary=nova-compute&host={host}", VERSION)["services"]
    found: list[Found] = [one for one in listed if one["host"] == host and one["binary"] == "nova-compute"]
    if len(found) != 1:
        work.refuse(f"{len(found)} compute services are called {host!r}")
    return found[0]


def _put(work: Work, service: Found, **changes: object) -> None:
    work.send("compute", "PUT", f"/os-services/{service['id']}", changes, VERSION)


def disable(work: Work) -> str:
    """Keep the scheduler off a host, with our mark as the reason; somebody else's reason stays."""
    service = service_of(work, work.target)
    reason = service["disabled_reason"] or ""
    if service["status"] == "disabled":
        if not reason.startswith(MARK):
            work.refuse(f"somebody else has disabled it: {reason or 'no reason is given'}")
        return f"it was disabled before: {reason}"
    _put(work, service, status="disabled", disabled_reason=work.marked(work.param("reason")))
    work.until(lambda: service_of(work, work.target)["status"] == "disabled", "disabling it", _SOON)
    return "disabled"


def enable(work: Work) -> str:
    """Let the scheduler use a host again, if it was us who kept it off."""
    service = service_of(work, work.target)
    if service["status"] == "enabled":
        return "it was enabled before"
    if not (service["disabled_reason"] or "").startswith(MARK):
        work.refuse(f"somebody else has disabled it: {service['disabled_reason'] or 'no reason is given'}")
    _put(work, service, status="enabled")
    work.until(lambda: service_of(work, work.target)["status"] == "enabled", "enabling it", _SOON)
    return "enabled"


def force_down(work: Work) -> str:
    """Have Nova take a host for down; one whose service still reports is not fenced."""
    service = service_of(work, work.target)
    if service["forced_down"]:
        return "it was forced down before"
    if service["state"] != "down" and power_of(work, work.target) != "power off":
        work.refuse("its service still reports, and no node says that it is off: fence it first")
    _put(work, service, forced_down=True)
    work.until(lambda: bool(service_of(work, work.target)["forced_down"]), "forcing it down", _SOON)
    return "forced down"


def power_of(work: Work, host: str) -> str:
    """Give what the node of a host says of its power; an empty text where no node can be asked."""
    if not work.cloud.has_service("baremetal"):
        return ""
    try:
        return str(baremetal.node_of_host(work, host)["power_state"])
    except (ExecutorError, Refused):
        return ""


def force_up(work: Work) -> str:
    """
    Have Nova believe a host again.

    While evacuations from it are `done` and not yet `completed`, Nova answers 400: nova-compute has not been started
    since. That is worth another attempt.
    """
    service = service_of(work, work.target)
    if not service["forced_down"]:
        return "it was not forced down"
    pending = [one["uuid"] for one in evacuations(work, work.target) if one["status"] == "done"]
    if pending:
        work.later(f"{len(pending)} evacuations from it are not completed: nova-compute has to be started again first")
    _put(work, service, forced_down=False)
    work.until(lambda: not service_of(work, work.target)["forced_down"], "forcing it up", _SOON)
    return "forced up"


def evacuations(work: Work, host: str) -> list[Found]:
    """Give the evacuations away from a host."""
    path = f"/os-migrations?migration_type=evacuation&source_compute={host}"
    found = work.pages("compute", path, "migrations", "2.59", by="uuid")
    return [one for one in found if one["source_compute"] == host and one["migration_type"] == "evacuation"]


def add_to_aggregate(work: Work) -> str:
    """Put a host into an aggregate."""
    return _moved(work, "add_host", inside=True)


def remove_from_aggregate(work: Work) -> str:
    """Take a host out of an aggregate."""
    return _moved(work, "remove_host", inside=False)


def _moved(work: Work, act: str, *, inside: bool) -> str:
    service_of(work, work.target)
    aggregate = _aggregate(work)
    if (work.target in aggregate["hosts"]) is inside:
        return f"it was so before: {aggregate['name']}"
    work.send("compute", "POST", f"/os-aggregates/{aggregate['id']}/action", {act: {"host": work.target}}, "2.1")
    work.until(lambda: (work.target in _aggregate(work)["hosts"]) is inside, act, _SOON)
    return f"{act}: {aggregate['name']}"


def _aggregate(work: Work) -> Found:
    wanted = str(work.param("aggregate"))
    listed = work.get("compute", "/os-aggregates", "2.41")["aggregates"]
    found: list[Found] = [one for one in listed if wanted in {one["name"], str(one["id"]), one["uuid"]}]
    if len(found) != 1:
        work.refuse(f"{len(found)} aggregates are called {wanted!r}")
    return found[0]
