"""Which source a payload is from, and what it says: the one place that knows them all."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from attrs import evolve, frozen

from selfheal_rules.diagnostics import EventError
from selfheal_rules.mapping import PayloadMapping
from selfheal_rules.normalize import (
    alertmanager,
    aodh,
    cinder,
    cloudevents,
    collectd,
    fenix,
    freezer,
    heat,
    ironic,
    kapacitor,
    mapped,
    masakari,
    mistral,
    monasca,
    nagios,
    neutron,
    nova,
    octavia,
    oslo,
    senlin,
    vitrage,
    watcher,
    zabbix,
    zaqar,
)
from selfheal_rules.normalize.reading import Ignored, Items, Parts, Payload, Unrecognised, malformed, shown
from selfheal_rules.values import argument
from selfheal_rules.vocabulary import Vocabulary

_NAMED_KEYS = 8


@frozen
class Known:
    """
    What a payload does not say itself.

    When it was received; by which vocabulary CloudEvents are read; which source it is from, where that is known; the
    mappings for a user's own sources.
    """

    received: datetime | None = None
    vocabulary: Vocabulary | None = None
    source: str | None = None
    mappings: tuple[PayloadMapping, ...] = ()

    def claims(self, payload: Payload) -> bool:
        """Whether a payload is of a source of the user's own, before anything is taken off or out of it."""
        return any(mapped.recognise(mapping, payload) for mapping in self.mappings)

    @property
    def recognisers(self) -> "tuple[Recogniser, ...]":
        """All sources in the order they are asked: the user's own first."""
        return (*(_own(mapping) for mapping in self.mappings), *RECOGNISERS) if self.mappings else RECOGNISERS


Read: TypeAlias = Callable[[Payload, Known], Parts]


class Recogniser(NamedTuple):
    """One source: its name, how its payloads are told from others, and how they are read."""

    name: str
    recognise: Callable[[Payload], bool]
    normalize: Read


def _alone(read: Callable[[Payload], Items]) -> Read:
    return lambda payload, _: read(payload)


def _dated(read: Callable[[Payload, datetime | None], Parts]) -> Read:
    return lambda payload, known: read(payload, known.received)


def _queued(payload: Payload, known: Known) -> Parts:
    """Read the body of a message as if its source had sent it when it was posted."""
    message = zaqar.opened(payload, known.received)
    try:
        return read_payload(message.body, evolve(known, received=message.posted, source=None))
    except Unrecognised:
        return zaqar.normalize(message)


RECOGNISERS = (
    Recogniser("nova", nova.recognise, _alone(nova.normalize)),
    Recogniser("ironic", ironic.recognise, _alone(ironic.normalize)),
    Recogniser("alertmanager", alertmanager.recognise, _dated(alertmanager.normalize)),
    Recogniser("aodh", aodh.recognise, _dated(aodh.normalize)),
    Recogniser("masakari", masakari.recognise, _alone(masakari.normalize)),
    Recogniser("neutron", neutron.recognise, _alone(neutron.normalize)),
    Recogniser("cinder", cinder.recognise, _alone(cinder.normalize)),
    Recogniser("heat", heat.recognise, _alone(heat.normalize)),
    Recogniser("octavia", octavia.recognise, _alone(octavia.normalize)),
    Recogniser("watcher", watcher.recognise, _alone(watcher.normalize)),
    Recogniser("mistral", mistral.recognise, _alone(mistral.normalize)),
    Recogniser("zaqar", zaqar.recognise, _queued),
    Recogniser("fenix", fenix.recognise, _alone(fenix.normalize)),
    Recogniser("senlin", senlin.recognise, _alone(senlin.normalize)),
    Recogniser("freezer", freezer.recognise, _dated(freezer.normalize)),
    Recogniser("vitrage", vitrage.recognise, _dated(vitrage.normalize)),
    Recogniser("monasca", monasca.recognise, _alone(monasca.normalize)),
    Recogniser("collectd", collectd.recognise, _alone(collectd.normalize)),
    Recogniser("kapacitor", kapacitor.recognise, _alone(kapacitor.normalize)),
    Recogniser("nagios", nagios.recognise, _dated(nagios.normalize)),
    Recogniser("zabbix", zabbix.recognise, _dated(zabbix.normalize)),
    Recogniser(
        "cloudevents",
        cloudevents.recognise,
        lambda payload, known: cloudevents.normalize(payload, known.vocabulary, known.received),
    ),
    Recogniser("oslo", oslo.recognise, _alone(oslo.normalize)),
)
"""Every source in the order they are asked; the last takes each notification the others left."""


def normalize_payload(
    payload: Payload | Sequence[Any],
    *,
    received: datetime | None = None,
    vocabulary: Vocabulary | None = None,
    source: str | None = None,
    mappings: Iterable[PayloadMapping] = (),
) -> Items:
    """
    Give what a payload says, whichever source it is from; a list (a batch of CloudEvents) is read in order, as one.

    What is of a known source and says nothing to a rule, such as the confirmation of a subscription, gives no item.

    Args:
        payload: as its source sends it: an oslo.messaging envelope or the bare message, the body of a webhook or of
            an API, a CloudEvent in structured form.
        received: when it came, for the sources that do not say (the webhook of Aodh).
        vocabulary: by which CloudEvents are read; no other source needs it.
        source: which source it is from, by its name in `RECOGNISERS` or that of a mapping; without it, it is recognised
            by what it holds.
        mappings: for payloads of sources of your own, from `load_mapping`; they are asked before all others.

    Raises:
        Unrecognised: where the payload is of no known source, naming its keys.
        EventError: where it, or one of several things it tells of, is of a known source and malformed (`read_items`
            gives the others); nothing else is ever raised for JSON values.
        TypeError: where another argument is of another type.
    """
    if vocabulary is not None:
        argument("vocabulary", vocabulary, Vocabulary, cure="`load_vocabulary` gives one")
    known = Known(_aware(received), vocabulary, source, tuple(mappings))
    for mapping in known.mappings:
        argument("mappings", mapping, PayloadMapping, cure="`load_mapping` gives one")
    return tuple(item for element in payloads(payload, known) for item in _unless_ignored(element, known))


def _own(mapping: PayloadMapping) -> Recogniser:
    return Recogniser(
        mapping.name,
        lambda payload: mapped.recognise(mapping, payload),
        lambda payload, known: mapped.normalize(mapping, payload, known.received),
    )


_ANSWERS = {"messages": None, "jobs": None, "events": None, "notifications": "notification"}
"""Under which name an API answers with a list, and the name it gives to one alone."""


def payloads(value: object, known: Known) -> Iterator[object]:
    """Give the payloads in a JSON value: those of a list, and of an API's answer with a list in it, in their order."""
    waiting = [value]
    while waiting:
        element = waiting.pop()
        if isinstance(element, list | tuple):
            waiting.extend(reversed(element))
        elif isinstance(element, Mapping) and (name := _listed(element)) and not known.claims(element):
            alone = _ANSWERS[name]
            waiting.extend({alone: one} if alone else one for one in reversed(element[name]))
        else:
            yield element


def _listed(answer: Payload) -> str | None:
    if answer.keys().isdisjoint(_ANSWERS):
        return None
    found = next((name for name in _ANSWERS if isinstance(answer.get(name), list | tuple)), None)
    return found if answer.keys() <= {found, "links", f"{found}_links"} else None


def _unless_ignored(payload: object, known: Known) -> Items:
    try:
        parts = read_payload(payload, known)
    except Ignored:
        return ()
    items = tuple(part for part in parts if not isinstance(part, EventError))
    if len(items) < len(parts):
        raise next(part for part in parts if isinstance(part, EventError))
    return items


def read_payload(payload: object, known: Known) -> Parts:
    """
    Give what one payload says, as `normalize_payload` does, with the error in the place of what cannot be read of it.

    Raises:
        Ignored: where it says nothing to a rule, with the reason.
    """
    if not isinstance(payload, Mapping):
        text = f"{shown(payload)} is no payload: neither a mapping nor a list of mappings"
        raise Unrecognised(text)
    try:
        message = oslo.opened(payload) if oslo.is_envelope(payload) else payload
        return _source(message, known).normalize(message, known)
    except RecursionError:
        text = "the payload is nested too deeply"
        raise malformed(text) from None
    except ValueError as error:  # what `freeze` says of NaN, which Python reads as JSON
        raise malformed(str(error)) from None


def _source(message: Payload, known: Known) -> Recogniser:
    wanted = known.source
    for source in known.recognisers:
        if (wanted is None or wanted == source.name) and source.recognise(message):
            return source
    if known.source is None:
        text = f"payload of no known source, with {_keys(message)}"
        raise Unrecognised(text)
    names = [source.name for source in known.recognisers]
    if known.source in names:
        text = f"this is no payload of {shown(known.source)}: it has {_keys(message)}"
        raise malformed(text, "source")
    text = f"no source is called {shown(known.source)}; known: {', '.join(names)}"
    raise malformed(text, "source")


def _keys(message: Payload) -> str:
    keys = [str(key) for key in message]
    more = f" and {len(keys) - _NAMED_KEYS} more" if len(keys) > _NAMED_KEYS else ""
    named = ", ".join(f"`{key}`" for key in keys[:_NAMED_KEYS]) or "none"
    return f"the keys {named}{more}"


def _aware(received: datetime | None) -> datetime | None:
    if received is None:
        return None
    argument("received", received, datetime)
    if received.tzinfo is None:
        message = f"`received` is {received.isoformat()}, which names no time zone"
        raise EventError(message, field="received")
    return received
