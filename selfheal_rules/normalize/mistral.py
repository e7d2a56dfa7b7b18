"""
Mistral: what its notifiers post about executions and tasks, and executions as its API gives them.

A rule can wait for a workflow it started, and leave alone what another workflow is at work on: `input` is what it was
started with. An execution that ended well or was cancelled is cleared; one that failed stays. The API writes `input` as
a JSON text. A webhook that answers anything but 200 or 201 is, to Mistral, one that failed.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from selfheal_rules.events import Event, State
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    fingerprint,
    malformed,
    mapping,
    moment_of,
    needed,
    present,
    sequence,
    shown,
    text,
    word,
)
from selfheal_rules.values import FrozenMap, Value

SOURCE = "mistral"
STATUSES = FrozenMap(
    (name, name)
    for name in ("IDLE", "WAITING", "DELAYED", "RUNNING", "PAUSED", "SUCCESS", "ERROR", "CANCELLED", "SKIPPED")
)
OVER = frozenset({"SUCCESS", "CANCELLED", "SKIPPED"})


def recognise(payload: Payload) -> bool:
    """Whether a payload is an execution or a task, posted by a notifier or given by the API."""
    body = payload.get("execution")
    return _is_work(body if isinstance(body, Mapping) else payload)


def _is_work(body: Payload) -> bool:
    return {"id", "workflow_name", "state", "created_at"} <= body.keys()


def normalize(payload: Payload) -> Items:
    """Give executions and tasks as the states they are in, and, where a notifier says so, what happened."""
    if not isinstance(payload.get("execution"), Mapping):
        return _work(payload)
    tasks = [oslo.data_of(task, "tasks") for task in sequence(payload, "tasks")]
    return tuple(item for body in (mapping(payload, "execution"), *tasks) for item in _work(body))


def _work(body: Payload) -> Items:
    is_task = text(body, "workflow_execution_id") is not None
    time = moment_of(body, "updated_at") or moment_of(body, "created_at")
    if time is None:
        message = "neither `updated_at` nor `created_at` is there"
        raise malformed(message, "updated_at")
    now = _task(body) if is_task else _execution(body)
    kind = "workflow.task" if is_task else "workflow"
    change = text(body, "event")
    ident = fingerprint(kind, now, change, time)
    state = State(kind, SOURCE, time, now, now["status"] in OVER, id=ident)
    return (state,) if change is None else _said(state, change, time)


def _said(state: State, change: str, time: datetime) -> Items:
    names = ("execution", "task", "workflow", "name", "status", "reason", "project")
    fields = {"change": change, **{name: state.fields[name] for name in names if name in state.fields}}
    said = Event(state.id, "workflow.change", SOURCE, time, fields)
    return (said, state) if state.cleared else (state, said)


def _common(body: Payload) -> dict[str, Value]:
    return present(
        workflow=needed(body, "workflow_name"),
        status=word(body, "state", STATUSES) or "unknown",
        reason=text(body, "state_info"),
        project=text(body, "project_id"),
        created_at=moment_of(body, "created_at"),
    )


def _execution(body: Payload) -> dict[str, Value]:
    return present(
        execution=needed(body, "id"),
        **_common(body),
        description=text(body, "description"),
        parent=text(body, "task_execution_id"),
        root=text(body, "root_execution_id"),
        input=_input(body.get("input")),
    )


def _task(body: Payload) -> dict[str, Value]:
    return present(
        task=needed(body, "id"),
        execution=needed(body, "workflow_execution_id"),
        name=text(body, "name"),
        type=text(body, "type"),
        **_common(body),
    )


def _input(raw: object) -> dict[str, Value] | None:
    """Read what an execution was started with, without what may be a secret."""
    if isinstance(raw, str) and raw:
        try:
            raw = json.loads(raw)
        except ValueError:
            message = f"`input` is {shown(raw)}, neither a mapping nor JSON"
            raise malformed(message, "input") from None
    found = oslo.plain(raw)
    return found if isinstance(found, dict) else None
