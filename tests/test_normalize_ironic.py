"""Ironic: the power of a node is a state a fence can be confirmed by."""

import pytest

from tests.payloads import event, items, message, read, state

NODE = "feb00687-5128-4d17-8e89-ccf81d27a158"


def test_power_is_known_after_it_was_set() -> None:
    """At the start it is not known (the node was just enrolled), at the end it is on."""
    start, end = (items(f"ironic/versioned.baremetal.node.power_set.{phase}") for phase in ("start", "end"))
    assert [("unknown", "on"), ("on", None)] == [
        (power.fields["power"], power.fields.get("target"))
        for power in (state("node.power", start), state("node.power", end))
    ]


def test_a_node_is_told_by_its_uuid_and_called_by_its_name() -> None:
    """The name is what operators call the host by; an alias says so."""
    found = items("ironic/versioned.baremetal.node.power_set.end")
    assert {"scheme": "ironic", "name": NODE, "host": "bm-64917"} == state("alias", found).fields
    assert (NODE, "bm-64917") == tuple(state("node.power", found).fields[name] for name in ("node", "host"))


def test_a_node_need_not_have_a_name() -> None:
    """Then there is no host to it, and no alias."""
    inner = message("ironic/versioned.baremetal.node.power_set.end")
    inner["payload"]["ironic_object.data"]["name"] = None
    found = read(inner)
    assert "host" not in state("node.power", found).fields
    assert [] == [item for item in found if item.kind == "alias"]


@pytest.mark.parametrize(
    ("said", "power"), [("power off", "off"), ("power on", "on"), ("error", "unknown"), (None, "unknown")]
)
def test_power_is_on_off_or_unknown(said: str | None, power: str) -> None:
    """What the BMC cannot say is not off."""
    inner = message("ironic/versioned.baremetal.node.power_set.end")
    inner["payload"]["ironic_object.data"]["power_state"] = said
    assert power == state("node.power", read(inner)).fields["power"]


def test_what_is_done_to_a_node_is_an_event() -> None:
    """Action and phase are read from the type, what it leads to from the payload."""
    said = event("node.action", items("ironic/versioned.baremetal.node.provision_set.success"))
    told = ("action", "phase", "trigger", "previous_provision_state", "provision_state")
    assert ("provision_set", "success", "clean", "deleting", "cleaning") == tuple(said.fields[name] for name in told)


def test_maintenance_is_said_with_its_reason() -> None:
    """Somebody has put the node aside."""
    fields = state("node", items("ironic/versioned.baremetal.node.maintenance_set.end")).fields
    assert (True, "selfheal") == (fields["maintenance"], fields["maintenance_reason"])


@pytest.mark.parametrize(
    ("action", "power"),
    [("maintenance_set.end", "unknown"), ("power_set.start", "unknown"), ("power_set.end", "off")],
)
def test_the_power_of_a_node_in_maintenance_is_known_right_after_it_was_switched(action: str, power: str) -> None:
    """Ironic asks no BMC of one, and what it has written down may be long over."""
    inner = message("ironic/versioned.baremetal.node.power_set.end")
    inner["event_type"] = f"baremetal.node.{action}"
    inner["payload"]["ironic_object.data"] |= {"maintenance": True, "power_state": "power off"}
    assert power == state("node.power", read(inner)).fields["power"]


def test_a_power_failure_is_a_fault_ironic_sets_itself() -> None:
    """Maintenance comes with it; the power is then not known."""
    inner = message("ironic/versioned.baremetal.node.maintenance_set.end")
    inner["payload"]["ironic_object.data"] |= {"fault": "power failure", "power_state": None}
    found = read(inner)
    assert ("power failure", "unknown") == tuple(state("node.power", found).fields[name] for name in ("fault", "power"))


def test_a_corrected_power_state_is_an_action() -> None:
    """Ironic found the node other than it had believed: nobody asked for that."""
    inner = message("ironic/versioned.baremetal.node.power_set.end")
    inner["event_type"] = "baremetal.node.power_state_corrected.success"
    inner["payload"]["ironic_object.data"] |= {"from_power": "power on", "power_state": "power off", "to_power": None}
    fields = event("node.action", read(inner)).fields
    assert ("power_state_corrected", "success", "on", "off") == tuple(
        fields[name] for name in ("action", "phase", "from_power", "power")
    )


def test_a_node_that_is_being_created_is_not_there_yet() -> None:
    """The start of a creation may be followed by its error."""
    assert ["node.action"] == [item.kind for item in items("ironic/versioned.baremetal.node.create.start")]


def test_a_deleted_node_is_cleared_after_its_last_event() -> None:
    """Its states go, and a rule over the event still sees them."""
    inner = message("ironic/versioned.baremetal.node.update.end")
    inner["event_type"] = "baremetal.node.delete.end"
    found = read(inner)
    assert ["node.action", "node.power", "node"] == [item.kind for item in found]
    assert [True, True] == [item.cleared for item in found[1:]]  # type: ignore[union-attr]


def test_other_things_of_ironic_are_plain_notifications() -> None:
    """A port has no kind of its own, and is not lost."""
    inner = message("ironic/versioned.baremetal.node.update.end")
    inner["event_type"] = "baremetal.port.update.end"
    assert ["openstack.notification"] == [item.kind for item in read(inner)]
