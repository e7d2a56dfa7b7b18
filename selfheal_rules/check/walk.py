"""The one way through a condition, a term or a step: every other file of `check` iterates with these."""

from collections.abc import Iterable, Iterator
from typing import Any

from selfheal_rules.guards import GUARDS, GuardType
from selfheal_rules.model import (
    Call,
    Conclude,
    Condition,
    Do,
    Formula,
    Group,
    Guard,
    Operand,
    Parameter,
    Pattern,
    Reference,
    Rule,
    Step,
    Template,
    Test,
    Unread,
)
from selfheal_rules.vocabulary import DURATION, FieldType


def conditions_below(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """Give the conditions and all below them, `unless` included, as they are written."""
    for condition in conditions:
        yield condition
        if isinstance(condition, Group):
            yield from conditions_below(condition.items)
            yield from conditions_below(condition.unless)


def patterns_below(conditions: Iterable[Condition]) -> Iterator[Pattern]:
    """Give every pattern at or below the conditions, in the order they are written."""
    return (found for found in conditions_below(conditions) if isinstance(found, Pattern))


def steps_of(rule: Rule) -> tuple[Step, ...]:
    """Give the steps of `then` and of the outcome's `else`."""
    return rule.then + (rule.outcome.otherwise if rule.outcome else ())


def roots(rule: Rule) -> Iterator[Group]:
    """Give the outermost groups of a rule: `when`, each `confirm`, `healthy`."""
    yield rule.when
    for step in steps_of(rule):
        if isinstance(step, Do) and step.confirm:
            yield step.confirm.condition
    if rule.outcome:
        yield rule.outcome.healthy


def watched_by(rule: Rule) -> tuple[Pattern, ...]:
    """Give the patterns the guards of a rule look at."""
    settings = (value for guard in rule.guard for value in guard.settings.values())
    return tuple(value for value in settings if isinstance(value, Pattern))


def patterns_of(rule: Rule) -> tuple[Pattern, ...]:
    """Give every pattern of a rule, those of its guards last."""
    return (*patterns_below(roots(rule)), *watched_by(rule))


def concludes(rule: Rule) -> bool:
    """Whether the rule is a concluding rule: it has steps, and all of them conclude."""
    return bool(rule.then) and all(isinstance(step, Conclude) for step in rule.then)


def names_in(value: object) -> Iterator[Reference | Parameter]:
    """Give the references and parameters of an operand, a tuple of operands, a template or a term."""
    if isinstance(value, Reference | Parameter):
        yield value
    elif isinstance(value, Template):
        yield from (part for part in value.parts if not isinstance(part, str))
    elif isinstance(value, tuple):
        for element in value:
            yield from names_in(element)
    elif isinstance(value, Call):
        yield from names_in(value.arguments)


def is_unread(value: object) -> bool:
    """Whether a leaf, or what stands in its place, could not be read to the end."""
    if isinstance(value, Test):
        return not value.path or value.operator == "unread" or is_unread(value.operand)
    return isinstance(value, Unread) or (isinstance(value, tuple) and any(map(is_unread, value)))


def leaves_of(pattern: Pattern) -> tuple[Test, ...]:
    """Give the leaves of a pattern and those its `percent_of` measures."""
    measured = pattern.aggregate.of if pattern.aggregate else ()
    return (*pattern.where, *(leaf for leaf in measured if isinstance(leaf, Test)))


def known_as(guard: Guard) -> GuardType:
    """Give what the catalogue says of a guard; an observer is a storm under another name."""
    return GUARDS["storm" if guard.name == "observer" else guard.name]


def settings_of(guard: Guard) -> Iterator[tuple[str, Any, FieldType]]:
    """Give the settings of a guard, each with its word and its type."""
    known = known_as(guard)
    for word, operand in guard.settings.items():
        yield word, operand, known.words[word].type if word in known.words else known.own


def spans_of(guard: Guard) -> Iterator[tuple[str, Operand]]:
    """Give the settings of a guard under which a duration is written."""
    yield from ((word, operand) for word, operand, kind in settings_of(guard) if kind == DURATION)


def durations_of(rule: Rule) -> Iterator[tuple[str, Operand]]:
    """Give every operand that stands where a duration is written, with the word it stands under."""
    for condition in conditions_below(roots(rule)):
        if isinstance(condition, Group | Pattern):
            yield from _known("for", condition.held)
        if isinstance(condition, Group):
            yield from _known("within", condition.within)
        if isinstance(condition, Pattern):
            counted = condition.count or condition.aggregate
            yield from _known("within", counted.within if counted else None)
    for step in steps_of(rule):
        yield from _step_durations(step)
    if rule.outcome:
        yield "within", rule.outcome.within
    for guard in rule.guard:
        yield from spans_of(guard)


def _known(word: str, operand: Operand | None) -> Iterator[tuple[str, Operand]]:
    if operand is not None:
        yield word, operand


def _step_durations(step: Step) -> Iterator[tuple[str, Operand]]:
    if isinstance(step, Conclude):
        yield from _known("ttl", step.ttl)
        return
    yield from _known("timeout", step.timeout)
    yield from _known("within", step.confirm.within if step.confirm else None)
    if step.retry:
        yield "backoff", step.retry.backoff
        yield from _known("cap", step.retry.cap)


def names_of(rule: Rule) -> Iterator[Reference | Parameter]:
    """Give every reference and parameter of a rule, those of its guards included."""
    guarded = [value for guard in rule.guard for value in guard.settings.values()]
    conditions = conditions_below([*roots(rule), *watched_by(rule)])
    for condition in conditions:
        if isinstance(condition, Formula):
            yield from names_in(condition.term)
        elif isinstance(condition, Pattern):
            yield from _pattern_names(condition)
        else:
            yield from (end for same in condition.same for end in same.pair or ())
    for _, operand in durations_of(rule):
        yield from names_in(operand)
    for step in steps_of(rule):
        yield from step_names(step)
    for value in (*guarded, rule.key or ()):
        yield from names_in(value)


def _pattern_names(pattern: Pattern) -> Iterator[Reference | Parameter]:
    counted = pattern.count or pattern.aggregate
    for leaf in leaves_of(pattern):
        yield from names_in(leaf.operand)
    for bound in counted.bounds if counted else ():
        yield from names_in(bound.operand)
    if pattern.pick:
        yield from names_in(pattern.pick.term)


def step_names(step: Step) -> Iterator[Reference | Parameter]:
    """Give the references and parameters in the values of a step."""
    if isinstance(step, Do):
        yield from names_in(step.target)
    for value in (step.params if isinstance(step, Do) else step.fields).values():
        yield from names_in(value)
