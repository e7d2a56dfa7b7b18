"""
Zaqar: messages of a queue, posted to a subscriber or polled; what they carry is read as if its source had sent it.

A body of a known source (an alarm of Aodh's, an event of Heat's) gives what it gives without Zaqar; any other becomes a
`queue.message`. A queue delivers at least once, and a polled message has an id a posted one has not, so one is told by
its queue and its body. Who subscribes is first asked to confirm: that request, and the one to confirm an end, are no
messages, and hold a signature that reaches nobody.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from selfheal_rules.events import Event
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Ignored,
    Items,
    Payload,
    fingerprint,
    malformed,
    present,
    received_at,
    shown,
    text,
)

SOURCE = "zaqar"
_CONFIRMATIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
_POLLED = {"body", "href", "ttl", "age"}


class Message(NamedTuple):
    """A message taken out of what Zaqar puts around it."""

    body: object
    queue: str | None
    posted: datetime | None


def recognise(payload: Payload) -> bool:
    """Whether a payload is a message of a queue, or the request to confirm a subscription."""
    return "Message_Type" in payload or {"body", "queue_name"} <= payload.keys() or payload.keys() >= _POLLED


def opened(payload: Payload, received: datetime | None) -> Message:
    """
    Take a message out; one that was polled is as old as Zaqar says.

    Raises:
        Ignored: for the request to confirm a subscription, or its end.
    """
    of, queue = text(payload, "Message_Type"), text(payload, "queue_name") or _queue(text(payload, "href"))
    if of in _CONFIRMATIONS:
        message = f"{of} of the queue {shown(queue)}: its subscriber has to confirm it, and rules have no use for it"
        raise Ignored(message)
    if "body" not in payload:
        message = "`body` is missing"
        raise malformed(message, "body")
    age = payload.get("age")
    if age is not None and (type(age) not in {int, float} or not 0 <= age <= _OLDEST):
        message = f"`age` is {shown(age)}, not a number of seconds"
        raise malformed(message, "age")
    posted = received - timedelta(seconds=age or 0) if received else None
    return Message(payload["body"], queue, posted)


_OLDEST = 14 * 24 * 3600
"""Zaqar keeps no message longer than two weeks."""


def _queue(href: str | None) -> str | None:
    """Give the queue in `/v2/queues/NAME/messages/ID`."""
    parts = (href or "").split("/")
    return parts[parts.index("queues") + 1] if "queues" in parts[:-1] else None


def normalize(message: Message) -> Items:
    """Give a message whose body is of no known source as what it is."""
    time = received_at(message.posted, "a message of Zaqar carries no time")
    body = oslo.plain(message.body)
    fields = present(queue=message.queue, body=body if isinstance(body, Mapping) else present(value=body))
    return (Event(fingerprint("queue.message", message.queue, body), "queue.message", SOURCE, time, fields),)
