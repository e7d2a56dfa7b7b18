"""Vitrage: its webhook, its graph on the bus, and the events of its API, which the Doctor project defines."""

from datetime import UTC, datetime

import pytest

from selfheal_rules.diagnostics import EventError
from tests.payloads import changed, event, items, raw, read, state

INSTANCE = "9b7d93b9-94ec-41e1-9cec-f28d4f8d702c"


def test_an_alarm_is_about_the_resource_beside_it() -> None:
    """An instance by its uuid, with its project; the severity is on the one ladder."""
    fields = state("alarm", items("vitrage/webhook.activate")).fields
    assert ("warning", "instance", INSTANCE, INSTANCE, "8f007e5ba0944e84baa6f2a4f2b5d03a") == tuple(
        fields[name] for name in ("severity", "resource_type", "resource", "instance", "project")
    )


def test_one_document_writes_times_in_two_forms() -> None:
    """With `Z` and with a space and an offset; both are read."""
    set_, cleared = (state("alarm", items(f"vitrage/webhook.{turn}")) for turn in ("activate", "deactivate"))
    assert datetime(2018, 1, 22, 10, 0, 34, tzinfo=UTC) == set_.time
    assert datetime(2018, 1, 22, 10, 5, 0, 500_000, UTC) == cleared.time
    assert (set_.fields["alarm"], True) == (cleared.fields["alarm"], cleared.cleared)


def test_a_deduced_alarm_is_told_twice_and_is_one() -> None:
    """`vitrage.alarm.activate` and `vitrage.deduced_alarm.activate` say the same state."""
    assert items("vitrage/bus.alarm.activate") == items("vitrage/bus.deduced_alarm.activate")


def test_a_host_is_known_by_its_name() -> None:
    """On the bus the whole vertex comes, and the host's beside it."""
    fields = state("alarm", items("vitrage/bus.alarm.activate")).fields
    assert ("critical", "host", "compute-1") == tuple(fields[name] for name in ("severity", "resource_type", "host"))


def test_the_resource_may_be_named_in_the_alarm_itself() -> None:
    """Where no vertex is beside it."""
    named = {"resource": None, "vitrage_resource_type": "nova.instance", "resource_id": INSTANCE, "resource_name": "a"}
    fields = state("alarm", changed("vitrage/bus.alarm.activate", **named)).fields
    assert ("instance", INSTANCE) == (fields["resource_type"], fields["instance"])


def test_a_resource_of_another_type_keeps_its_word() -> None:
    """It is neither a host nor an instance."""
    resource = {"vitrage_type": "heat.stack", "id": "s1"}
    fields = state("alarm", changed("vitrage/bus.alarm.activate", resource=resource)).fields
    assert ("heat.stack", "s1", None, None) == tuple(
        fields.get(name) for name in ("resource_type", "resource", "host", "instance")
    )


@pytest.mark.parametrize(
    ("word", "severity"),
    [("CRITICAL", "critical"), ("SEVERE", "major"), ("WARNING", "warning"), ("OK", "info"), ("N/A", None)],
)
def test_severity_is_on_one_ladder(word: str, severity: str | None) -> None:
    """`N/A` is none."""
    found = changed("vitrage/bus.alarm.activate", vitrage_operational_severity=word)
    assert severity == state("alarm", found).fields.get("severity")


def test_a_mark_is_an_alarm_of_its_own() -> None:
    """Taking the mark back clears it, and no other alarm about the host."""
    set_ = state("alarm", items("vitrage/bus.mark_down.activate"))
    assert ("437f1f4c/marked_down", "marked_down", "compute-1") == tuple(
        set_.fields[name] for name in ("alarm", "name", "host")
    )
    inner = raw("vitrage/bus.mark_down.activate")[0] | {"event_type": "vitrage.mark_down.deactivate"}
    cleared = state("alarm", read(inner))
    assert (set_.fields["alarm"], True) == (cleared.fields["alarm"], cleared.cleared)


def test_a_request_for_a_workflow_keeps_its_payload() -> None:
    """It is no alarm, and not lost."""
    said = event("openstack.notification", items("vitrage/bus.execute_external_action"))
    assert {"workflow": "heal_host", "input": {"host": "compute-1"}} == said.fields["payload"]


def test_down_and_up_are_one_alarm_of_the_monitor() -> None:
    """The status says that it is over, whether the type changes with it or not; the time has no zone."""
    down, up = (state("alarm", items(f"vitrage/doctor.{turn}")) for turn in ("down", "up"))
    assert datetime(2016, 4, 12, 8, 0, 0, 123_450, UTC) == down.time
    assert ("doctor", "compute-1/compute.host", "problem", "critical") == (
        down.source, down.fields["alarm"], down.fields["status"], down.fields["severity"],
    )  # fmt: skip
    assert (down.fields["alarm"], True) == (up.fields["alarm"], up.cleared)
    other = state("alarm", changed("vitrage/doctor.up", type="compute.host.up"))
    assert (down.fields["alarm"], True) == (other.fields["alarm"], other.cleared)


def test_a_notification_the_webhook_does_not_send_is_refused() -> None:
    """It names what it may be."""
    with pytest.raises(EventError, match=r"^`notification` is 'vitrage.alarm.change', none of vitrage.alarm"):
        read(raw("vitrage/webhook.activate")[0] | {"notification": "vitrage.alarm.change"})


def test_without_a_time_it_is_dated_by_its_arrival() -> None:
    """Else there is none."""
    with pytest.raises(EventError, match=r"^`update_timestamp` is missing, and when it was received is not known$"):
        read({"notification": "vitrage.alarm.activate", "payload": {"vitrage_id": "v"}})
