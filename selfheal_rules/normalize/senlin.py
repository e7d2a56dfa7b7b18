"""
Senlin (retired): what its clusters and nodes do, as notifications and as events of its API.

`node.create.start` is Senlin's own here: the namespace of the object tells it from other services' nodes. The API knows
no phase; its level is a number in a text, of which 40 and more are errors.
"""

from collections.abc import Mapping

from selfheal_rules.events import Event
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    needed,
    needed_moment,
    present,
    text,
)

SOURCE = "senlin"
PHASES = ("start", "end", "error")
_ERROR = 40


def recognise(payload: Payload) -> bool:
    """Whether a payload is a notification of Senlin's about a cluster or a node, or an event of its API."""
    if oslo.recognise(payload):
        return str(payload["event_type"]).startswith(("cluster.", "node.")) and oslo.namespace(payload) == "senlin"
    return {"otype", "oid", "oname", "action", "timestamp"} <= _body(payload).keys()


def _body(payload: Payload) -> Payload:
    body = payload.get("event")
    return body if isinstance(body, Mapping) else payload


def normalize(payload: Payload) -> Items:
    """Give what a cluster or node did."""
    return _notification(payload) if oslo.recognise(payload) else _event(_body(payload))


def _notification(message: Payload) -> Items:
    of, _, rest = needed(message, "event_type").partition(".")
    action, _, phase = rest.rpartition(".")
    if not action or phase not in PHASES:
        action, phase = rest, "once"
    data = oslo.data_of(message["payload"], "payload")
    thing, fault = oslo.data_of(data.get(of), of), oslo.data_of(data.get("exception"), "exception")
    fields = present(
        resource_type=of,
        resource=needed(thing, "id"),
        name=text(thing, "name"),
        cluster=text(thing, "id") if of == "cluster" else text(thing, "cluster_id"),
        physical=text(thing, "physical_id"),
        action=action,
        phase=phase,
        status=text(thing, "status"),
        reason=text(thing, "status_reason"),
        fault=text(fault, "message"),
        fault_class=text(fault, "exception"),
        project=text(thing, "project"),
    )
    said = needed(message, "message_id"), "cluster.action", SOURCE, needed_moment(message, "timestamp"), fields
    return (Event(*said),)


def _event(body: Payload) -> Items:
    level = str(body.get("level") or "")
    of, ident = needed(body, "otype").lower(), needed(body, "oid")
    fields = present(
        resource_type=of,
        resource=ident,
        name=text(body, "oname"),
        cluster=ident if of == "cluster" else text(body, "cluster_id"),
        action=needed(body, "action").lower(),
        phase="error" if level.isascii() and level.isdigit() and int(level[:4]) >= _ERROR else "once",
        status=text(body, "status"),
        reason=text(body, "status_reason"),
        project=text(body, "project"),
    )
    return (Event(needed(body, "id"), "cluster.action", SOURCE, needed_moment(body, "timestamp"), fields),)
