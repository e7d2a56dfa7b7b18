"""
Cases are played: a fresh engine, a virtual clock, everything it was given and everything that followed.

Nothing here reads a clock or decides whether a case passes: `verdicts.py` looks at what was played. Whoever wants to
see more of a run than its decisions, such as coverage, is an `Observer`.
"""

import pickle
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from attrs import define, evolve, field, frozen

from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.decide.decision import Step as Settled
from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import MAX_AGE, Engine, Item
from selfheal_rules.events import Event, State
from selfheal_rules.testing.cases import Answer, Case, Input, Said, Step, Wanted
from selfheal_rules.testing.compare import fits
from selfheal_rules.testing.variants import PLAIN, Variant, reordered

GIVEN = -1
"""The number of the step that is none: what held before the first."""


class CannotGoOn(Exception):  # noqa: N818 - a fault of the case, told as its failure
    """A case asks for what cannot be: an answer to what was not decided, an input the engine refuses."""

    def __init__(self, message: str, given: Input) -> None:
        """Say what, and which input asks for it."""
        super().__init__(message)
        self.given = given
        self.played: Played = ()
        """What was played before."""
        self.step: int | None = None
        """The step it came in; None before the first."""


@frozen
class Moment:
    """
    One call of the engine: an `item`, or None where time alone passed, and what followed.

    `step` counts the steps of the case from 0 (`GIVEN`: before them); `given` is what the case says, where it says it.
    """

    step: int
    at: datetime
    item: Item | None
    settled: Settled
    given: Input | None = None


Played: TypeAlias = tuple[Moment, ...]
"""All that happened in a case, in order."""


class Observer(Protocol):
    """Looks on while a case is played."""

    def saw(self, engine: Engine, moment: Moment) -> None:
        """Take note of a moment; the engine is as it is right after it."""

    def ended(self, engine: Engine, step: int, number: int) -> None:
        """Take note of the end of a step, when its time has come: `number` moments were played so far."""


class Unobserved:
    """Nobody looks on."""

    def saw(self, engine: Engine, moment: Moment) -> None:
        """Take no note."""

    def ended(self, engine: Engine, step: int, number: int) -> None:
        """Take no note."""


@define(eq=False, repr=False)
class Player:
    """One engine over one case."""

    case: Case
    variant: Variant
    observer: Observer
    fixed: frozenset[int] = frozenset()
    """The steps whose inputs keep their order, whatever the variant says."""
    engine: Engine = field(init=False)
    played: list[Moment] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        """Make the engine; nothing was seen yet."""
        settings = {"max_age": MAX_AGE, **self.case.settings}
        self.engine = Engine(self.case.program, policy=self.case.policy, matcher=self.variant.matcher, **settings)

    def play(self) -> Played:
        """
        Play the case to its end.

        Raises:
            CannotGoOn: where the case asks for what cannot be.
        """
        for given in self.case.given:
            self.give(GIVEN, given)
        self.pass_until(GIVEN, timedelta())
        for number, step in enumerate(self.case.steps):
            for given in self._in_order(number, step):
                self.pass_until(number, given.at)
                self.give(number, given)
            self.pass_until(number, step.t)
            self.observer.ended(self.engine, number, len(self.played))
        return tuple(self.played)

    def _in_order(self, number: int, step: Step) -> tuple[Input, ...]:
        moves = self.variant.reorders and number not in self.fixed
        return reordered(step.inputs, self.case) if moves else step.inputs

    def pass_until(self, step: int, at: timedelta) -> None:
        """Let time pass until so long after the start."""
        now = self.case.start + at
        if self.engine.now is None or now > self.engine.now:
            self._note(Moment(step, now, None, _kept(self.engine.advance(now))))

    def give(self, step: int, given: Input) -> None:
        """
        Give the engine one input.

        Raises:
            CannotGoOn: where it asks for what cannot be.
        """
        at = self.case.start + given.at
        item = self._resolved(given, at)
        for _ in range(1 + (self.variant.duplicates and isinstance(item, Event | State))):
            try:
                settled = self.engine.post(item)
            except EventError as error:
                raise CannotGoOn(str(error), given) from None
            self._note(Moment(step, at, item, _kept(settled), given))
            given = evolve(given, disposition=None)

    def _note(self, moment: Moment) -> None:
        self.played.append(moment)
        self.observer.saw(self.engine, moment)
        if self.variant.crashes:
            engine = self.engine
            self.engine = Engine.restore(
                self.case.program, engine.snapshot(), engine.matcher.name, policy=engine.policy
            )

    def _resolved(self, given: Input, at: datetime) -> Item:
        what = given.given
        if isinstance(what, Answer):
            decision = self._meant(what.of, given)
            return Outcome.of(decision, what.status, at, what.detail, retryable=what.retryable)
        if isinstance(what, Said):
            subject = self._meant(what.of, given).id if what.of else what.subject
            until = None if what.until is None else self.case.start + what.until
            return Control(what.act, what.who, what.why, at, subject, until)
        return what

    def _meant(self, wanted: Wanted, given: Input) -> Decision:
        """Give the latest decision that is meant."""
        for decision in reversed([*decisions(self.played)]):
            if fits(wanted, decision, self.case.start):
                return decision
        message = "nothing of the kind was decided before"
        raise CannotGoOn(message, given)


def _kept(settled: Settled) -> Settled:
    """
    Give decisions as they are now.

    A decision tells its reasons when it is asked, by what they rest on then; a case is judged when it is over.
    """
    return pickle.loads(pickle.dumps(settled)) if settled else settled  # noqa: S301 - written in the same line


def decisions(played: list[Moment] | Played) -> Iterator[Decision]:
    """Give all that was decided, in order."""
    for moment in played:
        yield from moment.settled


def play(
    case: Case,
    variant: Variant = PLAIN,
    observer: Observer | None = None,
    *,
    fixed: frozenset[int] = frozenset(),
) -> Played:
    """
    Play a case, and give every moment of it; the inputs of `fixed` steps keep their order.

    Raises:
        CannotGoOn: where the case asks for what cannot be.
        MatcherError: where the variant asks for an engine that is not there.
    """
    player = Player(case, variant, observer or Unobserved(), fixed)
    try:
        return player.play()
    except CannotGoOn as error:
        error.played = tuple(player.played)
        steps = (number for number, step in enumerate(case.steps) if any(one is error.given for one in step.inputs))
        error.step = next(steps, None)
        raise
