"""Watcher, Mistral, Fenix, Senlin, Freezer: what others are at work on, which a rule had better leave alone."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from selfheal_rules.diagnostics import EventError
from tests.payloads import changed, event, items, message, raw, read, state

SERVER = "c5e1f90d-7550-4c22-b8fa-07f7f6f5645a"


def test_an_action_names_what_it_moves() -> None:
    """So that a rule can leave it alone while it is ongoing."""
    fields = state("watcher.action", items("watcher/bus.action.migrate")).fields
    assert ("ONGOING", "migrate", SERVER, "compute1", "compute2") == tuple(
        fields[name] for name in ("status", "action_type", "resource", "host", "destination")
    )


def test_a_start_still_has_the_state_before_it() -> None:
    """And the update that follows has a `state_update` with nothing in it."""
    start = state("watcher.action", items("watcher/versioned.action.execution.start"))
    update = state("watcher.action", items("watcher/versioned.action.update"))
    assert (start.fields["action"], "PENDING", "ONGOING") == (
        update.fields["action"], start.fields["status"], update.fields["status"],
    )  # fmt: skip
    inner = message("watcher/versioned.action.update")["payload"]["watcher_object.data"]
    assert {None} == set(inner["state_update"]["watcher_object.data"].values())


def test_what_ended_well_is_cleared_and_what_failed_stays() -> None:
    """A failure is an event, too, with its exception."""
    assert state("watcher.action", items("watcher/versioned.action.execution.end")).cleared
    failed = items("watcher/bus.action.execution.error")
    assert ("FAILED", False) == (
        state("watcher.action", failed).fields["status"],
        state("watcher.action", failed).cleared,
    )
    assert ("action", "WatcherException", "TEST") == tuple(
        event("watcher.error", failed).fields[name] for name in ("type", "fault_class", "fault")
    )


def test_an_audit_and_its_plan_are_joined_by_uuid() -> None:
    """The goal and the strategy are named."""
    audit = state("watcher.audit", items("watcher/versioned.audit.update")).fields
    plan = state("watcher.action_plan", items("watcher/versioned.action_plan.create")).fields
    assert (audit["audit"], "dummy", "dummy", "RECOMMENDED") == (
        plan["audit"], audit["goal"], plan["strategy"], plan["status"],
    )  # fmt: skip


def test_a_service_of_watchers_misspells_its_host() -> None:
    """`sevice_host`; spelt as it should be, it is read, too."""
    fields = state("watcher.service", items("watcher/bus.service.update")).fields
    assert ("controller", "watcher-service", "FAILED", "ACTIVE") == tuple(
        fields[name] for name in ("host", "name", "status", "old_status")
    )
    inner = json.loads(json.dumps(raw("watcher/bus.service.update")[0]).replace("sevice_host", "service_host"))
    assert "controller" == state("watcher.service", read(inner)).fields["host"]
    with pytest.raises(EventError, match=r"^neither `sevice_host` nor `service_host` is there$"):
        read(json.loads(json.dumps(inner).replace("service_host", "host")))


def test_an_exception_of_watchers_is_an_event() -> None:
    """It is about no audit that exists yet."""
    fields = event("watcher.error", items("watcher/bus.exception")).fields
    assert ("NoAvailableStrategyForGoal", None) == (fields["fault_class"], fields.get("resource"))


def test_an_execution_says_what_it_was_started_with() -> None:
    """The API writes it as a JSON text; what may be a secret stays out."""
    fields = state("workflow", items("mistral/api.mistral.heal_host")).fields
    assert ("heal_host", "SUCCESS", {"host": "compute1"}) == tuple(
        fields[name] for name in ("workflow", "status", "input")
    )
    body = raw("mistral/api.mistral.heal_host")[0]["execution"]
    told = read(body | {"input": '{"host": "a", "admin_password": "x"}'})
    assert {"host": "a"} == state("workflow", told).fields["input"]


def test_tasks_come_with_their_execution() -> None:
    """One that failed stays, though the execution ended well."""
    found = items("mistral/api.mistral.echo_heal")
    tasks = [item for item in found if item.kind == "workflow.task"]
    assert state("workflow", found).cleared
    assert {"bad": False, "noop2": True, "one": True} == {
        item.fields["name"]: item.cleared  # type: ignore[union-attr]
        for item in sorted(tasks, key=lambda item: str(item.fields["name"]))
    }


@pytest.mark.parametrize(
    ("name", "change", "cleared"),
    [("failed", "WORKFLOW_FAILED", False), ("succeeded", "WORKFLOW_SUCCEEDED", True)],
)
def test_a_notifier_says_what_became_of_an_execution(name: str, change: str, *, cleared: bool) -> None:
    """The state and the event are of one payload."""
    found = items(f"mistral/webhook.workflow.{name}")
    assert (change, cleared) == (event("workflow.change", found).fields["change"], state("workflow", found).cleared)


def test_a_notifier_says_what_became_of_a_task() -> None:
    """It names its execution."""
    fields = event("workflow.change", items("mistral/webhook.task.failed")).fields
    assert ("TASK_FAILED", "9f0e", "evacuate", "heal_vm") == tuple(
        fields[name] for name in ("change", "task", "name", "workflow")
    )


def test_a_status_mistral_has_not_had_is_unknown() -> None:
    """It is not over."""
    found = state("workflow", changed("mistral/webhook.workflow.failed", state="PONDERING"))
    assert ("unknown", False) == (found.fields["status"], found.cleared)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"input": "{"}, "`input` is '{', neither a mapping nor JSON"),
        ({"created_at": None, "updated_at": None}, "neither `updated_at` nor `created_at` is there"),
        ({"workflow_name": None}, "`workflow_name` is missing"),
    ],
)
def test_a_malformed_execution_is_refused(fields: dict[str, Any], problem: str) -> None:
    """The field is named, and what stands in it."""
    with pytest.raises(EventError, match=f"^{problem}$"):
        changed("mistral/webhook.workflow.failed", **fields)


def test_a_maintenance_holds_until_fenix_says_it_is_complete() -> None:
    """What it says in between is part of it."""
    begun, over = (state("host.maintenance", items(f"fenix/bus.host.{turn}")) for turn in ("in", "complete"))
    assert ("fenix", "overcloud-novacompute-0.opnfvlf.org", False) == (
        begun.source,
        begun.fields["host"],
        begun.cleared,
    )
    assert (begun.fields["host"], True) == (over.fields["host"], over.cleared)
    assert not state("host.maintenance", changed("fenix/bus.host.in", state="HOST_REMOVED")).cleared
    assert state("host.maintenance", changed("fenix/bus.host.in", state="HOST_ADDED")).cleared


@pytest.mark.parametrize("event_type", ["maintenance.planned", "maintenance.scheduled"])
def test_a_session_goes_by_two_names(event_type: str) -> None:
    """One is documented, the other is sent."""
    inner = raw("fenix/bus.scheduled")[0] | {"event_type": event_type}
    fields = event("maintenance.session", read(inner)).fields
    assert ("PREPARE_MAINTENANCE", datetime(2018, 2, 28, 6, 40, 16, tzinfo=UTC)) == (
        fields["status"],
        fields["reply_at"],
    )


def test_a_cluster_that_cannot_grow_says_why() -> None:
    """With the exception beside it."""
    fields = event("cluster.action", items("senlin/bus.cluster.scale_out.error")).fields
    assert ("cluster", "web", "cluster_scale_out", "error", "no room", "ResourceNotFound") == tuple(
        fields[name] for name in ("resource_type", "name", "action", "phase", "fault", "fault_class")
    )


def test_a_node_of_senlins_is_none_of_ironics() -> None:
    """Its event type is told by the namespace of its object."""
    fields = event("cluster.action", items("senlin/bus.node.create.start")).fields
    assert ("node", "0df0931b", "45edadcb", "start", SERVER) == tuple(
        fields[name] for name in ("resource_type", "resource", "cluster", "phase", "physical")
    )


def test_what_senlin_sends_once_has_the_phase_once() -> None:
    """An event type without start, end or error."""
    inner = raw("senlin/bus.node.create.start")[0] | {"event_type": "node.node_check"}
    fields = event("cluster.action", read(inner)).fields
    assert ("node_check", "once") == (fields["action"], fields["phase"])


@pytest.mark.parametrize(
    ("level", "phase"), [("20", "once"), (40, "error"), ("50", "error"), ("high", "once"), (None, "once")]
)
def test_an_event_of_the_api_has_a_level_for_a_phase(level: object, phase: str) -> None:
    """From 40 on it is an error; it may be a text."""
    body = raw("senlin/api.event")[0]["event"] | {"level": level}
    assert phase == event("cluster.action", read({"event": body})).fields["phase"]
    assert read({"event": body}) == read({"events": [body]})


def test_a_job_is_as_it_was_polled() -> None:
    """Dated by the poll; `result` is that of the last run."""
    found = state("backup.job", items("freezer/api.job"))
    assert ("scheduled", "success", "backup", "nightly") == tuple(
        found.fields[name] for name in ("status", "result", "action", "backup_name")
    )
    assert datetime(2026, 11, 22, 16, 30, tzinfo=UTC) == found.time
    assert datetime(2017, 4, 25, 11, 22, 22, tzinfo=UTC) == read(raw("freezer/api.job")[0])[0].time


def test_a_job_that_has_never_run_has_no_status_and_no_time() -> None:
    """An empty text and -1 are what Freezer writes."""
    never = items("freezer/api.jobs")[1]
    assert set() == {"status", "result", "started_at", "ended_at"} & never.fields.keys()
    with pytest.raises(EventError, match=r"^the job has never run, and when it was received is not known$"):
        read(raw("freezer/api.jobs")[0])


def test_a_removed_job_is_cleared() -> None:
    """And one without actions is read all the same."""
    body = raw("freezer/api.job")[0]
    removed = body | {"job_schedule": body["job_schedule"] | {"status": "removed"}, "job_actions": []}
    found = state("backup.job", read(removed))
    assert (True, None) == (found.cleared, found.fields.get("action"))
    with pytest.raises(EventError, match=r"^an action of the job is 5, not a mapping$"):
        read(body | {"job_actions": [5]})
