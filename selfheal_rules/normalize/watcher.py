"""
Watcher's notifications: audits, action plans and actions as they are, and its services.

A rule that acts on an instance Watcher is just moving works against it: `watcher.action` says which. The state in a
payload is the one at the moment of sending, which at a `start` is still that before; `state_update` of an `update` may
hold nothing at all. `service.update` misspells `sevice_host`, and Nova has one of the same type.
"""

from datetime import datetime

from selfheal_rules.events import Event, State
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    malformed,
    mapping,
    moment_of,
    needed,
    needed_moment,
    present,
    text,
    word,
)
from selfheal_rules.values import FrozenMap, Value

SOURCE = "watcher"
STATUSES = FrozenMap(
    (name, name)
    for name in (
        "PENDING", "RECOMMENDED", "ONGOING", "SUCCEEDED", "FAILED", "CANCELLING", "CANCELLED", "SUSPENDED",
        "SUPERSEDED", "SKIPPED", "DELETED",
    )
)  # fmt: skip
OVER = frozenset({"SUCCEEDED", "CANCELLED", "SUPERSEDED", "SKIPPED", "DELETED"})
"""After which nothing more comes; what FAILED stays, until it is deleted."""

PHASES = ("start", "end", "error")
_KINDS = ("audit", "action_plan", "action")
_SERVICE, _EXCEPTION = "service.update", "infra-optim.exception"


def recognise(message: Payload) -> bool:
    """Whether a notification is one of Watcher's: the namespace of its object tells it from Nova's."""
    if not oslo.recognise(message):
        return False
    event_type = str(message["event_type"])
    is_ours = event_type.partition(".")[0] in _KINDS or event_type in {_SERVICE, _EXCEPTION}
    return is_ours and oslo.namespace(message) == "watcher"


def normalize(message: Payload) -> Items:
    """Give what an audit, a plan, an action or a service is now, and what became of it."""
    event_type = needed(message, "event_type")
    data, time = oslo.data_of(message["payload"], "payload"), needed_moment(message, "timestamp")
    if event_type == _SERVICE:
        return _service(message, data, time)
    if event_type == _EXCEPTION:
        return (Event(needed(message, "message_id"), "watcher.error", SOURCE, time, _fault(data)),)
    of, _, turn = event_type.partition(".")
    return _work(of, turn, data, time, needed(message, "message_id"))


def _work(of: str, turn: str, data: Payload, time: datetime, ident: str) -> Items:
    now = {**_common(of, data), **_about(of, data)}
    gone = turn.startswith("delete") or now.get("status") in OVER
    state = State(f"watcher.{of}", SOURCE, time, now, gone, id=ident)
    fault = oslo.data_of(data.get("fault"), "fault")
    if not turn.endswith(".error") and not fault:
        return (state,)
    told = {"type": of, "resource": now[of], **present(status=now.get("status"), plan=now.get("plan")), **_fault(fault)}
    return (state, Event(ident, "watcher.error", SOURCE, time, told))


def _common(of: str, data: Payload) -> dict[str, Value]:
    return present(
        status=word(data, "state", STATUSES),
        reason=text(data, "status_message"),
        created_at=moment_of(data, "created_at"),
        **{of: needed(data, "uuid")},
    )


def _about(of: str, data: Payload) -> dict[str, Value]:
    if of == "audit":
        return present(name=text(data, "name"), audit_type=text(data, "audit_type"), goal=_named(data, "goal"))
    if of == "action_plan":
        return present(audit=text(data, "audit_uuid"), strategy=_named(data, "strategy"))
    plan, parameters = oslo.data_of(data.get("action_plan"), "action_plan"), mapping(data, "input_parameters")
    return present(
        action_type=text(data, "action_type"),
        plan=text(plan, "uuid"),
        resource=_said(parameters, "resource_id") or "",  # so that a rule may join by it inside `none`
        resource_name=_said(parameters, "resource_name"),
        host=_said(parameters, "source_node"),
        destination=_said(parameters, "destination_node"),
        parameters=oslo.plain(parameters),
    )


def _said(parameters: Payload, name: str) -> str | None:
    """Give a parameter that is a text; which there are, and of what type, is up to each action."""
    value = parameters.get(name)
    return value if isinstance(value, str) and value else None


def _named(data: Payload, name: str) -> str | None:
    return text(oslo.data_of(data.get(name), name), "name")


def _fault(fault: Payload) -> dict[str, Value]:
    return present(
        fault=text(fault, "exception_message"),
        fault_class=text(fault, "exception"),
        fault_function=text(fault, "function_name"),
    )


def _service(message: Payload, data: Payload, time: datetime) -> Items:
    host = text(data, "sevice_host") or text(data, "service_host")
    if host is None:
        problem = "neither `sevice_host` nor `service_host` is there"
        raise malformed(problem, "sevice_host")
    change = oslo.data_of(data.get("status_update"), "status_update")
    fields = present(
        host=host,
        name=needed(data, "name"),
        status=text(change, "state"),
        old_status=text(change, "old_state"),
        last_seen_up=moment_of(data, "last_seen_up"),
    )
    return (State("watcher.service", SOURCE, time, fields, id=needed(message, "message_id")),)
