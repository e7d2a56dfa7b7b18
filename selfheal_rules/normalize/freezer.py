"""
Freezer: its jobs as a poll of its API gives them; it emits no notifications.

A poll says how a job is now, so the state is dated by when it was received, else by the last time the job ran. `result`
stays that of the last run while the next one is waiting. An empty text is a job that was never looked at.
"""

from collections.abc import Mapping
from datetime import datetime

from selfheal_rules.events import State
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    epoch,
    malformed,
    mapping,
    needed,
    present,
    received_at,
    sequence,
    shown,
    text,
    whole,
)
from selfheal_rules.values import Value

SOURCE = "freezer"
_NEVER = -1
"""What Freezer writes for the time of a run that has not been."""


def recognise(payload: Payload) -> bool:
    """Whether a payload is a job of Freezer's."""
    return {"job_id", "job_schedule"} <= payload.keys()


def normalize(payload: Payload, received: datetime | None) -> Items:
    """Give the job as the state it is in; one that was removed is cleared."""
    schedule = mapping(payload, "job_schedule")
    started, ended = _run(schedule, "time_started"), _run(schedule, "time_ended")
    last = max((time for time in (started, ended) if time), default=None)
    time = received or last or received_at(None, "the job has never run")
    fields = present(
        job=needed(payload, "job_id"),
        client=text(payload, "client_id"),
        description=text(payload, "description"),
        status=text(schedule, "status"),
        result=text(schedule, "result"),
        started_at=started,
        ended_at=ended,
        interval=text(schedule, "schedule_interval"),
        **_action(payload),
    )
    version = whole(payload, "_version")
    ident = f"{fields['job']}/{version}" if version is not None else ""
    return (State("backup.job", SOURCE, time, fields, fields.get("status") == "removed", id=ident),)


def _run(schedule: Payload, name: str) -> datetime | None:
    return None if schedule.get(name) == _NEVER else epoch(schedule, name)


def _action(payload: Payload) -> dict[str, Value]:
    """Say what a job does, by the first of its actions."""
    actions = sequence(payload, "job_actions")
    if not actions:
        return {}
    if not isinstance(actions[0], Mapping):
        message = f"an action of the job is {shown(actions[0])}, not a mapping"
        raise malformed(message, "job_actions")
    first = mapping(actions[0], "freezer_action")
    return present(action=text(first, "action"), backup_name=text(first, "backup_name"), storage=text(first, "storage"))
