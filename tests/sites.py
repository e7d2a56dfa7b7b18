"""A site over partitions held against the same site over one engine: all that is told of each input."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

from attrs import field, frozen

from selfheal_rules.compile import Program
from selfheal_rules.decide import Control, Decision, Outcome
from selfheal_rules.diagnostics import EventError, RuleSetError
from selfheal_rules.divide import Partitions
from selfheal_rules.engine import Engine, Item
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.policy import Policy
from selfheal_rules.source import Source
from tests.compare import loaded
from tests.divided import FIXED
from tests.engines import is_compared, program_of
from tests.generate.sites import Said, Site
from tests.generate.streams import Advance, Answer, Input

COUNTS = (1, 2, 3, 5)
Told: TypeAlias = tuple[str, tuple[str, ...]]
"""The disposition of an input, or why it is refused; and its decisions, each as JSON."""
Given: TypeAlias = Item | Advance


@frozen(eq=False)
class Course:
    """What a site over one engine was given, and what it said to each."""

    program: Program
    policy: Policy | None
    settings: dict[str, Any]
    inputs: list[Given] = field(factory=list)
    told: list[Told] = field(factory=list)
    decisions: list[Decision] = field(factory=list)
    engine: Engine = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start the engine."""
        object.__setattr__(self, "engine", Engine(self.program, policy=self.policy, **self.settings))

    def take(self, item: Input | Said) -> None:
        """Give the engine what it can be given."""
        given = resolved(item, self.decisions)
        if given is not None:
            told, made = answer(self.engine, given)
            self.inputs.append(given)
            self.told.append(told)
            self.decisions.extend(made)


def course(site: Site) -> Course | None:
    """Run a site over one engine; None where its rules or its policy are not in order."""
    rules = loaded(site.case)
    if rules is None:
        return None
    policy = read_policy(Source("policy.yaml", site.policy)) if site.policy else None
    try:
        found = Course(program_of(*rules), policy, {"max_age": site.case.max_age, "max_ahead": site.case.max_ahead})
    except RuleSetError:
        return None
    for item in site.items:
        found.take(item)
    return found


def resolved(item: Input | Said, made: Sequence[Decision]) -> Given | None:
    """Give what is posted; None where it is about a decision and there is none."""
    if isinstance(item, Answer):
        return Outcome(made[-1 - item.back % len(made)].id, item.status, item.time) if made else None
    if not isinstance(item, Said):
        return item
    subject = item.subject
    if item.act in {"approve", "refuse"}:
        if not made:
            return None
        subject = made[-1 - item.back % len(made)].id
    until = item.time + timedelta(seconds=5) if item.act == "stand_down" else None
    return Control(item.act, "ann", "because", item.time, subject, until)


def answer(engine: Engine | Partitions, given: Given) -> tuple[Told, tuple[Decision, ...]]:
    """Give what is told of an input."""
    try:
        step = engine.advance(given.time) if isinstance(given, Advance) else engine.post(given)
    except EventError as error:
        return (str(error), ()), ()
    return (step.disposition, tuple(json.dumps(one.to_json()) for one in step)), tuple(step)


def differs(one: Course, count: int, within: Mapping[str, str], every: int = 0) -> str:
    """Say where partitions first tell something else than the engine; restored before each `every`-th input."""
    fixed = {kind: fields for kind, fields in FIXED.items() if kind in one.program.vocabulary.kinds}
    many = Partitions(one.program, count, fixed=fixed, within=within, policy=one.policy, **one.settings)
    for number, (given, expected) in enumerate(zip(one.inputs, one.told, strict=True)):
        if every and number % every == every - 1:
            many = Partitions.restore(one.program, many.snapshot())
        actual, _ = answer(many, given)
        if expected != actual:
            return f"{count} partitions, input {number}: {given}\n  engine     {expected}\n  partitions {actual}"
    states = tuple(state for state in many.states() if is_compared(state.kind))
    if tuple(state for state in one.engine.states() if is_compared(state.kind)) != states:
        return f"{count} partitions: states {states}"
    if one.engine.counts() != many.counts():
        return f"{count} partitions: counts {many.counts()}, and not {one.engine.counts()}"
    return ""
