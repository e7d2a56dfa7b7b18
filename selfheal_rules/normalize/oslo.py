"""
The envelope every OpenStack service sends its notifications in, and the notifications no other file knows.

`messagingv2` wraps the message as a JSON text under `oslo.message`; the older driver sends it bare. The context of the
request travels beside it in `_context_*`, with live tokens and service catalogs on older clouds: none of it reaches an
item. Only `_context_request_id` is read, by `nova.py`, and only into the hash that is an event's id.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from selfheal_rules.events import Event
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    malformed,
    needed,
    needed_moment,
    present,
    shown,
    text,
)
from selfheal_rules.secrecy import is_secret, without_login

_DATA = "_object.data"
_HOSTLESS = frozenset({"aggregate", "aodh"})
"""Services whose publisher names something else behind the dot: an aggregate's id, a part of Aodh."""


def is_envelope(payload: Payload) -> bool:
    """Whether a payload is a message in the envelope of `messagingv2`."""
    return "oslo.message" in payload


def opened(payload: Payload) -> Payload:
    """Take the message out of its envelope."""
    inner = payload["oslo.message"]
    if not isinstance(inner, str):
        message = f"`oslo.message` is {shown(inner)}, not a JSON text"
        raise malformed(message, "oslo.message")
    try:
        read = json.loads(inner)
    except ValueError:
        message = f"`oslo.message` is a text of {len(inner)} characters, not JSON"
        raise malformed(message, "oslo.message") from None
    if not isinstance(read, dict) or not recognise(read):
        message = "`oslo.message` holds no notification: it needs `event_type` and `payload`"
        raise malformed(message, "oslo.message")
    return read


def recognise(message: Payload) -> bool:
    """Whether a payload is a bare notification."""
    return "event_type" in message and "payload" in message and "publisher_id" in message


def namespace(message: Payload) -> str | None:
    """Give the project whose versioned object the payload is: `nova`, `ironic`, `masakari`, `watcher` …."""
    payload = message.get("payload")
    wrapper = _wrapper(payload) if isinstance(payload, Mapping) else None
    return None if wrapper is None else wrapper[: -len(_DATA)]


def _wrapper(value: Payload) -> str | None:
    """Give the key under which a versioned object has its fields, where it is one."""
    with suppress(TypeError):  # of a key that is no text, which JSON does not have
        if _DATA not in "\n".join(value):  # a third of what reading took went into asking each key
            return None
    return next((key for key in value if isinstance(key, str) and key.endswith(_DATA)), None)


def data_of(value: object, name: str) -> Payload:
    """Give the fields of a versioned object, or the mapping itself where it is not wrapped; nothing for null."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        message = f"`{name}` is {shown(value)}, not a mapping"
        raise malformed(message, name)
    wrapper = _wrapper(value)
    return value if wrapper is None else data_of(value[wrapper], f"{name}.{wrapper}")


def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value goes in, and one of the same shape comes out
    """Unwrap versioned objects at every depth and leave out whatever may be a secret, also of the URLs in it."""
    if isinstance(value, Mapping):
        wrapper = _wrapper(value)
        if wrapper is not None:
            return plain(value[wrapper])
        return {key: plain(inner) for key, inner in value.items() if not is_secret(str(key))}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return without_login(value) if isinstance(value, str) else value


def service_and_host(message: Payload) -> tuple[str | None, str | None]:
    """
    Split a publisher at its first dot or colon: `nova-compute:compute1`, `compute.stack01.example.org`.

    The host is missing where there is no publisher (Octavia) or where what follows the dot is no host.
    """
    publisher = text(message, "publisher_id")
    service, _, host = re.sub("[.:]", "\0", publisher or "", count=1).partition("\0")
    return service or None, None if service in _HOSTLESS else host or None


def normalize(message: Payload) -> Items:
    """Give the event that keeps a notification no other normalizer knows."""
    payload = plain(message["payload"])
    event_type = needed(message, "event_type")
    publisher = text(message, "publisher_id")
    return (
        Event(
            id=needed(message, "message_id"),
            kind="openstack.notification",
            source=publisher or event_type.partition(".")[0],
            time=needed_moment(message, "timestamp"),
            fields=present(
                event_type=event_type,
                publisher=publisher,
                host=service_and_host(message)[1],
                priority=(text(message, "priority") or "info").lower(),
                payload=payload if isinstance(payload, dict) else present(value=payload),
            ),
        ),
    )
