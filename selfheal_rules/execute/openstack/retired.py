"""Services whose projects have ended (Senlin, Vitrage, Congress, Monasca): one call each, as their last API has it."""

from datetime import timedelta

from selfheal_rules.execute.openstack.work import Work


def recover_node(work: Work) -> str:
    """Have Senlin recover a node."""
    operation = work.param("operation")
    return _recovered(work, "nodes", {"operation": operation} if operation else {})


def recover_cluster(work: Work) -> str:
    """Have Senlin recover what is unhealthy in a cluster."""
    return _recovered(work, "clusters", {})


def _recovered(work: Work, kind: str, how: dict[str, object]) -> str:
    found = work.get("clustering", f"/{kind}/{work.target}")[kind.removesuffix("s")]
    if found["id"] != work.target:
        work.refuse(f"{work.target!r} is not the UUID of one of the {kind}")
    answer = work.send("clustering", "POST", f"/{kind}/{work.target}/actions", {"recover": how})
    if not work.dry:
        work.until(lambda: _has_recovered(work, str(answer["action"])), "the recovery", timedelta(minutes=30))
    return "recovered"


def _has_recovered(work: Work, action: str) -> bool:
    found = work.get("clustering", f"/actions/{action}")["action"]
    if found["status"] in {"FAILED", "CANCELLED"}:
        work.fail(f"action {action} is {found['status']}: {found['status_reason']}")
    return bool(found["status"] == "SUCCEEDED")


def post_event(work: Work) -> str:
    """Tell Vitrage of an event; it keeps what is told in the form of OPNFV Doctor."""
    told = {"hostname": work.target, "source": "selfheal", "monitor_event_id": work.decision.id}
    details = {**told, **work.others("type")}
    body = {"time": work.decision.time.isoformat(), "type": work.param("type"), "details": details}
    work.send("rca", "POST", "/event", body)
    return "told"


def push_rows(work: Work) -> str:
    """Replace a table of a data source of Congress' by one row."""
    table = f"/data-sources/{work.target}/tables/{work.param('table')}"
    work.get("policy", table)
    work.send("policy", "PUT", f"{table}/rows", [work.others("table")])
    return "pushed"


def set_alarm_state(work: Work) -> str:
    """Put an alarm of Monasca's into a state."""
    path, state = f"/alarms/{work.target}", str(work.param("state"))
    if work.get("monitoring", path)["state"] == state:
        return f"it was {state} before"
    work.send("monitoring", "PATCH", path, {"state": state})
    work.until(lambda: work.get("monitoring", path)["state"] == state, state, timedelta(minutes=1))
    return state
