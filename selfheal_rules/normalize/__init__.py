"""
Raw payloads in, items out: one pure function per source, and one that recognises which source a payload is from.

    body of a webhook, notification of a bus, answer of an API ─recognise→ source ─normalize→ Event | State …

Nothing here reads a clock or a file, keeps anything, or prints; no token, catalog or `_context_*` of an envelope
reaches an item.
"""

from selfheal_rules.normalize.cloudevents import to_cloudevent
from selfheal_rules.normalize.reading import Unrecognised
from selfheal_rules.normalize.sources import RECOGNISERS, Recogniser, normalize_payload
from selfheal_rules.normalize.stream import Problem, Reading, read_body, read_items

__all__ = [
    "RECOGNISERS",
    "Problem",
    "Reading",
    "Recogniser",
    "Unrecognised",
    "normalize_payload",
    "read_body",
    "read_items",
    "to_cloudevent",
]
