"""Masakari: one report in four forms, hosts known by uuid, and a maintenance nobody asked for."""

from typing import Any

import pytest

from selfheal_rules.diagnostics import EventError
from tests.payloads import event, items, message, read, record, state

HOST, SEGMENT_HOST = "compute1", "ae95f362-301d-43d0-b96e-f9e07f9a3634"
FINISHED = "masakari/api.masakari.COMPUTE_HOST.finished"
BUS = "masakari/versioned.notification.{}"


def _post(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    payload = {"event": "STOPPED", "host_status": "NORMAL", "cluster_status": "OFFLINE"}
    body = {
        "type": "COMPUTE_HOST",
        "hostname": HOST,
        "generated_time": "2026-11-22T16:32:24.523726",
        "payload": payload,
    }
    return {"notification": body | changed}


def test_a_report_of_a_monitor_names_the_host() -> None:
    """The body of the POST, with a time that is UTC without saying so."""
    lost = event("host.lost", read(_post()))
    assert (HOST, "NORMAL", "OFFLINE", True) == tuple(
        lost.fields[name] for name in ("host", "host_status", "cluster_status", "recoverable")
    )
    assert "2026-11-22T16:32:24.523726+00:00" == lost.time.isoformat()


def test_the_answer_to_a_get_knows_the_uuid_only() -> None:
    """The alias that Masakari's own notification about the host gives resolves it."""
    lost = event("host.lost", items(FINISHED))
    alias = state("alias", items("masakari/versioned.host.update.end"))
    assert (None, SEGMENT_HOST) == (lost.fields.get("host"), lost.fields["host_uuid"])
    assert {"scheme": "masakari", "name": SEGMENT_HOST, "host": HOST} == alias.fields


def test_only_a_normal_host_is_recovered() -> None:
    """Masakari ignores a report whose host status is UNKNOWN; the event says so."""
    payload = {"event": "STOPPED", "host_status": "UNKNOWN", "cluster_status": "OFFLINE"}
    assert False is event("host.lost", read(_post(payload=payload))).fields["recoverable"]


@pytest.mark.parametrize(
    ("of", "payload", "kind"),
    [
        ("COMPUTE_HOST", {"event": "STARTED"}, "host.returned"),
        ("PROCESS", {"event": "stopped", "process_name": "nova-compute"}, "process.failed"),
        ("PROCESS", {"event": "STARTED", "process_name": "nova-compute"}, "process.returned"),
    ],
)
def test_what_starts_again_is_another_kind(of: str, payload: dict[str, str], kind: str) -> None:
    """STARTED is good news; older monitors write `stopped` in lower case."""
    assert [kind] == [item.kind for item in read(_post(type=of, payload=payload))]


def test_a_report_has_one_id_in_all_its_forms() -> None:
    """On the bus it comes three times, first without its uuid, with other message ids each time."""
    found = [
        event("instance.failed", items(BUS.format(step))) for step in ("create.start", "process.start", "process.end")
    ]
    assert 1 == len({said.id for said in found})
    assert [None, "40383e8a-652d-4988-9602-3982e38be310"] == [said.fields.get("notification") for said in found[:2]]


def test_the_answer_to_a_get_is_the_report_of_the_bus() -> None:
    """`…:24.000000` without a zone and `…:24Z` are one time."""
    inner = message(BUS.format("process.start"))
    answer = record(FINISHED)["notification"]
    inner["payload"]["masakari_object.data"] |= {
        "type": "COMPUTE_HOST",
        "generated_time": "2026-11-22T16:32:24Z",
        "payload": answer["payload"],
    }
    assert event("host.lost", items(FINISHED)).id == event("host.lost", read(inner)).id


def test_a_recovery_holds_until_it_is_finished() -> None:
    """The payload of `process.end` still says `running`: the phase is right, the status lags behind."""
    start, end = (items(BUS.format(f"process.{phase}")) for phase in ("start", "end"))
    data = message(BUS.format("process.end"))["payload"]["masakari_object.data"]
    assert "running" == data["status"]
    assert [("running", False), ("finished", True)] == [
        (recovery.fields["status"], recovery.cleared) for recovery in (state("recovery", start), state("recovery", end))
    ]


def test_a_recovery_that_fails_is_held() -> None:
    """So that a rule can see it and somebody is called."""
    answer = record(FINISHED)
    answer["notification"] |= {"status": "failed", "message": "no reserved host"}
    recovery = state("recovery", read(answer))
    assert (False, "failed", "no reserved host") == (
        recovery.cleared,
        recovery.fields["status"],
        recovery.fields["fault"],
    )


def test_the_error_of_a_recovery_carries_its_fault() -> None:
    """The exception is nested in the payload as a versioned object."""
    inner = message(BUS.format("process.end")) | {"event_type": "notification.process.error"}
    fault = {"masakari_object.data": {"exception_message": "Failed to execute process recovery workflow."}}
    inner["payload"]["masakari_object.data"]["fault"] = fault
    fields = state("recovery", read(inner)).fields
    assert ("error", "Failed to execute process recovery workflow.") == (fields["status"], fields["fault"])


def test_what_masakari_ignores_starts_no_recovery() -> None:
    """No end would ever come for it, and the state would hold for ever."""
    inner = message(BUS.format("process.start"))
    inner["payload"]["masakari_object.data"]["payload"]["vir_domain_event"] = "STOPPED_DESTROYED"
    found = read(inner)
    assert ["instance.failed"] == [item.kind for item in found]
    assert False is event("instance.failed", found).fields["recoverable"]


def test_a_host_is_in_maintenance_while_masakari_says_so() -> None:
    """A process report puts the host there, and the next host report about it is refused."""
    inner = message("masakari/versioned.host.update.end")
    assert False is state("host.maintenance", read(inner)).cleared
    inner["payload"]["masakari_object.data"]["on_maintenance"] = False
    over = state("host.maintenance", read(inner))
    assert (True, HOST) == (over.cleared, over.fields["host"])


def test_a_host_taken_out_of_masakari_is_in_no_maintenance() -> None:
    """Deleting it clears what it held."""
    inner = message("masakari/versioned.host.update.end") | {"event_type": "host.delete.end"}
    assert state("host.maintenance", read(inner)).cleared


def test_the_start_of_a_change_says_nothing_yet() -> None:
    """It may fail; it is kept as a plain notification."""
    inner = message("masakari/versioned.host.update.end") | {"event_type": "host.update.start"}
    assert ["openstack.notification"] == [item.kind for item in read(inner)]


def test_segments_are_plain_notifications() -> None:
    """They have no kind of their own, and are not lost."""
    assert ["openstack.notification"] == [item.kind for item in items("masakari/versioned.segment.create.start")]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"type": "RACK"}, "`type` is 'RACK', none of COMPUTE_HOST, VM, PROCESS"),
        ({"hostname": None}, "a report names neither `hostname` nor `source_host_uuid`"),
        ({"payload": {"event": "GONE"}}, "`event` is 'GONE', neither 'STARTED' nor 'STOPPED'"),
        ({"generated_time": "now"}, "`generated_time` is 'now', not a time"),
        ({"payload": {"event": "STOPPED", "x": float("nan")}}, "nan is not a finite number"),
        ({"status": "lost"}, "`status` is 'lost', none of new, running, error, failed, ignored, finished"),
    ],
)
def test_a_malformed_report_is_refused_by_its_field(changed: dict[str, Any], problem: str) -> None:
    """The error says which field is wrong, and what stands in it."""
    with pytest.raises(EventError, match=f"^{problem}$"):
        read(_post(**changed))


def test_an_answer_without_a_uuid_tells_of_no_recovery() -> None:
    """A recovery is known by the uuid of its report."""
    assert ["host.lost"] == [item.kind for item in read(_post(status="new"))]
