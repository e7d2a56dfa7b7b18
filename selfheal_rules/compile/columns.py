"""What rules are told of a concluded event that nobody has made yet, column by column."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen


@frozen
class Folded:
    """Where a rule that takes a concluded event finds what it is told of it."""

    key: int
    """The column of the canonical text of its key."""
    asked: tuple[tuple[int, int], ...]
    """For each step the column of its target, and that of its params (-1: it has none)."""


@frozen(eq=False, repr=False)
class Fold:
    """What the rules that take a concluded event need to know of it, so that it need not be made."""

    columns: Callable[[Sequence[Any]], tuple[tuple[list[Any], ...], tuple[list[Any], ...]]]
    """The matches it follows from → by alias their rows as they are now, and columns of what is told of each."""
    told: Mapping[int, Folded]
    """By the branch that takes it."""
