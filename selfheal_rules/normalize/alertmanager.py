"""
Alertmanager's webhook, version 4: one body, many alerts, each a state that holds until it is resolved.

An alert is told from others by its `fingerprint` (a hash of its labels), so the two of a pair of Alertmanagers and
every repetition after `repeat_interval` say the same state. Whether it is over is said by the alert's own `status`
alone: `endsAt` of a firing alert is `0001-01-01` or a guess.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from selfheal_rules.events import State
from selfheal_rules.normalize.reading import (
    Items,
    Parts,
    Payload,
    alias,
    each,
    malformed,
    moment_of,
    needed,
    needed_moment,
    present,
    shown,
    text,
    texts,
)
from selfheal_rules.normalize.severity import severity_of
from selfheal_rules.secrecy import concealed
from selfheal_rules.values import Value

SOURCE = "alertmanager"

_HOST_LABELS = ("host", "hostname", "nodename", "node")
_INSTANCE_LABELS = ("instance_id", "instance_uuid", "server_id", "vm_id")
_NAMED_ADDRESS = re.compile(r"([A-Za-z][\w-]*(?:\.[\w-]+)*):\d+", re.ASCII)


def recognise(payload: Payload) -> bool:
    """Whether a payload is the body of Alertmanager's webhook."""
    return {"alerts", "receiver", "groupKey"} <= payload.keys()


def normalize(payload: Payload, received: datetime | None) -> Parts:
    """Give each alert of the body as the state it sets or clears; one that cannot be read costs no other."""
    version = payload.get("version")
    if version != "4":
        message = f"`version` is {shown(version)}, and only version '4' of the webhook is known"
        raise malformed(message, "version")
    return each(payload, "alerts", lambda alert: _alert(alert, received), "fingerprint")


def _alert(alert: object, received: datetime | None) -> Items:
    if not isinstance(alert, Mapping):
        message = f"an alert is {shown(alert)}, not a mapping"
        raise malformed(message)
    status = needed(alert, "status")
    if status not in {"firing", "resolved"}:
        message = f"`status` is {shown(status)}, neither 'firing' nor 'resolved'"
        raise malformed(message, "status")
    labels = texts(alert, "labels")
    cleared = status == "resolved"
    begun = needed_moment(alert, "startsAt")
    time = _ended(alert, begun, received) if cleared else begun
    fields = _fields(alert, labels, "ok" if cleared else "problem")
    said = State("alarm", SOURCE, time, fields, cleared, id=f"{fields['alarm']}/{alert['startsAt']}")
    return (*alias(SOURCE, time, "address", fields.get("address"), host=fields.get("host")), said)


def _ended(alert: Payload, begun: datetime, received: datetime | None) -> datetime:
    """Give when a resolved alert was over; an `endsAt` before its start is none."""
    ended = moment_of(alert, "endsAt")
    if ended is not None and ended >= begun:
        return ended
    if received is None:
        message = "`endsAt` of a resolved alert is no end, and when it was received is not known"
        raise malformed(message, "endsAt")
    return received


def _fields(alert: Payload, labels: dict[str, str], status: str) -> dict[str, Value]:
    host, instance = _host(labels), _first(labels, _INSTANCE_LABELS)
    resource_type, resource = _resource(labels, host, instance)
    annotations = texts(alert, "annotations")
    return present(
        alarm=needed(alert, "fingerprint"),
        name=labels.get("alertname"),
        status=status,
        severity=severity_of(labels.get("severity")),
        resource_type=resource_type,
        resource=resource,
        host=host,
        instance=instance,
        domain=labels.get("domain") or None,
        address=labels.get("instance") or None,
        labels=labels,
        summary=concealed(text(annotations, "summary") or text(annotations, "title") or "") or None,
        reason=concealed(text(annotations, "description") or "") or None,
    )


def _first(labels: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((labels[name] for name in names if labels.get(name)), None)


def _host(labels: dict[str, str]) -> str | None:
    """Give the host a label names, or the name before the port of `instance`; an IP address names no host."""
    named = _NAMED_ADDRESS.fullmatch(labels.get("instance", ""))
    by_address = named[1] if named and named[1] != "localhost" else None
    return _first(labels, _HOST_LABELS) or by_address


def _resource(labels: dict[str, str], host: str | None, instance: str | None) -> tuple[str | None, str | None]:
    guest = instance or labels.get("domain")
    if guest:
        return "instance", guest
    return ("host", host) if host else (None, None)
