"""
Cinder's notifications: volumes as they are, what is done to volumes, snapshots, backups and groups, room in back ends.

A volume's host is written `host@backend#pool`: its parts are fields of their own, and an alias of scheme `backend` says
which host each form stands for. A back end that goes down says nothing; nor does a service that dies.
"""

import re
from datetime import datetime

from selfheal_rules.events import Event, State
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    alias,
    moment_of,
    needed,
    needed_moment,
    present,
    sequence,
    text,
    whole,
)
from selfheal_rules.values import Value

SOURCE = "cinder"
PHASES = ("start", "end", "error")
_TYPE = re.compile(
    r"(volume|snapshot|backup|group|group_snapshot|consistencygroup|cgsnapshot|replication|capacity)\.([\w.]+)",
    re.ASCII,
)
_IDS = {"replication": "volume_id"}
_AMOUNTS = ("total", "free", "allocated", "provisioned", "virtual_free")


def recognise(message: Payload) -> bool:
    """Whether a notification is one of Cinder's: its publisher is called as what it is about."""
    if not oslo.recognise(message):
        return False
    matched = _TYPE.fullmatch(str(message["event_type"]))
    return matched is not None and str(message["publisher_id"]).startswith(f"{matched[1]}.")


def normalize(message: Payload) -> Items:
    """Give what was done, and the volume or the room in a back end as it is now."""
    of, _, rest = needed(message, "event_type").partition(".")
    data, time = oslo.data_of(message["payload"], "payload"), needed_moment(message, "timestamp")
    if of == "capacity":
        return _capacity(message, data, rest, time)
    action, phase = _action_and_phase(rest)
    said = Event(needed(message, "message_id"), "storage.action", SOURCE, time, _done(data, of, action, phase))
    if of != "volume":
        return (*_aliases(data, time), said)
    gone = (action, phase) == ("delete", "end")
    state = State("volume", SOURCE, time, _volume(data), gone, id=needed(message, "message_id"))
    if action == "exists":
        return (*_aliases(data, time), state)
    return (said, state) if gone else (*_aliases(data, time), state, said)


def _action_and_phase(written: str) -> tuple[str, str]:
    action, _, phase = written.rpartition(".")
    return (action, phase) if action and phase in PHASES else (written, "once")


def _placed(data: Payload) -> dict[str, Value]:
    """Split `host@backend#pool`: the host, the back end with it, and the pool."""
    backend, _, pool = (text(data, "host") or "").partition("#")
    host, at, _ = backend.partition("@")
    return present(host=host or None, backend=backend if at else None, pool=pool or None)


def _aliases(data: Payload, time: datetime) -> Items:
    placed = _placed(data)
    names = dict.fromkeys(name for name in (text(data, "host"), placed.get("backend")) if name and "@" in name)
    return tuple(item for name in names for item in alias(SOURCE, time, "backend", name, host=placed.get("host")))


def _done(data: Payload, of: str, action: str, phase: str) -> dict[str, Value]:
    return present(
        resource_type="volume" if of == "replication" else of,
        resource=text(data, _IDS.get(of, f"{of}_id")),
        volume=text(data, "volume_id"),
        action=f"replication.{action}" if of == "replication" else action,
        phase=phase,
        status=text(data, "status"),
        name=text(data, "display_name") or text(data, "name"),
        project=text(data, "tenant_id"),
        fault=text(data, "fail_reason"),
        **_placed(data),
    )


def _volume(data: Payload) -> dict[str, Value]:
    attached = [oslo.data_of(one, "volume_attachment") for one in sequence(data, "volume_attachment")]
    placed = _placed(data)
    return present(
        volume=needed(data, "volume_id"),
        name=text(data, "display_name"),
        status=text(data, "status"),
        host=placed.get("host", ""),  # a rule may join by it inside `none`, where a missing one would block
        backend=placed.get("backend"),
        pool=placed.get("pool"),
        type=text(data, "volume_type"),
        size=whole(data, "size"),
        instances=[instance for one in attached if (instance := text(one, "instance_uuid"))],
        replication_status=text(data, "replication_status"),
        availability_zone=text(data, "availability_zone"),
        project=text(data, "tenant_id"),
        created_at=moment_of(data, "created_at"),
    )


def _capacity(message: Payload, data: Payload, of: str, time: datetime) -> Items:
    """Give the room in a pool or back end; `infinite` and `unknown` are amounts nobody can count, and are missing."""
    name = needed(data, "name_to_id")
    amounts = {amount: data.get(amount) for amount in _AMOUNTS}
    counted = {amount: value for amount, value in amounts.items() if type(value) in {int, float}}
    placed = _placed({"host": name})
    fields = present(name=name, of=of, host=placed.get("host", name), **counted)
    state = State("storage.capacity", SOURCE, time, fields, id=needed(message, "message_id"))
    return (*alias(SOURCE, time, "backend", name if "@" in name else None, host=placed.get("host")), state)
