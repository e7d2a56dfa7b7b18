"""
Neutron's notifications: what was asked of its API, and the ports as the answers describe them.

Only calls of the API are told. A port that goes DOWN, and an agent that dies, say nothing: `status` of a `port` is what
it was when somebody last changed it, and no reason to believe that it is so now. A `start` holds the request and knows
no id of what is yet to be made; a deletion may name the id alone.
"""

import re

from selfheal_rules.events import Event, State
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    flag,
    needed,
    needed_moment,
    present,
    sequence,
    text,
)
from selfheal_rules.values import Value

SOURCE = "neutron"
_TYPE = re.compile(r"(\w+)\.(create|update|delete)\.(start|end)", re.ASCII)


def recognise(message: Payload) -> bool:
    """Whether a notification is one of Neutron's about a resource of its API."""
    if not oslo.recognise(message) or not isinstance(message["event_type"], str):
        return False
    return str(message["publisher_id"]).startswith("network.") and bool(_TYPE.fullmatch(message["event_type"]))


def normalize(message: Payload) -> Items:
    """Give what was done to a resource; of a port also what it is now."""
    of, action, phase = needed(message, "event_type").split(".")
    payload = oslo.data_of(message["payload"], "payload")
    bodies = _bodies(payload, of)
    ident, is_bulk = needed(message, "message_id"), len(bodies) > 1
    return tuple(
        item
        for number, body in enumerate(bodies)
        for item in _one(message, body, (of, action, phase), f"{ident}/{number}" if is_bulk else ident)
    )


def _bodies(payload: Payload, of: str) -> list[Payload]:
    """Give each resource of a notification, with its id; one call may make many."""
    many = sequence(payload, f"{of}s") or [payload.get(of)]
    ident = text(payload, f"{of}_id") or text(payload, "id")
    said = [{name: value for name, value in oslo.data_of(body, of).items() if value is not None} for body in many]
    return [{**present(id=ident), **body} for body in said]


def _one(message: Payload, body: Payload, what: tuple[str, str, str], ident: str) -> Items:
    of, action, phase = what
    time = needed_moment(message, "timestamp")
    fields = present(
        resource_type=of,
        resource=text(body, "id"),
        action=action,
        phase=phase,
        name=text(body, "name"),
        status=text(body, "status"),
        network=text(body, "network_id") or (text(body, "id") if of == "network" else None),
        device=text(body, "device_id"),
        project=text(body, "project_id") or text(body, "tenant_id"),
        payload=oslo.plain(body),
    )
    said = Event(ident, "network.action", SOURCE, time, fields)
    if of != "port" or phase != "end" or "resource" not in fields:
        return (said,)
    state = State("port", SOURCE, time, _port(body), action == "delete", id=ident)
    return (said, state) if state.cleared else (state, said)


def _port(body: Payload) -> dict[str, Value]:
    """Give a port; its host and instance are never missing: a rule may join by them inside `none`."""
    device, owner = text(body, "device_id"), text(body, "device_owner")
    addresses = [oslo.data_of(one, "fixed_ips") for one in sequence(body, "fixed_ips")]
    return present(
        port=needed(body, "id"),
        name=text(body, "name"),
        status=text(body, "status"),
        admin_up=flag(body, "admin_state_up"),
        host=text(body, "binding:host_id") or "",
        vif_type=text(body, "binding:vif_type"),
        device=device,
        device_owner=owner,
        instance=(device if owner and owner.startswith("compute:") else None) or "",
        network=text(body, "network_id"),
        mac=text(body, "mac_address"),
        addresses=[address for one in addresses if (address := text(one, "ip_address"))],
        project=text(body, "project_id") or text(body, "tenant_id"),
    )
