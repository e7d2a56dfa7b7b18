"""
Heat: its notifications about stacks and scaling groups, and events of resources from a Zaqar sink or from its API.

`user_id` of a notification is a name, and deprecated: `initiator` is `user_identity`. The end of a check is told with
the state it found, and says itself where a resource cannot be checked. The API dates events to the second, newest
first or not: a stack is what its latest event says. Feed the bus or the API's events of a stack, not both.
"""

import re
from collections.abc import Mapping
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
    sequence,
    text,
    word,
)
from selfheal_rules.values import FrozenMap, Value

SOURCE = "heat"
STATUSES = FrozenMap((name, name) for name in ("IN_PROGRESS", "COMPLETE", "FAILED"))
PHASES = ("start", "end", "error")
_STATE = re.compile(r"(\w+?)_(IN_PROGRESS|COMPLETE|FAILED)", re.ASCII)
_PHASE_OF = {"IN_PROGRESS": "start", "COMPLETE": "end", "FAILED": "error"}
_SERVER, _STACK = "OS::Nova::Server", "OS::Heat::Stack"
_PREFIXES = ("orchestration.stack.", "orchestration.autoscaling.")
_OF_API = {"event_time", "resource_status", "resource_name", "links"}


def recognise(payload: Payload) -> bool:
    """Whether a payload is a notification of Heat's, an event of a sink, or one of the API's."""
    if oslo.recognise(payload):
        return str(payload["event_type"]).startswith(_PREFIXES)
    return payload.get("type") == "os.heat.event" or payload.keys() >= _OF_API


def normalize(payload: Payload) -> Items:
    """Give the stack or the resource as it is now, and what was done to it."""
    if not oslo.recognise(payload):
        return _sunk(payload) if "type" in payload else _from_api(payload)
    data = oslo.data_of(payload["payload"], "payload")
    kind, _, rest = needed(payload, "event_type").removeprefix("orchestration.").partition(".")
    read = _stack if kind == "stack" else _scaling
    return read(data, rest, needed_moment(payload, "timestamp"), needed(payload, "message_id"))


def _split(state: str | None) -> tuple[str | None, str | None]:
    """Split `CREATE_COMPLETE`; what ends in no known status is no state."""
    matched = _STATE.fullmatch(state or "")
    return (matched[1], matched[2]) if matched else (None, None)


def _stack(data: Payload, rest: str, time: datetime, ident: str) -> Items:
    action, _, phase = rest.rpartition(".")
    if not action or phase not in PHASES:
        action, phase = rest, "once"
    common = present(
        stack=needed(data, "stack_identity"),
        name=text(data, "stack_name"),
        reason=text(data, "state_reason"),
        project=text(data, "tenant_id"),
    )
    done, status = _split(text(data, "state"))
    now = {**common, **present(action=done, status=status, created_at=moment_of(data, "create_at"))}
    initiator = text(data, "user_identity")
    said = {**common, **present(status=status, action=action, phase=phase, initiator=initiator)}
    return _told("stack", now, Event(ident, "stack.action", SOURCE, time, said))


def _told(kind: str, now: dict[str, Value], said: Event) -> Items:
    """Put the state before the event, and, where it is gone, behind it."""
    gone = (now.get("action"), now.get("status")) == ("DELETE", "COMPLETE")
    state = State(kind, SOURCE, said.time, now, gone, id=said.id)
    return (said, state) if gone else (state, said)


def _scaling(data: Payload, phase: str, time: datetime, ident: str) -> Items:
    adjustment, capacity = data.get("adjustment"), data.get("capacity")
    fields = present(
        stack=needed(data, "stack_identity"),
        name=text(data, "stack_name"),
        group=text(data, "groupname"),
        phase=phase,
        adjustment=adjustment if type(adjustment) in {int, float} else None,
        adjustment_type=text(data, "adjustment_type"),
        capacity=capacity if type(capacity) is int else None,
        reason=text(data, "message"),
        project=text(data, "tenant_id"),
    )
    return (Event(ident, "stack.scaling", SOURCE, time, fields),)


def _sunk(event: Payload) -> Items:
    """Read an event of a Zaqar sink."""
    data = mapping(event, "payload")
    return _resource(
        needed(event, "id"),
        needed_moment(event, "timestamp"),
        present(
            stack=needed(data, "stack_id"),
            resource=needed(data, "resource_name"),
            physical=text(data, "physical_resource_id"),
            resource_type=text(data, "resource_type"),
            action=text(data, "resource_action"),
            status=word(data, "resource_status", STATUSES),
            reason=text(data, "resource_status_reason"),
        ),
    )


def _from_api(event: Payload) -> Items:
    """Read an event of the API, which names its stack in a link alone, and the type of the resource not at all."""
    name, stack = _linked(event)
    physical, resource = text(event, "physical_resource_id"), needed(event, "resource_name")
    action, status = _split(needed(event, "resource_status"))
    about = _STACK if physical == stack and resource == name else text(event, "resource_type")
    return _resource(
        needed(event, "id"),
        needed_moment(event, "event_time"),
        present(
            stack=stack, resource=resource, physical=physical, resource_type=about,
            action=action, status=status, reason=text(event, "resource_status_reason"),
        ),
    )  # fmt: skip


def _linked(event: Payload) -> tuple[str, str]:
    links = [link for link in sequence(event, "links") if isinstance(link, Mapping) and link.get("rel") == "stack"]
    parts = needed(links[0], "href").rstrip("/").split("/") if links else []
    if len(parts) < len(("stacks", "name", "id")):
        message = "`links` has no link to the stack"
        raise malformed(message, "links")
    return parts[-2], parts[-1]


def _resource(ident: str, time: datetime, now: dict[str, Value]) -> Items:
    if now.get("resource_type") == _STACK and now.get("physical") in {now["stack"], None}:
        return _whole_stack(ident, time, now)
    physical = now.get("physical")
    instance = physical if now.get("resource_type") == _SERVER else None
    now = {**now, **present(instance=instance)}
    return _told("stack.resource", now, Event(ident, "stack.resource.action", SOURCE, time, now))


def _whole_stack(ident: str, time: datetime, now: dict[str, Value]) -> Items:
    """Give an event about the stack itself as what it is."""
    common = present(stack=now["stack"], name=now["resource"], reason=now.get("reason"))
    status, action = now.get("status"), now.get("action")
    phase = _PHASE_OF.get(status or "", "once")
    said = {**common, **present(status=status, action=(action or "unknown").lower(), phase=phase)}
    now = {**common, **present(status=status, action=action)}
    return _told("stack", now, Event(ident, "stack.action", SOURCE, time, said))
