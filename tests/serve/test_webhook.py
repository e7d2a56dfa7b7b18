"""The webhook: what it takes is in the journal before it says so, and what it does not take is answered with why."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from selfheal_rules.check import load_mapping
from selfheal_rules.diagnostics import JournalError
from selfheal_rules.integrations.webhook import PATH
from selfheal_rules.normalize import to_cloudevent
from selfheal_rules.serve.turns import Turns
from tests.payloads import items, raw
from tests.serve.rig import Site

SENT = [
    "alertmanager/webhook.firing.1",
    "alertmanager/webhook.resolved.1",
    "aodh/webhook.alarm.1",
    "vitrage/webhook.activate",
    "monasca/webhook.alarm",
    "zaqar/webhook.aodh",
    "zaqar/api.zaqar.claim",
    "zabbix/webhook.problem",
]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Give a healer with an application in front of it."""
    return Site(tmp_path)


@pytest.mark.parametrize("name", SENT)
def test_what_is_answered_is_in_the_journal(site: Site, name: str) -> None:
    """A payload as its source sends it is answered 200, and the journal has each of its items."""
    with site.turning():
        (answer,) = site.post(raw(name)[0])
    assert (200, len(items(name))) == (answer.status_code, answer.json()["taken"])
    assert len(items(name)) == site.recorded().total()


def test_nothing_is_answered_before_the_journal_has_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the moment an answer is given, the bytes of the item are in the file."""
    seen: list[int] = []
    record = Turns._record

    def watched(turns: Turns, offers: Any) -> Any:  # noqa: ANN401 - as it stands
        for one in offers:
            one.answer.add_done_callback(lambda _: seen.append(site.recorded().total()))
        return record(turns, offers)

    monkeypatch.setattr(Turns, "_record", watched)
    with site.turning():
        site.post(raw("aodh/webhook.alarm.1")[0])
    assert [1] == [min(seen)]


def test_many_at_once_are_all_taken(site: Site) -> None:
    """Of requests that come together each has its own answer, and nothing is lost or mixed up."""
    payload = raw("alertmanager/webhook.firing.1")[0]
    alert = payload["alerts"][0]
    bodies = [{**payload, "alerts": [{**alert, "fingerprint": f"{n:016x}"}]} for n in range(60)]
    with site.turning():
        answers = site.post(*bodies)
    assert [200] * 60 == [one.status_code for one in answers]
    assert 60 == site.recorded()["alarm"]


def test_what_is_sent_again_is_recorded_once(site: Site) -> None:
    """A sender that was not answered sends again within seconds; what the journal has is not written twice."""
    payload = raw("alertmanager/webhook.firing.1")[0]
    with site.turning():
        first, again = site.post(payload)[0], site.post(payload)[0]
    assert (first.json()["taken"], 0, first.json()["taken"]) == (
        again.json()["repeated"], again.json()["taken"], first.json()["taken"],
    )  # fmt: skip
    assert 1 == site.recorded()["alarm"]


def test_what_a_source_says_again_on_purpose_is_recorded(site: Site) -> None:
    """An alert that still fires after minutes is a sign of life, and counts."""
    payload = raw("alertmanager/webhook.firing.1")[0]
    with site.turning():
        site.post(payload)
        site.clock.seconds += 300
        site.post(payload)
    assert 2 == site.recorded()["alarm"]


def test_a_state_that_came_back_is_no_repetition(site: Site) -> None:
    """On, off and on again are three things said, however much the third is like the first."""
    on, off = raw("alertmanager/webhook.firing.1")[0], raw("alertmanager/webhook.firing.1")[0]
    off = {**off, "alerts": [{**off["alerts"][0], "status": "resolved", "endsAt": off["alerts"][0]["startsAt"]}]}
    with site.turning():
        told = [site.post(one)[0].json() for one in (on, off, on)]
    assert 3 == site.recorded()["alarm"]
    assert [1, 1] == [min(1, told[1]["taken"]), min(1, told[2]["taken"])]


# CloudEvents, in their three modes


def _event() -> dict[str, Any]:
    (item,) = [one for one in items("alertmanager/webhook.firing.1") if one.kind == "alarm"]
    return to_cloudevent(item)


def test_a_structured_cloudevent_is_taken(site: Site) -> None:
    """Structured mode: the event is the body."""
    with site.turning():
        (answer,) = site.post(_event(), headers={"content-type": "application/cloudevents+json"})
    assert (200, 1) == (answer.status_code, site.recorded()["alarm"])


def test_a_batch_of_cloudevents_is_taken_whole(site: Site) -> None:
    """Batched mode: the body is a list, and one answer is for all of it."""
    other = {**_event(), "id": "another", "data": {**_event()["data"], "alarm": "another"}}
    with site.turning():
        (answer,) = site.post([_event(), other], headers={"content-type": "application/cloudevents-batch+json"})
    assert (2, 2) == (answer.json()["taken"], site.recorded()["alarm"])


def test_a_binary_cloudevent_is_taken(site: Site) -> None:
    """Binary mode: attributes are headers, percent-encoded where they must be, and the body is the data alone."""
    event = _event()
    told = {name: value for name, value in event.items() if name not in {"data", "datacontenttype", "source"}}
    headers = {f"ce-{name}": json.dumps(value).strip('"') for name, value in told.items()}
    with site.turning():
        (answer,) = site.post(event["data"], headers={**headers, "ce-source": "alert%20manager"})
    assert 1 == answer.json()["taken"]
    (line,) = [one for one in (site.folder / "heal.jsonl").read_text().splitlines() if '"type":"state"' in one]
    assert "alert manager" == json.loads(line)["data"]["source"]


@pytest.mark.parametrize("body", [b"{", b'1}, {"x": 1'])
def test_binary_data_that_is_no_json_is_refused(site: Site, body: bytes) -> None:
    """The data cannot reach out of its place."""
    headers = {"ce-specversion": "1.0", "ce-type": "alarm", "ce-source": "x", "ce-id": "1"}
    (answer,) = site.post(body, headers=headers)
    assert (400, "the data of this CloudEvent is no JSON") == (answer.status_code, answer.json()["error"])


def test_data_among_the_attributes_is_refused(site: Site) -> None:
    """A header cannot stand for the body."""
    (answer,) = site.post(b"", headers={"ce-specversion": "1.0", "ce-data": "x"})
    assert (400, "`ce-data` is no attribute of a CloudEvent") == (answer.status_code, answer.json()["error"])


def test_payloads_of_a_source_of_ones_own_are_taken(tmp_path: Path) -> None:
    """A mapping makes the webhook read what no source of ours sends."""
    mapping = tmp_path / "acme.yaml"
    mapping.write_text(ACME, "utf-8")
    site = Site(tmp_path, mappings=(load_mapping(mapping),))
    with site.turning():
        (answer,) = site.post({"acme": 1, "id": "x", "host": "compute1", "at": "2026-11-22T16:59:00Z"})
    assert (200, {"host.lost": 1}) == (answer.status_code, dict(site.recorded()))


ACME = """
selfheal_mapping: 1
mapping: acme
vocabulary: [openstack]
recognise: {payload.acme: 1}
time: $payload.at
items:
  - event: host.lost
    id: $payload.id
    fields: {host: $payload.host, recoverable: true}
"""


# What is not taken


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"{", 400, "not JSON: "),
        (b"\xff", 400, "not JSON: byte 1"),
        (b"[" * 100_000, 400, "nested too deeply"),
        ({"alerts": [{"status": "odd"}], "receiver": "x", "groupKey": "y", "version": "4"}, 400, "`status` is 'odd'"),
        ({"unheard": "of"}, 422, "of no known source"),
        (b"7", 422, "is no payload"),
    ],
)
def test_what_cannot_be_taken_is_answered_with_why(site: Site, body: Any, status: int, word: str) -> None:  # noqa: ANN401
    """Malformed is 400, of no known source 422; the error is JSON, and the journal has nothing of it."""
    with site.turning():
        (answer,) = site.post(body)
    assert status == answer.status_code
    assert word in answer.json()["error"]
    assert 0 == site.recorded().total()


def test_the_malformed_among_the_others_is_named_and_they_are_taken(site: Site) -> None:
    """Whoever sends is told what is taken and what is not, and never that nothing is where something is."""
    with site.turning():
        (answer,) = site.post([raw("aodh/webhook.alarm.1")[0], {"specversion": "1.0"}])
    assert (200, 1, 1) == (answer.status_code, answer.json()["taken"], len(answer.json()["malformed"]))
    assert 1 == site.recorded().total()


def test_of_many_alerts_one_that_cannot_be_read_is_named(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The answer says which and why, the log says where: it has no value of what a stranger sent."""
    payload = raw("alertmanager/webhook.firing.1")[0]
    alert = payload["alerts"][0]
    bad = alert | {"fingerprint": "f1", "startsAt": "soon"}
    with site.turning(), caplog.at_level("WARNING", "selfheal_rules"):
        some, none = site.post({**payload, "alerts": [alert, bad]}), site.post({**payload, "alerts": [bad]})
    (told,) = some[0].json()["malformed"]
    assert (200, "`alerts[1]` (fingerprint 'f1'): `startsAt` is 'soon', not a time") == (some[0].status_code, told)
    assert (400, told.replace("[1]", "[0]")) == (none[0].status_code, none[0].json()["error"])
    assert 1 == site.recorded()["alarm"]
    assert ["alerts[1].startsAt", "alerts[0].startsAt"] == [text.rpartition(": ")[2] for text in caplog.messages]


def test_the_known_among_the_unknown_are_taken(site: Site) -> None:
    """What nobody knows is named in the answer, and does not keep the rest out."""
    with site.turning():
        (answer,) = site.post([raw("aodh/webhook.alarm.1")[0], {"unheard": "of"}])
    assert (200, 1, 1) == (answer.status_code, answer.json()["taken"], len(answer.json()["unrecognised"]))


def test_what_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    """413, by what the sender says of its length, or once so much has come."""
    site = Site(tmp_path, options={"max_body": 10})
    assert [413] == [one.status_code for one in site.post(b"x" * 11)]

    async def parts() -> Any:  # noqa: ANN401 - what httpx sends in chunks
        for _ in range(3):
            yield b"xxxxx"

    async def chunked() -> httpx.Response:
        transport = httpx.ASGITransport(site.webhook.application())
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return await client.post(PATH, content=parts())

    assert 413 == asyncio.run(chunked()).status_code


def test_a_full_line_says_come_again(tmp_path: Path) -> None:
    """503 with Retry-After, at once, where as much waits as may."""
    site = Site(tmp_path, most=2, options={"patience": 0.05})
    answers = site.post(*[raw("aodh/webhook.alarm.1")[0]] * 3)
    assert [503] * 3 == [one.status_code for one in answers]
    assert ["1", "1"] == [one.headers["retry-after"] for one in answers][:2]
    assert ["2 offers wait already"] == [
        one.json()["error"] for one in answers if one.json()["error"] != "the journal has not taken it yet"
    ]


def test_a_full_line_is_said_before_anything_is_read(tmp_path: Path) -> None:
    """What is not taken costs little: its body is not even asked for."""
    site = Site(tmp_path, most=0)
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:  # noqa: ANN401 - as ASGI has it
        raise AssertionError

    async def send(message: Any) -> None:  # noqa: ANN401 - the same
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": []}
    asyncio.run(site.webhook.application()(scope, receive, send))  # type: ignore[arg-type]
    assert 503 == sent[0]["status"]


def test_what_waited_too_long_is_a_repetition_when_it_comes_again(tmp_path: Path) -> None:
    """A sender that was told 503 and sends again is taken once."""
    site = Site(tmp_path, options={"patience": 0.02})
    payload = raw("alertmanager/webhook.firing.1")[0]
    (told,) = site.post(payload)
    with site.turning():
        site.webhook.intake.offer([]).result(5)
        (again,) = site.post(payload)
    assert (503, 200, 1) == (told.status_code, again.status_code, site.recorded()["alarm"])


def test_a_journal_that_cannot_be_written_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """503: whoever sent has to send again, and the process that cannot write ends."""

    def broken(*_: object) -> None:
        message = "no space left on device"
        raise JournalError(message)

    monkeypatch.setattr(site.healer, "record", broken)
    answer = site.intake.offer(items("aodh/webhook.alarm.1"))
    with pytest.raises(JournalError):
        site.turns.turn(0.01)
    assert "the journal cannot be written" == str(answer.exception())
