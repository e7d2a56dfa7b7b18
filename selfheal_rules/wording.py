"""How times, values and foreign texts are written for people, wherever they are shown."""

from datetime import date, datetime, timedelta

from selfheal_rules.values import Value, canonical
from selfheal_rules.vocabulary import write_duration


def clean(text: str) -> str:
    """Write control characters as escapes: what a payload says must steer neither a terminal nor a page."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text)


def number(count: int, noun: str) -> str:
    """Write a count with its noun."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def stamp(time: datetime) -> str:
    """Write an instant as `--until` takes it."""
    return time.isoformat().removesuffix("+00:00") + "Z"


def clock(time: datetime, day: date) -> str:
    """Write an instant briefly: without its date where that is the given day."""
    return time.time().isoformat() if time.date() == day else stamp(time)


def shown(value: Value) -> str:
    """Write a value as an author would."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, timedelta):
        return write_duration(value)
    return canonical(value)
