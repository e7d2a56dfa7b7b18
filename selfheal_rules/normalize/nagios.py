"""
Nagios and Icinga: the macros of a command as a mapping, a row as Vitrage polls it, a change from Icinga 2's stream.

Nagios has no payload of its own: an operator's command writes the macros, bare (`HOSTNAME`) or as the environment has
them (`NAGIOS_HOSTNAME`, `ICINGA_HOSTNAME`). A SOFT state is one it is still trying again; only HARD ones count. An
UNREACHABLE host is one nobody can see, because what lies before it is down: that is `unknown`, not a problem. A service
that is bad is about that service: only the check of a host is about the host.

Icinga 2 says of a change `host`, `service`, `state`, `state_type` (0 SOFT, 1 HARD), `timestamp`, `check_result`; newer
ones `downtime_depth` and `acknowledgement`, too (Icinga/icinga2, `lib/icinga/apievents.cpp`, `StateChangeHandler`). Its
hosts are UP or DOWN; whether one could be reached at all stands in `check_result.vars_after`, beside the attempt
(`lib/icinga/checkable-check.cpp`, `ProcessCheckResult`).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from selfheal_rules.normalize.reading import (
    Ignored,
    Items,
    Payload,
    alarm_of,
    alias,
    epoch,
    known_status,
    malformed,
    mapping,
    needed,
    needed_epoch,
    received_at,
    shown,
    text,
)
from selfheal_rules.values import FrozenMap

SOURCE = "nagios"
STATUSES = FrozenMap(
    {
        "OK": "ok", "UP": "ok", "WARNING": "problem", "CRITICAL": "problem", "DOWN": "problem",
        "UNKNOWN": "unknown", "UNREACHABLE": "unknown", "PENDING": "unknown",
    }
)  # fmt: skip
SEVERITIES = FrozenMap({"WARNING": "warning", "CRITICAL": "critical", "DOWN": "critical"})

_PREFIX = re.compile(r"^(?:NAGIOS_|ICINGA_)?([A-Z]+)$")
_SERVICE_STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_HOST_STATES = ("UP", "DOWN")
_ROW = {"resource_type", "resource_name", "service", "status", "last_check", "attempt"}
_CHANGE = {"type", "host", "state", "state_type", "timestamp"}


def recognise(payload: Payload) -> bool:
    """Whether a payload is a mapping of macros, a polled row, or a change from Icinga 2's stream of events."""
    if payload.keys() >= _ROW or (payload.keys() >= _CHANGE and payload["type"] == "StateChange"):
        return True
    macros = _macros(payload)
    return "HOSTNAME" in macros and ("SERVICESTATETYPE" in macros or "HOSTSTATETYPE" in macros)


def normalize(payload: Payload, received: datetime | None) -> Items:
    """
    Give the state of a host or service as an alarm.

    Raises:
        Ignored: where the state is SOFT.
    """
    if payload.keys() >= _ROW:
        return _row(payload, received)
    return _change(payload) if "state_type" in payload else _macro(_macros(payload), received)


def _macros(payload: Payload) -> dict[str, Any]:
    found = ((_PREFIX.match(name), value) for name, value in payload.items() if isinstance(name, str))
    return {matched[1]: value for matched, value in found if matched}


def _macro(macros: Payload, received: datetime | None) -> Items:
    service = text(macros, "SERVICEDESC")
    of = "SERVICE" if service else "HOST"
    _refuse_soft(needed(macros, f"{of}STATETYPE"), macros.get(f"{of}ATTEMPT"))
    time = epoch(macros, "TIMET") or received_at(received, "the macros say no `TIMET`")
    address = text(macros, "HOSTADDRESS")
    return _alarm(
        needed(macros, "HOSTNAME"), service, known_status(macros, f"{of}STATE", STATUSES), time,
        state=needed(macros, f"{of}STATE"), reason=text(macros, f"{of}OUTPUT"), address=address,
    )  # fmt: skip


def _refuse_soft(state_type: str, attempt: object) -> None:
    if state_type == "SOFT":
        message = f"a SOFT state, at attempt {shown(attempt)}: only HARD ones count"
        raise Ignored(message)
    if state_type != "HARD":
        message = f"the type of the state is {shown(state_type)}, neither 'SOFT' nor 'HARD'"
        raise malformed(message)


def _alarm(
    host: str, service: str | None, status: str, time: datetime, *, state: str, reason: str | None, address: str | None
) -> Items:
    which = f"{host}/{service}" if service else host
    said = alarm_of(
        SOURCE,
        time,
        status,
        alarm=which,
        name=service or "host",
        severity=SEVERITIES.get(state),
        resource_type="service" if service else "host",
        resource=which,
        host=host,
        address=address,
        reason=reason,
    )
    return (*alias(SOURCE, time, "address", address, host=host), said)


def _row(row: Payload, received: datetime | None) -> Items:
    """Read a polled row; `last_check` is of the server's own zone, which it does not name, so it dates nothing."""
    status, resource = known_status(row, "status", STATUSES), needed(row, "resource_name")
    tried, _, of = needed(row, "attempt").partition("/")
    if tried != of and status != "ok":
        _refuse_soft("SOFT", row["attempt"])
    time = received_at(received, "`last_check` names no zone")
    return _alarm(
        resource, needed(row, "service"), status, time,
        state=needed(row, "status"), reason=text(row, "status_info"), address=None,
    )  # fmt: skip


def _change(event: Payload) -> Items:
    """Read a change of Icinga 2: its states and their types are numbers, which its JSON writes as 1.0."""
    service, result = text(event, "service"), mapping(event, "check_result")
    after = mapping(result, "vars_after")
    _refuse_soft("HARD" if _number(event, "state_type") else "SOFT", after.get("attempt"))
    states = _SERVICE_STATES if service else _HOST_STATES
    number = _number(event, "state")
    if not 0 <= number < len(states):
        message = f"`state` is {number}, none of 0 to {len(states) - 1}"
        raise malformed(message, "state")
    time, reason = needed_epoch(event, "timestamp"), text(result, "output")
    state = "UNREACHABLE" if number and after.get("reachable") is False else states[number]
    return _alarm(needed(event, "host"), service, STATUSES[state], time, state=state, reason=reason, address=None)


def _number(event: Mapping[str, Any], name: str) -> int:
    value = event.get(name)
    if type(value) not in {int, float} or value is None or value != value // 1:
        message = f"`{name}` is {shown(value)}, not a whole number"
        raise malformed(message, name)
    return int(value)
