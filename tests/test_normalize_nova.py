"""Nova: one event in two formats is one event, and what it says of instances and services can be relied on."""

from typing import Any

import pytest

from selfheal_rules.diagnostics import EventError
from selfheal_rules.normalize.nova_instance import action_and_phase
from tests.payloads import NAMES, Items, event, items, message, read, record, state

EVACUATE = "nova/{}.instance.evacuate"
NOVA = [name for name in NAMES if name.startswith("nova/")]

PAIRS = [
    ("compute.instance.create.error", "instance.create.error"),
    ("compute.instance.create.start", "instance.create.start"),
    ("compute.instance.evacuate", "instance.evacuate"),
    ("compute.instance.finish_resize.end", "instance.resize_finish.end"),
    ("compute.instance.live_migration._post.start", "instance.live_migration_post.start"),
    ("compute.instance.live_migration.post.dest.end", "instance.live_migration_post_dest.end"),
    ("compute.instance.power_off.end", "instance.power_off.end"),
    ("compute.instance.rebuild.scheduled", "instance.rebuild_scheduled"),
    ("compute.instance.rebuild.start", "instance.rebuild.start"),
    ("compute.instance.resize.confirm.start", "instance.resize_confirm.start"),
    ("compute.instance.resize.prep.end", "instance.resize_prep.end"),
    ("compute.instance.shelve_offload.end", "instance.shelve_offload.end"),
    ("compute.instance.update", "instance.update"),
    ("compute.instance.update.4", "instance.update.4"),
    ("compute.instance.update.11", "instance.update.11"),
    ("get_host_uptime", "compute.exception"),
]


def _events(found: Items) -> list[tuple[str, str, str]]:
    return [(item.kind, item.source, item.id) for item in found if hasattr(item, "id") and not hasattr(item, "cleared")]


@pytest.mark.parametrize(("flat", "versioned"), PAIRS)
def test_one_event_in_two_formats_has_one_identity(flat: str, versioned: str) -> None:
    """The message ids differ, the times differ; source, kind and id do not, so the second is a duplicate."""
    first, second = items(f"nova/unversioned.{flat}"), items(f"nova/versioned.{versioned}")
    assert record(f"nova/unversioned.{flat}") != record(f"nova/versioned.{versioned}")
    assert _events(first) == _events(second) != []


@pytest.mark.parametrize(("flat", "versioned"), PAIRS[:-4])
def test_the_two_formats_agree_in_what_both_say(flat: str, versioned: str) -> None:
    """Whichever arrives first, the fields both formats have are equal."""
    first = event("instance.action", items(f"nova/unversioned.{flat}")).fields
    second = event("instance.action", items(f"nova/versioned.{versioned}")).fields
    shared = first.keys() & second.keys() - {"reporter"}
    assert {"instance", "action", "phase", "status"} <= shared
    assert {name: first[name] for name in shared} == {name: second[name] for name in shared}


def test_no_two_events_share_an_identity() -> None:
    """Over all that was captured, only the formats of one event meet: never more than two, never of one format."""
    seen: dict[tuple[str, str, str], list[str]] = {}
    for name in NOVA:
        for identity in _events(items(name)):
            seen.setdefault(identity, []).append(name.split("/")[1].split(".")[0])
    assert [] == [formats for formats in seen.values() if len(formats) != len(set(formats))]


def test_without_a_request_an_event_is_told_by_its_message() -> None:
    """A sanitized context leaves nothing else; the two formats are then two events."""
    inner = message("nova/unversioned.compute.instance.evacuate")
    del inner["_context_request_id"]
    assert inner["message_id"] == event("instance.action", read(inner)).id


def test_another_request_is_another_event() -> None:
    """Evacuating the same server once more is not a repetition."""
    inner = message("nova/unversioned.compute.instance.evacuate")
    inner["_context_request_id"] = "req-another"
    first = event("instance.action", items("nova/unversioned.compute.instance.evacuate"))
    assert first.id != event("instance.action", read(inner)).id


@pytest.mark.parametrize(
    ("event_type", "action", "phase"),
    [
        ("compute.instance.live_migration._rollback.start", "live_migration_rollback", "start"),
        ("instance.live_migration_rollback.start", "live_migration_rollback", "start"),
        ("compute.instance.live.migration.abort.start", "live_migration_abort", "start"),
        ("compute.instance.live_migration.rollback.dest.end", "live_migration_rollback_dest", "end"),
        ("compute.instance.finish_resize.start", "resize_finish", "start"),
        ("compute.instance.evacuate", "evacuate", "once"),
        ("instance.lock", "lock", "once"),
        ("instance.reboot.error", "reboot", "error"),
    ],
)
def test_an_action_has_one_name(event_type: str, action: str, phase: str) -> None:
    """The unversioned names with their dots and underscores become the versioned ones."""
    assert (action, phase) == action_and_phase(event_type)


@pytest.mark.parametrize("name", [name for name in NOVA if ".instance.evacuate" in name])
def test_an_evacuation_is_an_action_on_an_instance(name: str) -> None:
    """Both formats say which server is leaving which host."""
    fields = event("instance.action", items(name)).fields
    assert ("13c2deab-a1ff-49ba-a3f4-8a9370c99d8e", "evacuate", "compute3", "rebuilding") == (
        fields["instance"],
        fields["action"],
        fields["host"],
        fields["task_state"],
    )


def test_who_asked_is_said_by_the_versioned_format() -> None:
    """It tells a user's stop from an unexpected one."""
    fields = event("instance.action", items("nova/versioned.instance.evacuate")).fields
    assert "134139f2517f4de2bab61cd9db0bd1bf" == fields["initiator"]


def test_after_evacuation_a_server_is_stopped_on_its_new_host() -> None:
    """The last notification still names the dead host and never says `active`: a rule must not wait for that."""
    name = "nova/versioned.instance.rebuild.end"
    payload = message(name)["payload"]["nova_object.data"]
    instance = state("instance", items(name)).fields
    assert ("compute3", "compute1") == (payload["host"], instance["host"])
    assert ("stopped", "shutdown", None) == (
        instance["status"],
        instance["power_state"],
        instance.get("task_state"),
    )


def test_a_rebuild_in_place_moves_nothing() -> None:
    """Only the end of a rebuild by another host moves a server."""
    inner = message("nova/versioned.instance.rebuild.end")
    inner["publisher_id"] = "nova-compute:compute3"
    fields = state("instance", read(inner)).fields
    assert ("compute3", "compute3") == (fields["host"], fields["node"])


def test_a_server_on_no_host_says_so() -> None:
    """`host` is always there, so that a rule may ask whether none is left on a host; the event leaves it out."""
    found = items("nova/versioned.instance.shelve_offload.end")
    assert ("", None) == (state("instance", found).fields["host"], event("instance.action", found).fields.get("host"))


def test_shelved_is_not_yet_at_rest() -> None:
    """Between shelved and offloaded a task is under way: the status alone is not enough."""
    fields = state("instance", items("nova/versioned.instance.shelve.end")).fields
    assert ("shelved", "shelving_offloading") == (fields["status"], fields["task_state"])


def test_a_deleted_server_is_cleared_after_its_last_event() -> None:
    """A rule over both still sees the server when the event comes."""
    found = items("nova/versioned.instance.delete.end")
    assert ["instance.action", "instance"] == [item.kind for item in found]
    assert state("instance", found).cleared


def test_an_audit_of_a_server_long_gone_does_not_bring_it_back() -> None:
    """`exists` is sent for servers that were deleted in the period, too."""
    inner = message("nova/unversioned.compute.instance.exists")
    inner["payload"] |= {"state": "deleted", "deleted_at": "2026-11-22T16:00:00.000000"}
    assert state("instance", read(inner)).cleared


@pytest.mark.parametrize(
    ("name", "action", "fault"),
    [
        ("nova/unversioned.compute.instance.create.error", "create", "injected: no space left on hypervisor"),
        ("nova/versioned.instance.create.error", "create", "injected: no space left on hypervisor"),
        ("nova/versioned.instance.reboot.error", "reboot", "injected: libvirt timed out"),
    ],
)
def test_a_failed_action_carries_its_fault(name: str, action: str, fault: str) -> None:
    """Both formats say what went wrong; the traceback stays out."""
    fields = event("instance.error", items(name)).fields
    assert (action, fault, "NovaException") == (fields["action"], fields["fault"], fields["fault_class"])
    assert "Traceback" not in str(fields)


def test_a_failed_creation_is_told_by_the_host_that_failed() -> None:
    """The server has no host any more; who reports it has."""
    fields = event("instance.error", items("nova/versioned.instance.create.error")).fields
    assert (None, "compute3") == (fields.get("host"), fields["reporter"])


def test_a_failed_reboot_may_leave_the_server_active() -> None:
    """The error is an event; the state does not tell it."""
    found = items("nova/versioned.instance.reboot.error")
    assert "active" == state("instance", found).fields["status"]
    assert "error" == event("instance.action", found).fields["phase"]


@pytest.mark.parametrize("name", ["nova/unversioned.compute.instance.update", "nova/versioned.instance.update"])
def test_going_into_error_is_an_error_once(name: str) -> None:
    """The update that puts a server into `error` is one, those that find it there are none."""
    inner = message(name)
    data = inner["payload"].get("nova_object.data", inner["payload"])
    change = data["state_update"]["nova_object.data"] if "state_update" in data else data
    data["state"] = "error"
    change["old_state"] = "building"
    assert "update" == event("instance.error", read(inner)).fields["action"]
    change["old_state"] = "error"
    assert [] == [item for item in read(inner) if item.kind == "instance.error"]


def test_a_word_nova_has_not_had_before_is_unknown() -> None:
    """A new status must not stop the stream."""
    inner = message("nova/versioned.instance.evacuate")
    inner["payload"]["nova_object.data"]["state"] = "levitating"
    assert "unknown" == state("instance", read(inner)).fields["status"]


def test_times_with_a_space_and_an_offset_are_read() -> None:
    """`created_at` of an unversioned payload is `2026-11-22 16:00:44+00:00`, and `deleted_at` an empty text."""
    instance = state("instance", items("nova/unversioned.compute.instance.evacuate"))
    assert ("2026-11-22T16:00:44+00:00", False) == (instance.fields["created_at"].isoformat(), instance.cleared)


def test_metadata_may_be_a_list() -> None:
    """Older clouds send `[]`, or a list of keys and values."""
    inner = message("nova/unversioned.compute.instance.evacuate")
    inner["payload"]["metadata"] = [{"key": "HA_Enabled", "value": "True"}]
    assert {"HA_Enabled": "True"} == state("instance", read(inner)).fields["metadata"]


@pytest.mark.parametrize(
    ("name", "scheme", "called", "means"),
    [
        ("nova/versioned.instance.evacuate", "hypervisor", "compute3", {"host": "compute3"}),
        (
            "nova/versioned.instance.create.error",
            "libvirt",
            "instance-00000006",
            {"instance": "5b4917d8-0217-4d06-ae0f-cd7a6a5067ab"},
        ),
    ],
)
def test_names_of_hosts_and_servers_are_aliases(name: str, scheme: str, called: str, means: dict[str, str]) -> None:
    """A hypervisor's node stands for its host, a libvirt domain for its server."""
    assert {"scheme": scheme, "name": called, **means} == state("alias", items(name)).fields


def test_a_service_is_a_state_of_what_an_operator_did() -> None:
    """Forced down and then disabled: two updates of one state."""
    first, then = (state("compute.service", items(f"nova/versioned.service.update{n}")) for n in ("", ".2"))
    assert ("compute3", "nova-compute") == (first.fields["host"], first.fields["binary"])
    assert (True, False, True, True) == (
        first.fields["forced_down"],
        first.fields["disabled"],
        then.fields["forced_down"],
        then.fields["disabled"],
    )
    assert "selfheal: host failed" == then.fields["disabled_reason"]


def test_the_version_of_a_service_is_a_number() -> None:
    """A text in its place is malformed, not read as one."""
    inner = message("nova/versioned.service.update")
    inner["payload"]["nova_object.data"]["version"] = "72"
    with pytest.raises(EventError, match=r"^`version` is '72', not an integer$"):
        read(inner)


def test_a_deleted_service_is_cleared() -> None:
    """`service.delete` takes the state away."""
    inner = message("nova/versioned.service.update")
    inner["event_type"] = "service.delete"
    assert state("compute.service", read(inner)).cleared


def test_a_task_of_the_conductor_that_fails_is_an_event() -> None:
    """No host for an evacuated server: the task, the server and the class of the exception are said."""
    fields = event("compute.task_error", items("nova/bus.compute_task.rebuild_server.error")).fields
    assert ("d5e6a7b7-80e5-4166-85a3-cd6115201082", "rebuild_server", "NoValidHost", "error") == (
        fields["instance"],
        fields["task"],
        fields["fault_class"],
        fields["status"],
    )


def test_the_unversioned_failure_of_a_task_is_the_same_event() -> None:
    """Its type has no `.error`, its reason is a text and has no class."""
    names = ("bus.compute_task.rebuild_server.error", "bus.compute_task.rebuild_server")
    first, second = (event("compute.task_error", items(f"nova/{name}")) for name in names)
    told = ("instance", "task", "status", "fault")
    assert first.id == second.id
    assert [first.fields[name] for name in told] == [second.fields[name] for name in told]
    assert "fault_class" not in second.fields


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"payload": {"nova_object.data": None}}, "`uuid` is missing"),
        ({"payload": {"nova_object.data": "x"}}, "`payload.nova_object.data` is 'x', not a mapping"),
        ({"timestamp": None}, "`timestamp` is missing"),
        ({"timestamp": "22 Nov"}, "`timestamp` is '22 Nov', not a time"),
        ({"message_id": 7}, "`message_id` is 7, not a text"),
        ({"payload": {"nova_object.data": {"uuid": "i", "locked": "no"}}}, "`locked` is 'no', not a boolean"),
        ({"payload": {"nova_object.data": {"uuid": "i", "flavor": 3}}}, "`flavor` is 3, not a mapping"),
    ],
)
def test_a_malformed_notification_is_refused_by_its_field(changed: dict[str, Any], problem: str) -> None:
    """The error says which field is wrong, and what stands in it."""
    with pytest.raises(EventError, match=f"^{problem}$"):
        read(message("nova/versioned.instance.evacuate") | changed)
