"""
Masakari: what its monitors report, as bodies of its API and as notifications on the bus.

One report is seen up to four times: the POST of a monitor, `notification.create.start`, `notification.process.*` and
the answer to a GET. They share neither a message id nor, at first, a uuid, so a report is told by its type, host,
`generated_time` (whole seconds, as Masakari stores it) and payload; Masakari itself refuses an equal one for three
minutes. The POST names the host, all others its uuid only: as those are two names of one host, a POST and what follows
from it are two reports here. Feed one of the two; a uuid is resolved by the `alias` that `host.*` notifications give.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

from selfheal_rules.events import Event, State
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    alias,
    fingerprint,
    flag,
    malformed,
    mapping,
    moment_of,
    needed,
    needed_moment,
    present,
    shown,
    text,
)
from selfheal_rules.values import FrozenMap, Value

SOURCE = "masakari"
STATUSES = ("new", "running", "error", "failed", "ignored", "finished")

_HEALED = frozenset(
    {("LIFECYCLE", "STOPPED_FAILED"), ("QEMU_GUEST_AGENT_ERROR", "STOPPED_FAILED"), ("IO_ERROR", "IO_ERROR_REPORT")}
)
"""What may befall a guest that Masakari recovers it from; all else it takes in and ignores."""

_AFTER = FrozenMap({"start": "running", "end": "finished", "error": "error"})
"""The status after a phase: the notification is sent before Masakari writes the status into it."""

Told: TypeAlias = tuple[str, dict[str, Value]]


def recognise(payload: Payload) -> bool:
    """Whether a payload is a body of Masakari's API, or a notification of its about a report or a host."""
    if oslo.recognise(payload):
        return _about(payload) is not None and oslo.namespace(payload) == "masakari"
    body = payload.get("notification")
    return isinstance(body, Mapping) and {"type", "generated_time", "payload"} <= body.keys()


def normalize(payload: Payload) -> Items:
    """Give what was reported, how far its recovery is, and which hosts are in maintenance."""
    if not oslo.recognise(payload):
        return _answer(mapping(payload, "notification"))
    about = _about(payload)
    return oslo.normalize(payload) if about is None else about(payload)


def _about(message: Payload) -> Callable[[Payload], Items] | None:
    event_type = str(message["event_type"])
    if event_type.startswith("notification."):
        return _notification
    return _host if event_type.startswith("host.") else None


def _answer(body: Payload) -> Items:
    """Read the body of a POST, or of the answer to it or to a GET."""
    told = _report(body)
    status = text(body, "status")
    if status is None:
        return (told,)
    time = moment_of(body, "updated_at") or moment_of(body, "created_at") or told.time
    return (told, *_recovery(body, told, _status(status), time))


def _notification(message: Payload) -> Items:
    data = oslo.data_of(message["payload"], "payload")
    told = _report(data)
    phase = needed(message, "event_type").rpartition(".")[2]
    if not needed(message, "event_type").startswith("notification.process.") or phase not in _AFTER:
        return (told,)
    if phase == "start" and told.fields.get("recoverable") is False:
        return (told,)  # no end will follow: Masakari sends none for what it ignores
    return (told, *_recovery(data, told, _AFTER[phase], needed_moment(message, "timestamp")))


def _status(status: str) -> str:
    if status not in STATUSES:
        message = f"`status` is {shown(status)}, none of {', '.join(STATUSES)}"
        raise malformed(message, "status")
    return status


def _report(body: Payload) -> Event:
    """Read one report; its id is the same in whichever of its forms it came."""
    time = needed_moment(body, "generated_time")
    host, host_uuid = text(body, "hostname"), text(body, "source_host_uuid")
    if host is None and host_uuid is None:
        message = "a report names neither `hostname` nor `source_host_uuid`"
        raise malformed(message, "hostname")
    payload = oslo.data_of(body.get("payload"), "payload")
    of = needed(body, "type")
    if of not in _REPORTS:
        message = f"`type` is {shown(of)}, none of {', '.join(_REPORTS)}"
        raise malformed(message, "type")
    kind, told = _REPORTS[of](payload)
    ident = fingerprint(of, host_uuid or host, time.replace(microsecond=0), {name: payload[name] for name in payload})
    fields = {**told, **present(host=host, host_uuid=host_uuid, notification=text(body, "notification_uuid"))}
    return Event(ident, kind, SOURCE, time, fields)


def _is_start(payload: Payload) -> bool:
    event = needed(payload, "event").upper()
    if event not in {"STARTED", "STOPPED"}:
        message = f"`event` is {shown(event)}, neither 'STARTED' nor 'STOPPED'"
        raise malformed(message, "payload.event")
    return event == "STARTED"


def _host_report(payload: Payload) -> Told:
    status = text(payload, "host_status")
    fields = present(host_status=status, cluster_status=text(payload, "cluster_status"))
    if _is_start(payload):
        return "host.returned", fields
    return "host.lost", {**fields, "recoverable": status == "NORMAL"}


def _process_report(payload: Payload) -> Told:
    fields = {"process": needed(payload, "process_name")}
    return ("process.returned" if _is_start(payload) else "process.failed"), fields


def _guest_report(payload: Payload) -> Told:
    event, domain_event = needed(payload, "event"), text(payload, "vir_domain_event")
    fields = present(instance=needed(payload, "instance_uuid"), event=event, domain_event=domain_event)
    return "instance.failed", {**fields, "recoverable": (event, domain_event) in _HEALED}


_REPORTS: Mapping[str, Callable[[Payload], Told]] = FrozenMap(
    {"COMPUTE_HOST": _host_report, "VM": _guest_report, "PROCESS": _process_report}
)


def _recovery(body: Payload, told: Event, status: str, time: datetime) -> Items:
    """Give the recovery of a report as a state: it holds until it is finished, and stays where it has failed."""
    notification = text(body, "notification_uuid")
    if notification is None:
        return ()
    names = ("host", "host_uuid", "instance", "process")
    fields = present(
        notification=notification,
        type=needed(body, "type"),
        status=status,
        fault=text(oslo.data_of(body.get("fault"), "fault"), "exception_message") or text(body, "message"),
        **{name: told.fields.get(name) for name in names},
    )
    return (State("recovery", SOURCE, time, fields, cleared=status in {"finished", "ignored"}, id=notification),)


def _host(message: Payload) -> Items:
    """Read `host.{create,update,delete}.*`; only the end of one says what is so."""
    action, _, phase = needed(message, "event_type").removeprefix("host.").partition(".")
    if phase != "end":
        return oslo.normalize(message)
    data = oslo.data_of(message["payload"], "payload")
    name, time, ident = needed(data, "name"), needed_moment(message, "timestamp"), needed(message, "message_id")
    segment = oslo.data_of(data.get("failover_segment"), "failover_segment")
    fields = present(host=name, host_uuid=text(data, "uuid"), reason="masakari", segment=text(segment, "name"))
    holds = action != "delete" and flag(data, "on_maintenance") is True
    maintenance = State("host.maintenance", SOURCE, time, fields, not holds, id=ident)
    return (*alias(SOURCE, time, "masakari", text(data, "uuid"), host=name), maintenance)
