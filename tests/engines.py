"""Two engines behind one face, so that a test can ask the same of both."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import lru_cache
from typing import Protocol, TypeAlias, cast

from attrs import field, frozen

from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.model import RuleSet
from selfheal_rules.values import canonical, microseconds
from tests.generate.streams import Advance, Answer, Input
from tests.reference.episodes import Decided
from tests.reference.matcher import Reference
from tests.reference.results import View, present_fields


@frozen
class Seen:
    """What one input led to, as far as two engines must agree."""

    disposition: str
    decisions: tuple[Decided, ...]
    states: tuple[View, ...]


class Driver(Protocol):
    """An engine under test."""

    @property
    def decisions(self) -> list[Decided]:
        """What it has decided so far."""

    def take(self, item: Input | Outcome) -> Seen | None:
        """Give it one input; None where the input does not apply."""


@frozen(eq=False)
class Oracle:
    """The reference."""

    engine: Reference
    decisions: list[Decided] = field(factory=list)

    def take(self, item: Input | Outcome) -> Seen | None:
        """Give it one input."""
        given = resolved(item, self.decisions)
        if given is None:
            return None
        result = self.engine.advance(given.time) if isinstance(given, Advance) else self.engine.post(given)
        self.decisions.extend(result.decisions)
        visible = tuple(one for one in self.engine.states() if is_compared(one[0]))
        return Seen(result.disposition, tuple(result.decisions), visible)


@frozen(eq=False)
class Native:
    """The library's own engine."""

    engine: Engine
    decisions: list[Decided] = field(factory=list)

    def take(self, item: Input | Outcome) -> Seen | None:
        """Give it one input."""
        given = resolved(item, self.decisions)
        if given is None:
            return None
        step = self.engine.advance(given.time) if isinstance(given, Advance) else self.engine.post(given)
        made = [decided(decision) for decision in step]
        self.decisions.extend(made)
        disposition = "" if isinstance(given, Advance) else step.disposition
        return Seen(disposition, tuple(made), self.states())

    def states(self) -> tuple[View, ...]:
        """Give what holds."""
        kinds = self.engine.program.vocabulary.kinds
        return tuple(view(state, kinds[state.kind].key) for state in self.engine.states() if is_compared(state.kind))


def is_compared(kind: str) -> bool:
    """Whether both engines show states of a kind; their own episodes they may show or not."""
    return not kind.startswith("selfheal.")


def view(state: State, key: tuple[str, ...]) -> View:
    """Give a state as the reference shows it."""
    values = tuple(state.source if name == "source" else state.fields[name] for name in key)
    return state.kind, canonical(values), canonical(present_fields(state.fields)), state.at


def decided(decision: Decision) -> Decided:
    """Give a decision as the reference shows it."""
    return Decided(
        decision.rule,
        decision.key,
        str(decision.step),
        decision.action,
        decision.target,
        decision.params,
        decision.attempt,
        microseconds(decision.time),
        decision.verdict.status,
        decision.episode,
        decision.id,
        canonical(decision.evidence),
    )


Given: TypeAlias = Event | State | Outcome | Advance


def resolved(item: Input | Outcome, decisions: list[Decided]) -> Given | None:
    """Give what an answer answers: one of the decisions so far."""
    if not isinstance(item, Answer):
        return item
    if not decisions:
        return None
    asked = decisions[-1 - item.back % len(decisions)]
    return Outcome(asked.id, item.status, item.time, attempt=asked.attempt)


Make: TypeAlias = Callable[..., Driver]


def oracle(*rulesets: RuleSet, max_age: timedelta, max_ahead: timedelta | None = None) -> Oracle:
    """Make a reference."""
    return Oracle(Reference(*rulesets, max_age=max_age, max_ahead=max_ahead))


def native(
    *rulesets: RuleSet, max_age: timedelta, max_ahead: timedelta | None = None, matcher: str = "native"
) -> Native:
    """Make an engine of the library, whose joins are its own or another matcher's."""
    return Native(Engine(program_of(*rulesets), max_age=max_age, max_ahead=max_ahead, matcher=matcher))


def durable(*rulesets: RuleSet, max_age: timedelta, max_ahead: timedelta | None = None) -> Native:
    """Make an engine on durable-rules."""
    return native(*rulesets, max_age=max_age, max_ahead=max_ahead, matcher="durable")


@lru_cache(maxsize=2)
def program_of(*rulesets: RuleSet) -> Program:
    """Compile rule sets, once for all the engines of one case."""
    return compile_rules(*rulesets)


def under(driver: Driver, *rulesets: RuleSet) -> Driver:
    """Give an engine that goes on under these rules: restored from its snapshot, but for the reference."""
    if isinstance(driver, Oracle):
        driver.engine.change(*rulesets)
        return cast("Driver", driver)
    assert isinstance(driver, Native)
    again = Engine.restore(program_of(*rulesets), driver.engine.snapshot())
    return cast("Driver", Native(again, driver.decisions))


def replay(driver: Driver, items: Iterable[Input]) -> list[Seen | None]:
    """Give a driver all inputs."""
    return [driver.take(item) for item in items]
