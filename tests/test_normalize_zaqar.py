"""Zaqar: what its messages carry is read as if their source had sent it, and confirmations are no messages."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from selfheal_rules.diagnostics import EventError
from selfheal_rules.normalize import Problem, Reading, read_items
from tests.payloads import VOCABULARY, event, items, raw, read, state

AT = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(("wrapped", "bare"), [("aodh", "aodh/webhook.threshold"), ("heat", "heat/sink.check.failed")])
def test_a_body_of_a_known_source_is_read_as_such(wrapped: str, bare: str) -> None:
    """Aodh's and Heat's say in a queue what they say by themselves."""
    assert items(bare) == items(f"zaqar/webhook.{wrapped}")


def test_any_other_body_is_a_message() -> None:
    """With its queue, and without what may be a secret."""
    fields = event("queue.message", items("zaqar/webhook.message")).fields
    assert {"queue": "test", "body": {"event": "BackupStarted"}} == fields
    body = raw("zaqar/webhook.message")[0] | {"body": {"host": "a", "token": "x"}}
    assert {"host": "a"} == event("queue.message", read(body, AT)).fields["body"]


def test_a_body_that_is_no_mapping_is_kept_as_a_value() -> None:
    """Zaqar takes any JSON."""
    for body in ("text", 5, None):
        said = event("queue.message", read({"body": body, "queue_name": "q"}, AT))
        assert ({"value": body} if body is not None else {}) == said.fields["body"]


def test_a_polled_message_is_as_old_as_zaqar_says() -> None:
    """Its queue is in the link; an alarm in it is dated by when it was posted."""
    found = items("zaqar/api.messages")
    assert AT - timedelta(seconds=482) == state("alarm", found).time
    assert ("beijing", AT - timedelta(seconds=12)) == (found[1].fields["queue"], found[1].time)


def test_a_claim_is_read_message_by_message() -> None:
    """As it was captured."""
    bodies = [item.fields["body"] for item in items("zaqar/api.zaqar.claim")]
    assert [{"event": "host_down", "host": f"compute{number}"} for number in (1, 2)] == bodies


def test_a_message_delivered_twice_is_one() -> None:
    """Posted or polled, now or later: it is told by its queue and its body."""
    posted = event("queue.message", read({"body": {"a": 1}, "queue_name": "q"}, AT))
    link = {"href": "/v2/queues/q/messages/1", "ttl": 300, "age": 7, "id": "1"}
    polled = event("queue.message", read({"messages": [{"body": {"a": 1}} | link]}, AT))
    assert posted.id == polled.id
    assert posted.id != event("queue.message", read({"body": {"a": 1}, "queue_name": "r"}, AT)).id


@pytest.mark.parametrize("name", ["zaqar/webhook.confirmation", "zaqar/webhook.unsubscribe.confirmation"])
def test_a_confirmation_is_ignored_and_its_signature_told_to_nobody(name: str) -> None:
    """It is no message; whoever subscribed has to answer it."""
    payload = raw(name)[0]
    assert () == items(name)
    (problem,) = read_items([json.dumps(payload)], vocabulary=VOCABULARY)
    assert isinstance(problem, Problem)
    assert problem.message.startswith(f"{payload['Message_Type']} of the queue 'test'")
    assert "d4038a373" not in problem.message


def test_one_bad_message_of_a_poll_costs_itself() -> None:
    """The others are read."""
    link = {"href": "/v2/queues/q/messages/1", "ttl": 300, "age": 7}
    messages = [{"body": {"a": 1}} | link, {"body": {"alarm_id": "x", "current": "odd", "previous": "ok"}} | link]
    line = json.dumps({"received": AT.isoformat(), "payload": {"messages": [*messages, messages[0]]}})
    assert [Reading, Problem, Reading] == [type(read) for read in read_items([line], vocabulary=VOCABULARY)]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"age": "old"}, "`age` is 'old', not a number of seconds"),
        ({"age": -1}, "`age` is -1, not a number of seconds"),
        ({"age": 1e300}, "`age` is 1e+300, not a number of seconds"),
        ({"queue_name": 5}, "`queue_name` is 5, not a text"),
    ],
)
def test_a_malformed_message_is_refused(fields: dict[str, Any], problem: str) -> None:
    """The field is named, and what stands in it."""
    with pytest.raises(EventError) as error:
        read(raw("zaqar/webhook.message")[0] | fields, AT)
    assert problem == str(error.value)


def test_a_message_without_a_body_or_a_time_is_refused() -> None:
    """Nothing is made up."""
    with pytest.raises(EventError, match=r"^`body` is missing$"):
        read({"Message_Type": "Notification", "queue_name": "q"}, AT)
    with pytest.raises(
        EventError, match=r"^a message of Zaqar carries no time, and when it was received is not known$"
    ):
        read({"body": {"a": 1}, "queue_name": "q"})


def test_messages_in_messages_are_opened() -> None:
    """However deep, within reason."""
    body: dict[str, Any] = {"a": 1}
    for _ in range(3):
        body = {"body": body, "queue_name": "q"}
    assert {"a": 1} == event("queue.message", read(body, AT)).fields["body"]
    for _ in range(20_000):
        body = {"body": body, "queue_name": "q"}
    with pytest.raises(EventError, match=r"^the payload is nested too deeply$"):
        read(body, AT)
