"""Monasca, Zabbix, Nagios and Icinga, collectd, Kapacitor: alarms are states, and each source has traps of its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from selfheal_rules.diagnostics import EventError
from selfheal_rules.normalize import Problem, read_items
from tests.payloads import VOCABULARY, changed, event, items, raw, read, state

LINK = "ovs_events/br-ex/gauge/link_status"
ABOUT = ("name", "status", "severity", "resource_type", "host")


def _about(name: str) -> tuple[object, ...]:
    fields = state("alarm", items(name)).fields
    return tuple(fields.get(field) for field in ABOUT)


def _refused(name: str, message: str, **fields: Any) -> None:  # noqa: ANN401 - JSON values
    with pytest.raises(EventError) as error:
        changed(name, **fields)
    assert message == str(error.value)


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("monasca/webhook.alarm", ("test Alarm", "problem", None, "host", "devstack")),
        ("monasca/kafka.alarm-transitioned", ("test Alarm", "problem", "major", "host", "devstack")),
        ("zabbix/bus.problem", ("Interface ({#IFNAME}) down on {HOST.NAME}", "problem", "major", "host", "compute-1")),
        ("zabbix/webhook.problem", ("Host compute-1 is unreachable", "problem", "critical", "host", "compute-1")),
        ("zabbix/webhook.macros", ("Fan", "problem", "minor", "host", "compute-1")),
        ("nagios/macros.service.critical", ("CPU utilization", "problem", "critical", "service", "compute-1")),
        ("nagios/environment.host.down", ("host", "problem", "critical", "host", "compute-1")),
        ("nagios/row.critical", ("CPU utilization", "problem", "critical", "service", "compute-1")),
        ("nagios/icinga.statechange", ("disk", "problem", "critical", "service", "compute-1")),
        ("collectd/bus.warning", (LINK, "problem", "warning", "ovs_events", "compute-1")),
        ("collectd/bus.failure", (LINK, "problem", "critical", "ovs_events", "compute-1")),
        ("kapacitor/flat.critical", ("mem high-host=compute-1", "problem", "critical", "host", "compute-1")),
    ],
)  # fmt: skip
def test_an_alarm_is_about_a_host(name: str, about: tuple[object, ...]) -> None:
    """Whichever words the source has, the fields are the same; a webhook of Monasca's has no severity."""
    assert about == _about(name)


@pytest.mark.parametrize(
    ("set_", "cleared"),
    [
        ("monasca/webhook.alarm", "monasca/webhook.ok"),
        ("zabbix/bus.problem", "zabbix/bus.ok"),
        ("zabbix/webhook.problem", "zabbix/webhook.recovery"),
        ("nagios/macros.service.critical", "nagios/macros.service.ok"),
        ("collectd/bus.warning", "collectd/bus.ok"),
    ],
)
def test_what_is_over_clears_what_was_set(set_: str, cleared: str) -> None:
    """Both have one key, whatever else they say, and the clearing comes later."""
    first, last = state("alarm", items(set_)), state("alarm", items(cleared))
    assert (first.source, first.fields["alarm"]) == (last.source, last.fields["alarm"])
    assert (False, True, "ok") == (first.cleared, last.cleared, last.fields["status"])
    assert first.time < last.time


def test_monasca_counts_seconds_in_the_webhook_and_milliseconds_on_kafka() -> None:
    """Older releases counted seconds on Kafka, too; nobody can mistake one for the other."""
    webhook, kafka = (items(f"monasca/{name}")[0].time for name in ("webhook.alarm", "kafka.alarm-transitioned"))
    assert (datetime(2015, 4, 14, 14, 57, 33, tzinfo=UTC), timedelta(milliseconds=1)) == (webhook, kafka - webhook)
    body = raw("monasca/kafka.alarm-transitioned")[0]["alarm-transitioned"] | {"timestamp": 1429023453}
    assert webhook == read({"alarm-transitioned": body})[0].time


def test_what_monasca_cannot_determine_is_held_as_unknown() -> None:
    """It is not over."""
    found = state("alarm", items("monasca/webhook.undetermined"))
    assert ("unknown", False) == (found.fields["status"], found.cleared)


def test_an_alarm_over_many_hosts_is_about_none() -> None:
    """The labels are those all its metrics share."""
    metrics = [{"dimensions": {"hostname": host, "region": "one"}} for host in ("a", "b")]
    fields = state("alarm", changed("monasca/webhook.alarm", metrics=metrics)).fields
    assert (None, {"region": "one"}) == (fields.get("host"), fields["labels"])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"state": "BROKEN"}, "`state` is 'BROKEN', none of OK, ALARM, UNDETERMINED"),
        ({"alarm_timestamp": None}, "`alarm_timestamp` is missing"),
        ({"alarm_timestamp": True}, "`alarm_timestamp` is true, not a time since 1970"),
        ({"alarm_timestamp": "soon"}, "`alarm_timestamp` is 'soon', not a time since 1970"),
        ({"alarm_timestamp": 1e300}, "`alarm_timestamp` is 1e+300, not a time since 1970"),
        ({"metrics": [5]}, "a metric is 5, not a mapping"),
        ({"metrics": "cpu"}, "`metrics` is 'cpu', not a list"),
    ],
)
def test_a_malformed_alarm_of_monasca_is_refused(fields: dict[str, Any], message: str) -> None:
    """The field is named, and what stands in it."""
    _refused("monasca/webhook.alarm", message, **fields)


def test_the_local_time_of_zabbix_dates_nothing() -> None:
    """`lastchange` and `EVENT.TIME` name no zone: the bus and the arrival do."""
    assert datetime(2026, 11, 22, 16, 30, 0, 125_000, UTC) == state("alarm", items("zabbix/bus.problem")).time
    assert datetime(2026, 11, 22, 16, 30, 1, tzinfo=UTC) == state("alarm", items("zabbix/webhook.problem")).time
    assert datetime(2026, 11, 22, 16, 30, tzinfo=UTC) == state("alarm", items("zabbix/webhook.macros")).time
    with pytest.raises(EventError, match=r"^`EVENT.DATE` and `EVENT.TIME` name no zone, and when it was received is"):
        read(raw("zabbix/webhook.problem")[0])


def test_a_problem_of_zabbix_is_told_by_its_event() -> None:
    """Its recovery has the same `EVENT.ID`; one trigger may have several problems at once."""
    assert "4711" == state("alarm", items("zabbix/webhook.recovery")).fields["alarm"]


def test_an_update_raises_a_problem_no_second_time() -> None:
    """Somebody's word on a problem that may be over is an event."""
    said = event("alarm.change", items("zabbix/webhook.update"))
    assert ("4711", "update", "I am on it") == tuple(said.fields[name] for name in ("alarm", "change", "reason"))
    assert [said] == list(items("zabbix/webhook.update"))


@pytest.mark.parametrize("written", ["EVENT.ID", "{EVENT.ID}", "event_id", "eventid", "EventId"])
def test_a_macro_is_told_by_its_letters(written: str) -> None:
    """Operators map macros to names as they like."""
    body = {written: "9", "EVENT.VALUE": 1, "HOST.NAME": "c1", "EVENT.TIMESTAMP": "1795365000"}
    assert "9" == state("alarm", read(body)).fields["alarm"]


def test_a_macro_zabbix_could_not_resolve_is_missing() -> None:
    """`*UNKNOWN*` and a macro as it was written say nothing."""
    fields = state("alarm", items("zabbix/webhook.problem")).fields
    assert "reason" not in fields
    assert {"scope": "availability", "component": "network"} == fields["labels"]


@pytest.mark.parametrize(
    ("number", "severity"),
    [("0", None), ("1", "info"), ("2", "warning"), ("3", "minor"), ("4", "major"), ("5", "critical"), (5, "critical")],
)
def test_the_six_severities_of_zabbix_are_on_the_ladder(number: object, severity: str | None) -> None:
    """`Not classified` is none; all values may be texts."""
    found = changed("zabbix/webhook.problem", event_nseverity=number)
    assert severity == state("alarm", found).fields.get("severity")


def test_a_severity_may_be_a_word_alone() -> None:
    """The name of an event's or a trigger's severity serves where its number is not sent."""
    found = changed("zabbix/webhook.macros", **{"EVENT.NSEVERITY": None})
    assert "minor" == state("alarm", found).fields["severity"]


def test_tags_are_labels_in_either_form() -> None:
    """As JSON or as text; what is neither is malformed."""
    assert {"scope": "hardware"} == state("alarm", items("zabbix/webhook.macros")).fields["labels"]
    _refused("zabbix/webhook.macros", "`EVENT.TAGSJSON` is no JSON list of tags", **{"EVENT.TAGSJSON": "{"})


def test_zabbix_says_which_host_is_at_an_address() -> None:
    """Others who name the address alone are joined through the alias."""
    for name in ("zabbix/bus.problem", "zabbix/webhook.problem", "nagios/macros.service.critical"):
        assert {"scheme": "address", "name": "10.0.0.5", "host": "compute-1"} == state("alias", items(name)).fields


def test_a_soft_state_is_ignored() -> None:
    """Nagios is still trying: nothing is set, and a soft recovery clears nothing."""
    soft = raw("nagios/macros.service.soft")[0]
    assert () == items("nagios/macros.service.soft") == read(soft | {"SERVICESTATE": "OK"})
    assert () == changed("nagios/icinga.statechange", state_type=0)
    assert () == changed("nagios/row.critical", attempt="2/4")
    (problem,) = read_items(['{"HOSTNAME":"a","HOSTSTATE":"DOWN","HOSTSTATETYPE":"SOFT","HOSTATTEMPT":"1"}'])
    assert Problem(1, "ignored", "a SOFT state, at attempt '1': only HARD ones count") == problem


@pytest.mark.parametrize(
    ("word", "status", "severity"),
    [("DOWN", "problem", "critical"), ("UNREACHABLE", "unknown", None), ("UP", "ok", None)],
)
def test_an_unreachable_host_is_not_down(word: str, status: str, severity: str | None) -> None:
    """What lies before it is: nobody knows how it is itself."""
    fields = state("alarm", changed("nagios/environment.host.down", NAGIOS_HOSTSTATE=word)).fields
    assert (status, severity) == (fields["status"], fields.get("severity"))


def test_a_host_icinga_could_not_reach_is_not_down() -> None:
    """Icinga 2 calls it DOWN, and says beside it that what lies before it is down; one that is up can be reached."""
    for reachable, number, status in ((True, 1, "problem"), (False, 1, "unknown"), (False, 0, "ok")):
        result = {"output": "PING", "vars_after": {"attempt": 3.0, "reachable": reachable}}
        said = changed("nagios/icinga.statechange", service=None, state=float(number), check_result=result)
        assert status == state("alarm", said).fields["status"]


def test_a_host_and_its_services_are_alarms_of_their_own() -> None:
    """A service that is well again does not clear its host."""
    keys = ["nagios/environment.host.down", "nagios/macros.service.critical"]
    assert ["compute-1", "compute-1/CPU utilization"] == [state("alarm", items(key)).fields["alarm"] for key in keys]


def test_macros_are_dated_by_themselves_or_by_their_arrival() -> None:
    """`TIMET` counts seconds; `last_check` of a row is of the server's zone."""
    assert datetime(2026, 11, 22, 16, 30, tzinfo=UTC) == state("alarm", items("nagios/macros.service.critical")).time
    for name in ("nagios/environment.host.down", "nagios/row.critical"):
        with pytest.raises(EventError, match=r"and when it was received is not known$"):
            read(raw(name)[0])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"state": 7.0}, "`state` is 7, none of 0 to 3"),
        ({"state": 1.5}, "`state` is 1.5, not a whole number"),
        ({"state_type": "HARD"}, "`state_type` is 'HARD', not a whole number"),
        ({"timestamp": None}, "`timestamp` is missing"),
    ],
)
def test_a_malformed_change_of_icinga_is_refused(fields: dict[str, Any], message: str) -> None:
    """Its numbers are those of its states."""
    _refused("nagios/icinga.statechange", message, **fields)


def test_a_state_of_no_known_type_is_refused() -> None:
    """Neither SOFT nor HARD is not guessed at."""
    message = "the type of the state is 'FIRM', neither 'SOFT' nor 'HARD'"
    _refused("nagios/macros.service.critical", message, SERVICESTATETYPE="FIRM")


def test_collectd_is_one_alarm_from_one_severity_to_the_next() -> None:
    """Its id stays; the type goes by two names and the time is a number or its text."""
    warning, failure = (state("alarm", items(f"collectd/bus.{name}")) for name in ("warning", "failure"))
    assert warning.fields["alarm"] == failure.fields["alarm"] == "46c7eba7753efb0e6f6a8de24c949c52"
    assert warning.fields["labels"] == failure.fields["labels"]
    assert timedelta(seconds=10, microseconds=437_476) == failure.time - warning.time


def test_collectd_without_an_id_is_told_by_what_it_measures() -> None:
    """The severity has no part in it."""
    keys = [state("alarm", changed(f"collectd/bus.{name}", id=None)).fields["alarm"] for name in ("warning", "ok")]
    assert keys[0] == keys[1]


def test_a_severity_collectd_has_not_had_is_unknown() -> None:
    """It is neither a problem nor over."""
    found = state("alarm", changed("collectd/bus.warning", severity="PANIC"))
    assert ("unknown", False) == (found.fields["status"], found.cleared)


def test_kapacitor_says_the_same_by_itself_and_on_the_bus() -> None:
    """`recoverable` may be a text, `duration` counts nanoseconds: neither is read."""
    assert items("kapacitor/flat.critical") == items("kapacitor/bus.critical")


def test_the_host_of_an_alert_of_kapacitor_may_be_a_tag() -> None:
    """An alert is told by its id and its host; `OK` clears it."""
    found = state("alarm", items("kapacitor/post.ok"))
    assert ("compute-1/cpu:host=compute-1", "compute-1", True) == (
        found.fields["alarm"],
        found.fields["host"],
        found.cleared,
    )
    assert {"host": "compute-1", "cpu": "cpu-total"} == found.fields["labels"]


def test_an_alert_over_many_hosts_names_none() -> None:
    """Its id alone tells it."""
    series = [{"tags": {"host": "a"}}, {"tags": {"host": "b"}}]
    fields = state("alarm", changed("kapacitor/post.ok", data={"series": series})).fields
    assert ("cpu:host=compute-1", None) == (fields["alarm"], fields.get("host"))
    _refused("kapacitor/post.ok", "a series is 5, not a mapping", data={"series": [5]})


def test_a_mixed_stream_is_told_apart_by_what_it_holds() -> None:
    """No source is named, and each payload is read by its own."""
    names = ["monasca/webhook.alarm", "nagios/icinga.statechange", "kapacitor/post.ok", "zabbix/webhook.macros"]
    found = [state("alarm", read(raw(name)[0])).source for name in names]
    assert ["monasca", "nagios", "kapacitor", "zabbix"] == found
    assert VOCABULARY.kinds["alarm"].key == ("source", "alarm")
