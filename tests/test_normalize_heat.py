"""Heat: stacks from the bus, resources from a sink or the API, and a user id that is a name."""

from typing import Any

import pytest

from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import State
from tests.payloads import changed, event, items, message, raw, read, state

STACK = "6803f2c8-a4e9-432b-bb24-0fed6f690d7e"


def test_a_stack_is_an_action_and_how_far_it_is() -> None:
    """`CREATE_COMPLETE` is two words."""
    fields = state("stack", items("heat/unversioned.orchestration.stack.create.end")).fields
    assert (STACK, "s1", "CREATE", "COMPLETE") == tuple(fields[name] for name in ("stack", "name", "action", "status"))


def test_who_asked_is_a_uuid() -> None:
    """`user_id` is a name, and deprecated."""
    said = event("stack.action", items("heat/unversioned.orchestration.stack.create.start"))
    assert "134139f2517f4de2bab61cd9db0bd1bf" == said.fields["initiator"]
    assert "admin" not in said.fields.values()


def test_a_check_says_what_it_could_not_check() -> None:
    """It ends with COMPLETE all the same."""
    fields = state("stack", items("heat/unversioned.orchestration.stack.check.end")).fields
    assert ("CHECK", "COMPLETE") == (fields["action"], fields["status"])
    assert "not fully supported" in fields["reason"]


def test_a_stack_that_failed_stays() -> None:
    """It is cleared by its deletion alone, after the event of that."""
    failed = state("stack", items("heat/bus.stack.create.error"))
    assert ("FAILED", False) == (failed.fields["status"], failed.cleared)
    said, gone = items("heat/unversioned.orchestration.stack.delete.end")
    assert isinstance(gone, State)
    assert ("stack.action", True) == (said.kind, gone.cleared)


def test_a_scaling_group_grows() -> None:
    """By how much, and to what."""
    fields = event("stack.scaling", items("heat/bus.autoscaling.end")).fields
    assert ("web", "end", 1, 3) == tuple(fields[name] for name in ("group", "phase", "adjustment", "capacity"))


def test_a_resource_marked_by_an_alarm_fails_its_check() -> None:
    """A sink tells it, never the bus; the server is named."""
    found = items("heat/sink.check.failed")
    assert ["stack.resource", "stack.resource.action"] == [item.kind for item in found]
    assert ("server_1", "CHECK", "FAILED", "Marked by alarm", "5ec9e728-0cfd-474a-8244-c4ef119b0a12") == tuple(
        state("stack.resource", found).fields[name] for name in ("resource", "action", "status", "reason", "instance")
    )


def test_the_stack_of_an_api_event_is_in_a_link() -> None:
    """And so is every event's; the type of the resource is not said."""
    found = [item for item in items("heat/api.heat.events") if item.kind == "stack.resource"]
    assert {STACK} == {item.fields["stack"] for item in found}
    assert {"vm", "r"} <= {item.fields["resource"] for item in found}
    assert all("resource_type" not in item.fields for item in found)


def test_an_api_event_about_the_stack_itself_is_one() -> None:
    """It stands among those of its resources, under the name of the stack."""
    first = [item for item in items("heat/api.heat.events") if item.id.startswith("3cc87634")]
    assert ["stack", "stack.action"] == [item.kind for item in first]
    assert ("create", "end") == (first[1].fields["action"], first[1].fields["phase"])


def test_events_of_the_api_are_dated_one_by_one() -> None:
    """They come in no order one could rely on."""
    times = [item.time for item in items("heat/api.heat.events")]
    assert times != sorted(times)


def test_a_deleted_resource_is_cleared() -> None:
    """The event comes first."""
    body = raw("heat/sink.check.failed")[0]
    deleted = body["payload"] | {"resource_action": "DELETE", "resource_status": "COMPLETE"}
    assert [False, True] == [getattr(item, "cleared", False) for item in read(body | {"payload": deleted})]


def test_a_status_heat_has_not_had_is_unknown() -> None:
    """It is neither in progress nor over."""
    body = raw("heat/sink.check.failed")[0]
    odd = body["payload"] | {"resource_status": "PONDERING"}
    assert "unknown" == state("stack.resource", read(body | {"payload": odd})).fields["status"]
    other = changed("heat/unversioned.orchestration.stack.create.end", state="PONDERING")
    assert "status" not in state("stack", other).fields


def test_what_is_sent_once_has_the_phase_once() -> None:
    """An event type without start, end or error."""
    inner = message("heat/unversioned.orchestration.stack.create.end") | {"event_type": "orchestration.stack.touched"}
    assert "once" == event("stack.action", read(inner)).fields["phase"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"links": []}, "`links` has no link to the stack"),
        ({"links": [{"rel": "stack", "href": "x"}]}, "`links` has no link to the stack"),
        ({"resource_status": None}, "`resource_status` is missing"),
        ({"event_time": "now"}, "`event_time` is 'now', not a time"),
    ],
)
def test_a_malformed_event_is_refused(fields: dict[str, Any], problem: str) -> None:
    """The field is named, and what stands in it."""
    with pytest.raises(EventError, match=f"^{problem}$"):
        read(raw("heat/api.heat.events")[0][0] | fields)
