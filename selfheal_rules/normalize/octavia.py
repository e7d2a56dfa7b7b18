"""
Octavia's notifications: that a load balancer was made, changed or deleted, and nothing else.

No member, load balancer or amphora that fails is told. What a payload says of statuses is from before the work was
done (`PENDING_CREATE` at the end of a creation), so none becomes a state: poll them, or let Aodh watch the members. The
payload has two forms, of which one has no status at all; the publisher is null in both.
"""

from selfheal_rules.events import Event, State
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    flag,
    malformed,
    mapping,
    needed,
    needed_moment,
    present,
    text,
)
from selfheal_rules.values import Value

SOURCE = "octavia"
_PREFIX = "octavia.loadbalancer."


def recognise(message: Payload) -> bool:
    """Whether a notification is about a load balancer of Octavia's."""
    return oslo.recognise(message) and str(message["event_type"]).startswith(_PREFIX)


def normalize(message: Payload) -> Items:
    """Give the load balancer, and what was done to it."""
    action, _, phase = needed(message, "event_type").removeprefix(_PREFIX).partition(".")
    data, time = oslo.data_of(message["payload"], "payload"), needed_moment(message, "timestamp")
    ident, now = needed(message, "message_id"), _now(data)
    said = Event(ident, "lb.action", SOURCE, time, {**now, "action": action, "phase": phase or "end"})
    state = State("lb.loadbalancer", SOURCE, time, now, action == "delete", id=ident)
    return (said, state) if state.cleared else (state, said)


def _now(data: Payload) -> dict[str, Value]:
    vip, ident = mapping(data, "vip"), text(data, "loadbalancer_id") or text(data, "id")
    if ident is None:
        message = "neither `loadbalancer_id` nor `id` is there"
        raise malformed(message, "loadbalancer_id")
    enabled = flag(data, "admin_state_up")
    return present(
        loadbalancer=ident,
        name=text(data, "name"),
        admin_up=flag(data, "enabled") if enabled is None else enabled,
        address=text(data, "vip_address") or text(vip, "ip_address"),
        port=text(data, "vip_port_id") or text(vip, "port_id"),
        network=text(data, "vip_network_id") or text(vip, "network_id"),
        provider=text(data, "provider"),
        availability_zone=text(data, "availability_zone"),
        project=text(data, "project_id"),
    )
