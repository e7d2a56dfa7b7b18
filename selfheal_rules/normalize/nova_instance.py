"""What a notification of Nova's says about one instance, read alike from its two formats."""

import re
from datetime import datetime

from selfheal_rules.events import Event, State
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    alias,
    fingerprint,
    flag,
    moment_of,
    needed,
    needed_moment,
    present,
    text,
    texts,
    word,
)
from selfheal_rules.values import FrozenMap, Value

SOURCE = "nova"
PHASES = ("start", "end", "error")
STATUSES = FrozenMap(
    (name, name)
    for name in (
        "active", "building", "paused", "suspended", "stopped", "rescued", "resized", "soft-delete", "deleted", "error",
        "shelved", "shelved_offloaded",
    )
)  # fmt: skip
POWER_STATES = FrozenMap((name, name) for name in ("pending", "running", "paused", "shutdown", "crashed", "suspended"))

_RENAMED = FrozenMap({"finish_resize": "resize_finish"})
"""The action whose unversioned name is not the versioned one with dots."""

_VERSIONED_NAMES = FrozenMap({"instance": "uuid", "hostname": "host_name", "task_state": "task_state"})
_FLAT_NAMES = FrozenMap({"instance": "instance_id", "hostname": "hostname", "task_state": "state_description"})
_FLAT_CLASS = re.compile(r"'class': '(\w+)'", re.ASCII)


def normalize_instance(message: Payload) -> Items:
    """Give the instance as it is now, and the event that says what was done to it."""
    data = oslo.data_of(message["payload"], "payload")
    versioned = oslo.namespace(message) == "nova"
    action, phase = action_and_phase(needed(message, "event_type"))
    reporter = oslo.service_and_host(message)[1]
    time = needed_moment(message, "timestamp")
    now = _instance(data, versioned=versioned)
    if (action, phase) == ("rebuild", "end") and reporter:
        now = _moved(now, reporter)
    gone = now.get("status") == "deleted" or (action, phase) == ("delete", "end") or bool(text(data, "deleted_at"))
    state = State("instance", SOURCE, time, now, gone, id=needed(message, "message_id"))
    aliases = _aliases(data, now, time)
    if action == "exists":
        return (*aliases, state)
    read = _update if action == "update" else _action
    events = read(message, data, {**now, "action": action, "phase": phase, "reporter": reporter}, time)
    return (*events, state) if gone else (*aliases, state, *events)


def action_and_phase(event_type: str) -> tuple[str, str]:
    """
    Give the versioned name of an action and its phase, whichever format the event type is of.

    `compute.instance.live_migration._post.start` and `instance.live_migration_post.start` are both
    `live_migration_post`, `start`; what Nova sends once and not as start and end has the phase `once`.
    """
    *names, last = event_type.removeprefix("compute.").removeprefix("instance.").split(".")
    if last not in PHASES:
        names, last = [*names, last], "once"
    action = re.sub("_+", "_", "_".join(names))
    return _RENAMED.get(action, action), last


def identity(message: Payload, data: Payload, *parts: Value) -> str:
    """Give the id both formats of one event share; without an id of the request, the message's own."""
    request = text(data, "request_id") or text(message, "_context_request_id")
    return fingerprint(*parts, request) if request else needed(message, "message_id")


def fault_of(data: Payload, *, versioned: bool) -> dict[str, Value]:
    """Give the exception a notification carries, without its traceback."""
    if versioned:
        fault = oslo.data_of(data.get("fault"), "fault")
        return present(
            fault=text(fault, "exception_message"),
            fault_class=text(fault, "exception"),
            fault_function=text(fault, "function_name"),
        )
    written = text(data, "exception") or ""
    found = _FLAT_CLASS.search(written)
    return present(fault=text(data, "message") or written or None, fault_class=found[1] if found else None)


def _instance(data: Payload, *, versioned: bool) -> dict[str, Value]:
    names = _VERSIONED_NAMES if versioned else _FLAT_NAMES
    return present(
        instance=needed(data, names["instance"]),
        name=text(data, "display_name"),
        hostname=text(data, names["hostname"]),
        host=text(data, "host") or "",  # a rule may join by it inside `none`, where a missing one would block
        node=text(data, "node"),
        status=word(data, "state", STATUSES),
        task_state=text(data, names["task_state"]),
        power_state=word(data, "power_state", POWER_STATES),
        availability_zone=text(data, "availability_zone"),
        project=text(data, "tenant_id"),
        flavor=text(oslo.data_of(data.get("flavor"), "flavor"), "name") if versioned else text(data, "instance_type"),
        locked=flag(data, "locked"),
        metadata=_metadata(data),
        created_at=moment_of(data, "created_at"),
        launched_at=moment_of(data, "launched_at"),
    )


def _metadata(data: Payload) -> dict[str, str]:
    """Read metadata: a mapping, or, from older clouds, a list of keys and values."""
    raw = data.get("metadata")
    if not isinstance(raw, list | tuple):
        return texts(data, "metadata")
    pairs = [oslo.data_of(pair, "metadata") for pair in raw]
    return {needed(pair, "key"): text(pair, "value") or "" for pair in pairs}


def _moved(now: dict[str, Value], reporter: str) -> dict[str, Value]:
    """
    Put an instance where it was rebuilt.

    At the end of an evacuation Nova writes the new host into the instance only after it has sent this last
    notification, which still names the dead one; the compute that sends it is the one that runs the instance.
    """
    if now["host"] in {reporter, ""}:
        return now
    return {**{name: value for name, value in now.items() if name != "node"}, "host": reporter}


def _aliases(data: Payload, now: dict[str, Value], time: datetime) -> Items:
    return (
        *alias(SOURCE, time, "hypervisor", now.get("node"), host=now["host"] or None),
        *alias(SOURCE, time, "libvirt", text(data, "instance_name"), instance=now["instance"]),
    )


def _common(seen: dict[str, Value]) -> dict[str, Value]:
    names = ("instance", "name", "host", "node", "status", "task_state", "project", "reporter")
    return {name: seen[name] for name in names if seen.get(name)}


def _update(message: Payload, data: Payload, seen: dict[str, Value], time: datetime) -> Items:
    change = oslo.data_of(data.get("state_update"), "state_update") or data
    before, old_task = word(change, "old_state", STATUSES), text(change, "old_task_state")
    fields = {**_common(seen), **present(old_status=before, old_task_state=old_task)}
    told = tuple(fields.get(name) for name in ("instance", "host", "node", "status", "task_state"))
    ident = identity(message, data, "instance.update", *told, before, old_task)
    said = Event(ident, "instance.update", SOURCE, time, fields)
    if seen.get("status") != "error" or before == "error":
        return (said,)
    failed = {**_common(seen), "action": "update"}
    return (said, Event(f"{ident}-error", "instance.error", SOURCE, time, failed))


def _action(message: Payload, data: Payload, seen: dict[str, Value], time: datetime) -> Items:
    versioned = oslo.namespace(message) == "nova"
    fields = {
        **_common(seen),
        **present(
            action=seen["action"],
            phase=seen["phase"],
            initiator=text(data, "action_initiator_user"),
            initiator_project=text(data, "action_initiator_project"),
        ),
        **(fault_of(data, versioned=versioned) if seen["phase"] == "error" else {}),
    }
    speaker = None if seen["phase"] == "once" else seen["reporter"]
    ident = identity(message, data, "instance.action", seen["instance"], seen["action"], seen["phase"], speaker)
    said = Event(ident, "instance.action", SOURCE, time, fields)
    if seen["phase"] != "error":
        return (said,)
    failed = {name: value for name, value in fields.items() if name != "phase"}
    return (said, Event(f"{ident}-error", "instance.error", SOURCE, time, failed))
