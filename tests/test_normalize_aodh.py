"""Aodh: alarms over measurements are states, alarms over events are events, and neither comes with a time."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from selfheal_rules.diagnostics import EventError
from selfheal_rules.normalize import Problem, Reading, read_items
from tests.payloads import event, items, message, raw, read, record, state

RECEIVED = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
EVENT_ALARMS = [f"aodh/webhook.alarm.{number}" for number in (1, 2, 3)]
HEALTH: dict[str, Any] = raw("aodh/webhook.loadbalancer_member_health")[0]
MEMBER: dict[str, Any] = HEALTH["reason_data"]["most_recent"]


def _body(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    body: dict[str, Any] = dict(raw("aodh/webhook.ok.1")[0])
    return body | changed


def _health(current: str, members: list[dict[str, Any]]) -> dict[str, Any]:
    told = {"count": len(members), "most_recent": members[-1] if members else None, "unhealthy_members": members}
    return HEALTH | {"current": current, "reason_data": HEALTH["reason_data"] | told}


def test_an_event_alarm_is_an_event_dated_by_what_raised_it() -> None:
    """It never returns to `ok`, so as a state it would hold for ever."""
    said = event("alarm.event", items(EVENT_ALARMS[0]))
    assert "2026-11-22T16:28:37.457126+00:00" == said.time.isoformat()
    told = {name: said.fields[name] for name in ("host", "instance", "event_type", "severity")}
    assert {
        "host": "compute1",
        "instance": "c5e1f90d-7550-4c22-b8fa-07f7f6f5645a",
        "event_type": "compute.instance.update",
        "severity": "critical",
    } == told


def test_repeated_actions_are_one_occurrence() -> None:
    """With `repeat_actions` Aodh sends it each time it evaluates, `previous` then being `alarm`: one id throughout."""
    previous = [raw(name)[0]["previous"] for name in EVENT_ALARMS]
    found = [event("alarm.event", items(name)) for name in EVENT_ALARMS]
    assert ["insufficient data", "alarm", "alarm"] == previous
    assert [found[0]] * 3 == found


def test_traits_keep_their_types() -> None:
    """Traits are lists of name, type and value; type 4 is a time, and one of 255 characters may have been cropped."""
    body = dict(raw(EVENT_ALARMS[0])[0])
    traits = [["launched_at", 4, "2026-11-22T16:00:00"], ["vcpus", 2, 4], ["display_name", 1, "x" * 255]]
    body["reason_data"] = {"type": "event", "event": body["reason_data"]["event"] | {"traits": traits}}
    fields = event("alarm.event", read(body)).fields
    assert (datetime(2026, 11, 22, 16, tzinfo=UTC), 4) == (fields["traits"]["launched_at"], fields["traits"]["vcpus"])
    assert ("display_name",) == fields["cropped"]


def test_ok_clears_a_threshold_alarm() -> None:
    """The webhook has no time: the alarm is dated by its arrival."""
    found = state("alarm", items("aodh/webhook.ok.1"))
    assert (True, raw("aodh/webhook.ok.1")[1]) == (found.cleared, found.time)


@pytest.mark.parametrize(
    ("current", "status", "cleared"),
    [("alarm", "problem", False), ("insufficient data", "unknown", False), ("ok", "ok", True)],
)
def test_three_states_are_on_one_vocabulary(current: str, status: str, *, cleared: bool) -> None:
    """Too little data is held as `unknown`: what nobody can see is not in order."""
    found = state("alarm", read(_body(current=current), RECEIVED))
    assert (status, cleared) == (found.fields["status"], found.cleared)


@pytest.mark.parametrize(("said", "severity"), [("low", "warning"), ("moderate", "major"), ("critical", "critical")])
def test_severity_is_on_one_ladder(said: str, severity: str) -> None:
    """Aodh has three rungs."""
    assert severity == state("alarm", read(_body(severity=said), RECEIVED)).fields["severity"]


def test_without_a_time_of_arrival_there_is_none() -> None:
    """The normalizer reads no clock; it says what it lacks."""
    with pytest.raises(EventError, match=r"^an alarm of Aodh carries no time, and when it was received is not known$"):
        read(_body())


def test_a_naive_time_of_arrival_is_refused() -> None:
    """A time without a zone would be guessed at."""
    with pytest.raises(EventError, match=r"^`received` is 2026-11-22T16:30:00, which names no time zone$"):
        read(_body(), RECEIVED.replace(tzinfo=None))


def test_a_composite_alarm_is_about_what_its_causes_agree_on() -> None:
    """The rules that caused it name a resource."""
    fields = state("alarm", items("aodh/webhook.composite")).fields
    assert ("composite", "instance", "INSTANCE_ID1", "INSTANCE_ID1") == (
        fields["rule_type"],
        fields["resource_type"],
        fields["resource"],
        fields["instance"],
    )
    body = raw("aodh/webhook.composite")[0]
    rule = body["reason_data"]["causative_rules"]["rule1"]
    rules = {"rule1": rule, "rule2": rule | {"resource_id": "INSTANCE_ID2"}}
    data = body["reason_data"] | {"causative_rules": rules}
    assert "resource" not in state("alarm", read(body | {"reason_data": data}, RECEIVED)).fields


def test_sick_members_are_events_and_their_pool_a_state() -> None:
    """`most_recent` is a mapping here; the members are named one by one."""
    found = read(_health("alarm", [MEMBER]), RECEIVED)
    pool, member = state("lb.pool", found), event("lb.member_unhealthy", found)
    assert (1, ("m-1",), "stack-1", "group-1") == tuple(
        pool.fields[name] for name in ("unhealthy", "members", "stack", "group")
    )
    assert ("m-1", "pool-1", "10.0.0.7", 80, "ERROR") == tuple(
        member.fields[name] for name in ("member", "pool", "address", "port", "operating_status")
    )
    assert ("lb_pool", "pool-1") == tuple(state("alarm", found).fields[name] for name in ("resource_type", "resource"))


def test_a_member_that_cannot_be_read_is_counted_and_takes_nothing_with_it() -> None:
    """The alarm, the pool and the other members are there; the problem says which member it is."""
    body = _health("alarm", [MEMBER | {"id": None}, MEMBER, {"name": "m-3", "id": 5}])
    found = list(read_items([json.dumps({"received": RECEIVED.isoformat(), "payload": body})]))
    taken = [one.item for one in found if isinstance(one, Reading)]
    assert ["alarm", "lb.pool", "lb.member_unhealthy"] == [item.kind for item in taken if item.kind != "alias"]
    assert (3, ("m-1",)) == tuple(state("lb.pool", tuple(taken)).fields[name] for name in ("unhealthy", "members"))
    assert ["unhealthy_members[0].id", "unhealthy_members[2].id"] == [
        one.field for one in found if isinstance(one, Problem)
    ]


def test_a_member_that_stays_sick_is_one_occurrence() -> None:
    """Evaluated again a minute later it has the same id; sick once more later on, another."""
    first = event("lb.member_unhealthy", read(_health("alarm", [MEMBER]), RECEIVED))
    again = event("lb.member_unhealthy", read(_health("alarm", [MEMBER]), RECEIVED.replace(minute=31)))
    later = MEMBER | {"updated_at": "2026-11-22T17:00:00"}
    assert first.id == again.id
    assert first.id != event("lb.member_unhealthy", read(_health("alarm", [later]), RECEIVED)).id


def test_ok_clears_the_pool_though_it_names_no_member() -> None:
    """This is why a member is an event: no later payload would say which one is well."""
    found = read(_health("ok", []), RECEIVED)
    assert [("alarm", True), ("lb.pool", True)] == [(item.kind, item.cleared) for item in found]  # type: ignore[union-attr]


def test_a_health_alarm_without_a_pool_is_an_alarm_alone() -> None:
    """Nothing is made up where the payload does not say which pool it is."""
    body = _health("alarm", [MEMBER])
    body["reason_data"]["pool_id"] = None
    assert ["alarm"] == [item.kind for item in read(body, RECEIVED)]


def test_detail_is_a_mapping_from_the_api() -> None:
    """The alarm's creation on the bus says what the alarm is."""
    said = event("alarm.change", items("aodh/unversioned.alarm.creation"))
    assert ("creation", "vm_error1795364916", "event", "unknown") == tuple(
        said.fields[name] for name in ("change", "name", "rule_type", "status")
    )


def test_detail_is_a_json_text_from_the_evaluator() -> None:
    """The history shows both; a record and the notification of one change have one id."""
    history = items("aodh/api.aodh.history")
    assert isinstance(record("aodh/api.aodh.history")[0]["detail"], str)
    assert ["problem", "problem", "problem", "unknown"] == [item.fields["status"] for item in history]
    assert items("aodh/unversioned.alarm.creation")[0] == history[3]


def test_a_deleted_alarm_holds_no_longer() -> None:
    """Nothing else would ever clear it."""
    inner = message("aodh/unversioned.alarm.creation") | {"event_type": "alarm.deletion"}
    inner["payload"]["type"] = "deletion"
    assert state("alarm", read(inner)).cleared


def test_the_internal_notification_says_what_the_webhook_says() -> None:
    """It has a time of its own."""
    inner = message("aodh/unversioned.alarm.creation") | {"event_type": "alarm.update", "priority": "sample"}
    inner["payload"] = _body(current="alarm", actions=["log://"])
    assert "2026-11-22T16:28:37.188522+00:00" == state("alarm", read(inner)).time.isoformat()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"current": "ALARM"}, "`current` is 'ALARM', none of 'ok', 'alarm' and 'insufficient data'"),
        ({"alarm_id": ""}, "`alarm_id` is missing"),
        ({"reason_data": "x"}, "`reason_data` is 'x', not a mapping"),
    ],
)
def test_a_malformed_alarm_is_refused_by_its_field(changed: dict[str, Any], problem: str) -> None:
    """The error says which field is wrong, and what stands in it."""
    with pytest.raises(EventError, match=f"^{problem}$"):
        read(_body(**changed), RECEIVED)


@pytest.mark.parametrize(
    ("traits", "problem"),
    [([["host", 1]], "a trait is .*, not a list of name, type and value"),
     ([[1, 1, "x"]], "a trait is named 1, not by a text")],
)  # fmt: skip
def test_a_malformed_trait_is_refused(traits: list[Any], problem: str) -> None:
    """A trait is a list of three that begins with its name."""
    body = dict(raw(EVENT_ALARMS[0])[0])
    body["reason_data"] = {"type": "event", "event": body["reason_data"]["event"] | {"traits": traits}}
    with pytest.raises(EventError, match=f"^{problem}$"):
        read(body)


def test_an_event_without_a_time_needs_one_of_arrival() -> None:
    """`generated` missing, the alarm is dated by its arrival or not at all."""
    body = json.loads(json.dumps(raw(EVENT_ALARMS[0])[0]))
    del body["reason_data"]["event"]["generated"]
    assert RECEIVED == event("alarm.event", read(body, RECEIVED)).time
    with pytest.raises(EventError, match=r"^the event of an alarm has no `generated`"):
        read(body)


def test_a_detail_that_is_no_json_is_refused() -> None:
    """A cut-off text is malformed, not empty."""
    broken = record("aodh/api.aodh.history")[0] | {"detail": '{"state": "al'}
    with pytest.raises(EventError, match=r"^`detail` is .*, neither a mapping nor JSON$"):
        read(broken)
