"""Work that other services do: stacks (Heat), workflows (Mistral), alarms (Aodh), audits (Watcher), queues (Zaqar)."""

from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from selfheal_rules.execute.openstack.api import Found
from selfheal_rules.execute.openstack.work import Work
from selfheal_rules.vocabulary import parse_duration

_HALF_AN_HOUR = timedelta(minutes=30)
_BAD_STACK = ("_FAILED", "ROLLBACK_COMPLETE")


def _stack(work: Work, ident: str) -> Found:
    found: Found = work.get("orchestration", f"/stacks/{ident}")["stack"]
    if ident not in {found["id"], found["stack_name"]}:
        work.refuse(f"asked for stack {ident!r}, and was given {found['id']}")
    return found


def _resting(work: Work, ident: str) -> Found:
    stack = _stack(work, ident)
    if stack["stack_status"].endswith("IN_PROGRESS"):
        work.later(f"the stack is {stack['stack_status']}")
    return stack


def _path(stack: Found) -> str:
    return f"/stacks/{stack['stack_name']}/{stack['id']}"


def mark_unhealthy(work: Work) -> str:
    """Have a resource replaced by the next update; it is found by its name, or by what it stands for."""
    stack = _resting(work, str(work.param("stack")))
    listed = work.get("orchestration", f"{_path(stack)}/resources?nested_depth=0")["resources"]
    found = [one for one in listed if work.target in {one["resource_name"], one["physical_resource_id"]}]
    if len(found) != 1:
        work.refuse(f"{len(found)} resources of the stack are called {work.target!r}")
    if found[0]["resource_status"] == "CHECK_FAILED":
        return "it was marked before"
    body = {"mark_unhealthy": True, "resource_status_reason": work.marked(work.param("reason"))}
    path = f"{_path(stack)}/resources/{found[0]['resource_name']}"
    work.send("orchestration", "PATCH", path, body)
    work.until(lambda: _is_marked(work, path), "marking it", timedelta(minutes=1))
    return "marked"


def _is_marked(work: Work, path: str) -> bool:
    return bool(work.get("orchestration", path)["resource"]["resource_status"] == "CHECK_FAILED")


def update_stack(work: Work) -> str:
    """Update a stack by the template it has: the verb PATCH is what `existing` means."""
    stack = _resting(work, work.target)
    if stack.get("parent"):
        work.refuse(f"it is a part of the stack {stack['parent']}: update that one")
    parameters = work.others()
    work.send("orchestration", "PATCH", _path(stack), {"parameters": parameters} if parameters else {})
    work.until(lambda: _reached(work, stack, "UPDATE_COMPLETE"), "the update", _HALF_AN_HOUR)
    return "UPDATE_COMPLETE"


def check_stack(work: Work) -> str:
    """Have Heat look whether what a stack is made of is still there."""
    stack = _resting(work, work.target)
    work.send("orchestration", "POST", f"{_path(stack)}/actions", {"check": None})
    work.until(lambda: _reached(work, stack, "CHECK_COMPLETE"), "the check", _HALF_AN_HOUR)
    return "CHECK_COMPLETE"


def _reached(work: Work, before: Found, status: str) -> bool:
    """Whether a stack came to a status by an action that began after we looked: it may have stood there before."""
    now = _stack(work, str(before["id"]))
    if now["stack_status"] == before["stack_status"] and now["updated_time"] == before["updated_time"]:
        return False
    if now["stack_status"].endswith(_BAD_STACK):
        work.fail(f"{now['stack_status']}: {now['stack_status_reason']}")
    return bool(now["stack_status"] == status)


def signal(work: Work) -> str:
    """Signal a resource of a stack."""
    stack = _stack(work, str(work.param("stack")))
    work.send("orchestration", "POST", f"{_path(stack)}/resources/{work.target}/signal", work.others("stack"))
    return "signalled"


def start_workflow(work: Work) -> str:
    """Start a workflow under an id made of the decision's key: a second call is given the execution of the first."""
    ident = str(uuid5(NAMESPACE_URL, f"selfheal:{work.decision.idempotency_key}"))
    namespace = work.param("namespace", "")
    body = {
        "id": ident,
        "workflow_name": work.param("workflow"),
        "workflow_namespace": namespace,
        "input": work.others("workflow", "namespace"),
        "description": work.marked(),
    }
    work.get("workflow", f"/workflows/{work.param('workflow')}" + (f"?namespace={namespace}" if namespace else ""))
    work.send("workflow", "POST", "/executions", body)
    work.until(lambda: _has_succeeded(work, ident), "the workflow", timedelta(hours=1))
    return f"execution {ident}"


def _has_succeeded(work: Work, ident: str) -> bool:
    found = work.get("workflow", f"/executions/{ident}")
    if found["state"] in {"ERROR", "CANCELLED"}:
        work.fail(f"execution {ident} is {found['state']}: {found['state_info']}"[:500])
    return bool(found["state"] == "SUCCESS")


def set_alarm_state(work: Work) -> str:
    """Put an alarm into a state; the body is a JSON string, and nothing acts on it."""
    path, state = f"/alarms/{work.target}/state", str(work.param("state"))
    if _state(work, path) == state:
        return f"it was {state} before"
    work.send("alarm", "PUT", path, state)
    work.until(lambda: _state(work, path) == state, state, timedelta(minutes=1))
    return state


def _state(work: Work, path: str) -> object:
    """Give the state: a JSON string, not an object."""
    return work.get("alarm", path)


def post_message(work: Work) -> str:
    """Post a message to a queue."""
    message = {
        "body": work.others("ttl", "delay"),
        "ttl": _seconds(work, "ttl", "5m"),
        "delay": _seconds(work, "delay", "0s"),
    }
    work.send("message", "POST", f"/queues/{work.target}/messages", {"messages": [message]})
    return "posted"


def _seconds(work: Work, name: str, otherwise: str) -> int:
    return int(parse_duration(str(work.param(name, otherwise))).total_seconds())


_WATCHER = "1.4"


def start_audit(work: Work) -> str:
    """Have Watcher look for a better way; our mark is the name of the audit, so that a second call finds the first."""
    own = ("goal", "strategy", "auto_trigger")
    body = {
        "name": work.mark,
        "audit_type": "ONESHOT",
        "goal": work.param("goal"),
        "parameters": work.others(*own),
        "auto_trigger": bool(work.param("auto_trigger")),
    }
    if work.param("strategy"):
        body["strategy"] = work.param("strategy")
    return _audited(work, body)


def run_actions(work: Work) -> str:
    """Have Watcher carry out an action, by the strategy that takes actions as they are given."""
    action = {
        "action_type": work.param("action_type"),
        "resource_id": work.param("resource"),
        "input_parameters": work.others("action_type", "resource"),
    }
    body = {
        "name": work.mark,
        "audit_type": "ONESHOT",
        "goal": "unclassified",
        "strategy": "actuator",
        "parameters": {"actions": [action]},
        "auto_trigger": True,
    }
    return _audited(work, body)


def _audited(work: Work, body: dict[str, object]) -> str:
    listed = work.pages("infra_optim", "/audits?limit=500", "audits", _WATCHER, by="uuid")
    known = next((one for one in listed if one["name"] == body["name"]), None)
    audit = known or work.send("infra_optim", "POST", "/audits", body, _WATCHER)
    if work.dry:
        return "asked"
    ident = str(audit["uuid"])
    work.until(lambda: _audit_is_over(work, ident), "the audit", timedelta(minutes=15))
    if body["auto_trigger"]:
        path = f"/action_plans?audit_uuid={ident}"
        for plan in work.pages("infra_optim", path, "action_plans", _WATCHER, by="uuid"):
            _plan_ends(work, str(plan["uuid"]))
    return f"audit {ident} succeeded"


def _plan_ends(work: Work, ident: str) -> None:
    """Wait for a plan: an audit has succeeded as soon as it has one, long before anything is done."""
    work.until(lambda: _plan_is_over(work, f"/action_plans/{ident}"), "the plan", timedelta(hours=1))


def _audit_is_over(work: Work, ident: str) -> bool:
    state = work.get("infra_optim", f"/audits/{ident}", _WATCHER)["state"]
    if state in {"FAILED", "CANCELLED", "SUSPENDED"}:
        work.fail(f"audit {ident} is {state}")
    return bool(state == "SUCCEEDED")


def start_action_plan(work: Work) -> str:
    """Carry out a plan that is recommended, and still is."""
    path = f"/action_plans/{work.target}"
    state = work.get("infra_optim", path, _WATCHER)["state"]
    if state != "RECOMMENDED":
        work.refuse(f"it is {state}, not RECOMMENDED")
    work.send("infra_optim", "POST", f"{path}/start", version=_WATCHER)
    _plan_ends(work, work.target)
    return "SUCCEEDED"


def _plan_is_over(work: Work, path: str) -> bool:
    state = work.get("infra_optim", path, _WATCHER)["state"]
    if state in {"FAILED", "CANCELLED", "SUPERSEDED"}:
        work.fail(f"the plan is {state}")
    return bool(state == "SUCCEEDED")


def trigger_audit(work: Work) -> str:
    """Trigger an audit that waits for an event."""
    audit = work.get("infra_optim", f"/audits/{work.target}", _WATCHER)
    if audit["audit_type"] != "EVENT":
        work.refuse(f"it is of the type {audit['audit_type']}, not EVENT")
    work.send("infra_optim", "POST", f"/webhooks/{work.target}", {}, _WATCHER)
    return "triggered"
