"""Volumes and the back ends they are on (Cinder)."""

from datetime import timedelta
from urllib.parse import quote

from selfheal_rules.execute.openstack.api import Found
from selfheal_rules.execute.openstack.compute_hosts import service_of
from selfheal_rules.execute.openstack.work import MARK, Work

_MINUTE = timedelta(minutes=1)
_BINARY = "cinder-volume"
_FAILOVER = "3.26"
_SAID_ONLY = " (Cinder 28.0 answers that it is, and leaves it disabled: thaw the back end)"
_SHUT_DOWN = frozenset({4, 6})
"""The power states, as Nova numbers them, of a guest that surely runs no more: shut down, crashed."""


def _volume(work: Work) -> Found:
    found: Found = work.get("block_storage", f"/volumes/{work.target}")["volume"]
    if found["id"] != work.target:
        work.refuse(f"{work.target!r} is not the UUID of a volume")
    return found


def _act(work: Work, **body: object) -> None:
    work.send("block_storage", "POST", f"/volumes/{work.target}/action", body)


def reset_status(work: Work) -> str:
    """Have Cinder take a volume for another status; that it is attached shows in its attachments, and nowhere else."""
    status, attached = str(work.param("status")), work.param("attach_status")
    if _volume(work)["status"] == status and not attached:
        return f"it was {status} before"
    _act(work, **{"os-reset_status": {"status": status, **({"attach_status": attached} if attached else {})}})
    work.until(lambda: _volume(work)["status"] == status, "resetting its status", _MINUTE)
    return f"counts as {status}"


def force_detach(work: Work) -> str:
    """Take a volume off a server that runs no more: two that write to one disk spoil it."""
    attachment = _attachment(work, _volume(work))
    _refuse_running(work, str(attachment["server_id"]))
    ident = str(attachment["attachment_id"])
    _act(work, **{"os-force_detach": {"attachment_id": ident, "connector": None}})
    work.until(lambda: _is_off(work, ident), "detaching it", timedelta(minutes=5))
    return f"taken off {attachment['server_id']}"


def _attachment(work: Work, volume: Found) -> Found:
    wanted = work.param("attachment")
    found: list[Found] = [one for one in volume["attachments"] if wanted in {None, one["attachment_id"]}]
    if len(found) != 1:
        work.refuse(f"{len(found)} attachments of it are meant, of {len(volume['attachments'])}")
    return found[0]


def _refuse_running(work: Work, server: str) -> None:
    found = work.find("compute", f"/servers/{server}", "2.93")
    if found is None:
        return
    known = found["server"]
    if known["OS-EXT-STS:power_state"] in _SHUT_DOWN:
        return
    host = str(known["OS-EXT-SRV-ATTR:host"] or "")
    if not host or not service_of(work, host)["forced_down"]:
        work.refuse(f"server {server} may still run: stop it, or fence its host and force it down")


def _is_off(work: Work, attachment: str) -> bool:
    volume = _volume(work)
    return all(one["attachment_id"] != attachment for one in volume["attachments"]) and volume["status"] != "detaching"


def _service(work: Work) -> Found:
    """Give the service of a back end, held against what was asked for."""
    listed = work.get("block_storage", f"/os-services?binary={_BINARY}&host={quote(work.target)}")["services"]
    found: list[Found] = [one for one in listed if (one["binary"], one["host"]) == (_BINARY, work.target)]
    if len(found) != 1:
        work.refuse(f"{len(found)} back ends are called {work.target!r}")
    return found[0]


def failover_host(work: Work) -> str:
    """Use the copy of a back end, or the back end itself again."""
    service, wanted = _service(work), work.param("backend_id")
    back = wanted == "default"
    before, after = ("failed-over", "enabled") if back else ("enabled", "failed-over")
    status = service["replication_status"]
    if status == after and (back or wanted in {None, service["active_backend_id"]}):
        return f"it was {after} before"
    if status == "failing-over":
        work.later("a failover of it is under way")
    if status != before:
        work.refuse(f"its replication is {status}, not {before}")
    body = {"host": work.target, **({"backend_id": wanted} if wanted else {})}
    work.send("block_storage", "PUT", "/os-services/failover_host", body, _FAILOVER)
    work.until(lambda: _stands(work, before, after), "the failover", timedelta(minutes=15))
    return f"{after}; it uses {'another back end' if work.dry else _service(work)['active_backend_id'] or 'its own'}"


def _stands(work: Work, before: str, after: str) -> bool:
    """
    Whether a failover is over.

    Cinder calls a back end `failing-over` before it answers, so one that is as it was has gone back: it knows no such
    copy, and says so in its log alone.
    """
    status = _service(work)["replication_status"]
    if status in {before, "error", "failover-error"}:
        work.fail(f"it did not fail over, and its replication is {status}")
    return bool(status == after)


def freeze_host(work: Work) -> str:
    """Have a back end take nothing new."""
    return _set_frozen(work, "freeze", wanted=True)


def thaw_host(work: Work) -> str:
    """Have a back end take what is new again."""
    return _set_frozen(work, "thaw", wanted=False)


def _set_frozen(work: Work, verb: str, *, wanted: bool) -> str:
    if _service(work)["frozen"] is wanted:
        return f"it was so before: frozen is {str(wanted).lower()}"
    work.send("block_storage", "PUT", f"/os-services/{verb}", {"host": work.target})
    work.until(lambda: _service(work)["frozen"] is wanted, verb, _MINUTE)
    return f"frozen is {str(wanted).lower()}"


def disable_service(work: Work) -> str:
    """Keep the scheduler off a back end, with our mark as the reason; nobody else's is written over."""
    service = _service(work)
    if service["status"] == "disabled":
        if not _is_ours(service):
            work.refuse(f"somebody else has disabled it: {service['disabled_reason'] or 'no reason is given'}")
        return f"it was disabled before: {service['disabled_reason']}"
    body = {"host": work.target, "binary": _BINARY, "disabled_reason": work.marked(work.param("reason"))}
    work.send("block_storage", "PUT", "/os-services/disable-log-reason", body)
    work.until(lambda: _service(work)["status"] == "disabled", "disabling it", _MINUTE)
    return "disabled"


def enable_service(work: Work) -> str:
    """Let the scheduler use a back end again that we have disabled."""
    service = _service(work)
    if service["status"] == "enabled":
        return "it was enabled before"
    if not _is_ours(service):
        work.refuse(f"somebody else has disabled it: {service['disabled_reason'] or 'no reason is given'}")
    work.send("block_storage", "PUT", "/os-services/enable", {"host": work.target, "binary": _BINARY})
    work.until(lambda: _service(work)["status"] == "enabled", f"enabling it{_SAID_ONLY}", timedelta(seconds=10))
    return "enabled"


def _is_ours(service: Found) -> bool:
    return str(service["disabled_reason"] or "").startswith(MARK)
