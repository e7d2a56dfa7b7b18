"""Why not, on generated rules and streams: the answer agrees with the engine, and so does every cure it names."""

from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given, settings

import selfheal_rules as sr
from selfheal_rules.compile import Program
from selfheal_rules.explain.why_not import Answer, Input, why_not
from selfheal_rules.explain.why_not.constraints import Constraint, constraints, relaxed
from selfheal_rules.model import Bound, Condition, Count, Do, Group, Literal, Reference, Rule, RuleSet, Step
from selfheal_rules.vocabulary import parse_duration
from tests import compare
from tests.asked import alarm, ask, fires, power, state
from tests.asked import rule as written
from tests.engines import decided, resolved
from tests.everyday import some
from tests.generate.cases import Case, case, cases
from tests.generate.streams import Advance
from tests.reference.episodes import Decided

SIZE, BLOCKS = 12, 4
"""Seeds in a block, and blocks: some forty questions in each."""

TARGET = "a"
DROPPED = ("where", "same", "within", "sequence", "for", "count", "aggregate", "test", "pick", "none", "unless")
INSTANT = timedelta(microseconds=1)


@frozen(eq=False)
class Played:
    """A case as an engine was given it, and what it decided."""

    rulesets: tuple[RuleSet, ...]
    inputs: tuple[Input, ...]
    end: datetime
    max_age: timedelta
    decisions: tuple[sr.Decision, ...]

    @property
    def doing(self) -> list[tuple[RuleSet, Rule]]:
        """The rules that do something about a target."""
        every = [(rules, rule) for rules in self.rulesets for rule in rules.rules]
        return [(rules, rule) for rules, rule in every if any(map(_is_aimed, rule.then))]

    def ask(self, rules: RuleSet, rule: Rule) -> Answer:
        """Ask why a rule did not fire for the target."""
        name = f"{rules.name}/{rule.id}"
        return why_not(Program.of(*self.rulesets), self.inputs, name, TARGET, self.end, max_age=self.max_age)

    def about(self, rules: RuleSet, rule: Rule) -> tuple[sr.Decision, ...]:
        """Give what the rule decided about the target."""
        return _about(self.decisions, rules, rule)

    def decides(self, rules: RuleSet, rule: Rule, when: Group) -> bool:
        """Whether the rule decides about the target with another condition; every rule and every input is there."""
        changed = evolve(rules, rules=tuple(evolve(one, when=when) if one is rule else one for one in rules.rules))
        program = Program.of(*(changed if one is rules else one for one in self.rulesets))
        engine = sr.Engine(program, max_age=self.max_age)
        made = [one for given in self.inputs for one in _given(engine, given)]
        return bool(_about(made, rules, rule))


def _is_aimed(step: Step) -> bool:
    return isinstance(step, Do) and isinstance(step.target, Reference)


def _about(made: "list[sr.Decision] | tuple[sr.Decision, ...]", rules: RuleSet, rule: Rule) -> tuple[sr.Decision, ...]:
    own = (one for one in made if (one.ruleset, one.rule) == (rules.name, rule.id))
    return tuple(one for one in own if one.target == TARGET)


def _given(engine: sr.Engine, given: Input) -> sr.Step:
    return engine.advance(given) if isinstance(given, datetime) else engine.post(given)


def played(one: Case) -> Played | None:
    """Play a case; None where its rules cannot be compiled or nothing is said."""
    rulesets = compare.loaded(one)
    if rulesets is None:
        return None
    engine = sr.Engine(sr.compile_rules(*rulesets), max_age=one.max_age)
    inputs, made, known = list[Input](), list[sr.Decision](), list[Decided]()
    for item in one.items:
        found = resolved(item, known)
        if found is None:
            continue
        given: Input = found.time if isinstance(found, Advance) else found
        step = _given(engine, given)
        inputs.append(given)
        made += step
        known += map(decided, step)
    if engine.now is None:
        return None
    return Played(tuple(rulesets), tuple(inputs), engine.now, one.max_age, tuple(made))


def _failing(answer: Answer, rule: Rule) -> Constraint | None:
    """Give the constraint the answer says to have failed."""
    line = next((one for one in answer.lines if one.mark == "FAIL" and one.depth == 0), None)
    found = [one for one in constraints(rule.when) if line and (one.word, one.address) == (answer.failed, line.address)]
    return found[0] if found else None


@pytest.mark.parametrize("block", some(range(BLOCKS), 2))
def test_the_answer_agrees_with_the_engine(block: int) -> None:
    """What was decided is told; where nothing was, something failed, and without it the engine gets further."""
    told = Counter[str]()
    for seed in range(block * SIZE, (block + 1) * SIZE):
        told.update(_agrees(case(seed), f"seed {seed}"))
    assert len(told) >= 3, told


@settings(max_examples=8, deadline=None)
@given(cases())
def test_the_answer_agrees_with_the_engine_on_what_is_drawn(one: Case) -> None:
    """The same on cases hypothesis draws, and makes small where one fails."""
    _agrees(one, "drawn")


def _agrees(case_: Case, name: str) -> list[str]:
    """Hold every answer about a case against the engine, and give the words they say."""
    one, told = played(case_), list[str]()
    for rules, rule in one.doing if one else ():
        assert one
        answer = one.ask(rules, rule)
        told.append(answer.failed)
        assert one.about(rules, rule) == answer.decisions, f"{name} {rule.id}"
        assert answer.decisions or answer.failed, f"{name} {rule.id}"
        if not answer.decisions:
            _check_cure(one, rules, rule, answer, f"{name} {rule.id} {answer.failed} {answer.counterfactual}")
    return told


def _check_cure(one: Played, rules: RuleSet, rule: Rule, answer: Answer, told: str) -> None:
    """Hold what the answer says would have helped against the engine: it fires, and only just."""
    failed = _failing(answer, rule)
    if failed is None or failed.word not in DROPPED or " and " in answer.counterfactual:
        return
    whole = constraints(rule.when)
    without = relaxed(rule.when, [other for other in whole if other.name != failed.name], {}, {})
    assert one.decides(rules, rule, without), f"{told}: it does not fire without what failed"
    edge = _edges(rule, failed, answer)
    if edge:
        enough, too_little = edge
        assert one.decides(rules, rule, enough), f"{told}: the miss is not enough"
        assert not one.decides(rules, rule, too_little), f"{told}: less than the miss would do"


def _edges(rule: Rule, failed: Constraint, answer: Answer) -> tuple[Group, Group] | None:
    """Give the condition with what would just do in place of what failed, and with what just would not."""
    part = failed.group or failed.pattern
    if isinstance(answer.miss, timedelta):
        if failed.word == "within" and isinstance(part, Group) and isinstance(part.within, Literal):
            gap = parse_duration(part.within.value) + answer.miss
            return _with(rule, failed, "within", Literal(gap + INSTANT)), _with(rule, failed, "within", Literal(gap))
        if failed.word == "for" and part and isinstance(part.held, Literal):
            longest = parse_duration(part.held.value) - answer.miss
            more = Literal(longest + INSTANT)
            return _with(rule, failed, "held", Literal(longest)), _with(rule, failed, "held", more)
    counted = failed.pattern.count if failed.pattern and failed.word == "count" else None
    if counted and [one.comparison for one in counted.bounds] == ["at_least"] and isinstance(answer.miss, float):
        wanted = counted.bounds[0].operand
        least = int(wanted.value - answer.miss) if isinstance(wanted, Literal) else 0
        enough, too_many = (_with(rule, failed, "count", _at_least(counted, least + more)) for more in (0, 1))
        return (enough, too_many) if least else None
    return None


def _at_least(counted: Count, number: int) -> Count:
    return evolve(counted, bounds=(Bound("at_least", Literal(number)),))


def _with(rule: Rule, failed: Constraint, name: str, value: object) -> Group:
    found = _changed(rule.when, failed.pattern or failed.group, name, value)
    assert isinstance(found, Group)
    return found


def _changed(part: Condition, wanted: Condition | None, name: str, value: object) -> Condition:
    if part is wanted:
        changed: dict[str, Any] = {name: value}
        return evolve(part, **changed)
    if isinstance(part, Group):
        return evolve(part, items=tuple(_changed(item, wanted, name, value) for item in part.items))
    return part


SHAPES = (
    "{all: [{as: a, event: alarm, where: {n: 1}}, {as: b, event: alarm, where: {n: 2}}], same: [host], within: 20s}",
    "{all: [{as: a, event: alarm}, {as: b, event: alarm}, {as: c, event: alarm}], same: [host], within: 20s}",
    "{all: [{as: a, state: up, where: {n: 1}}, {as: b, state: up, where: {n: 1, az: $a.az}}], same: [az]}",
    "{sequence: [{as: a, event: alarm}, {none: [{event: power, where: {host: $a.host}}], within: 20s}]}",
    """{sequence: [{as: a, event: alarm, where: {n: 1}}, {none: [{event: power, where: {host: $a.host}}]},
       {as: b, event: alarm, where: {n: 2}}], same: [host], within: 20s}""",
)
"""Two patterns of one kind, and a `none` in a sequence."""


@pytest.mark.parametrize("shape", SHAPES)
def test_one_item_has_one_alias_and_what_came_between_is_the_cure(shape: str) -> None:
    """No answer takes an item for two, nor says two came apart that did not; a blocker named is a blocker."""
    told = Counter[str]()
    for seed in range(12):
        inputs = _stream(Random(seed))
        answer = ask(written(shape), inputs, at=90)
        told[answer.failed or "fired"] += 1
        assert fires(written(shape), inputs, 90) == answer.fired, seed
        if answer.failed == "none":
            named = set(answer.counterfactual.split())
            left = [one for one in inputs if getattr(one, "id", "") not in named]
            assert len(left) < len(inputs), (seed, answer.counterfactual)
            assert fires(written(shape), left, 90), (seed, answer.counterfactual)
        items = [(line.item, line.alias) for line in answer.lines if line.item and line.mark == "ok" and line.alias]
        assert len(items) == len({item for item, _ in items}), (seed, items)
        assert answer.failed != "held", (seed, answer.lines)
    assert len(told) > 1, told


def _stream(random: Random) -> list[Input]:
    """Give a few items of two hosts, half a minute after both kinds of events have begun to be watched."""
    found: list[Input] = [power(0, "c9", id="p"), alarm(0, "c9", id="a")]
    for number in range(1, random.randint(2, 7)):
        host, name = random.choice(["c1", "c1", "c2"]), f"i{number}"
        made = random.choice([alarm, alarm, power, None])
        at = 30 + 5.0 * number
        n = random.randint(1, 2)
        found.append(made(at, host, id=name, n=n) if made else state("up", at, host=host, az="z", n=n))
    return found
