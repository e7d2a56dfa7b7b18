"""One server: moved, started, stopped, rebooted, rebuilt, shelved, locked (Nova, /servers/{id}/action)."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.openstack.api import Found
from selfheal_rules.execute.openstack.compute_hosts import power_of, service_of
from selfheal_rules.execute.openstack.work import MARK, Work, request_of

VERSION = "2.93"
EVACUATE = "2.94"
"""The last version by which an evacuated server comes up as it was; from 2.95 on it is left stopped."""

_MINUTE = timedelta(minutes=1)
_HOST = "OS-EXT-SRV-ATTR:host"
_STATE = "OS-EXT-STS:vm_state"
_TASK = "OS-EXT-STS:task_state"


def server_of(work: Work, ident: str) -> Found:
    """Give a server as it is now; by its id alone, since a name may be another's tomorrow."""
    found: Found = work.get("compute", f"/servers/{ident}", VERSION)["server"]
    if found["id"] != ident:
        work.refuse(f"{ident!r} is not the UUID of a server")
    return found


def host_of(server: Found) -> str:
    """Give the host a server is on: what it asked for is another field."""
    return str(server[_HOST] or "")


def idle(work: Work, states: Collection[str], what: str) -> Found:
    """Give the server where no task runs on it, and it is in one of these states."""
    server = server_of(work, work.target)
    if server[_TASK] is not None:
        work.later(f"a task runs on it: {server[_TASK]}")
    if server[_STATE] not in states:
        work.refuse(f"it is {server[_STATE]}, and only a server that is {' or '.join(states)} can {what}")
    return server


def act(work: Work, ident: str, body: object, version: str = "2.1") -> str:
    """Send an action to a server; gives the id of the request."""
    return request_of(work.send("compute", "POST", f"/servers/{ident}/action", body, version))


def finished(work: Work, ident: str, request: str) -> bool:
    """
    Whether what a request began has ended.

    Raises:
        ExecutorError: where it ended badly.
    """
    found = work.find("compute", f"/servers/{ident}/os-instance-actions/{request}", "2.84")
    action = found["instanceAction"] if found else {"events": ()}
    bad = [one for one in action["events"] if one["result"] == "Error"]
    if bad:
        message = f"{bad[0]['event']} failed: {bad[0].get('details') or action.get('message') or 'no reason is given'}"
        raise ExecutorError(message, retryable=False)
    return bool(action["events"]) and all(one["finish_time"] for one in action["events"])


def _settled(work: Work, request: str, *states: str) -> bool:
    """Whether the request has ended and the server rests in one of these states; the status alone comes too early."""
    server = server_of(work, work.target)
    return server[_TASK] is None and server[_STATE] in states and finished(work, work.target, request)


def _done(
    work: Work, body: Mapping[str, object], states: tuple[str, ...], within: timedelta, version: str = "2.1"
) -> str:
    request = act(work, work.target, body, version)
    word = next(iter(body))
    work.until(lambda: _settled(work, request, *states), word, within)
    return f"{word}: {' or '.join(states)}"


def evacuate(work: Work) -> str:
    """Rebuild a server elsewhere, once its host is down for good."""
    server = idle(work, ("active", "stopped", "error"), "be evacuated")
    source = host_of(server)
    refuse_alive(work, source)
    request = begin_evacuation(work, server)
    work.until(lambda: evacuated(work, work.target, source, request), "evacuate", timedelta(minutes=10))
    return f"evacuated from {source} to {'another host' if work.dry else host_of(server_of(work, work.target))}"


def refuse_alive(work: Work, host: str) -> None:
    """Leave servers where they are whose host may still run them."""
    service = service_of(work, host)
    if service["state"] != "down":
        work.refuse(f"the service of {host} is {service['state']}: force it down, once it is fenced")
    if power_of(work, host) == "power on":
        work.refuse(f"the node of {host} is switched on, and may run its servers: fence it first")


def begin_evacuation(work: Work, server: Found) -> str:
    """Ask for one evacuation, if none is on its way; the scheduler says where to, unless the step does."""
    request = "" if server[_TASK] is None else _evacuation(work, server["id"])
    if request:
        return request
    host = work.param("host")
    return act(work, server["id"], {"evacuate": {"host": host} if host else {}}, EVACUATE)


def _evacuation(work: Work, ident: str) -> str:
    """Give the request of the evacuation that is on its way: what a process began that ended meanwhile."""
    actions = work.get("compute", f"/servers/{ident}/os-instance-actions", "2.84")["instanceActions"]
    latest = max(actions, key=lambda one: str(one["start_time"]), default=None)
    return str(latest["request_id"]) if latest and latest["action"] == "evacuate" else ""


def evacuated(work: Work, ident: str, source: str, request: str) -> bool:
    """Whether a server rests on another host than the one it was on."""
    server = server_of(work, ident)
    return finished(work, ident, request) and host_of(server) not in {source, ""} and server[_TASK] is None


def live_migrate(work: Work) -> str:
    """Move a running server."""
    source = host_of(idle(work, ("active", "paused"), "be moved while it runs"))
    body = {"os-migrateLive": {"host": work.param("host"), "block_migration": "auto"}}
    request = act(work, work.target, body, "2.30")
    work.until(lambda: _has_moved(work, source, request), "live migration", timedelta(minutes=30))
    return f"moved from {source} to {'another host' if work.dry else host_of(server_of(work, work.target))}"


def _has_moved(work: Work, source: str, request: str) -> bool:
    server = server_of(work, work.target)
    _refuse_failed(work)
    return host_of(server) != source and server[_TASK] is None and finished(work, work.target, request)


def _refuse_failed(work: Work) -> None:
    path = f"/os-migrations?instance_uuid={work.target}"
    listed = work.pages("compute", path, "migrations", "2.59", by="uuid")
    own = [one for one in listed if one["instance_uuid"] == work.target]
    last = max(own, key=lambda one: one["id"], default=None)
    if last and last["status"] in {"error", "failed", "cancelled"}:
        message = f"its migration to {last['dest_compute'] or 'nowhere'} is {last['status']}"
        raise ExecutorError(message, retryable=True)


def abort_live_migration(work: Work) -> str:
    """Give up the live migration that is running."""
    listed = work.get("compute", f"/servers/{work.target}/migrations", "2.80")["migrations"]
    running = [one for one in listed if one["server_uuid"] == work.target]
    if not running:
        work.refuse("no migration of it is running")
    work.send("compute", "DELETE", f"/servers/{work.target}/migrations/{running[0]['id']}", version="2.65")
    work.until(lambda: server_of(work, work.target)[_TASK] is None, "giving up the migration", 5 * _MINUTE)
    return "given up"


def migrate(work: Work) -> str:
    """Stop a server and take it to another host, where it waits to be confirmed."""
    idle(work, ("active", "stopped"), "be moved")
    host = work.param("host")
    return _done(work, {"migrate": {"host": host} if host else None}, ("resized",), 30 * _MINUTE, "2.56")


def confirm_migration(work: Work) -> str:
    """Keep a server where it was taken."""
    idle(work, ("resized",), "be confirmed")
    return _done(work, {"confirmResize": None}, ("active", "stopped"), 5 * _MINUTE)


def revert_migration(work: Work) -> str:
    """Take a server back."""
    idle(work, ("resized",), "be taken back")
    return _done(work, {"revertResize": None}, ("active", "stopped"), 30 * _MINUTE)


def reboot(work: Work) -> str:
    """Reboot a server; that it is active shows nothing, the request has to have ended."""
    kind = str(work.param("type", "hard")).upper()
    states = ("active",) if kind == "SOFT" else ("active", "stopped", "paused", "suspended", "error")
    idle(work, states, "be rebooted")
    return _done(work, {"reboot": {"type": kind}}, ("active",), 5 * _MINUTE)


def rebuild(work: Work) -> str:
    """Give a server a new root disk."""
    server = idle(work, ("active", "stopped", "error"), "be rebuilt")
    image = work.param("image") or (server["image"] or {}).get("id")
    if not image:
        work.refuse("it boots from a volume, and no image is named")
    return _done(work, {"rebuild": {"imageRef": image}}, ("active", "stopped"), 15 * _MINUTE, VERSION)


def reset_state(work: Work) -> str:
    """Have Nova take a server for active or failed."""
    state = str(work.param("state"))
    server = server_of(work, work.target)
    if server[_STATE] == state and server[_TASK] is None:
        return f"it was {state} before"
    act(work, work.target, {"os-resetState": {"state": state}})
    work.until(lambda: server_of(work, work.target)[_STATE] == state, "resetting its state", _MINUTE)
    return f"counts as {state}"


def start(work: Work) -> str:
    """Start a server."""
    if server_of(work, work.target)[_STATE] == "active":
        return "it was active before"
    idle(work, ("stopped",), "be started")
    return _done(work, {"os-start": None}, ("active",), 5 * _MINUTE)


def stop(work: Work) -> str:
    """Stop a server."""
    if server_of(work, work.target)[_STATE] == "stopped":
        return "it was stopped before"
    idle(work, ("active", "error"), "be stopped")
    return _done(work, {"os-stop": None}, ("stopped",), 5 * _MINUTE)


def shelve(work: Work) -> str:
    """Shelve a server, until its host is free of it."""
    idle(work, ("active", "stopped", "paused", "suspended"), "be shelved")
    return _done(work, {"shelve": None}, ("shelved_offloaded",), 15 * _MINUTE)


def unshelve(work: Work) -> str:
    """Bring a shelved server back."""
    idle(work, ("shelved", "shelved_offloaded"), "be brought back")
    host = work.param("host")
    body, version = ({"unshelve": {"host": host}}, "2.91") if host else ({"unshelve": None}, "2.1")
    return _done(work, body, ("active",), 15 * _MINUTE, version)


def lock(work: Work) -> str:
    """Lock a server, with our mark as the reason."""
    server = server_of(work, work.target)
    if server["locked"]:
        if not (server["locked_reason"] or "").startswith(MARK):
            work.refuse(f"somebody else has locked it: {server['locked_reason'] or 'no reason is given'}")
        return f"it was locked before: {server['locked_reason']}"
    act(work, work.target, {"lock": {"locked_reason": work.marked(work.param("reason"))}}, "2.73")
    work.until(lambda: bool(server_of(work, work.target)["locked"]), "locking it", _MINUTE)
    return "locked"


def unlock(work: Work) -> str:
    """Unlock a server that we have locked, or any where the step forces it."""
    server = server_of(work, work.target)
    if not server["locked"]:
        return "it was not locked"
    if not work.param("force") and not (server["locked_reason"] or "").startswith(MARK):
        work.refuse(f"somebody else has locked it: {server['locked_reason'] or 'no reason is given'}")
    act(work, work.target, {"unlock": None})
    work.until(lambda: not server_of(work, work.target)["locked"], "unlocking it", _MINUTE)
    return "unlocked"
