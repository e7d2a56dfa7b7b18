"""
Vitrage: the body of its webhook, what its graph says on the bus, and the events of its API (the Doctor format).

An alarm Vitrage deduced is told twice, as `vitrage.alarm.*` and as `vitrage.deduced_alarm.*`: both are one state here.
One document writes times in two forms. An event in the Doctor format is a `compute.host.down` also where its `status`
is `up`: by that Vitrage tells that it is over, and by type and host which it is (openstack/vitrage, stable branches,
`vitrage/datasources/doctor/driver.py`); OPNFV Doctor's own monitor sends no other type. `vitrage.mark_down.*` says that
Vitrage holds a resource for down: that is an alarm called `marked_down` about it. What else it says on the bus keeps
its payload as an `openstack.notification`.
"""

from collections.abc import Mapping
from datetime import datetime

from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    alarm_of,
    malformed,
    mapping,
    moment_of,
    needed,
    needed_moment,
    present,
    received_at,
    shown,
    text,
)
from selfheal_rules.normalize.severity import severity_of
from selfheal_rules.values import FrozenMap, Value

SOURCE, DOCTOR = "vitrage", "doctor"
SEVERITIES = FrozenMap({"CRITICAL": "critical", "SEVERE": "major", "WARNING": "warning", "OK": "info"})
"""`N/A` is no severity."""

DOCTOR_STATUSES = FrozenMap({"down": "problem", "up": "ok"})
_TYPES = FrozenMap({"nova.host": "host", "nova.instance": "instance"})
_ALARMS = tuple(f"vitrage.{what}.{turn}" for what in ("alarm", "deduced_alarm") for turn in ("activate", "deactivate"))
_MARKS = ("vitrage.mark_down.activate", "vitrage.mark_down.deactivate")


def recognise(payload: Payload) -> bool:
    """Whether a payload is the webhook's body, a notification about an alarm or a mark, or an event of the API."""
    if oslo.recognise(payload):
        return payload["event_type"] in (*_ALARMS, *_MARKS)
    return _is_webhook(payload) or _is_doctor(payload)


def _is_webhook(payload: Payload) -> bool:
    return {"notification", "payload"} <= payload.keys() and str(payload["notification"]).startswith("vitrage.")


def _is_doctor(payload: Payload) -> bool:
    details = payload.get("details")
    return (
        {"time", "type"} <= payload.keys() and isinstance(details, Mapping) and {"hostname", "status"} <= details.keys()
    )


def normalize(payload: Payload, received: datetime | None) -> Items:
    """Give an alarm of Vitrage's as the state it sets or clears."""
    if oslo.recognise(payload):
        data = oslo.data_of(payload["payload"], "payload")
        return _said(needed(payload, "event_type"), data, needed_moment(payload, "timestamp"))
    if _is_doctor(payload):
        return _doctor(payload)
    data = mapping(payload, "payload")
    time = moment_of(data, "update_timestamp") or received_at(received, "`update_timestamp` is missing")
    return _said(needed(payload, "notification"), data, time)


def _said(event_type: str, data: Payload, time: datetime) -> Items:
    if event_type not in (*_ALARMS, *_MARKS):
        message = f"`notification` is {shown(event_type)}, none of {', '.join((*_ALARMS, *_MARKS))}"
        raise malformed(message, "notification")
    status = "problem" if event_type.endswith(".activate") else "ok"
    return (_mark if event_type in _MARKS else _alarm)(data, status, time)


def _alarm(data: Payload, status: str, time: datetime) -> Items:
    said = alarm_of(
        SOURCE,
        time,
        status,
        alarm=needed(data, "vitrage_id"),
        name=text(data, "name"),
        severity=SEVERITIES.get(text(data, "vitrage_operational_severity") or ""),
        rule_type=text(data, "vitrage_type"),
        reason=text(data, "info") or text(data, "rawtext"),
        **_resource(mapping(data, "resource") or _named_in(data)),
    )
    return (said,)


def _named_in(data: Payload) -> Payload:
    """Give the resource as the vertex of an alarm names it, where it is not beside it."""
    return present(
        vitrage_type=text(data, "vitrage_resource_type"),
        id=text(data, "resource_id"),
        name=text(data, "resource_name"),
        project_id=text(data, "vitrage_resource_project_id"),
    )


def _resource(resource: Payload) -> dict[str, Value]:
    said = text(resource, "vitrage_type")
    of = _TYPES.get(said or "", said)
    ident, name = text(resource, "id"), text(resource, "name")
    which = name or ident if of == "host" else ident or name
    return {
        "resource_type": of,
        "resource": which,
        "project": text(resource, "project_id"),
        **({of: which} if of in {"host", "instance"} else {}),
    }


def _mark(data: Payload, status: str, time: datetime) -> Items:
    said = alarm_of(
        SOURCE, time, status,
        alarm=f"{needed(data, 'vitrage_id')}/marked_down", name="marked_down", severity="critical", **_resource(data),
    )  # fmt: skip
    return (said,)


def _doctor(payload: Payload) -> Items:
    """Read an event of the API; a monitor that changes the type with the status means one alarm all the same."""
    details = mapping(payload, "details")
    host, of, time = needed(details, "hostname"), needed(payload, "type"), needed_moment(payload, "time")
    status = DOCTOR_STATUSES.get(needed(details, "status").lower(), "unknown")
    labels = {name: text(details, name) for name in ("source", "cause", "monitor_id", "monitor_event_id")}
    said = alarm_of(
        DOCTOR,
        time,
        status,
        alarm=f"{host}/{of.removesuffix('.down').removesuffix('.up')}",
        name=of,
        severity=severity_of(text(details, "severity")),
        resource_type="host",
        resource=host,
        host=host,
        labels=present(**labels),
        reason=text(details, "cause"),
    )
    return (said,)
