"""
The turns of a healer: what sources brought is recorded as one batch and answered, then what is allowed is carried out.

One thread turns; sources wait in the intake. Between the record and the answer there is nothing, so an answer says that
the journal has it, and a process that ends before it leaves a sender that sends again.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from attrs import define, field

from selfheal_rules.decide.decision import Decision
from selfheal_rules.healer import AWAY, Healer
from selfheal_rules.integrations.intake import Intake, Offer, Receipt, Repetitions, fitting
from selfheal_rules.journal.items import Input

MOST = 500
"""So many offers are one batch, with one sync."""
LINGER = 0.005
"""For so many seconds others join a batch where several were in the one before: a batch costs as much as ten offers."""


@define
class Turns:
    """
    One healer and its intake. `clock` tells the time of day: time passes by it where a timer of the engine is due.

    Of a `JournalError` there is no way on: nobody is answered, and another healer has to begin from the journal.
    """

    healer: Healer
    intake: Intake
    repetitions: Repetitions
    clock: Callable[[], datetime]
    told: Callable[[Sequence[Decision]], None] = field(default=lambda _: None)
    """Hears of what was decided."""
    brought: Callable[[Sequence[Input], float], None] = field(default=lambda _, __: None)
    """Hears of what was recorded, and in how many seconds."""
    ahead: Callable[[Sequence[Input]], None] = field(default=lambda _: None)
    """Hears of what was recorded and lies too far ahead of time to be believed."""
    recording: Callable[[Sequence[Offer]], AbstractContextManager[None]] = field(default=lambda _: nullcontext())
    """Stands around the record of offers, their answers, and what is told of what they led to."""
    _is_busy: bool = field(init=False, default=False)
    _last: datetime | None = field(init=False, default=None)

    def turn(self, wait: float) -> None:
        """Take what waits, or wait so many seconds for it; then have people heard, time pass, and decisions done."""
        offers = self.intake.gather(MOST, wait, LINGER if self._is_busy else 0.0)
        self._is_busy = len(offers) > 1
        last, self._last = self._last, self.clock()
        if last is not None and self._last - last > AWAY:  # a machine that was suspended hears first of what was
            self.healer.since = last
        try:
            fit = list(fitting(offers, self.healer.course.engine))
            with self.recording(fit):
                self.told(self._record(fit))
            self.told(self.healer.take(self._due()))
        except Exception:
            _give_up(offers)
            raise

    def _record(self, offers: Sequence[Offer]) -> list[Decision]:
        fresh = [self.repetitions.fresh(one.items) for one in offers]
        batch = [item for items in fresh for item in items]
        begun = self.repetitions.clock()
        decisions = self.healer.record([*self._overdue(), *batch]) if batch else []
        ahead = self.healer.ahead if batch else []
        unseen = {id(item) for item in ahead}
        for one, items in zip(offers, fresh, strict=True):
            late = sum(id(item) in unseen for item in items) if unseen else 0
            one.answer.set_result(Receipt(len(items), len(one.items) - len(items), late))
        self.brought(batch, self.repetitions.clock() - begun)
        if ahead:
            self.ahead(ahead)
        return decisions

    def _due(self) -> list[datetime]:
        """Give the time, if anything waits for it: an instant that changes nothing need not be recorded."""
        now, due = self.clock(), self.healer.course.engine.next_deadline()
        return [now] if due is not None and due <= now else self._overdue()

    def _overdue(self) -> list[datetime]:
        """
        Give the time where nobody listened for long, or the engine is so far behind that what comes now seems future.

        A new journal begins with it: its engine would believe any time that comes first, and all else is then too late.
        """
        now, engine = self.clock(), self.healer.course.engine
        ahead = engine.max_ahead
        is_behind = engine.now is None or (ahead is not None and now - engine.now >= ahead / 2)
        return [now] if is_behind or self.healer.since else []

    def hand_over(self, healer: Healer) -> None:
        """Go on with another healer of the same journal: nothing was missed between the two."""
        self.healer, healer.since = healer, None

    def drain(self) -> None:
        """Take no more, and finish what is in line."""
        self.intake.close()
        while len(self.intake):
            self.turn(0.0)


def _give_up(offers: Sequence[Offer]) -> None:
    """Tell all who wait that the journal has not answered; what was written of theirs is a repetition next time."""
    for one in offers:
        if not one.answer.done():
            one.answer.set_exception(RuntimeError("the journal cannot be written"))
