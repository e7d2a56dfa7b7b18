"""How times, counts and values are written for people."""

from selfheal_rules.wording import shown as shown
from selfheal_rules.wording import stamp as stamp


def number(count: int, noun: str) -> str:
    """Write a count with its noun."""
    return f"{count:,} {noun}{'s' * (count != 1)}"
