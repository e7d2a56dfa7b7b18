"""The engine asked what if: the rule with a part of its condition, over what was posted about the target."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from attrs import define, evolve, field

from selfheal_rules.compile.program import Program
from selfheal_rules.decide.decision import Decision, Disposition, Step
from selfheal_rules.decide.evidence import Evidence
from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.explain.why_not.constraints import EVER, Constraint, Pins, constraints, pinned, relaxed
from selfheal_rules.explain.why_not.sift import Input, Needed
from selfheal_rules.model import Condition, Do, Group, Literal, Pattern, Rule, RuleSet, Test
from selfheal_rules.policy import Policy

Deaf = TypeVar("Deaf", bound=Condition)
MOST = 1_000
"""So many events, the latest, are looked into where each may go with each."""
PROBE = "?"
"""What is put behind the id of a rule for its probe: no author can write it."""


def given(engine: Engine, one: Input) -> Step:
    """Post an item or advance to an instant; what an engine refuses changes nothing, as it did then."""
    try:
        return engine.advance(one) if isinstance(one, datetime) else engine.post(one)
    except EventError:
        return Step()


@define(eq=False, repr=False)
class Run:
    """An engine over inputs: what it decided, and what became of each item."""

    engine: Engine
    decisions: list[Decision] = field(factory=list)
    fates: list[tuple[Event | State, Disposition]] = field(factory=list)

    def take(self, inputs: Iterable[Input], at: datetime) -> "Run":
        """Post everything, then let time pass to the end."""
        for one in inputs:
            step = given(self.engine, one)
            self.decisions += step
            if step.disposition in {"stale", "duplicate", "ahead"} and isinstance(one, Event | State):
                self.fates.append((one, step.disposition))
        self.decisions += self.engine.advance(at)
        return self


@define(eq=False, repr=False)
class Probe:
    """One rule about one target, over the inputs that can matter, and an instant."""

    rules: RuleSet
    rule: Rule
    pins: Pins
    others: tuple[Needed, ...]
    inputs: list[Input]
    at: datetime
    max_age: timedelta
    policy: Policy | None = None
    """That of the site, where every rule is there; for what the engine does itself depends on it."""
    since: datetime | None = None
    """What fires no later than this has fired, and is no answer."""
    cuts: list[datetime] = field(factory=list)
    """Since when events were looked into, wherever there were too many to go over each with each."""
    programs: dict[object, Program] = field(factory=dict)
    """What has been run for this question: the same is run again over other items."""

    @property
    def asked(self) -> tuple[Constraint, ...]:
        """All the rule asks for, in order."""
        return constraints(self.rule.when)

    @property
    def whole(self) -> Group:
        """The whole condition, of items about the target."""
        return pinned(self.rule.when, self.pins, self.rules.vocabulary.kinds)

    def relaxed(self, on: Iterable[Constraint]) -> Group:
        """Give the condition with these constraints alone, of items about the target."""
        return relaxed(self.rule.when, on, self.pins, self.rules.vocabulary.kinds)

    def matched(self, on: Iterable[Constraint]) -> list[Decision]:
        """Give when, and on what, the rule had fired if it asked for these alone."""
        return self.fires(self.relaxed(on))

    def fires(self, when: Group) -> list[Decision]:
        """Give when, and on what, the rule had fired if this were its condition."""
        found = self.run(when).decisions
        return [one for one in found if one.rule == self.rule.id + PROBE and self._counts(one)]

    def _counts(self, decision: Decision) -> bool:
        return self.since is None or decision.time > self.since

    def run(self, when: Group) -> Run:
        """Run the rule with this condition beside those that conclude what it reads."""
        asked = (self.rules.name, self.rule.id, when, tuple((one.rules.name, one.rule.id) for one in self.others))
        program = self.programs.get(asked)
        if program is None:
            program = self.programs[asked] = self._program(when)
        inputs = self.since_the(MOST, self.inputs) if _is_loose(when) else self.inputs
        return Run(Engine(program, max_age=self.max_age, max_ahead=None, policy=self.policy)).take(inputs, self.at)

    def _program(self, when: Group) -> Program:
        name = self.rule.id + PROBE
        rule = Rule(name, deaf(when, name), (Do("noop"),), key=(), span=self.rule.span)
        own = evolve(self.rules, name=self.rules.name + PROBE, rules=(rule,))
        kept: dict[str, tuple[RuleSet, list[Rule]]] = {}
        for one in self.others:
            kept.setdefault(one.rules.name, (one.rules, []))[1].append(one.rule)
        return Program.of(own, *(evolve(rules, rules=tuple(some)) for rules, some in kept.values()))

    def since_the(self, latest: int, inputs: list[Input]) -> list[Input]:
        """Give so many of the latest events, and all that is none, and note since when that is."""
        events = [one for one in inputs if isinstance(one, Event)]
        if len(events) <= latest:
            return inputs
        self.cuts.append(events[-latest].time)
        older = {id(one) for one in events[:-latest]}
        return [one for one in inputs if id(one) not in older]


def _is_loose(when: Group) -> bool:
    """Whether any two events go together, however far apart: the window that a rule has is not yet asked for."""
    alone = [one for one in when.items if isinstance(one, Pattern) and one.form == "event" and one.count is None]
    return when.within == EVER and len(alone) > 1


def deaf(condition: Deaf, name: str) -> Deaf:
    """Give a condition that does not hear what the rule of this name does itself."""
    if isinstance(condition, Pattern):
        acts = any(kind in {"selfheal.decision", "selfheal.episode"} for kind in condition.kinds)
        own = (Test(("rule",), "not", Literal(name)),) if acts else ()
        return evolve(condition, where=(*own, *condition.where))
    if isinstance(condition, Group):
        items, unless = (tuple(deaf(one, name) for one in some) for some in (condition.items, condition.unless))
        return evolve(condition, items=items, unless=unless)
    return condition


def full_run(program: Program, inputs: Iterable[Input], at: datetime, policy: Policy | None, max_age: timedelta) -> Run:
    """Run the program as it is."""
    return Run(Engine(program, policy=policy, max_age=max_age, max_ahead=None)).take(inputs, at)


def rows_of(decisions: Iterable[Decision]) -> dict[str, list[Evidence]]:
    """Gather what matched, by alias, each once."""
    found: dict[str, dict[tuple[object, ...], Evidence]] = {}
    for decision in decisions:
        for one in decision.because:
            found.setdefault(one.alias, {})[one.kind, one.source, one.id, one.key, one.time] = one
    return {alias: list(rows.values()) for alias, rows in found.items()}
