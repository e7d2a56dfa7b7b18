"""
Nova's notifications, in both formats: flat `compute.instance.evacuate`, versioned `instance.evacuate`.

A cloud may send both of one event, half a second apart and under two message ids. An event is therefore told by what
it says: instance, action, phase, the host that speaks, and a hash of the id of the request. The limits of that:

- the two formats give one id, and the one that arrives second is a `duplicate`; but an action that one request does
  twice on one host is seen once;
- without a request id in its context (older clouds, a sanitized bus) an event is told by its message id, and two
  formats make two events;
- only the versioned format says `power_state`, `locked` and who asked for the action. Where rules read these, let
  Nova send that format alone: between the two an `instance` would lose them for the moment.

A nova-compute that dies says nothing at all: `service.update` is sent only when somebody disables a service or forces
it down.
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from selfheal_rules.events import Event, State
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.nova_instance import SOURCE, fault_of, identity, normalize_instance
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    alias,
    flag,
    moment_of,
    needed,
    needed_moment,
    present,
    text,
    whole,
)

Reader: TypeAlias = Callable[[Payload], Items]

_CLASS = re.compile(r"\w+(?=\()", re.ASCII)


def recognise(message: Payload) -> bool:
    """Whether a notification is one of Nova's that has a kind of its own."""
    return oslo.recognise(message) and _reader(message) is not None


def normalize(message: Payload) -> Items:
    """Give what a notification of Nova's says: what an instance or service is now, and what was done to it."""
    reader = _reader(message)
    return oslo.normalize(message) if reader is None else reader(message)


def _reader(message: Payload) -> Reader | None:
    event_type, space = message["event_type"], oslo.namespace(message)
    if not isinstance(event_type, str) or space not in {"nova", None}:
        return None
    readers = _VERSIONED if space else _FLAT
    found = next((reader for prefix, reader in readers if event_type.startswith(prefix)), None)
    return _exception if found is None and _is_flat_exception(message) else found


def _is_flat_exception(message: Payload) -> bool:
    """Tell the unversioned form of an exception in nova-compute, whose event type is the name of a function."""
    payload = message["payload"]
    return (
        isinstance(payload, Mapping)
        and set(payload) == {"exception", "args"}
        and oslo.service_and_host(message)[0] == "compute"
    )


def _exception(message: Payload) -> Items:
    data = oslo.data_of(message["payload"], "payload")
    versioned = oslo.namespace(message) is not None
    function = text(data, "function_name") if versioned else needed(message, "event_type")
    reporter = oslo.service_and_host(message)[1]
    said = text(data, "exception")
    fields = present(
        host=reporter,
        function=function,
        fault_class=said if versioned else _class_in(said),
        fault=text(data, "exception_message") if versioned else said,
    )
    ident = identity(message, data, "compute.exception", reporter, function)
    return (Event(ident, "compute.exception", SOURCE, needed_moment(message, "timestamp"), fields),)


def _class_in(written: str | None) -> str | None:
    found = _CLASS.match(written or "")
    return found[0] if found else None


def _task(message: Payload) -> Items:
    """Read the failure of a task of the conductor's, such as scheduling: `compute_task.rebuild_server[.error]`."""
    data = oslo.data_of(message["payload"], "payload")
    versioned = oslo.namespace(message) is not None
    instance = needed(data, "instance_uuid" if versioned else "instance_id")
    task = needed(message, "event_type").removeprefix("compute_task.").removesuffix(".error")
    reason = data.get("reason")
    fault = {"fault": reason} if isinstance(reason, str) else fault_of({"fault": reason}, versioned=True)
    fields = present(instance=instance, task=task, status=text(data, "state"), **fault)
    ident = identity(message, data, "compute.task_error", instance, task)
    return (Event(ident, "compute.task_error", SOURCE, needed_moment(message, "timestamp"), fields),)


def _service(message: Payload) -> Items:
    data = oslo.data_of(message["payload"], "payload")
    fields = present(
        host=needed(data, "host"),
        binary=needed(data, "binary"),
        disabled=flag(data, "disabled"),
        disabled_reason=text(data, "disabled_reason"),
        forced_down=flag(data, "forced_down"),
        last_seen_up=moment_of(data, "last_seen_up"),
        availability_zone=text(data, "availability_zone"),
        version=whole(data, "version"),
    )
    time, gone = needed_moment(message, "timestamp"), message["event_type"].startswith("service.delete")
    state = State("compute.service", SOURCE, time, fields, gone, id=needed(message, "message_id"))
    is_compute = fields["binary"] == "nova-compute" and not gone
    return (*alias(SOURCE, time, "service", fields["host"] if is_compute else None, host=fields["host"]), state)


_VERSIONED: tuple[tuple[str, Reader], ...] = (
    ("instance.", normalize_instance),
    ("service.", _service),
    ("compute.exception", _exception),
    ("compute_task.", _task),
)
_FLAT: tuple[tuple[str, Reader], ...] = (
    ("compute.instance.", normalize_instance),
    ("compute_task.", _task),
)
