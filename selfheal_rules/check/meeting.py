"""
Which values of a match are one: what joins make equal is gathered, and so are the leaves on all of it.

Two conditions laid over each other are one meeting as well: their patterns stand for the same items, their joins and
leaves for the same values.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from attrs import define, field

from selfheal_rules.check.alternatives import Alternative, Path, is_join, shared_type
from selfheal_rules.check.domains import contradict, operands
from selfheal_rules.check.findings import dotted, shown, warning
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Pattern, Reference, Test
from selfheal_rules.vocabulary import FieldType

Value: TypeAlias = tuple[int, Path]
"""A field of one of the items that meet."""


@define(eq=False, repr=False)
class Meeting:
    """Items by their numbers, each as its pattern asks for it, and what is known of their fields."""

    subject: Subject
    patterns: list[Pattern] = field(factory=list)
    tests: dict[Value, list[Test]] = field(factory=dict)
    is_open: bool = False
    """Whether something was asked for that is not known here: a comparison of two items other than equality."""
    _one: dict[Value, Value] = field(factory=dict)

    @classmethod
    def of(cls, alternative: Alternative, subject: Subject) -> "Meeting":
        """Gather what one alternative of a condition asks for."""
        found = cls(subject, [one.pattern for one in alternative.placed])
        found.add(alternative, {one.pattern.alias: at for at, one in enumerate(alternative.placed)})
        return found

    def add(self, alternative: Alternative, items: Mapping[str, int]) -> None:
        """Ask the items, by the names an alternative gives them, for what it asks of them."""
        for placed in alternative.placed:
            for leaf in (
                () if placed.is_counted else placed.pattern.where
            ):  # a count of nothing may be what is asked for
                self._add_leaf(items[placed.pattern.alias], leaf, items)
        for left, right in joins(alternative):
            if left[0] in items and right[0] in items:
                self.unite((items[left[0]], left[1]), (items[right[0]], right[1]))

    def _add_leaf(self, at: int, leaf: Test, items: Mapping[str, int]) -> None:
        others = [one for one in operands(leaf) if isinstance(one, Reference)]
        if not others:
            self.tests.setdefault((at, leaf.path), []).append(leaf)
        elif is_join(leaf) and others[0].alias in items:
            self.unite((at, leaf.path), (items[others[0].alias], others[0].path))
        else:
            self.is_open = True

    def unite(self, left: Value, right: Value) -> None:
        """Make two values one."""
        self._one[self.root(left)] = self.root(right)

    def root(self, value: Value) -> Value:
        """Give the value that stands for all that are one with this."""
        while self._one.get(value, value) != value:
            value = self._one[value]
        return value

    def groups(self, values: Iterable[Value] = ()) -> dict[Value, list[Value]]:
        """Give the values that are one, all that are known and those given, by what stands for them."""
        found: dict[Value, list[Value]] = {}
        for value in dict.fromkeys([*self.tests, *self._one, *self._one.values(), *values]):
            found.setdefault(self.root(value), []).append(value)
        return found

    def type_of(self, value: Value) -> FieldType | None:
        """Give the type of a field of an item."""
        return shared_type(self.patterns[value[0]].kinds, value[1], self.subject.vocabulary)

    def asked(self, values: Sequence[Value]) -> tuple[FieldType | None, list[Test]]:
        """Give the type that values which are one have in common, and all that is asked of them."""
        types = [self.type_of(value) for value in values]
        same = types[0] if all(one == types[0] for one in types) else None
        return same, [test for value in values for test in self.tests.get(value, ())]

    def contradictions(self) -> Iterator[list[Value]]:
        """Give the values that are one and can be none."""
        for values in self.groups().values():
            known, tests = self.asked(values)
            if known and tests and contradict(tests, known, self.subject.ruleset):
                yield values


def joins(alternative: Alternative) -> Iterator[tuple[tuple[str, Path], tuple[str, Path]]]:
    """Give the values that `same` makes equal, each by the name of its pattern and its path."""
    for group in alternative.groups:
        under = [one.pattern.alias for one in alternative.placed if one.is_under(group)]
        for same in group.same:
            if same.pair:
                left, right = same.pair
                yield (left.alias, left.path), (right.alias, right.path)
            yield from (((under[0], same.field), (alias, same.field)) for alias in under[1:] if same.field)


def apart(subject: Subject) -> Iterator[Diagnostic]:
    """What a join makes equal can be equal."""
    for view in subject.rules:
        for scope in view.when:
            if len(scope.alternative.placed) > 1:
                yield from _apart(Meeting.of(scope.alternative, subject))


def _apart(meeting: Meeting) -> Iterator[Diagnostic]:
    for values in meeting.contradictions():
        asked = [value for value in values if value in meeting.tests]
        items = list(dict.fromkeys(at for at, _ in asked))
        if len(items) > 1:
            first, last = (meeting.patterns[at] for at in (items[0], items[-1]))
            leaf, other = meeting.tests[asked[-1]][-1], meeting.tests[asked[0]][-1]
            message = (
                f"{shown(first)} and {shown(last)} never meet: `{dotted(leaf.path)}` is to be one in both, "
                "and no value is what both ask for"
            )
            yield warning(
                "SH360", message, leaf.span, "the rule never fires by them: drop a leaf or the join", other.span
            )
            return


def is_impossible(view: RuleView, subject: Subject) -> bool:
    """Whether no alternative of a rule's condition can come true, by its own leaves and joins."""
    found = (Meeting.of(scope.alternative, subject) for scope in view.when)
    return bool(view.when) and all(any(meeting.contradictions()) for meeting in found)
