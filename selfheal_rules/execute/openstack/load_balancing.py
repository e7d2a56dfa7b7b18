"""Load balancers, amphorae and members (Octavia)."""

from datetime import timedelta

from selfheal_rules.execute.openstack.api import Found
from selfheal_rules.execute.openstack.work import Work

_BASE = "/lbaas"
_WITHIN = timedelta(minutes=5)


def _balancer(work: Work, ident: str) -> Found:
    found: Found = work.get("load_balancer", f"{_BASE}/loadbalancers/{ident}")["loadbalancer"]
    if found["id"] != ident:
        work.refuse(f"{ident!r} is not the UUID of a load balancer")
    return found


def _mutable(work: Work, balancer: Found, *states: str) -> None:
    """Octavia answers 409 while something is done to a load balancer."""
    if balancer["provisioning_status"] not in states:
        work.later(f"the load balancer is {balancer['provisioning_status']}")


def _is_active(work: Work, ident: str) -> bool:
    status = _balancer(work, ident)["provisioning_status"]
    if status == "ERROR":
        work.later("the load balancer is in ERROR")
    return bool(status == "ACTIVE")


def failover(work: Work) -> str:
    """Have the amphorae of a load balancer built anew."""
    _mutable(work, _balancer(work, work.target), "ACTIVE", "ERROR")
    before = _amphorae(work, work.target)
    work.send("load_balancer", "PUT", f"{_BASE}/loadbalancers/{work.target}/failover")
    work.until(lambda: _is_active(work, work.target) and _are_new(work, before), "the failover", _WITHIN)
    return "failed over"


def _are_new(work: Work, before: set[str]) -> bool:
    """Whether none of the amphorae is left; providers without amphorae have none."""
    return not before or not before & _amphorae(work, work.target)


def _amphorae(work: Work, balancer: str) -> set[str]:
    listed = work.pages("load_balancer", f"/octavia/amphorae?loadbalancer_id={balancer}", "amphorae")
    return {str(one["id"]) for one in listed if one["loadbalancer_id"] == balancer and one["status"] == "ALLOCATED"}


def failover_amphora(work: Work) -> str:
    """Have one amphora built anew."""
    amphora = work.get("load_balancer", f"/octavia/amphorae/{work.target}")["amphora"]
    balancer = str(amphora["loadbalancer_id"] or "")
    if not balancer:
        work.refuse("it serves no load balancer")
    _mutable(work, _balancer(work, balancer), "ACTIVE", "ERROR")
    work.send("load_balancer", "PUT", f"/octavia/amphorae/{work.target}/failover")
    gone = {work.target}
    work.until(lambda: _is_active(work, balancer) and not gone & _amphorae(work, balancer), "the failover", _WITHIN)
    return "failed over"


def _member(work: Work) -> tuple[str, Found, str]:
    pool = str(work.param("pool"))
    found = work.get("load_balancer", f"{_BASE}/pools/{pool}")["pool"]
    path = f"{_BASE}/pools/{pool}/members/{work.target}"
    return path, work.get("load_balancer", path)["member"], str(found["loadbalancers"][0]["id"])


def _weigh(work: Work, path: str, balancer: str, weight: int) -> None:
    _mutable(work, _balancer(work, balancer), "ACTIVE")
    work.send("load_balancer", "PUT", path, {"member": {"weight": weight}})
    work.until(lambda: _weighs(work, path, balancer, weight), f"weight {weight}", _WITHIN)


def _weighs(work: Work, path: str, balancer: str, weight: int) -> bool:
    return _is_active(work, balancer) and work.get("load_balancer", path)["member"]["weight"] == weight


def drain_member(work: Work) -> str:
    """Give a member no new connections, as long as another one takes them."""
    path, member, balancer = _member(work)
    if member["weight"] == 0:
        return "it was drained before"
    others = work.pages("load_balancer", f"{path.rpartition('/')[0]}?limit=500", "members")
    if not [one for one in others if one["id"] != member["id"] and one["weight"] and one["admin_state_up"]]:
        work.refuse("no other member of the pool would take its connections")
    _weigh(work, path, balancer, 0)
    return f"drained; its weight was {member['weight']}"


def restore_member(work: Work) -> str:
    """Give a member its weight back."""
    path, member, balancer = _member(work)
    weight = int(str(work.param("weight", 1)))
    if member["weight"] == weight:
        return f"its weight was {weight} before"
    _weigh(work, path, balancer, weight)
    return f"its weight is {weight}"
