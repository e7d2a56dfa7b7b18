"""
Aodh: the body of its webhook, and what it says of its alarms on the bus.

The webhook carries no time, so the caller says when it was `received`. An alarm over measurements or load-balancer
members is a state: `ok` clears it, `insufficient data` leaves it held with the status `unknown`. An alarm over an
event is an event: Aodh never takes it back to `ok`, so as a state it would hold for ever. With `repeat_actions` Aodh
sends an alarm again every minute; its id stays the same.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from selfheal_rules.events import Event, State
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Parts,
    Payload,
    each,
    fingerprint,
    instant,
    malformed,
    mapping,
    moment_of,
    needed,
    needed_moment,
    present,
    sequence,
    shown,
    text,
)
from selfheal_rules.values import FrozenMap, Value

SOURCE = "aodh"
STATUSES = FrozenMap({"ok": "ok", "alarm": "problem", "insufficient data": "unknown"})
SEVERITIES = FrozenMap({"low": "warning", "moderate": "major", "critical": "critical"})

_CHANGES = ("alarm.creation", "alarm.rule_change", "alarm.state_transition", "alarm.deletion")
_CROPPED = 255
"""Ceilometer crops the text of a trait here."""


def recognise(payload: Payload) -> bool:
    """Whether a payload is the webhook's body, a notification of Aodh's, or a record of an alarm's history."""
    return _is_webhook(payload) or _is_record(payload) or (oslo.recognise(payload) and _is_ours(payload))


def _is_webhook(payload: Payload) -> bool:
    return {"alarm_id", "current", "previous"} <= payload.keys()


def _is_record(payload: Payload) -> bool:
    return {"alarm_id", "event_id", "detail", "type"} <= payload.keys()


def _is_ours(message: Payload) -> bool:
    return message["event_type"] == "alarm.update" or message["event_type"] in _CHANGES


def normalize(payload: Payload, received: datetime | None) -> Parts:
    """Give what an alarm's notification says: the state of the alarm, or the event it was raised by."""
    if oslo.recognise(payload):
        return _from_bus(payload)
    return _record(payload) if _is_record(payload) else _notification(payload, received)


def _from_bus(message: Payload) -> Parts:
    payload = oslo.data_of(message["payload"], "payload")
    if message["event_type"] == "alarm.update":
        return _notification(payload, needed_moment(message, "timestamp"))
    return _record(payload)


def _notification(payload: Payload, received: datetime | None) -> Parts:
    data = mapping(payload, "reason_data")
    status = _status(payload, "current")
    if data.get("type") == "event" and status == "problem":
        return _raised_by_event(payload, data, received)
    if received is None:
        message = "an alarm of Aodh carries no time, and when it was received is not known"
        raise malformed(message, "received")
    return _alarm(payload, data, status, received)


def _status(payload: Payload, name: str) -> str:
    said = needed(payload, name)
    if said not in STATUSES:
        message = f"`{name}` is {shown(said)}, none of 'ok', 'alarm' and 'insufficient data'"
        raise malformed(message, name)
    found: str = STATUSES[said]
    return found


def _severity(payload: Payload) -> str | None:
    return SEVERITIES.get(text(payload, "severity") or "")


def _alarm(payload: Payload, data: Payload, status: str, time: datetime) -> Parts:
    alarm, reason = needed(payload, "alarm_id"), text(payload, "reason")
    fields = present(
        alarm=alarm,
        name=text(payload, "alarm_name"),
        status=status,
        severity=_severity(payload),
        rule_type=text(data, "type"),
        reason=reason,
        **_resource(data),
    )
    said = State("alarm", SOURCE, time, fields, status == "ok", id=fingerprint(alarm, status, reason))
    members = _pool(data, status, time) if data.get("type") == "loadbalancer_member_health" else ()
    return (said, *members)


def _resource(data: Payload) -> dict[str, Value]:
    """Say what an alarm is about: the pool, or what the rules that caused a composite alarm agree on."""
    if data.get("type") == "loadbalancer_member_health":
        return _about("lb_pool", text(data, "pool_id"))
    rules = [rule for rule in mapping(data, "causative_rules").values() if isinstance(rule, Mapping)]
    about = {(text(rule, "resource_type"), text(rule, "resource_id")) for rule in rules}
    return _about(*about.pop()) if len(about) == 1 else {}


def _about(resource_type: str | None, resource: str | None) -> dict[str, Value]:
    named = {resource_type: resource} if resource_type in {"host", "instance"} else {}
    return present(resource_type=resource_type, resource=resource, **named)


def _pool(data: Payload, status: str, time: datetime) -> Parts:
    """
    Give the pool as a state, which `ok` clears, and each of its sick members as an event, which nothing clears.

    A member that cannot be read is counted with the others.
    """
    pool = text(data, "pool_id")
    if pool is None:
        return ()
    about = present(pool=pool, stack=text(data, "stack_id"), group=text(data, "asg_id"))
    members = each(data, "unhealthy_members", lambda member: _member(member, about, time), "name")
    named = [one.fields["member"] for one in members if isinstance(one, Event)]
    fields = {**about, "status": status, "unhealthy": len(members), "members": named}
    return (State("lb.pool", SOURCE, time, fields, status == "ok"), *members)


def _member(told: object, pool: Mapping[str, Value], time: datetime) -> Items:
    member = oslo.data_of(told, "unhealthy_members")
    port = member.get("protocol_port")
    changed = text(member, "updated_at") or text(member, "created_at")
    fields = present(
        member=needed(member, "id"),
        name=text(member, "name"),
        address=text(member, "address"),
        port=port if type(port) is int else None,
        operating_status=text(member, "operating_status"),
        provisioning_status=text(member, "provisioning_status"),
        pool=pool["pool"],
        stack=pool.get("stack"),
        group=pool.get("group"),
    )
    ident = fingerprint("lb.member_unhealthy", pool["pool"], fields["member"], changed)
    return (Event(ident, "lb.member_unhealthy", SOURCE, time, fields),)


def _raised_by_event(payload: Payload, data: Payload, received: datetime | None) -> Items:
    event = mapping(data, "event")
    time = moment_of(event, "generated") or received
    if time is None:
        message = "the event of an alarm has no `generated`, and when it was received is not known"
        raise malformed(message, "generated")
    traits = dict(_trait(trait) for trait in sequence(event, "traits"))
    alarm, occurrence = needed(payload, "alarm_id"), needed(event, "message_id")
    fields = present(
        alarm=alarm,
        name=text(payload, "alarm_name"),
        severity=_severity(payload),
        event_type=text(event, "event_type"),
        message=occurrence,
        host=_said(traits, "host"),
        instance=_said(traits, "instance_id"),
        project=_said(traits, "project_id") or _said(traits, "tenant_id"),
        traits=traits,
        cropped=sorted(name for name, value in traits.items() if isinstance(value, str) and len(value) >= _CROPPED),
        reason=text(payload, "reason"),
    )
    return (Event(fingerprint("alarm.event", alarm, occurrence), "alarm.event", SOURCE, time, fields),)


def _said(traits: Mapping[str, Value], name: str) -> str | None:
    value = traits.get(name)
    return value if isinstance(value, str) and value else None


def _trait(trait: object) -> tuple[str, Value]:
    """Read `[name, type, value]`; the value of type 4 is a time."""
    if not isinstance(trait, list | tuple) or len(trait) != len(("name", "type", "value")):
        message = f"a trait is {shown(trait)}, not a list of name, type and value"
        raise malformed(message, "traits")
    name, kind, value = trait
    if not isinstance(name, str):
        message = f"a trait is named {shown(name)}, not by a text"
        raise malformed(message, "traits")
    is_time = kind == 4 and isinstance(value, str)  # noqa: PLR2004 - Ceilometer's number for a datetime
    return name, instant(value, f"traits.{name}") if is_time else oslo.plain(value)


def _record(payload: Payload) -> Items:
    """Give one change of an alarm; `detail` is a mapping from the API and a JSON text from the evaluator."""
    alarm, change = needed(payload, "alarm_id"), needed(payload, "type")
    time, detail = needed_moment(payload, "timestamp"), _detail(payload.get("detail"))
    state = text(detail, "state")
    fields = present(
        alarm=alarm,
        change=change,
        name=text(detail, "name"),
        rule_type=text(detail, "type"),
        severity=_severity(payload) or _severity(detail),
        status=_status(detail, "state") if state else None,
        reason=text(detail, "transition_reason") or text(detail, "state_reason"),
        project=text(payload, "on_behalf_of") or text(payload, "project_id"),
    )
    said = Event(needed(payload, "event_id"), "alarm.change", SOURCE, time, fields)
    gone = State("alarm", SOURCE, time, FrozenMap({"alarm": alarm, "status": "ok"}), cleared=True)
    return (said, gone) if change == "deletion" else (said,)


def _detail(detail: object) -> Payload:
    if isinstance(detail, str):
        try:
            detail = json.loads(detail)
        except ValueError:
            message = f"`detail` is {shown(detail)}, neither a mapping nor JSON"
            raise malformed(message, "detail") from None
    return oslo.data_of(detail, "detail")
