"""What decisions rest on, down to what was posted."""

from collections.abc import Iterator
from typing import TypeAlias

from selfheal_rules.decide.evidence import Evidence
from selfheal_rules.values import Value

Identity: TypeAlias = tuple[Value, ...]
"""What tells one posted item from another: source and id of an event, kind and key of a state."""


def roots(because: tuple[Evidence, ...]) -> Iterator[Evidence]:
    """Give what was posted of what a decision rests on, by way of all conclusions."""
    for one in because:
        if one.because:
            yield from roots(one.because)
        else:
            yield one


def identity(one: Evidence) -> Identity:
    """Give what tells an item from others."""
    return (one.source, one.id) if one.form == "event" else (one.kind, *one.key)
