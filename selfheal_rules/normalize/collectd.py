"""
collectd, as the Vitrage plug-in for it puts its notifications on the bus: `collectd.alarm.{ok,warning,failure}`.

An alarm is told by the `id` the plug-in makes of host, instances and type, which stays the same from one severity to
the next. The plug-in was written twice: the type is `collectd_type` or `type`, the time a number or the text of one.
"""

from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    alarm_of,
    epoch,
    fingerprint,
    needed,
    needed_moment,
    present,
    text,
)
from selfheal_rules.values import FrozenMap

SOURCE = "collectd"
STATUSES = FrozenMap({"ok": "ok", "okay": "ok", "warning": "problem", "failure": "problem"})
SEVERITIES = FrozenMap({"warning": "warning", "failure": "critical"})
_PREFIX = "collectd.alarm."


def recognise(message: Payload) -> bool:
    """Whether a notification is one of the plug-in's."""
    return oslo.recognise(message) and str(message["event_type"]).startswith(_PREFIX)


def normalize(message: Payload) -> Items:
    """Give the alarm as the state it sets or clears."""
    data = oslo.data_of(message["payload"], "payload")
    word = (text(data, "severity") or needed(message, "event_type").removeprefix(_PREFIX)).lower()
    host, status = needed(data, "host"), STATUSES.get(word, "unknown")
    labels = present(
        plugin=text(data, "plugin"),
        plugin_instance=text(data, "plugin_instance"),
        type=text(data, "collectd_type") or text(data, "type"),
        type_instance=text(data, "type_instance"),
    )
    said = alarm_of(
        SOURCE,
        epoch(data, "time") or needed_moment(message, "timestamp"),
        status,
        needed(message, "message_id"),
        alarm=text(data, "id") or fingerprint(host, labels),
        name="/".join(str(part) for part in labels.values()) or None,
        severity=SEVERITIES.get(word),
        resource_type=text(data, "plugin"),
        resource=text(data, "plugin_instance"),
        host=host,
        labels=labels,
        reason=text(data, "message"),
    )
    return (said,)
