"""
What makes a rule act, down to what is posted: conclusions are followed back to what they are drawn from.

What is gathered is a beginning: what counts, reckons or blocks is left out or guessed, and an engine tries it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice, product
from typing import Any, TypeAlias

from attrs import define, evolve, field, frozen

from selfheal_rules.check.alternatives import Alternative, Path, shared_type
from selfheal_rules.check.domains import is_fixed, operands, truth
from selfheal_rules.check.meeting import joins
from selfheal_rules.check.subject import RuleView
from selfheal_rules.check.walk import conditions_below, names_of, patterns_below
from selfheal_rules.model import Conclude, Group, Literal, Operand, Parameter, Pattern, Reference, RuleSet, Test
from selfheal_rules.survey.readers import Placed, Readers

Field: TypeAlias = tuple[int, Path]
"""A field of one of the items that are posted."""

MOST = 8
"""As many ways in which a rule may come to fire are looked at."""
_DEEP = 4
"""Through as many conclusions they are followed."""
_OFTEN = 100


@frozen
class Given:
    """A value that a conclusion has from its rule, rather than from an item."""

    value: Any


Found: TypeAlias = Field | Given | None
Finder: TypeAlias = Callable[[Path], Found]


class NeverError(Exception):
    """What is asked for contradicts what a conclusion gives: this way nothing comes of it."""


@define(eq=False, repr=False)
class Cause:
    """One way in which a rule comes to fire: the items that are posted, and what is asked of their fields."""

    parts: list[Pattern] = field(factory=list)
    tests: list[tuple[Field, Test]] = field(factory=list)
    equal: list[tuple[Field, Field]] = field(factory=list)
    inside: list[tuple[Field, Field]] = field(factory=list)
    """Lists, and what each has to contain."""
    wanted: list[Field] = field(factory=list)
    often: dict[int, int] = field(factory=dict)
    wait: timedelta = timedelta()
    in_order: bool = False
    names: dict[str, Finder] = field(factory=dict)
    """Where the fields of the rule's own patterns are found, by alias."""

    def place(self, operand: object) -> Found:
        """Say where the value of `$alias.field` is found."""
        if isinstance(operand, Literal):
            return Given(operand.value)
        finder = self.names.get(operand.alias) if isinstance(operand, Reference) else None
        return finder(operand.path) if finder and isinstance(operand, Reference) else None


def causes(placed: Placed, readers: Readers, depth: int = 0) -> Iterator[Cause]:
    """Give the ways in which a rule may come to fire, a few of them where there are many."""
    return islice(_causes(placed, readers, depth), MOST)


def _causes(placed: Placed, readers: Readers, depth: int) -> Iterator[Cause]:
    for scope in placed.view.when:
        alternative = scope.alternative
        below = [_below(one.pattern, readers, depth) for one in alternative.placed]
        for chosen in product(*below):
            try:
                yield _joined(placed, alternative, chosen, readers)
            except NeverError:
                continue


def _below(pattern: Pattern, readers: Readers, depth: int) -> list[tuple[Conclude, Cause] | None]:
    """Give the ways a pattern gets what it waits for: posted (None), concluded by a step, or either by its key."""
    concluding = [one for kind in pattern.kinds for one in readers.concluding.get(kind, ())]
    is_posted = not concluding or any("source" in readers.vocabulary.kinds[kind].key for kind in pattern.kinds)
    return [None] * is_posted + [
        (step, cause)
        for one in concluding
        for step in one.concluded
        if step.kind in pattern.kinds and depth < _DEEP
        for cause in causes(one, readers, depth + 1)
    ]


def _joined(
    placed: Placed, alternative: Alternative, chosen: Sequence[tuple[Conclude, Cause] | None], readers: Readers
) -> Cause:
    """
    Put the ways of all patterns of an alternative together.

    Raises:
        NeverError: where they contradict each other.
    """
    made = Cause(in_order=any(group.logic == "sequence" for group in alternative.groups))
    patterns = [one.pattern for one in alternative.placed]
    for pattern, way in zip(patterns, chosen, strict=True):
        made.names[pattern.alias] = _posted(made, pattern) if way is None else _concluded(made, *way)
    for pattern in patterns:
        made.often |= _often(pattern, made, placed.ruleset)
        for leaf in () if pattern.aggregate else pattern.where:
            _ask(made, pattern, leaf, placed.ruleset, readers)
    for (left, own), (right, other) in joins(alternative):
        _unite(made, made.names[left](own), made.names[right](other))
    found = (made.place(name) for name in names_of(placed.view.rule))
    made.wanted += [one for one in found if isinstance(one, tuple)]
    made.wanted += _denied(made, alternative)
    made.wait += _held(placed.view, placed.ruleset)
    return made


def _denied(made: Cause, alternative: Alternative) -> Iterator[Field]:
    """Give the fields of posted items that must not be what a negative asks for; a missing one would block."""
    for pattern in patterns_below(one.item for one in alternative.negatives):
        for number, part in enumerate(made.parts):
            if part.form == pattern.form and set(part.kinds) & set(pattern.kinds):
                yield from ((number, leaf.path) for leaf in pattern.where if leaf.operator != "exists")


def _posted(made: Cause, pattern: Pattern) -> Finder:
    number = len(made.parts)
    made.parts.append(evolve(pattern, where=(), count=None, aggregate=None, pick=None, held=None))
    reckoned = ("count",) if pattern.count else ("value",) if pattern.aggregate else None
    return lambda path: None if path == reckoned else (number, path)


def _concluded(made: Cause, step: Conclude, cause: Cause) -> Finder:
    start = len(made.parts)

    def moved(one: Field) -> Field:
        return one[0] + start, one[1]

    made.parts += cause.parts
    made.tests += [(moved(one), test) for one, test in cause.tests]
    made.equal += [(moved(one), moved(other)) for one, other in cause.equal]
    made.inside += [(moved(one), moved(other)) for one, other in cause.inside]
    made.wanted += [moved(one) for one in cause.wanted]
    made.often |= {number + start: times for number, times in cause.often.items()}
    made.wait += cause.wait
    made.in_order = made.in_order or cause.in_order

    def find(path: Path) -> Found:
        found = cause.place(step.fields.get(path[0]))
        return (found[0] + start, (*found[1], *path[1:])) if isinstance(found, tuple) else found

    return find


def _often(pattern: Pattern, made: Cause, ruleset: RuleSet) -> Mapping[int, int]:
    """Say how often the item of a counted pattern has to be there."""
    found = made.names[pattern.alias](("source",))
    least = [
        value + (bound.comparison == "more_than")
        for bound in (pattern.count.bounds if pattern.count else ())
        if bound.comparison in {"at_least", "more_than"} and isinstance(value := ruleset.value(bound.operand), int)
    ]
    return {found[0]: min(max(least), _OFTEN)} if isinstance(found, tuple) and least else {}


def _ask(made: Cause, pattern: Pattern, leaf: Test, ruleset: RuleSet, readers: Readers) -> None:
    """Ask a leaf of the item its field is found in, or hold it against the value a conclusion gives."""
    where = made.names[pattern.alias](leaf.path)
    against = [_known(one, ruleset) for one in operands(leaf)]
    if any(isinstance(one, Reference) for one in against):
        other = made.place(next(one for one in against if isinstance(one, Reference)))
        if leaf.operator in {"is", "in"}:  # of a list one is enough, and an engine tries it
            _unite(made, where, other)
        elif leaf.operator == "contains" and isinstance(where, tuple) and isinstance(other, tuple):
            made.inside.append((where, other))
        return
    operand = tuple(against) if isinstance(leaf.operand, tuple) else against[0]
    fixed = evolve(leaf, operand=operand)
    if isinstance(where, tuple):
        made.tests.append((where, evolve(fixed, path=where[1])))
    elif isinstance(where, Given) and is_fixed(fixed):
        known = shared_type(pattern.kinds, leaf.path, readers.vocabulary)
        if known and known.misfit(where.value) is None and truth(fixed, where.value, known, ruleset) is False:
            raise NeverError


def _known(operand: Operand, ruleset: RuleSet) -> Operand:
    """Give a parameter as the value the site has set."""
    return Literal(ruleset.value(operand)) if isinstance(operand, Parameter) else operand


def _unite(made: Cause, left: Found, right: Found) -> None:
    if isinstance(left, tuple) and isinstance(right, tuple):
        made.equal.append((left, right))
    elif isinstance(left, Given) and isinstance(right, Given):
        if left != right:
            raise NeverError
    else:
        place, given = (left, right) if isinstance(left, tuple) else (right, left)
        if isinstance(place, tuple) and isinstance(given, Given):
            made.tests.append((place, Test(place[1], "is", Literal(given.value))))


def _held(view: RuleView, ruleset: RuleSet) -> timedelta:
    conditions = conditions_below([view.rule.when])
    held = (one.held for one in conditions if isinstance(one, Group | Pattern) and one.held)
    within = (one.within for one in conditions_below([view.rule.when]) if isinstance(one, Group) and one.within)
    forward = any(isinstance(one, Group) and one.logic == "sequence" for one in conditions_below([view.rule.when]))
    waits = [ruleset.duration(one) for one in (*held, *(within if forward else ()))]
    return max(waits, default=timedelta())
