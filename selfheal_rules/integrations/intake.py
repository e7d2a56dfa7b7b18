"""
What sources bring, on its way to the healer: a bounded line of offers, each answered once the journal has it.

Sources run in threads of their own, and a healer in one. A source offers items and waits; whoever drives the healer
gathers what waits into one batch, has it taken, and answers. A full line is said at once, so that who sent can wait.
"""

import queue
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from attrs import define, field, frozen

from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.journal.items import Input

_REMEMBERED = 100_000
_Item = TypeVar("_Item", Event, State, Event | State)


class Full(Exception):  # noqa: N818 - an answer: come again later
    """So many offers wait that no more are taken."""


@frozen
class Receipt:
    """
    What became of an offer: so many of its items were written down; the others had been, a moment before.

    Of those that were written down, `ahead` lie too far ahead of time to be believed: no rule sees them.
    """

    taken: int
    repeated: int = 0
    ahead: int = 0


@frozen(eq=False)
class Offer:
    """Items that belong together: all of them are taken, or none."""

    items: tuple[Input, ...]
    answer: "Future[Receipt]" = field(factory=Future)


class Intake:
    """
    The line between sources and a healer; `most` offers may wait in it.

    It is one without a lock of its own, since whoever offers would wait for it at each item; so two threads that offer
    at one instant may both find the last place.
    """

    def __init__(self, most: int = 1000) -> None:
        """Begin with nobody waiting."""
        self._line: queue.SimpleQueue[Offer] = queue.SimpleQueue()
        self._most = most
        self._is_closed = False
        self.refused = 0
        """How many offers have found no place."""
        self.offered: Callable[[Offer], None] = lambda _: None
        """Hears of each offer with items in it that stands in line, in the thread of who made it."""

    def __len__(self) -> int:
        """Count the offers that wait."""
        return self._line.qsize()

    def check(self) -> None:
        """
        Look whether an offer would find a place: who looks first need not read what it cannot bring.

        Raises:
            Full: where too many wait, or nobody takes any more.
        """
        if self._is_closed:
            message = "nothing more is taken: the healer is stopping"
        elif self._line.qsize() >= self._most:
            message = f"{self._most} offers wait already"
        else:
            return
        self.refused += 1
        raise Full(message)

    def offer(self, items: Iterable[Input]) -> "Future[Receipt]":
        """
        Stand in line; the answer comes when the journal has the items, or an `EventError` where they do not fit.

        Raises:
            Full: where too many wait, or nobody takes any more.
        """
        found = Offer(tuple(items))
        self.check()
        self._line.put(found)
        if found.items:
            self.offered(found)
        return found.answer

    def bring(self, items: Sequence[_Item]) -> list[tuple[_Item, EventError]]:
        """
        Have items taken, and wait until the journal has them; those that do not fit are given back, each with why.

        An offer is taken whole or not at all, so one that does not fit is made again in halves.

        Raises:
            Full: where too many wait, or nobody takes any more; what was taken by then is a repetition next time.
        """
        try:
            self.offer(items).result()
        except EventError as error:
            if len(items) == 1:
                return [(items[0], error)]
            half = len(items) // 2
            return self.bring(items[:half]) + self.bring(items[half:])
        return []

    def gather(self, most: int, wait: float, linger: float = 0.0) -> list[Offer]:
        """
        Give what waits, at most so many offers, in order; where there is none, wait so many seconds for one.

        `linger` is for how many seconds more others may join the first.
        """
        found: list[Offer] = []
        try:
            found.append(self._line.get(timeout=wait))
            if linger and self._line.qsize() < most:
                time.sleep(linger)
            while len(found) < most:
                found.append(self._line.get_nowait())
        except queue.Empty:
            pass
        return found

    def wake(self) -> None:
        """Have who gathers look at once for what comes another way."""
        self._line.put(Offer(()))

    def close(self) -> None:
        """Take no more; what waits still can be gathered."""
        self._is_closed = True

    def abandon(self) -> None:
        """Say to all who wait that nothing was taken, so that they send again."""
        self.close()
        while found := self.gather(self._most, 0.001):
            for one in found:
                one.answer.set_exception(Full("the healer ended before it was taken"))


@define
class Repetitions:
    """
    Which items came before: a sender that had no answer sends again, and what the journal has is not written twice.

    An item is a repetition where the latest one of its id (of its key, for a state) said just the same, less than
    `window` seconds ago. What a source says again on purpose, such as an alert that still fires, comes later than that.
    """

    clock: Callable[[], float]
    window: float = 60.0
    _last: "OrderedDict[bytes, tuple[bytes, float]]" = field(factory=OrderedDict)

    def fresh(self, items: Iterable[Input]) -> list[Input]:
        """Give those that are no repetitions, and remember them."""
        now = self.clock()
        found = [item for item in items if not self._is_known(item, now)]
        while len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)
        return found

    def _is_known(self, item: Input, now: float) -> bool:
        marks = _marks(item)
        if marks is None:
            return False
        name, said = marks
        last = self._last.get(name)
        if last is not None and last[0] == said and now - last[1] < self.window:
            return True
        self._last[name] = said, now
        self._last.move_to_end(name)
        return False


def _marks(item: Input) -> tuple[bytes, bytes] | None:
    """Give what tells an item from others, and what it says."""
    if not isinstance(item, Event | State) or item.fits is None:
        return None
    if isinstance(item, Event):
        told: tuple[object, ...] = (item.id,)
    else:
        told = tuple(item.source if name == "source" else item.fields.get(name) for name in item.fits.key)
    name = repr((item.__class__.__name__, item.kind, item.source, told))
    said = repr((item.id, item.at, item.cause, item.fields, isinstance(item, State) and item.cleared))
    return sha256(name.encode()).digest(), sha256(said.encode()).digest()


def fitting(offers: Iterable[Offer], engine: Engine) -> Iterator[Offer]:
    """Give the offers whose items fit the rules that run; the others are answered with what is wrong."""
    for one in offers:
        try:
            engine.admit(item for item in one.items if not isinstance(item, datetime))
        except EventError as error:
            one.answer.set_exception(error)
        else:
            yield one
