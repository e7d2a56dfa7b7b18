"""Alertmanager: alarms are states, told by their fingerprint, over when their own status says so."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from selfheal_rules.diagnostics import EventError
from selfheal_rules.normalize import Problem, Reading, read_items
from tests.payloads import items, raw, read, state

FIRING, RESOLVED = "alertmanager/webhook.firing.1", "alertmanager/webhook.resolved.2"
RECEIVED = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)


def _body(name: str = FIRING, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    body: dict[str, Any] = copy.deepcopy(raw(name)[0])
    body["alerts"][0].update(changed)
    return body


def test_an_alert_is_an_alarm_about_a_host() -> None:
    """The labels say which host it is about and how bad it is."""
    alarm = state("alarm", items(FIRING))
    told = {name: alarm.fields[name] for name in ("name", "status", "severity", "resource_type", "resource", "host")}
    assert {
        "name": "NovaComputeDown",
        "status": "problem",
        "severity": "critical",
        "resource_type": "host",
        "resource": "compute3",
        "host": "compute3",
    } == told
    assert not alarm.cleared


def test_secrets_stay_out() -> None:
    """Labels with the name of one, whoever logs in by a URL, and the rest of a line that begins to tell one."""
    labels = {"alertname": "Down", "api_token": "s3cret", "instance": "http://me:s3cret@compute1:9100/metrics"}
    texts = {"summary": "on http://me:s3cret@compute1/", "description": "login failed, password=s3cret\nhost is down"}
    alarm = state("alarm", read(_body(labels=labels, annotations=texts)))
    assert {"alertname": "Down", "instance": "http://***@compute1:9100/metrics"} == alarm.fields["labels"]
    assert ("on http://***@compute1/", "login failed, password=***\nhost is down") == (
        alarm.fields["summary"],
        alarm.fields["reason"],
    )


def test_nanoseconds_are_cut_off() -> None:
    """`startsAt` has nine digits after the point."""
    assert "2026-11-22T16:28:31.890954+00:00" == state("alarm", items(FIRING)).time.isoformat()


def test_the_end_of_a_firing_alert_is_no_resolution() -> None:
    """`0001-01-01` in `endsAt` neither clears the alarm nor dates it; nor does a guessed end."""
    guessed = read(_body(endsAt="2026-11-22T16:32:31Z"))
    assert items(FIRING) == guessed
    assert not state("alarm", guessed).cleared


def test_a_resolved_alert_clears_the_alarm_it_set() -> None:
    """Both have one key, and the clearing is dated by the end."""
    set_, cleared = state("alarm", items(FIRING)), state("alarm", items(RESOLVED))
    assert (set_.source, set_.fields["alarm"]) == (cleared.source, cleared.fields["alarm"])
    assert (True, "ok", "2026-11-22T16:28:33.976742+00:00") == (
        cleared.cleared,
        cleared.fields["status"],
        cleared.time.isoformat(),
    )


def test_the_status_of_the_alert_counts_not_that_of_the_group() -> None:
    """A group still fires while one of its alerts is resolved."""
    assert state("alarm", read(_body(RESOLVED) | {"status": "firing"})).cleared


def test_a_resolution_without_an_end_is_dated_by_its_arrival() -> None:
    """Without either, there is no honest time for it."""
    body = _body(RESOLVED, endsAt="0001-01-01T00:00:00Z")
    assert RECEIVED == state("alarm", read(body, RECEIVED)).time
    with pytest.raises(EventError, match=r"^`alerts\[0\]` .*: `endsAt` of a resolved alert is no end"):
        read(body)


def test_a_repetition_says_the_same_state() -> None:
    """After `repeat_interval` the same alert comes in a body that differs around it."""
    repeated = _body() | {"notification_reason": "repeat interval elapsed", "truncatedAlerts": 1}
    assert items(FIRING) == read(repeated)


def test_an_ip_address_names_no_host_but_the_label_does() -> None:
    """The alias says which host is scraped at that address."""
    found = items("alertmanager/webhook.firing.3")
    alias = state("alias", found)
    assert "compute1" == state("alarm", found).fields["host"]
    assert {"scheme": "address", "name": "127.0.0.1:17091", "host": "compute1"} == alias.fields


@pytest.mark.parametrize(
    ("address", "host"),
    [("compute7:9100", "compute7"), ("c1.example.org:9100", "c1.example.org"), ("1.1.1.1:9100", None),
     ("https://c1/health", None), ("localhost:9100", None), ("[::1]:9100", None)],
)  # fmt: skip
def test_the_host_may_be_the_name_before_the_port(address: str, host: str | None) -> None:
    """Where no label names a host, a name in `instance` does; an address or a URL does not."""
    alarm = state("alarm", read(_body(labels={"alertname": "HostDown", "instance": address})))
    assert (host, address) == (alarm.fields.get("host"), alarm.fields["address"])


def test_an_alert_about_a_server_is_not_one_about_its_host() -> None:
    """The uuid of a server in the labels makes it the resource; the host stays readable."""
    fields = state("alarm", items("alertmanager/webhook.firing.2")).fields
    assert ("instance", "c5e1f90d-7550-4c22-b8fa-07f7f6f5645a", "compute1") == (
        fields["resource_type"],
        fields["instance"],
        fields["host"],
    )


def test_a_libvirt_domain_is_an_instance_by_another_name() -> None:
    """The domain is not the uuid: `instance` stays missing until an alias resolves it."""
    fields = state("alarm", read(_body(labels={"domain": "instance-00000004", "instance": "1.1.1.1:9999"}))).fields
    assert ("instance", "instance-00000004", None) == (
        fields["resource_type"],
        fields["domain"],
        fields.get("instance"),
    )


@pytest.mark.parametrize(
    ("label", "severity"),
    [("critical", "critical"), ("Critical", "critical"), ("page", "critical"), ("warning", "warning"),
     ("info", "info"), ("high", "major"), ("P3", None), ("", None)],
)  # fmt: skip
def test_severity_is_on_one_ladder(label: str, severity: str | None) -> None:
    """A word that is not on it leaves the severity missing and stays among the labels."""
    fields = state("alarm", read(_body(labels={"severity": label}))).fields
    assert (severity, label) == (fields.get("severity"), fields["labels"]["severity"])


def test_one_body_may_set_and_clear() -> None:
    """A group tells of all its alerts at once."""
    body = _body()
    body["alerts"] += _body("alertmanager/webhook.resolved.1")["alerts"]
    assert [False, True] == [item.cleared for item in read(body) if item.kind == "alarm"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"fingerprint": None}, "`fingerprint` is missing"),
        ({"startsAt": "yesterday"}, "`startsAt` is 'yesterday', not a time"),
        ({"startsAt": 5}, "`startsAt` is 5, not a text"),
        ({"status": "pending"}, "`status` is 'pending', neither 'firing' nor 'resolved'"),
        ({"labels": {"severity": 3}}, "`labels` has 3 under 'severity', not a text"),
        ({"labels": []}, r"`labels` is \[\], not a mapping"),
    ],
)
def test_a_malformed_alert_is_refused_by_its_field(changed: dict[str, Any], message: str) -> None:
    """The error names the alert, the field and what stands in it."""
    name = "" if "fingerprint" in changed else r" \(fingerprint '[0-9a-f]+'\)"
    with pytest.raises(EventError, match=rf"^`alerts\[0\]`{name}: {message}$"):
        read(_body(**changed))


def test_an_alert_that_cannot_be_read_takes_no_other_with_it() -> None:
    """Each alert is read by itself: an item, or a problem that says which of them it is and where it is wrong."""
    alert = _body()["alerts"][0]
    many = [alert | {"fingerprint": f"f{number}"} for number in range(4)]
    many[1]["startsAt"], many[2] = "soon", 7
    found = list(read_items([json.dumps(_body() | {"alerts": many})]))
    items_ = [one.item for one in found if isinstance(one, Reading)]
    assert ["f0", "f3"] == [item.fields["alarm"] for item in items_ if item.kind == "alarm"]
    assert [
        Problem(
            1, "malformed", "`alerts[1]` (fingerprint 'f1'): `startsAt` is 'soon', not a time", "alerts[1].startsAt"
        ),
        Problem(1, "malformed", "`alerts[2]`: an alert is 7, not a mapping", "alerts[2]"),
    ] == [one for one in found if isinstance(one, Problem)]


@pytest.mark.parametrize(
    ("alerts", "message"),
    [("x", "`alerts` is 'x', not a list"), ([1], r"`alerts\[0\]`: an alert is 1, not a mapping")],
)
def test_alerts_are_a_list_of_mappings(alerts: object, message: str) -> None:
    """Anything else in their place is malformed."""
    with pytest.raises(EventError, match=f"^{message}$"):
        read(_body() | {"alerts": alerts})


def test_only_version_four_is_known() -> None:
    """Another version of the webhook is refused, not guessed at."""
    with pytest.raises(EventError, match=r"^`version` is '5', and only version '4' of the webhook is known$"):
        read(_body() | {"version": "5"})
