"""A user's own mapping: what payloads give by it, and what of them it refuses."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from selfheal_rules.check import load_mapping
from selfheal_rules.diagnostics import EventError, RuleSetError
from selfheal_rules.events import Event, State, checked
from selfheal_rules.normalize import Problem, Reading, normalize_payload, read_items, to_cloudevent
from tests.acme import ACME, block, sound_mapping
from tests.json_values import JSON
from tests.payloads import VOCABULARY

FORM = "'%y%m%d%H%M'"
RECEIVED = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
OWN = """\
selfheal_vocabulary: 1
vocabulary: own
events:
  said:
    fields:
      {n: number, i: integer, b: boolean, t: time, d: duration, s: string, w: {enum: [up, down]}, m: map,
       l: {list: string}}
"""


def _said(items: tuple[Event | State, ...]) -> list[dict[str, Any]]:
    names = {"type": "kind", "source": "source", "time": "time", "selfhealcleared": "cleared", "data": "fields"}
    written = [to_cloudevent(item) for item in items]
    return [{ours: one[theirs] for theirs, ours in names.items()} for one in written]


def test_the_page_says_what_comes_out() -> None:
    """The mapping of the page makes the items of the page out of the payload of the page."""
    payload = json.loads(block("payload"))
    assert json.loads(block("items")) == _said(normalize_payload(payload, mappings=[ACME]))


def test_the_python_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It loads the file and gives the items."""
    monkeypatch.chdir(tmp_path)
    Path("acme.yaml").write_text(block("mapping"), "utf-8")
    names: dict[str, Any] = {"payload": json.loads(block("payload"))}
    exec(block("python"), names)  # noqa: S102 - the page's own example
    assert 2 == len(names["items"])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Give a folder with a vocabulary that has a field of every type."""
    (tmp_path / "own.yaml").write_text(OWN, "utf-8")
    return tmp_path


def _one(folder: Path, value: str, payload: object, field: str) -> object:
    """Give what one field is by one value form."""
    head = "selfheal_mapping: 1\nmapping: own\nvocabulary: [own.yaml]\nrecognise: {payload.x: {exists: true}}\n"
    mapping = sound_mapping(f"{head}items: [{{event: said, fields: {{{field}: {value}}}}}]\n", folder)
    (item,) = normalize_payload({"x": payload}, received=RECEIVED, mappings=[mapping])
    return item.fields.get(field)


@pytest.mark.parametrize(
    ("field", "value", "payload", "expected"),
    [
        ("n", "$payload.x", 1.5, 1.5),
        ("n", "{from: $payload.x, read: number}", " 1e3 ", 1000.0),
        ("i", "{from: $payload.x, read: integer}", "-12", -12),
        ("i", "{from: $payload.x, read: integer}", 12.0, 12),
        ("b", "{from: $payload.x, read: boolean}", "True", True),
        ("b", "{from: $payload.x, read: boolean}", 0, False),
        ("s", "{from: $payload.x, read: text}", 5, "5"),
        ("s", "{from: $payload.x, read: text}", True, "true"),
        ("s", "critical", "x", "critical"),
        ("s", '"a ${payload.x.y} b"', {"y": 7}, "a 7 b"),
        ("s", '"a ${payload.x.z} b"', {"y": 7}, None),
        ("s", "$payload.x.y", {"y": ""}, None),
        ("s", "{path: [payload, x, EVENT.ID]}", {"EVENT.ID": "7"}, "7"),
        ("s", "{path: [payload, x, 1]}", ["a", "b"], "b"),
        ("s", "{path: [payload, x, 2]}", ["a", "b"], None),
        ("s", "{from: $payload.x, after: '//', before: ':'}", "https://host:80", "host"),
        ("s", "{from: $payload.x, before: ':'}", "host", "host"),
        ("s", "{from: $payload.x, before: ':'}", ":80", None),
        ("s", "{from: [$payload.y, $payload.x]}", "b", "b"),
        ("w", "{from: $payload.x, words: {'1': up}}", 1, "up"),
        ("w", "{from: $payload.x, words: {'1': up}}", 2, None),
        ("w", "{from: $payload.x, words: {'1': up}, else: down}", 2, "down"),
        ("w", "{from: $payload.x, words: {'1': up}, else: down}", [2], "down"),
        ("m", "$payload.x", {"a": 1, "api_key": "secret"}, {"a": 1}),
        ("l", "$payload.x", ["a"], ("a",)),
        ("d", "$payload.x", "1m", timedelta(minutes=1)),
        ("d", "{from: $payload.x, read: seconds}", 1.5, timedelta(seconds=1.5)),
        ("t", "$payload.x", "2026-11-22T16:30:00Z", RECEIVED),
        ("t", "{from: $payload.x, read: seconds}", "1795365000", RECEIVED),
        ("t", "{from: $payload.x, read: milliseconds}", 1795365000000, RECEIVED),
        ("t", "{from: $payload.x, read: microseconds}", 1795365000000000, RECEIVED),
        ("t", "{from: $payload.x, read: nanoseconds}", 1795365000000000999, RECEIVED),
        ("t", "{from: $payload.x, format: '%d.%m.%Y %H:%M'}", "22.11.2026 16:30", RECEIVED),
        ("t", "{from: $payload.x, format: '%d.%m.%Y %H:%M', zone: '+01:00'}", "22.11.2026 17:30", RECEIVED),
        ("t", "{from: $payload.x, format: '%d.%m.%Y %H:%M %z', zone: '+01:00'}", "22.11.2026 16:30 +0000", RECEIVED),
        ("t", "{from: $payload.x, zone: UTC}", "2026-11-22 16:30:00", RECEIVED),
        ("t", "{from: $payload.x, zone: '-02:00'}", "2026-11-22 14:30:00", RECEIVED),
        ("t", "{from: $payload.x, zone: '-02:00'}", "2026-11-22T16:30:00Z", RECEIVED),
        ("t", "{from: $payload.x, read: time}", "2026-11-22T16:30:00+00:00", RECEIVED),
    ],
)  # fmt: skip
def test_a_value_is_read_as_the_page_says(own: Path, field: str, value: str, payload: object, expected: object) -> None:
    """Each form of a value, and each word beside it."""
    assert expected == _one(own, value, payload, field)


@pytest.mark.parametrize(
    ("field", "value", "payload", "message"),
    [
        ("n", "{from: $payload.x, read: number}", "1,5", "`payload.x` is '1,5', not a number"),
        ("i", "{from: $payload.x, read: integer}", 1.5, "`payload.x` is 1.5, not an integer"),
        ("i", "{from: $payload.x, read: integer}", True, "`payload.x` is true, not an integer"),
        ("b", "{from: $payload.x, read: boolean}", "maybe", "`payload.x` is 'maybe', not a boolean"),
        ("s", "{from: $payload.x, read: text}", [1], "`payload.x` is a list of 1, not a text"),
        ("s", "$payload.x", 5, "mapping `own`: field `s` of `said`: integer `5` is not a string"),
        ("d", "$payload.x", "soon", "`payload.x` is 'soon', not a duration"),
        ("t", "$payload.x", 5, "`payload.x` is 5, not a time"),
        ("t", "{from: $payload.x, read: seconds}", 10**18, f"`payload.x` is {10**18}, not a number of seconds"),
        ("t", "{from: $payload.x, format: '%y%m%d%H%M'}", "x", "`payload.x` is 'x', not a time of the form " + FORM),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_read_is_refused(
    own: Path, field: str, value: str, payload: object, message: str
) -> None:
    """The path is named, what stands there, and what it should be."""
    with pytest.raises(EventError) as error:
        _one(own, value, payload, field)
    assert message == str(error.value)


def _lines(*payloads: object) -> list[Reading | Problem]:
    lines = [json.dumps(payload) for payload in payloads]
    return list(read_items(lines, vocabulary=VOCABULARY, mappings=[ACME]))


def test_a_mapping_is_asked_first_and_by_its_name() -> None:
    """Even a payload another source would claim is its own; a line may name it."""
    acme = {"vendor": "ACME", "array": "a7", "sent": 0, "alerts": [{"id": 1, "kind": "x", "state": "UP"}]}
    alertmanager = acme | {"receiver": "x", "groupKey": "y", "version": "9"}
    assert [Reading] * 2 == [type(read) for read in _lines(alertmanager, {"source": "acme-array", "payload": acme})]


@pytest.mark.parametrize(
    ("payload", "known_by", "path"),
    [
        ({"events": [{"host": "a"}]}, "events", "events, 0, host"),
        ({"source": "grafana", "payload": {"host": "a"}}, "source", "payload, host"),
        ({"messages": [{"host": "a"}]}, "messages", "messages, 0, host"),
    ],
)
def test_nothing_is_taken_out_of_a_payload_of_a_mapping(payload: dict[str, Any], known_by: str, path: str) -> None:
    """What looks like an API's answer, or like a frame around a payload, is seen whole by who knows it."""
    mapping = sound_mapping(
        "selfheal_mapping: 1\nmapping: m\nvocabulary: [openstack]\n"
        f"recognise: {{payload.{known_by}: {{exists: true}}}}\n"
        f"items: [{{event: host.lost, fields: {{recoverable: true, host: {{path: [payload, {path}]}}}}}}]\n"
    )
    (item,) = normalize_payload(payload, received=RECEIVED, mappings=[mapping])
    framed = {"received": RECEIVED.isoformat(), "payload": payload}
    assert [Reading(1, item)] == list(read_items([json.dumps(framed)], mappings=[mapping]))


def test_a_payload_that_gives_nothing_is_ignored_with_a_reason() -> None:
    """A heartbeat is recognised, and no item wants it."""
    heartbeat = {"vendor": "ACME", "alerts": [{"kind": "heartbeat"}]}
    assert [Problem(1, "ignored", "the mapping `acme-array` takes nothing from it")] == _lines(heartbeat)
    assert () == normalize_payload(heartbeat, mappings=[ACME])


@pytest.mark.parametrize(
    ("changed", "message", "where"),
    [
        ({"alerts": 5}, "`payload.alerts` is 5, not a list", "payload.alerts"),
        ({"sent": None}, "the mapping `acme-array` finds no time, and when it was received is not known", "time"),
        ({"array": None}, "the mapping `acme-array` finds no `source`", "source"),
        ({"alerts": [{"kind": "x"}]}, "mapping `acme-array`: `alarm` needs field `alarm`", "alarm"),
    ],
)
def test_a_payload_that_lacks_something_is_malformed(changed: dict[str, Any], message: str, where: str) -> None:
    """It is said what, and by which mapping."""
    payload = {"vendor": "ACME", "array": "a7", "sent": 0, "alerts": [{"id": 1, "kind": "x"}]} | changed
    assert [Problem(1, "malformed", message, where)] == _lines(payload)


def test_an_event_has_an_id_of_its_own_or_one_of_what_it_says() -> None:
    """The same payload twice is one event."""
    text = (
        "selfheal_mapping: 1\nmapping: m\nvocabulary: [openstack]\nrecognise: {payload.a: 1}\ntime: $payload.t\n"
        "items:\n  - {event: host.lost, fields: {recoverable: true}}\n"
        '  - {event: host.lost, id: "no-${payload.a}", fields: {recoverable: true}}\n'
    )
    payload = {"a": 1, "t": "2026-11-22T16:30:00Z"}
    first, again = (normalize_payload(payload, mappings=[sound_mapping(text)]) for _ in range(2))
    assert first == again
    assert ("no-1", 32) == (first[1].id, len(first[0].id))


@pytest.mark.parametrize("name", ["none.yaml", "bad.yaml"])
def test_loading_says_everything(tmp_path: Path, name: str) -> None:
    """A file that is not there, and one with faults of writing and of meaning, are refused with their report."""
    (tmp_path / "bad.yaml").write_text(block("mapping").replace("alarm: ", "alram: ").replace("UP: ok", "UP: okay"))
    with pytest.raises(RuleSetError) as error:
        load_mapping(tmp_path / name)
    codes = {finding.code for finding in error.value.report.findings}
    assert ({"SH001"} if name == "none.yaml" else {"SH205", "SH220", "SH228"}) == codes


@given(JSON)
def test_any_json_gives_items_or_an_event_error(value: Any) -> None:  # noqa: ANN401 - a JSON value
    """Whatever stands in its places, a mapping raises nothing else."""
    payload = {
        "vendor": "ACME",
        "array": value,
        "sent": value,
        "node": value,
        "alerts": [{"id": value, "state": value}],
    }
    for given_ in (payload, payload | {"array": "a", "sent": 5}, payload | {"alerts": value}):
        try:
            found = normalize_payload(given_, received=RECEIVED, mappings=[ACME])
        except EventError:
            continue
        assert list(found) == [checked(item, VOCABULARY) for item in found]
