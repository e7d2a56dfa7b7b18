"""A record run against a rule set: every input applied in its order, and what was decided gathered."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from attrs import define, field, frozen

from selfheal_rules.compile.program import Program
from selfheal_rules.decide.decision import UNMATCHED, Decision, Step
from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import MAX_AGE, Engine
from selfheal_rules.events import Event, State
from selfheal_rules.journal.items import Input
from selfheal_rules.policy import Policy
from selfheal_rules.values import EMPTY, FrozenMap

KEPT = 100
"""So many refusals are kept word by word; all are counted."""


@frozen
class Refusal:
    """An input an engine of these rules does not take: its number among the inputs, and why."""

    number: int
    message: str


@frozen
class Replayed:
    """
    What a record led to.

    `dispositions` counts inputs by what became of them, `unknown` those of kinds the rules have no word for, by kind;
    `refused` are the first inputs that did not fit their kind, `refusals` counts them. `is_whole` tells that the record
    was read to its end.
    """

    inputs: int
    decisions: tuple[Decision, ...]
    dispositions: FrozenMap = EMPTY
    unknown: FrozenMap = EMPTY
    refused: tuple[Refusal, ...] = ()
    refusals: int = 0
    now: datetime | None = None
    is_whole: bool = True

    def to_json(self) -> dict[str, Any]:
        """Give the counts as `--format json` prints them."""
        return {
            "inputs": self.inputs,
            "decisions": len(self.decisions),
            "dispositions": dict(self.dispositions),
            "unknown": dict(self.unknown),
            "refused": self.refusals,
            "now": self.now.isoformat() if self.now else None,
            "whole": self.is_whole,
        }


@define(eq=False)
class Replay:
    """An engine and what it has been given so far; whoever stops in between has a result for what was done."""

    engine: Engine
    decisions: list[Decision] = field(factory=list)
    _dispositions: Counter[str] = field(factory=Counter)
    _unknown: Counter[str] = field(factory=Counter)
    _refused: list[Refusal] = field(factory=list)
    _refusals: int = 0

    @classmethod
    def of(
        cls,
        program: Program,
        policy: Policy | None = None,
        *,
        max_age: timedelta = MAX_AGE,
        max_ahead: timedelta | None = None,
    ) -> "Replay":
        """Begin with nothing seen; the settings are those of the engine."""
        return cls(Engine(program, policy=policy, max_age=max_age, max_ahead=max_ahead))

    @property
    def inputs(self) -> int:
        """How many inputs it was given."""
        return self._dispositions.total() + self._unknown.total() + self._refusals

    def take(self, inputs: Iterable[Input]) -> None:
        """Apply inputs in order; what the rules have no word for, or does not fit its kind, is counted and left out."""
        post, counts, decisions, unmatched = self.engine.post, self._dispositions, self.decisions, 0
        try:
            for given in inputs:
                try:
                    step = self.engine.advance(given) if given.__class__ is datetime else post(given)  # type: ignore[arg-type]
                except EventError as error:
                    self._refuse(given, self.inputs + unmatched + 1, str(error))
                    continue
                if step is UNMATCHED:  # most are, and this is all they cost
                    unmatched += 1
                    continue
                post = self.engine.post  # a control may have changed whom the engine listens to
                counts[step.disposition] += 1
                if step:
                    decisions += step
        finally:
            counts["unmatched"] += unmatched

    def one(self, given: Input) -> Step:
        """Apply one input, and give what it led to."""
        before = len(self.decisions)
        self.take((given,))
        return Step(self.decisions[before:])

    def until(self, now: datetime | None) -> Step:
        """Let time pass up to an instant, if there is one, and give what that led to."""
        step = self.engine.advance(now) if now is not None else Step()
        self.decisions += step
        return step

    def _refuse(self, given: Input, number: int, message: str) -> None:
        if isinstance(given, Event | State) and given.kind not in self.engine.program.vocabulary.kinds:
            self._unknown[given.kind] += 1
            return
        self._refusals += 1
        if len(self._refused) < KEPT:
            self._refused.append(Refusal(number, message))

    def result(self, *, is_whole: bool = True) -> Replayed:
        """Give what came of it so far."""
        return Replayed(
            self.inputs,
            tuple(self.decisions),
            FrozenMap({name: count for name, count in sorted(self._dispositions.items()) if count}),
            FrozenMap(dict(sorted(self._unknown.items()))),
            tuple(self._refused),
            self._refusals,
            self.engine.now,
            is_whole,
        )


def replay(
    program: Program,
    inputs: Iterable[Input],
    policy: Policy | None = None,
    *,
    until: datetime | None = None,
    max_age: timedelta = MAX_AGE,
    max_ahead: timedelta | None = None,
) -> Replayed:
    """Run a record against a rule set: inputs are items, outcomes, controls, and instants to advance to, in order."""
    going = Replay.of(program, policy, max_age=max_age, max_ahead=max_ahead)
    going.take(inputs)
    going.until(until)
    return going.result()
