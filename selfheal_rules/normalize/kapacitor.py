"""
Kapacitor: the body its `post` handler sends, and the flat form Vitrage's datasource takes, on the bus or by itself.

`level` says how it is now; `duration` counts nanoseconds and `recoverable` may be a text. The id of an alert is what
its author made it and need not name the host, so an alarm is told by both.
"""

from collections.abc import Mapping

from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    agreed,
    alarm_of,
    known_status,
    malformed,
    mapping,
    needed,
    needed_moment,
    sequence,
    shown,
    text,
    texts,
)
from selfheal_rules.values import FrozenMap

SOURCE = "kapacitor"
STATUSES = FrozenMap({"OK": "ok", "INFO": "problem", "WARNING": "problem", "CRITICAL": "problem"})
SEVERITIES = FrozenMap({"INFO": "info", "WARNING": "warning", "CRITICAL": "critical"})


def recognise(payload: Payload) -> bool:
    """Whether a payload is an alert of Kapacitor's."""
    if oslo.recognise(payload):
        return str(payload["event_type"]).startswith("kapacitor.alarm.")
    return {"id", "level", "time", "duration", "message"} <= payload.keys()


def normalize(payload: Payload) -> Items:
    """Give the alert as the state it sets or clears."""
    body = oslo.data_of(payload["payload"], "payload") if oslo.recognise(payload) else payload
    name, level, time = needed(body, "id"), needed(body, "level"), needed_moment(body, "time")
    status = known_status(body, "level", STATUSES)
    tags = _tags(body)
    host = text(body, "host") or agreed(one.get("host") for one in tags)
    alarm = f"{host}/{name}" if host else name
    said = alarm_of(
        SOURCE,
        time,
        status,
        alarm=alarm,
        name=name,
        severity=SEVERITIES.get(level),
        resource_type="host" if host else None,
        resource=host,
        host=host,
        labels=tags[0] if len(tags) == 1 else None,
        summary=text(body, "message"),
    )
    return (said,)


def _tags(body: Payload) -> list[dict[str, str]]:
    series = sequence(mapping(body, "data"), "series")
    for one in series:
        if not isinstance(one, Mapping):
            message = f"a series is {shown(one)}, not a mapping"
            raise malformed(message, "data.series")
    return [texts(one, "tags") for one in series]
