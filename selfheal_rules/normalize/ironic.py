"""
Ironic's notifications about nodes: what a node is now, and what was done to it.

A node is known by its uuid. Its name is given as `host`, because operators name a compute host's node after the host;
where they do not, join through `alias`. Notifications about ports, chassis and the rest have no kind of their own.

Of a node in maintenance Ironic asks no BMC: its power is what it was before, and not known, but where it has just been
switched.
"""

from datetime import datetime

from selfheal_rules.events import Event, State
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    alias,
    flag,
    needed,
    needed_moment,
    present,
    text,
    word,
)
from selfheal_rules.values import FrozenMap, Value

SOURCE = "ironic"
POWER = FrozenMap({"power on": "on", "power off": "off"})
PHASES = ("start", "end", "success", "error")

_PREFIX = "baremetal.node."
_ASKED = frozenset({("power_set", "end"), ("power_state_corrected", "success")})
"""What is said right after Ironic has asked the BMC."""


def recognise(message: Payload) -> bool:
    """Whether a notification is one of Ironic's about a node."""
    if not oslo.recognise(message) or not str(message["event_type"]).startswith(_PREFIX):
        return False
    return oslo.namespace(message) == "ironic"


def normalize(message: Payload) -> Items:
    """Give the power and the state of a node, and the event that says what was done to it."""
    data = oslo.data_of(message["payload"], "payload")
    time, ident = needed_moment(message, "timestamp"), needed(message, "message_id")
    action, phase = _action_and_phase(needed(message, "event_type"))
    gone = (action, phase) == ("delete", "end")
    known = present(node=needed(data, "uuid"), host=text(data, "name"))
    states = (
        State(
            "node.power", SOURCE, time, {**known, **_power(data, is_asked=(action, phase) in _ASKED)}, gone, id=ident
        ),
        State("node", SOURCE, time, {**known, **_node(data)}, gone, id=ident),
    )
    said = Event(ident, "node.action", SOURCE, time, {**known, **_done(data), "action": action, "phase": phase})
    if action == "create" and phase != "end":
        return (said,)  # the node is not there yet, or never will be
    return (said, *states) if gone else (*_aliases(known, time), *states, said)


def _action_and_phase(event_type: str) -> tuple[str, str]:
    action, _, phase = event_type.removeprefix(_PREFIX).rpartition(".")
    return (action, phase) if phase in PHASES and action else (event_type.removeprefix(_PREFIX), "end")


def _aliases(known: dict[str, Value], time: datetime) -> Items:
    return alias(SOURCE, time, "ironic", known["node"], host=known.get("host"))


def _power(data: Payload, *, is_asked: bool) -> dict[str, Value]:
    power = word(data, "power_state", POWER)
    return present(
        power=power if power and (is_asked or not flag(data, "maintenance")) else "unknown",
        target=word(data, "target_power_state", POWER),
        fault=text(data, "fault"),
    )


def _node(data: Payload) -> dict[str, Value]:
    return present(
        provision_state=text(data, "provision_state"),
        target_provision_state=text(data, "target_provision_state"),
        maintenance=flag(data, "maintenance"),
        maintenance_reason=text(data, "maintenance_reason"),
        fault=text(data, "fault"),
        last_error=text(data, "last_error"),
        instance=text(data, "instance_uuid"),
        resource_class=text(data, "resource_class"),
        driver=text(data, "driver"),
        protected=flag(data, "protected"),
        retired=flag(data, "retired"),
    )


def _done(data: Payload) -> dict[str, Value]:
    return present(
        power=word(data, "power_state", POWER) or "unknown",
        to_power=word(data, "to_power", POWER),
        from_power=word(data, "from_power", POWER),
        provision_state=text(data, "provision_state"),
        previous_provision_state=text(data, "previous_provision_state"),
        trigger=text(data, "event"),
        fault=text(data, "fault"),
        last_error=text(data, "last_error"),
    )
