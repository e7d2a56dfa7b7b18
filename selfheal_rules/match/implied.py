"""Concluded events that nobody has asked for yet: the matches they follow from stand for them."""

from collections.abc import Iterator
from typing import Any

from selfheal_rules.compile.columns import Fold
from selfheal_rules.compile.plan import Branching, Conclusion, Ruling
from selfheal_rules.match.rows import Author, Derived


class Source:
    """One conclusion of a rule under one branch: what makes an event of a match."""

    __slots__ = ("author", "build", "fold", "kind")

    def __init__(self, ruling: Ruling, index: int, step: Conclusion, branch: Branching) -> None:
        """Take out of a plan what an event needs."""
        self.kind = step.kind.name
        self.build = step.fields[branch.number]
        self.author = author_of(ruling, index, step, branch.aliases)
        self.fold: Fold | None = step.fold

    def derived(self, rows: tuple[Any, ...], at: int, turn: int) -> Derived:
        """Give the event that follows from the rows of a match, as they were then."""
        return Derived(self.kind, self.build(rows), at, turn, self.author, rows)


class Implied:
    """
    All that follows at once from the matches of a conclusion: what its takers are told, and the rows it rests on.

    Both are columns, one for each alias or thing told: so a match more is no container more.
    """

    __slots__ = ("_made", "at", "columns", "parts", "source", "turn")

    def __init__(
        self, source: Source, parts: tuple[list[Any], ...], columns: tuple[list[Any], ...], at: int, turn: int
    ) -> None:
        """Remember what it follows from."""
        self.source = source
        self.parts = parts
        self.columns = columns
        self.at = at
        self.turn = turn
        self._made: tuple[tuple[Derived], ...] | None = None

    def rows(self, place: int) -> tuple[Any, ...]:
        """Give the rows of one match."""
        return tuple([rows[place] for rows in self.parts])

    def __len__(self) -> int:
        """Count the events."""
        return len(self.parts[0])

    def __iter__(self) -> Iterator[tuple[Derived]]:
        """Give the events, each as the match it is; all who ask are given the same."""
        if self._made is None:
            self._made = tuple(
                [(self.source.derived(rows, self.at, self.turn),) for rows in zip(*self.parts, strict=True)]
            )
        return iter(self._made)


def author_of(ruling: Ruling, index: int, step: Conclusion, aliases: tuple[str, ...]) -> Author:
    """Give whose conclusion it is."""
    return ruling.ruleset, ruling.rule.id, step.step.id or index, aliases
