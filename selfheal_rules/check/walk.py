"""The one way through a condition, a term or a step: every other file of `check` iterates with these."""

from collections.abc import Iterable, Iterator

from selfheal_rules.model import (
    Call,
    Conclude,
    Condition,
    Do,
    Group,
    Parameter,
    Pattern,
    Reference,
    Rule,
    Step,
    Template,
    Term,
)


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


def concludes(rule: Rule) -> bool:
    """Whether the rule is a concluding rule: it has steps, and all of them conclude."""
    return bool(rule.then) and all(isinstance(step, Conclude) for step in rule.then)


def terms_below(term: Term) -> Iterator[Term]:
    """Give a term and all its arguments, outermost first."""
    yield term
    if isinstance(term, Call):
        for argument in term.arguments:
            yield from terms_below(argument)


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
