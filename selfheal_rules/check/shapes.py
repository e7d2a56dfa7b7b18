"""
The shape of a rule: what it is apart from names and from leaves that may differ between two rules that do the same.

Two rules of one shape ask the same kinds of items for different values; their leaves stand beside the shape, by the
place of their pattern. Names are numbered in the order of the patterns, those of an `all` sorted by kind first, so that
neither names nor the order of writing tell two rules apart.
"""

from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, TypeAlias

import attrs
from attrs import define, field, frozen

from selfheal_rules.check.alternatives import is_event
from selfheal_rules.check.walk import conditions_below, patterns_below
from selfheal_rules.model import Condition, Formula, Group, Operand, Pattern, Pick, Reference, Rule, Test

Span: TypeAlias = tuple[int, str]
"""The place of a group or pattern, and the word its duration stands under."""


@frozen(eq=False, repr=False)
class Shape:
    """What a rule is; `leaves` are those of its plain patterns, `spans` the durations that may differ."""

    frame: Hashable
    patterns: tuple[Pattern, ...]
    leaves: tuple[tuple[Hashable, ...], ...]
    spans: Mapping[Span, Operand]

    @classmethod
    def of(cls, rule: Rule) -> "Shape":
        """Take the shape of a rule."""
        walk = _Walk()
        walk.name(rule.when)
        when = walk.condition(rule.when)
        rest = walk.value((rule.then, rule.key, rule.guard, rule.outcome))
        leaves = tuple(tuple(walk.value(leaf) for leaf in pattern.where) for pattern in walk.patterns)
        return cls((when, rest), tuple(walk.patterns), leaves, walk.spans)


@define(eq=False, repr=False)
class _Walk:
    patterns: list[Pattern] = field(factory=list)
    spans: dict[Span, Operand] = field(factory=dict)
    names: dict[str, str] = field(factory=dict)
    groups: int = 0

    def name(self, condition: Condition) -> None:
        """Number the names of a condition."""
        for pattern in patterns_below(_sorted(condition)):
            self.names.setdefault(pattern.alias, f"#{len(self.names)}")

    def condition(self, condition: Condition) -> Hashable:
        """Give the frame of a condition that is waited for."""
        if isinstance(condition, Pattern):
            return self._pattern(condition)
        if isinstance(condition, Formula) or condition.logic == "none":
            return self.value(condition)
        self.groups += 1
        items = tuple(self.condition(item) for item in _items(condition))
        is_loose = condition.within is not None and not _has_negative(condition)
        if is_loose and condition.within is not None:
            self.spans[self.groups, "within"] = condition.within
        rest = (condition.same, None if is_loose else condition.within, condition.held, condition.unless)
        return condition.logic, items, is_loose, self.value(rest)

    def _pattern(self, pattern: Pattern) -> Hashable:
        if pattern.count or pattern.aggregate or pattern.pick:
            return self.value(pattern)
        self.patterns.append(pattern)
        return self.names.get(pattern.alias), pattern.form, pattern.kinds, self.value(pattern.held)

    def value(self, value: Any) -> Hashable:  # noqa: ANN401 - any part of a rule
        """Give a part of a rule as something that can be compared, its names numbered."""
        if isinstance(value, Reference):
            return "$", self.names.get(value.alias, value.alias), value.path
        if isinstance(value, Pattern):
            self.names.setdefault(value.alias, f"#{len(self.names)}")
        if isinstance(value, tuple):
            return tuple(self.value(inner) for inner in value)
        if isinstance(value, Mapping):
            return tuple((name, self.value(value[name])) for name in sorted(value))
        if not attrs.has(type(value)):
            return type(value).__name__, value
        names = _fields(type(value))  # type: ignore[arg-type]  # a class can be hashed
        parts = (self._part(value, name) for name in names)
        return type(value).__name__, *parts

    def _part(self, value: object, name: str) -> Hashable:
        part = getattr(value, name)
        if name == "alias" and isinstance(part, str):
            return self.names.get(part, part)
        return self.value(part)


@cache
def _fields(kind: type[Any]) -> tuple[str, ...]:
    """Give the fields that make two values of a class equal; of an expression its term, not its text."""
    told = {"text"} if kind in {Formula, Pick} else set()
    return tuple(one.name for one in attrs.fields(kind) if one.eq and one.name not in told)


def _items(group: Group) -> tuple[Condition, ...]:
    return group.items if group.logic == "sequence" else tuple(sorted(group.items, key=_rank))


def _sorted(condition: Condition) -> tuple[Condition, ...]:
    if isinstance(condition, Group):
        return tuple(one for item in _items(condition) for one in _sorted(item)) + condition.unless
    return (condition,)


def _rank(condition: Condition) -> tuple[str, ...]:
    if isinstance(condition, Pattern):
        return ("pattern", condition.form, *condition.kinds)
    return ("group", condition.logic) if isinstance(condition, Group) else ("test",)


def _has_negative(group: Group) -> bool:
    return any(isinstance(one, Group) and (one.logic == "none" or one.unless) for one in conditions_below([group]))


def is_instant(shape: Shape, at: int) -> bool:
    """Whether the pattern at a place takes single events."""
    return is_event(shape.patterns[at])


def constant(leaf: Test) -> bool:
    """Whether a leaf is held against no other item."""
    held = leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,)
    return not any(isinstance(one, Reference) for one in held)
