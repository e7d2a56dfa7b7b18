"""
Payloads to be read: captured ones as they were on the wire, and ones composed from the format their source documents.

The tap wrote a record around each captured one, with its JSON text decoded. A composed one stands beside its `origin`:
the file of the source's code or manual that names every key in it.
"""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from selfheal_rules.events import Event, State
from selfheal_rules.normalize import normalize_payload
from selfheal_rules.parse import load_vocabulary

ROOT = Path(__file__).parents[1]
CAPTURED = Path(__file__).parent / "data" / "captured"
COMPOSED = Path(__file__).parent / "data" / "composed"


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)).removesuffix(".json") for path in folder.rglob("*.json"))


NAMES = _names(CAPTURED)
WRITTEN = _names(COMPOSED)
VOCABULARY = load_vocabulary("openstack")
POLLED = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
"""When the answers of APIs that say no time were received: the tap did not note it."""

IGNORED = ("service.soft", "confirmation")
"""How the names of composed payloads end that say nothing to a rule."""

Items = tuple[Event | State, ...]


def record(name: str) -> Any:  # noqa: ANN401 - a JSON value
    """Give what the tap or the hook wrote, or what was composed."""
    folder = COMPOSED if name in WRITTEN else CAPTURED
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def message(name: str) -> dict[str, Any]:
    """Give the bare message of a captured notification, to be changed at will."""
    found: dict[str, Any] = record(name)["envelope"]["oslo.message"]
    return copy.deepcopy(found)


def sealed(inner: dict[str, Any]) -> dict[str, Any]:
    """Put a message into the envelope of messagingv2."""
    return {"oslo.version": "2.0", "oslo.message": json.dumps(inner)}


def raw(name: str) -> tuple[Any, datetime | None]:
    """Give a captured payload as its source sent it, and when it came where the hook noted that."""
    kept = record(name)
    if name in WRITTEN:
        return kept["payload"], datetime.fromisoformat(kept["received"]) if "received" in kept else None
    if isinstance(kept, dict) and "envelope" in kept:
        return sealed(kept["envelope"]["oslo.message"]), None
    if isinstance(kept, dict) and {"path", "headers", "body", "at"} == kept.keys():
        return kept["body"], datetime.fromtimestamp(kept["at"], UTC)
    return kept, POLLED if name.endswith("claim") else None


def items(name: str) -> Items:
    """Give what the normalizers make of a captured payload."""
    payload, received = raw(name)
    return normalize_payload(payload, received=received, vocabulary=VOCABULARY)


def read(payload: Any, received: datetime | None = None) -> Items:  # noqa: ANN401 - a JSON value
    """Give what the normalizers make of a payload."""
    return normalize_payload(payload, received=received, vocabulary=VOCABULARY)


def changed(name: str, **fields: Any) -> Items:  # noqa: ANN401 - JSON values
    """Give what the normalizers make of a payload with other fields; of a notification, in its payload."""
    payload, received = raw(name)
    body = copy.deepcopy(message(name) if isinstance(payload, dict) and "oslo.message" in payload else payload)
    (body["payload"] if "event_type" in body else body).update(fields)
    return read(body, received)


def only(kind: str, found: Items) -> Event | State:
    """Give the one item of a kind."""
    (item,) = [item for item in found if item.kind == kind]
    return item


def event(kind: str, found: Items) -> Event:
    """Give the one event of a kind."""
    item = only(kind, found)
    assert isinstance(item, Event)
    return item


def state(kind: str, found: Items) -> State:
    """Give the one state of a kind."""
    item = only(kind, found)
    assert isinstance(item, State)
    return item
