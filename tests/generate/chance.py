"""The choices a case is made of. The first is the simplest: whoever draws small numbers draws a small case."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from attrs import define

T = TypeVar("T")


def _at_once(write: Callable[[], T]) -> T:
    return write()


@define
class Chance:
    """
    Turns numbers into choices.

    `below` gives a number below a bound; `whole` calls what it is given, and knows what is drawn meanwhile as one part,
    to be made simple as one.
    """

    below: Callable[[int], int]
    whole: Callable[[Callable[[], Any]], Any] = _at_once

    def part(self, write: Callable[[], T]) -> T:
        """Write something whose choices belong together."""
        found: T = self.whole(write)
        return found

    def yes(self, share: float) -> bool:
        """Say yes that often; no is simpler."""
        return self.below(100) >= 100 - round(100 * share)

    def pick(self, choices: Sequence[T]) -> T:
        """Give one of the choices; one that stands several times is as much likelier."""
        return choices[self.below(len(choices))]

    def several(self, counts: Sequence[int], write: Callable[[int], T]) -> list[T]:
        """Give as many parts as one of the counts says."""
        return [self.part(lambda number=number: write(number)) for number in range(self.pick(counts))]  # type: ignore[misc]

    def between(self, least: int, most: int) -> int:
        """Give a whole number, both ends included."""
        return least + self.below(most - least + 1)

    def sample(self, choices: Sequence[T], count: int) -> list[T]:
        """Give so many different ones of the choices."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]
