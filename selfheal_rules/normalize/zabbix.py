"""
Zabbix, in its two usual shapes: Vitrage's script, which writes to the bus, and a media type that posts macros.

Zabbix fixes no payload: operators map macros to names, so `EVENT.ID`, `{EVENT.ID}`, `event_id` and `eventid` are one.
All values are texts. `EVENT.DATE`, `EVENT.TIME` and `lastchange` are of the server's own zone, which they do not name:
they date nothing. A media type should send `EVENT.TIMESTAMP`, `EVENT.RECOVERY.TIMESTAMP` and `EVENT.UPDATE.TIMESTAMP`,
UNIX time in seconds (Zabbix manual, appendix "supported macros"; in the server's code `MVAR_EVENT_TIMESTAMP`); a server
that does not know them leaves them as they are written, and an alarm is then dated by its arrival. An update somebody
made to a problem (`EVENT.UPDATE.STATUS` 1) raises it no second time: it may be over.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from selfheal_rules.events import Event
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    alarm_of,
    alias,
    epoch,
    fingerprint,
    known_status,
    malformed,
    needed,
    needed_moment,
    present,
    received_at,
    text,
)
from selfheal_rules.normalize.severity import severity_of
from selfheal_rules.values import FrozenMap, Value

SOURCE = "zabbix"
STATUSES = FrozenMap({"1": "problem", "0": "ok", "PROBLEM": "problem", "OK": "ok"})
SEVERITIES = FrozenMap({"1": "info", "2": "warning", "3": "minor", "4": "major", "5": "critical"})
"""0 is `not classified`, which is no severity."""

_PREFIX = "zabbix.alarm."
_UNRESOLVED = re.compile(r"\*UNKNOWN\*|\{[A-Z.]+\}")
_SIGNS = re.compile(r"[^A-Z]")
_ABOUT = {"TRIGGERID", "HOSTNAME", "HOSTHOST", "TRIGGERNAME"}


def recognise(payload: Payload) -> bool:
    """Whether a payload is from Vitrage's script for Zabbix, or macros of an event of Zabbix's."""
    if oslo.recognise(payload):
        return str(payload["event_type"]).startswith(_PREFIX)
    macros = _macros(payload)
    return {"EVENTID", "EVENTVALUE"} <= macros.keys() and not _ABOUT.isdisjoint(macros)


def normalize(payload: Payload, received: datetime | None) -> Items:
    """Give the problem as an alarm, which its recovery clears; of an update, that it was made."""
    if oslo.recognise(payload):
        return _from_script(payload)
    macros = _macros(payload)
    return _update(macros, received) if macros.get("EVENTUPDATESTATUS") == "1" else _event(macros, received)


def _macros(payload: Payload) -> dict[str, Any]:
    """Give macros by their letters alone; one Zabbix could not resolve is missing."""
    found = {_SIGNS.sub("", name.upper()): value for name, value in payload.items() if isinstance(name, str)}
    texts = {name: str(value) if type(value) is int else value for name, value in found.items()}
    return {
        name: value for name, value in texts.items() if not (isinstance(value, str) and _UNRESOLVED.fullmatch(value))
    }


def _from_script(message: Payload) -> Items:
    data = oslo.data_of(message["payload"], "payload")
    time, host = needed_moment(message, "timestamp"), needed(data, "host")
    said = alarm_of(
        SOURCE,
        time,
        known_status(data, "value", STATUSES),
        needed(message, "message_id"),
        alarm=needed(data, "triggerid"),
        name=text(data, "rawtext") or text(data, "description"),
        severity=SEVERITIES.get(text(data, "priority") or ""),
        summary=text(data, "description"),
        **_about(host, text(data, "hostip")),
    )
    return (*alias(SOURCE, time, "address", text(data, "hostip"), host=host), said)


def _about(host: str | None, address: str | None) -> dict[str, Value]:
    named = {"resource_type": "host", "resource": host, "host": host} if host else {}
    return {**named, "address": address}


def _event(macros: Payload, received: datetime | None) -> Items:
    alarm, status = needed(macros, "EVENTID"), known_status(macros, "EVENTVALUE", STATUSES)
    stamp = "EVENTTIMESTAMP" if status == "problem" else "EVENTRECOVERYTIMESTAMP"
    time = epoch(macros, stamp) or received_at(received, "`EVENT.DATE` and `EVENT.TIME` name no zone")
    host, address = text(macros, "HOSTHOST") or text(macros, "HOSTNAME"), text(macros, "HOSTIP")
    said = alarm_of(
        SOURCE,
        time,
        status,
        f"{alarm}/{status}",
        alarm=alarm,
        name=text(macros, "EVENTNAME") or text(macros, "TRIGGERNAME"),
        severity=_severity(macros),
        labels=_tags(macros),
        summary=text(macros, "ALERTSUBJECT"),
        reason=text(macros, "EVENTOPDATA") or text(macros, "ALERTMESSAGE"),
        **_about(host, address),
    )
    return (*alias(SOURCE, time, "address", address, host=host), said)


def _severity(macros: Payload) -> str | None:
    number = text(macros, "EVENTNSEVERITY") or text(macros, "TRIGGERNSEVERITY")
    return (
        SEVERITIES.get(number)
        if number
        else severity_of(text(macros, "EVENTSEVERITY") or text(macros, "TRIGGERSEVERITY"))
    )


def _tags(macros: Payload) -> dict[str, str] | None:
    """Read the tags of an event: a JSON list of `tag` and `value`, or `scope:availability, component:os`."""
    listed = macros.get("EVENTTAGSJSON")
    if listed is None:
        pairs = (part.partition(":") for part in (text(macros, "EVENTTAGS") or "").split(","))
        return {name.strip(): value.strip() for name, _, value in pairs if name.strip()} or None
    try:
        read = json.loads(listed) if isinstance(listed, str) else listed
        found = {needed(tag, "tag"): text(tag, "value") or "" for tag in read if isinstance(tag, Mapping)}
    except (ValueError, TypeError):
        message = "`EVENT.TAGSJSON` is no JSON list of tags"
        raise malformed(message, "EVENT.TAGSJSON") from None
    return found or None


def _update(macros: Payload, received: datetime | None) -> Items:
    alarm, said = needed(macros, "EVENTID"), text(macros, "EVENTUPDATEMESSAGE")
    time = epoch(macros, "EVENTUPDATETIMESTAMP") or received_at(received, "`EVENT.UPDATE.TIME` names no zone")
    fields = present(
        alarm=alarm,
        change="update",
        name=text(macros, "EVENTNAME") or text(macros, "TRIGGERNAME"),
        severity=_severity(macros),
        reason=said or text(macros, "EVENTUPDATEACTION"),
    )
    return (Event(fingerprint("alarm.change", alarm, time, said), "alarm.change", SOURCE, time, fields),)
