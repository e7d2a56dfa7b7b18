"""Which source a payload is from, and what it says: the one place that knows them all."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from attrs import frozen

from selfheal_rules.diagnostics import EventError
from selfheal_rules.normalize import alertmanager, aodh, cloudevents, ironic, masakari, nova, oslo
from selfheal_rules.normalize.reading import Items, Payload, Unrecognised, malformed, shown
from selfheal_rules.vocabulary import Vocabulary

_NAMED_KEYS = 8


@frozen
class Known:
    """What a payload does not say itself: when it was received, and by which vocabulary CloudEvents are read."""

    received: datetime | None = None
    vocabulary: Vocabulary | None = None


Read: TypeAlias = Callable[[Payload, Known], Items]


class Recogniser(NamedTuple):
    """One source: its name, how its payloads are told from others, and how they are read."""

    name: str
    recognise: Callable[[Payload], bool]
    normalize: Read


def _alone(read: Callable[[Payload], Items]) -> Read:
    return lambda payload, _: read(payload)


RECOGNISERS = (
    Recogniser("nova", nova.recognise, _alone(nova.normalize)),
    Recogniser("ironic", ironic.recognise, _alone(ironic.normalize)),
    Recogniser(
        "alertmanager", alertmanager.recognise, lambda payload, at: alertmanager.normalize(payload, at.received)
    ),
    Recogniser("aodh", aodh.recognise, lambda payload, at: aodh.normalize(payload, at.received)),
    Recogniser("masakari", masakari.recognise, _alone(masakari.normalize)),
    Recogniser(
        "cloudevents",
        cloudevents.recognise,
        lambda payload, at: cloudevents.normalize(payload, at.vocabulary, at.received),
    ),
    Recogniser("oslo", oslo.recognise, _alone(oslo.normalize)),
)
"""Every source in the order they are asked; the last takes each notification the others left."""


def normalize(
    payload: Payload | Sequence[Any],
    *,
    received: datetime | None = None,
    vocabulary: Vocabulary | None = None,
) -> Items:
    """
    Give what a payload says, whichever source it is from; a list (a batch of CloudEvents) is read in order, as one.

    Args:
        payload: as its source sends it: an oslo.messaging envelope or the bare message, the body of a webhook or of
            an API, a CloudEvent in structured form.
        received: when it came, for the sources that do not say (the webhook of Aodh).
        vocabulary: by which CloudEvents are read; no other source needs it.

    Raises:
        Unrecognised: where the payload is of no known source, naming its keys.
        EventError: where it is of a known source and malformed; nothing else is ever raised for JSON values.
    """
    known = Known(_aware(received), vocabulary)
    try:
        if isinstance(payload, Mapping):
            return _normalize(payload, known)
        if isinstance(payload, Sequence) and not isinstance(payload, str | bytes):
            return tuple(
                item for element in payload for item in normalize(element, received=received, vocabulary=vocabulary)
            )
    except RecursionError:
        message = "the payload is nested too deeply"
        raise malformed(message) from None
    except ValueError as error:  # what `freeze` says of NaN, which Python reads as JSON
        raise malformed(str(error)) from None
    message = f"{shown(payload)} is no payload: neither a mapping nor a list of mappings"
    raise Unrecognised(message)


def _normalize(payload: Payload, known: Known) -> Items:
    message = oslo.opened(payload) if oslo.is_envelope(payload) else payload
    for source in RECOGNISERS:
        if source.recognise(message):
            return source.normalize(message, known)
    keys = [str(key) for key in message]
    more = f" and {len(keys) - _NAMED_KEYS} more" if len(keys) > _NAMED_KEYS else ""
    named = ", ".join(f"`{key}`" for key in keys[:_NAMED_KEYS]) or "none"
    text = f"payload of no known source, with the keys {named}{more}"
    raise Unrecognised(text)


def _aware(received: datetime | None) -> datetime | None:
    if received is not None and received.tzinfo is None:
        message = f"`received` is {received.isoformat()}, which names no time zone"
        raise EventError(message, field="received")
    return received
