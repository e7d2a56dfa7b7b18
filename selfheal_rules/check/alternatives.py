"""
From a condition to its alternatives: the one analysis all checks of meaning read.

`any` is multiplied out; each alternative is one conjunction of placed patterns, formulas and negatives. A `Scope` is
an alternative together with the names that may be used in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice, product
from math import prod
from typing import TypeAlias

from attrs import field, frozen

from selfheal_rules.check.walk import patterns_below
from selfheal_rules.model import Condition, Formula, Group, Pattern, Reference, Test
from selfheal_rules.vocabulary import INTEGER, NUMBER, FieldType, Vocabulary

LIMIT = 256
"""As many alternatives of one condition as are looked at; more are an error of their own."""

Path: TypeAlias = tuple[str, ...]


def is_join(leaf: Test) -> bool:
    """Whether a leaf is an equality with a value of another item."""
    return bool(leaf.path) and leaf.operator == "is" and isinstance(leaf.operand, Reference)


def is_event(pattern: Pattern) -> bool:
    """Whether a pattern binds single events, rather than what holds or a count."""
    return pattern.form == "event" and pattern.count is None and pattern.aggregate is None


@frozen(eq=False, repr=False)
class Placed:
    """A pattern and the groups above it, outermost first."""

    pattern: Pattern
    above: tuple[Group, ...] = ()

    @property
    def is_counted(self) -> bool:
        """Whether its rows are groups with a count or a value."""
        return self.pattern.count is not None or self.pattern.aggregate is not None

    def is_under(self, group: Group) -> bool:
        """Whether this very group stands above it."""
        return any(one is group for one in self.above)

    def group_fields(self) -> tuple[Path, ...]:
        """Give the fields that tell one group of a counted pattern from another."""
        counted = self.pattern.count or self.pattern.aggregate
        return tuple(dict.fromkeys([*(counted.by if counted else ()), *self.joined_fields()]))

    def joined_fields(self) -> tuple[Path, ...]:
        """Give the fields that must equal one of another pattern."""
        own = [leaf.path for leaf in self.pattern.where if is_join(leaf)]
        same = [one for group in self.above for one in group.same]
        pairs = [ref.path for one in same for ref in one.pair or () if ref.alias == self.pattern.alias]
        return (*own, *(one.field for one in same if one.field), *pairs)

    def type_at(self, path: Path, vocabulary: Vocabulary) -> FieldType | None:
        """Give the type of a field of its rows: that of all kinds, or None where they do not share it, or may not."""
        if self.pattern.unsure:
            return None
        if self.is_counted:
            if path == (("count",) if self.pattern.count else ("value",)):
                return INTEGER if self.pattern.count else NUMBER
            if not any(path[: len(known)] == known for known in self.group_fields()):
                return None
        return shared_type(self.pattern.kinds, path, vocabulary)

    def provides(self, path: Path, vocabulary: Vocabulary) -> bool:
        """
        Whether every row has a value at the path: the kinds require it, or a leaf was true of it.

        A counted row has all fields of its group: an item that lacks one of them is in no group.
        """
        if self.is_counted and path in {("count",), ("value",), *self.group_fields()}:
            return True
        kinds = [vocabulary.kinds.get(name) for name in self.pattern.kinds]
        if all(kind and kind.requires(path) for kind in kinds):
            return True
        asked = [leaf.path for leaf in self.pattern.where if not (leaf.operator == "exists" and denies(leaf))]
        return path in asked or path in self.joined_fields()


def denies(leaf: Test) -> bool:
    """Whether an `exists` leaf asks that a field be missing."""
    return getattr(leaf.operand, "value", None) is False


def shared_type(kinds: Iterable[str], path: Path, vocabulary: Vocabulary) -> FieldType | None:
    """Give the type all the kinds have at a path, or None; kinds nobody declared are left out."""
    known = [kind for name in kinds if (kind := vocabulary.kinds.get(name))]
    types = [kind.type_at(path) if path else None for kind in known]
    return types[0] if types and all(found == types[0] for found in types) else None


@frozen(eq=False, repr=False)
class Negative:
    """An item of a `none`, with the groups above it down to that, or of an `unless`, over which none has a say."""

    item: Condition
    above: tuple[Group, ...]
    is_unless: bool

    @property
    def is_spanned(self) -> bool:
        """Whether a sequence says from where to where it looks: over events; what holds is asked for now."""
        stands = not self.is_unless and len(self.above) > 1 and self.above[-2].logic == "sequence"
        return stands and any(map(is_event, patterns_below([self.item])))


@frozen(eq=False, repr=False)
class Alternative:
    """One conjunction a condition stands for; `groups` are those it was gathered from."""

    placed: tuple[Placed, ...] = ()
    formulas: tuple[Formula, ...] = ()
    negatives: tuple[Negative, ...] = ()
    groups: tuple[Group, ...] = ()

    def __add__(self, other: "Alternative") -> "Alternative":
        """Join two conjunctions."""
        return Alternative(
            self.placed + other.placed,
            self.formulas + other.formulas,
            self.negatives + other.negatives,
            self.groups + other.groups,
        )

    @property
    def events(self) -> tuple[Placed, ...]:
        """The patterns that bind single events."""
        return tuple(one for one in self.placed if is_event(one.pattern))

    @property
    def needs_ttl(self) -> bool:
        """Whether it supports a conclusion only for a time: it is instant, or rests on a window."""
        negated = tuple(patterns_below(one.item for one in self.negatives))
        counts = (one for pattern in negated for one in (pattern.count, pattern.aggregate) if one)
        own = (one for placed in self.placed for one in (placed.pattern.count, placed.pattern.aggregate) if one)
        is_timed = any(one.within for one in (*own, *counts)) or any(map(is_event, negated))
        return bool(self.events) or is_timed


def expand(condition: Condition, above: tuple[Group, ...] = ()) -> Iterator[Alternative]:
    """Give the alternatives of a condition in the order they are written, `LIMIT` at most."""
    return islice(_expand(condition, above), LIMIT)


def _expand(condition: Condition, above: tuple[Group, ...]) -> Iterator[Alternative]:
    if isinstance(condition, Pattern):
        return iter((Alternative(placed=(Placed(condition, above),)),))
    if isinstance(condition, Formula):
        return iter((Alternative(formulas=(condition,)),))
    inside = (*above, condition)
    own = Alternative(
        negatives=tuple(Negative(item, (), is_unless=True) for item in condition.unless), groups=(condition,)
    )
    return (own + found for found in _inside(condition, inside))


def _inside(group: Group, inside: tuple[Group, ...]) -> Iterator[Alternative]:
    if group.logic == "any":
        return chain.from_iterable(_expand(item, inside) for item in group.items)
    if group.logic == "none":
        return iter((Alternative(negatives=tuple(Negative(item, inside, is_unless=False) for item in group.items)),))
    parts = (tuple(expand(item, inside)) for item in group.items)
    return (sum(choice, Alternative()) for choice in product(*parts))


def size(condition: Condition) -> int:
    """Give how many alternatives a condition stands for."""
    if not isinstance(condition, Group) or condition.logic == "none":
        return 1
    sizes = [size(item) for item in condition.items]
    return sum(sizes) if condition.logic == "any" else prod(sizes)


Names: TypeAlias = Mapping[str, tuple[Placed, ...]]
"""What an alias may be bound to, one pattern for each alternative it was gathered from."""


@frozen(eq=False, repr=False)
class Scope:
    """An alternative, the names given to it from outside, and where it is a negative's, of which and in what scope."""

    alternative: Alternative
    given: Names
    outer: "Scope | None" = None
    negative: Negative | None = None
    names: Names = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Gather once what may be named inside."""
        own = {one.pattern.alias: (one,) for one in self.alternative.placed}
        object.__setattr__(self, "names", {**self.given, **own})


def scopes(condition: Condition, given: Names) -> Iterator[Scope]:
    """Give a scope for each alternative of a condition and, behind each, for those of its negatives."""
    for alternative in expand(condition):
        yield from _with_negatives(Scope(alternative, given))


def _with_negatives(scope: Scope) -> Iterator[Scope]:
    yield scope
    for negative in scope.alternative.negatives:
        for alternative in expand(negative.item, negative.above):
            yield from _with_negatives(Scope(alternative, scope.names, scope, negative))


def in_every(found: Iterable[Scope]) -> Names:
    """Give the names that all the scopes bind, each with what it may be bound to."""
    each = [{one.pattern.alias: one for one in scope.alternative.placed} for scope in found]
    shared = [alias for alias in each[0] if all(alias in other for other in each)] if each else []
    return {alias: tuple(dict.fromkeys(one[alias] for one in each)) for alias in shared}
