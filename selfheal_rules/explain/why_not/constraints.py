"""
A condition as the list of what it asks for, in the order a person would check it, and the condition with less of it.

First each pattern on its own: that there is an item, each leaf, its count, its `for`. Then what holds between them:
joins, comparisons, windows, order. Last what blocks. `relaxed` gives the condition that asks for the first of these
alone; the more it asks for, the less it matches.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import dropwhile
from typing import Any, TypeAlias, TypeVar

from attrs import evolve, frozen

from selfheal_rules.check.walk import conditions_below
from selfheal_rules.compile.leaves import is_constant
from selfheal_rules.compile.scope import references
from selfheal_rules.model import (
    Bound,
    Call,
    Condition,
    Count,
    Formula,
    Group,
    Literal,
    Logic,
    Pattern,
    Reference,
    Same,
    Test,
)
from selfheal_rules.source import Span
from selfheal_rules.values import Value
from selfheal_rules.vocabulary import Kind

Pins: TypeAlias = Mapping[str, Mapping[tuple[str, ...], Value]]
"""What the fields of an alias must be, for the match to be about the target."""
Kinds: TypeAlias = Mapping[str, Kind]
Blocking = TypeVar("Blocking", bound=Condition)
EVER = Literal("36500d")
"""A window nothing falls out of."""

FIRST, LEAVES, NUMBERS, HOLDS, BRANCHES, JOINS, COMPARES, PICKS, TESTS, BETWEEN, LATE, AFTER, BLOCKS = range(13)
"""In which order things are looked at; those of one pattern are its own first four."""


@frozen(eq=False, repr=False)
class Constraint:
    """One thing a condition asks for: the word it is asked for by, where it stands, and the piece of the rule."""

    word: str
    address: str
    part: Condition | Test | Same | Count
    span: Span
    alias: str = ""
    pattern: Pattern | None = None
    group: Group | None = None
    rank: int = FIRST

    @property
    def name(self) -> tuple[str, str]:
        """Tell it from every other of its rule."""
        return self.word, self.address


def inside(address: str) -> str:
    """Give an address without the name of its rule: `when.all[0]`."""
    return "when" + address.partition("].when")[2]


def constraints(when: Group) -> tuple[Constraint, ...]:
    """Give all a condition asks for, in order."""
    found = tuple(_of_group(when))
    late = {one.alias for one in found if one.rank == LATE}
    return tuple(sorted(found, key=lambda one: AFTER if _waits(one, late) else max(one.rank, HOLDS)))


def _waits(one: Constraint, late: set[str]) -> bool:
    """Whether a constraint speaks of a pattern that is looked at late."""
    return HOLDS < one.rank < LATE and any(alias in late for alias in read_by(one))


def _of_group(group: Group) -> Iterator[Constraint]:
    if group.logic == "any":
        yield Constraint("any", inside(group.address), group, group.span, group=group, rank=BRANCHES)
        yield from _around(group)
        return
    for item in group.items:
        if isinstance(item, Pattern):
            yield from _of_pattern(item)
        elif isinstance(item, Formula):
            yield Constraint("test", inside(item.address), item, item.span, rank=TESTS)
        elif item.logic == "none":
            yield Constraint("none", inside(item.address), item, item.span, group=item, rank=BLOCKS)
        else:
            yield from _of_group(item)
    yield from _around(group)


def _around(group: Group) -> Iterator[Constraint]:
    here = inside(group.address)
    for number, same in enumerate(group.same):
        yield Constraint("same", f"{here}.same[{number}]", same, same.span, group=group, rank=JOINS)
    if group.within is not None:
        span = getattr(group.within, "span", group.span)
        yield Constraint("within", f"{here}.within", group, span, group=group, rank=BETWEEN)
    if group.logic == "sequence":
        yield Constraint("sequence", f"{here}.sequence", group, group.span, group=group, rank=BETWEEN)
    if group.held is not None:
        yield Constraint("for", f"{here}.for", group, group.held.span, group=group, rank=BETWEEN)
    for item in group.unless:
        yield Constraint("unless", inside(item.address), item, item.span, group=group, rank=BLOCKS)


def _of_pattern(pattern: Pattern) -> Iterator[Constraint]:
    here = inside(pattern.address)
    counted = pattern.count or pattern.aggregate
    late = LATE if is_late(pattern) else 0

    def one(word: str, address: str, part: Condition | Test | Count, span: Span, rank: int) -> Constraint:
        return Constraint(word, address, part, span, pattern.alias, pattern, rank=max(rank, late))

    yield one("missing", here, pattern, pattern.span, FIRST)
    for test in pattern.where:
        if is_constant(test):
            yield one("where", inside(test.address), test, test.span, LEAVES)
    if counted:
        word = "count" if pattern.count else "aggregate"
        yield one(word, f"{here}.{word}", pattern, counted.span, NUMBERS)
    if pattern.held is not None:
        yield one("for", f"{here}.for", pattern, pattern.held.span, HOLDS)
    for test in pattern.where:
        if not is_constant(test):
            word, rank = ("same", JOINS) if test.operator == "is" else ("where", COMPARES)
            yield one(word, inside(test.address), test, test.span, rank)
    if pattern.pick:
        yield one("pick", f"{here}.pick", pattern, pattern.span, PICKS)


def is_late(pattern: Pattern) -> bool:
    """Whether a pattern may hold for want of items: it is looked at when the joins say which group is meant."""
    counted = pattern.count or pattern.aggregate
    return counted is not None and any(bound.comparison in {"at_most", "less_than"} for bound in counted.bounds)


def relaxed(when: Group, on: Iterable[Constraint], pins: Pins, kinds: Kinds) -> Group:
    """Give the condition that asks for these alone, of items about the target."""
    found = _group(when, {one.name for one in on}, _Pinning(pins, kinds))
    return evolve(found, logic="all", within=None) if found.logic == "sequence" and not found.items else found


def _group(group: Group, on: set[tuple[str, str]], pinning: "_Pinning") -> Group:
    here = inside(group.address)
    items = tuple(kept for item in group.items if (kept := _item(item, on, pinning)) is not None)
    if group.logic == "any":
        items = tuple(map(pinning.condition, group.items)) if ("any", here) in on else ()
    in_order = group.logic == "sequence" and ("sequence", f"{here}.sequence") in on
    if in_order:  # a `none` counts from the item before it
        items = tuple(dropwhile(lambda item: isinstance(item, Group) and item.logic == "none", items))
    within = group.within
    if within is not None and ("within", f"{here}.within") not in on:
        within = EVER
    logic: Logic = "any" if group.logic == "any" and items else "sequence" if in_order else "all"
    return evolve(
        group,
        logic=logic,
        items=items if logic == "any" else (*items, *pinning.tests(items)),
        same=tuple(
            same
            for number, same in enumerate(group.same)
            if ("same", f"{here}.same[{number}]") in on and _is_there(same, items)
        ),
        within=within if _has_events(items) else None,
        held=group.held if ("for", f"{here}.for") in on else None,
        unless=tuple(item for item in group.unless if ("unless", inside(item.address)) in on),
    )


def _is_there(same: Same, items: tuple[Condition, ...]) -> bool:
    """Whether what a join names is asked for already."""
    known = {one.alias for one in conditions_below(items) if isinstance(one, Pattern)}
    return all(end.alias in known for end in same.pair or ())


def _has_events(items: tuple[Condition, ...]) -> bool:
    return any(isinstance(one, Pattern) and one.form == "event" for one in conditions_below(items))


def _item(item: Condition, on: set[tuple[str, str]], pinning: "_Pinning") -> Condition | None:
    if isinstance(item, Pattern):
        return _pattern(item, on, pinning) if ("missing", inside(item.address)) in on else None
    if isinstance(item, Formula):
        return item if ("test", inside(item.address)) in on else None
    if item.logic == "none":
        return item if ("none", inside(item.address)) in on else None
    found = _group(item, on, pinning)
    return found if found.items else None


def _pattern(pattern: Pattern, on: set[tuple[str, str]], pinning: "_Pinning") -> Pattern:
    here = inside(pattern.address)

    def asks(word: str) -> bool:
        return (word, f"{here}.{word}") in on

    found = evolve(
        pattern,
        where=tuple(test for test in pattern.where if _is_on(test, on)),
        held=pattern.held if asks("for") else None,
        pick=pattern.pick if asks("pick") else None,
    )
    if pattern.count and not asks("count"):
        found = evolve(found, count=_any_count(pattern.count.within, pattern.count.by, pattern))
    if pattern.aggregate and not asks("aggregate"):
        counted = _any_count(pattern.aggregate.within, pattern.aggregate.by, pattern)
        found = evolve(found, count=counted, aggregate=None)
    return pinning.pattern(found)


def _is_on(test: Test, on: set[tuple[str, str]]) -> bool:
    return ("where", inside(test.address)) in on or ("same", inside(test.address)) in on


def _any_count(within: object, by: tuple[tuple[str, ...], ...], pattern: Pattern) -> Count:
    return Count((Bound("at_least", Literal(1)),), within, by, address=pattern.address)  # type: ignore[arg-type]


@frozen(eq=False, repr=False)
class _Pinning:
    """
    How a condition is made to take only items about the target.

    What tells a state from others is asked by a leaf. The rest is asked of the match: what may change while a state
    stands would, as a leaf, begin its `for` anew, and an event that fits no leaf is not remembered for its repetition.
    """

    pins: Pins
    kinds: Kinds

    def _is_fixed(self, pattern: Pattern, path: tuple[str, ...]) -> bool:
        if pattern.count or pattern.aggregate:
            return True
        return pattern.form == "state" and all(path[0] in self.kinds[kind].key for kind in pattern.kinds)

    def pattern(self, pattern: Pattern) -> Pattern:
        """Give a pattern that takes only items about the target, as far as that cannot change."""
        own = self.pins.get(pattern.alias, {})
        leaves = tuple(Test(path, "is", Literal(value)) for path, value in own.items() if self._is_fixed(pattern, path))
        return evolve(pattern, where=(*leaves, *pattern.where)) if leaves else pattern

    def tests(self, items: Iterable[Condition]) -> tuple[Formula, ...]:
        """Give what else the items have to be, for a match to be about the target."""
        return tuple(
            Formula(Call("==", (Reference(one.alias, path), Literal(value))), "")
            for one in items
            if isinstance(one, Pattern)
            for path, value in self.pins.get(one.alias, {}).items()
            if not self._is_fixed(one, path)
        )

    def condition(self, condition: Condition) -> Condition:
        """Give a condition whose positive patterns take only items about the target."""
        if isinstance(condition, Pattern):
            tests = self.tests((condition,))
            found = self.pattern(condition)
            return Group("all", (found, *tests), address="pinned") if tests else found
        if isinstance(condition, Formula) or condition.logic == "none":
            return condition
        if condition.logic == "any":
            return evolve(condition, items=tuple(map(self.condition, condition.items)))
        items = tuple(self.pattern(one) if isinstance(one, Pattern) else self.condition(one) for one in condition.items)
        return evolve(condition, items=(*items, *self.tests(condition.items)))


def pinned(when: Group, pins: Pins, kinds: Kinds) -> Group:
    """Give a whole condition, of items about the target."""
    found = _Pinning(pins, kinds).condition(when)
    return found if isinstance(found, Group) else when


def spelled(when: Group, pins: Pins) -> Group:
    """Give a condition with what is known to be meant in place of the aliases, in what blocks."""
    return evolve(
        when,
        items=tuple(
            (_spelled(one, pins) if one.logic == "none" else spelled(one, pins)) if isinstance(one, Group) else one
            for one in when.items
        ),
        unless=tuple(_spelled(one, pins) for one in when.unless),
    )


def _spelled(condition: Blocking, pins: Pins) -> Blocking:
    if isinstance(condition, Group):
        return evolve(condition, items=tuple(_spelled(one, pins) for one in condition.items))
    if isinstance(condition, Pattern):
        return evolve(condition, where=tuple(evolve(one, operand=_known(one, pins)) for one in condition.where))
    return condition


def _known(test: Test, pins: Pins) -> Any:  # noqa: ANN401 - one operand, or several
    told = pins.get(test.operand.alias, {}) if isinstance(test.operand, Reference) else {}
    value = told.get(test.operand.path) if isinstance(test.operand, Reference) else None
    return test.operand if value is None else Literal(value)


def without(some: Iterable[Constraint], aliases: set[str]) -> tuple[Constraint, ...]:
    """Leave out what is asked of these aliases, and what speaks of them."""
    return tuple(one for one in some if aliases.isdisjoint((one.alias, *read_by(one))))


def read_by(one: Constraint) -> tuple[str, ...]:
    """Give the aliases a constraint speaks of."""
    if one.word in {"missing", "count", "aggregate", "within", "sequence", "for"}:
        return ()
    return tuple(dict.fromkeys(ref.alias for ref in references(one.part)))
