"""
Monasca: the body of its webhook, and its alarm transitions as they pass through Kafka.

The webhook has no severity and counts seconds; the transition on Kafka has one and counts milliseconds. Both speak of
one alarm by one id, so an alarm read from both keeps the severity only until the webhook speaks: feed one of the two.
"""

from collections.abc import Mapping

from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    agreed,
    alarm_of,
    known_status,
    malformed,
    mapping,
    needed,
    needed_epoch,
    sequence,
    shown,
    text,
    texts,
)
from selfheal_rules.values import FrozenMap, Value

SOURCE = "monasca"
STATUSES = FrozenMap({"OK": "ok", "ALARM": "problem", "UNDETERMINED": "unknown"})
SEVERITIES = FrozenMap({"LOW": "warning", "MEDIUM": "minor", "HIGH": "major", "CRITICAL": "critical"})
_TRANSITION = "alarm-transitioned"
_IN_WEBHOOK = FrozenMap(
    {
        "alarm": "alarm_id", "name": "alarm_name", "status": "state", "time": "alarm_timestamp", "reason": "message",
        "summary": "alarm_description", "project": "tenant_id",
    }
)  # fmt: skip
_ON_KAFKA = FrozenMap(
    {
        "alarm": "alarmId", "name": "alarmName", "status": "newState", "time": "timestamp",
        "summary": "alarmDescription", "reason": "stateChangeReason", "project": "tenantId",
    }
)  # fmt: skip
_SECONDS_BELOW = 10**11
"""Older releases counted seconds on Kafka, too; this many are in the year 5138, and so many milliseconds in 1973."""


def recognise(payload: Payload) -> bool:
    """Whether a payload is the webhook's body, or a transition from Kafka."""
    return {"alarm_id", "alarm_definition_id", "state", "old_state"} <= payload.keys() or _TRANSITION in payload


def normalize(payload: Payload) -> Items:
    """Give the alarm as the state it is in now."""
    if _TRANSITION not in payload:
        return _said(payload, _IN_WEBHOOK, per_second=1)
    body = mapping(payload, _TRANSITION)
    stamp = body.get("timestamp")
    in_seconds = isinstance(stamp, int | float) and stamp < _SECONDS_BELOW
    return _said(body, _ON_KAFKA, per_second=1 if in_seconds else 1000)


def _said(body: Payload, names: Mapping[str, str], per_second: int) -> Items:
    told: dict[str, Value] = {field: text(body, names[field]) for field in ("name", "reason", "summary", "project")}
    said = alarm_of(
        SOURCE,
        needed_epoch(body, names["time"], per_second=per_second),
        known_status(body, names["status"], STATUSES),
        alarm=needed(body, names["alarm"]),
        severity=SEVERITIES.get(text(body, "severity") or ""),
        **told,
        **_about(body),
    )
    return (said,)


def _about(body: Payload) -> dict[str, Value]:
    """Say which host an alarm is about: the one all its metrics name, for one alarm may be over many."""
    found = [_dimensions(metric) for metric in sequence(body, "metrics")]
    common = dict(set.intersection(*(set(one.items()) for one in found))) if found else {}
    host = agreed(one.get("hostname") for one in found)
    about = {"resource_type": "host", "resource": host, "host": host} if host else {}
    return {**about, "labels": dict(sorted(common.items()))}


def _dimensions(metric: object) -> dict[str, str]:
    if not isinstance(metric, Mapping):
        message = f"a metric is {shown(metric)}, not a mapping"
        raise malformed(message, "metrics")
    return texts(metric, "dimensions")
