"""Names and what they stand for (Designate)."""

from datetime import timedelta

from selfheal_rules.execute.openstack.api import Found
from selfheal_rules.execute.openstack.work import Work


def _records(work: Work) -> Found:
    found = work.get("dns", f"/zones/{work.param('zone')}/recordsets/{work.target}")
    if found["id"] != work.target:
        work.refuse(f"{work.target!r} is not the UUID of a record set")
    return found


def switch_records(work: Work) -> str:
    """Have a name stand for other addresses; it is done once the name servers answer so."""
    found, wanted = _records(work), [str(one) for one in _listed(work.param("records"))]
    if not wanted:
        work.refuse("no record is named: the name would stand for nothing")
    ttl = work.param("ttl", found["ttl"])
    if sorted(found["records"]) == sorted(wanted) and found["ttl"] == ttl and found["status"] == "ACTIVE":
        return "it stood for them before"
    if found["status"] == "PENDING" and sorted(found["records"]) != sorted(wanted):
        work.later("a change of it is under way")
    body = {"records": wanted, "ttl": ttl}
    work.send("dns", "PUT", f"/zones/{work.param('zone')}/recordsets/{work.target}", body)
    work.until(lambda: _is_served(work, wanted), "the switch", timedelta(minutes=5))
    return f"it stood for {', '.join(found['records'])}"


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _is_served(work: Work, wanted: list[str]) -> bool:
    """Whether the name servers have it: Designate asks each of them, and calls it ACTIVE after that."""
    found = _records(work)
    if found["status"] == "ERROR":
        work.later("a name server did not take it over")
    return bool(found["status"] == "ACTIVE") and sorted(found["records"]) == sorted(wanted)
