"""What is handed over to Masakari, and what is kept from it."""

from datetime import timedelta

from selfheal_rules.execute.openstack.api import Found
from selfheal_rules.execute.openstack.work import Work

VERSION = "1.2"
SEGMENTS = "/segments?limit=500"
HOSTS = "/segments/{}/hosts?limit=500"


def _host(work: Work) -> tuple[str, Found]:
    """Give the segment of a host and the host; Masakari knows hosts by UUID, and the integer `id` finds nothing."""
    found = [
        (str(segment["uuid"]), host)
        for segment in work.pages("instance_ha", SEGMENTS, "segments", VERSION)
        for host in work.pages("instance_ha", HOSTS.format(segment["uuid"]), "hosts", VERSION)
        if host["name"] == work.target
    ]
    if len(found) != 1:
        work.refuse(f"{len(found)} hosts of all segments are called {work.target!r}")
    return found[0]


def _maintain(work: Work, *, wanted: bool) -> str:
    segment, host = _host(work)
    if host["on_maintenance"] is wanted:
        return f"it was so before: on_maintenance is {str(wanted).lower()}"
    path = f"/segments/{segment}/hosts/{host['uuid']}"
    work.send("instance_ha", "PUT", path, {"host": {"on_maintenance": wanted}}, VERSION)
    work.until(lambda: _host(work)[1]["on_maintenance"] is wanted, "on_maintenance", timedelta(minutes=1))
    return f"on_maintenance is {str(wanted).lower()}"


def set_host_maintenance(work: Work) -> str:
    """Have Masakari recover nothing on a host."""
    return _maintain(work, wanted=True)


def unset_host_maintenance(work: Work) -> str:
    """Have Masakari look after a host again."""
    return _maintain(work, wanted=False)


def notify(work: Work) -> str:
    """
    Tell Masakari of a failure, and wait until it has the report in hand.

    What becomes of the recovery its notifications say: it may take an hour, and Masakari tries anew by itself what
    fails. A host on maintenance is refused here: Masakari would answer 409, for ever, since its own recoveries leave
    the host so.
    """
    _, host = _host(work)
    if host["on_maintenance"]:
        work.refuse("it is on maintenance for Masakari, which would ignore the notification")
    body = {
        "type": work.param("type"),
        "hostname": work.target,
        "generated_time": work.decision.time.replace(tzinfo=None, microsecond=0).isoformat(),
        "payload": work.others("type"),
    }
    answer = work.send("instance_ha", "POST", "/notifications", {"notification": body}, VERSION)
    if work.dry:
        return "asked"
    ident = str(answer["notification"]["notification_uuid"])
    work.until(lambda: _is_taken(work, ident), "that Masakari takes the report", timedelta(minutes=5))
    return f"taken by Masakari, notification {ident}"


def _is_taken(work: Work, ident: str) -> bool:
    status = work.get("instance_ha", f"/notifications/{ident}", VERSION)["notification"]["status"]
    if status == "ignored":
        work.fail(f"notification {ident} is ignored")
    return bool(status != "new")


def _enable(work: Work, *, wanted: bool) -> str:
    listed = work.pages("instance_ha", SEGMENTS, "segments", VERSION)
    found = [one for one in listed if work.target in {one["uuid"], one["name"]}]
    if len(found) != 1:
        work.refuse(f"{len(found)} segments are called {work.target!r}")
    if found[0]["enabled"] is wanted:
        return f"it was so before: enabled is {str(wanted).lower()}"
    path = f"/segments/{found[0]['uuid']}"
    work.send("instance_ha", "PUT", path, {"segment": {"enabled": wanted}}, VERSION)
    shown = timedelta(minutes=1)
    work.until(lambda: work.get("instance_ha", path, VERSION)["segment"]["enabled"] is wanted, "enabled", shown)
    return f"enabled is {str(wanted).lower()}"


def enable_segment(work: Work) -> str:
    """Have Masakari look after a segment again."""
    return _enable(work, wanted=True)


def disable_segment(work: Work) -> str:
    """Have Masakari ignore what happens in a segment."""
    return _enable(work, wanted=False)
