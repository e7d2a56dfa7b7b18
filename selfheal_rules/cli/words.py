"""How times, counts and values are written for people."""

from datetime import datetime, timedelta

from selfheal_rules.values import Value, canonical
from selfheal_rules.vocabulary import write_duration


def stamp(time: datetime) -> str:
    """Write an instant as `--until` takes it."""
    return time.isoformat().removesuffix("+00:00") + "Z"


def number(count: int, noun: str) -> str:
    """Write a count with its noun."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def shown(value: Value) -> str:
    """Write a value as an author would."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, timedelta):
        return write_duration(value)
    return canonical(value)
