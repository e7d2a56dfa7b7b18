"""
Rules that say only what another says: proved leaf by leaf, and shown with a stream that makes both fire.

Of a rule that acts, an event pattern may ask for less than its like in the other: both are judged once, when the same
event arrives. What they ask of states must be the same, for of the same state each of two bounds becomes true in its
own time, and so does each of two `for`. A conclusion stands as long as one support does: there, all may ask for less.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TypeAlias

from attrs import frozen

from selfheal_rules.check.alternatives import Path, shared_type
from selfheal_rules.check.domains import Extent, contradict, extent, implied, is_within
from selfheal_rules.check.findings import warning
from selfheal_rules.check.meeting import Meeting, is_impossible
from selfheal_rules.check.shapes import Shape, constant, is_instant
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.walk import concludes
from selfheal_rules.check.witness import Item, witness, written
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Literal, RuleSet, Test

Handle: TypeAlias = tuple[int, Path, Hashable]
"""A value that an equality leaf of the pattern at a place asks for."""


def shadowed(subject: Subject) -> Iterator[Diagnostic]:
    """No rule says only what another one says of more; of two that say the same, the later one is needless."""
    alike: defaultdict[Hashable, list[_Shaped]] = defaultdict(list)
    for number, view in enumerate(subject.rules):
        shaped = _Shaped.of(number, view, subject)
        alike[shaped.shape.frame].append(shaped)
    for rules in alike.values():
        rivals = _Rivals.among(rules)
        for one in rules if len(rules) > 1 else ():
            yield from _shadowed(one, rivals, subject)


def _shadowed(one: "_Shaped", rivals: "_Rivals", subject: Subject) -> Iterator[Diagnostic]:
    other = next((other for other in rivals.of(one) if _covers(other, one)), None)
    if other and not is_impossible(one.view, subject):
        rule = one.view.rule
        message = f"rule `{rule.id}` never adds anything: `{other.view.rule.id}` does the same whenever it fires"
        found = warning("SH403", message, rule.span, "remove it, or let it do something else", other.view.rule.span)
        yield found.shown_by(written(_firing(one.view, subject)))


def _firing(view: RuleView, subject: Subject) -> tuple[Item, ...]:
    alternative = view.when[0].alternative
    items = {one.pattern.alias: at for at, one in enumerate(alternative.placed)}
    return witness(Meeting.of(alternative, subject), ((alternative, view.rule, items),))


def _covers(wide: "_Shaped", narrow: "_Shaped") -> bool:
    """Whether one rule fires whenever another does, and is not itself the later of two that are the same."""
    if wide is narrow or not narrow.is_inside(wide):
        return False
    return narrow.implies(wide) and (wide.number < narrow.number or not wide.implies(narrow))


@frozen(eq=False, repr=False)
class _Shaped:
    """A rule, its shape, and the leaves of each of its patterns by the field they are on."""

    number: int
    view: RuleView
    shape: Shape
    by_field: tuple[Mapping[Path, list[Test]], ...]
    handles: tuple[Handle, ...]
    extents: Mapping[tuple[int, Path], Extent]
    subject: Subject

    @classmethod
    def of(cls, number: int, view: RuleView, subject: Subject) -> "_Shaped":
        """Look at a rule."""
        shape = Shape.of(view.rule)
        fields = []
        for pattern in shape.patterns:
            leaves: dict[Path, list[Test]] = {}
            for leaf in pattern.where:
                leaves.setdefault(leaf.path, []).append(leaf)
            fields.append(leaves)
        handles = [
            (at, leaf.path, _key(leaf))
            for at, pattern in enumerate(shape.patterns)
            for leaf in pattern.where
            if leaf.operator == "is" and isinstance(leaf.operand, Literal)
        ]
        extents = {
            (at, path): found
            for at, leaves in enumerate(fields)
            for path, tests in leaves.items()
            if (
                found := extent(tests, shared_type(shape.patterns[at].kinds, path, subject.vocabulary), subject.ruleset)
            )
        }
        return cls(number, view, shape, tuple(fields), tuple(handles), extents, subject)

    def implies(self, other: "_Shaped") -> bool:
        """Whether the other's condition is true of all of which this one's is, for rules of one shape."""
        return self._spans_fit(other) and all(self._implies_at(at, other) for at in range(len(self.by_field)))

    def is_inside(self, other: "_Shaped") -> bool:
        """Whether what it asks of numbers may lie within what the other does: quickly told, and mostly enough."""
        return all(is_within(self.extents.get(place), outer) for place, outer in other.extents.items())

    def _spans_fit(self, other: "_Shaped") -> bool:
        rules = self.subject.ruleset
        return all(
            held == other.shape.spans[place] or _is_shorter(held, other.shape.spans[place], rules)
            for place, held in self.shape.spans.items()
        )

    def _implies_at(self, at: int, other: "_Shaped") -> bool:
        mine, theirs = self.shape.leaves[at], other.shape.leaves[at]
        joins = [one for one, leaf in zip(theirs, other.shape.patterns[at].where, strict=True) if not constant(leaf)]
        if not all(one in mine for one in joins):
            return False
        if not (is_instant(self.shape, at) or concludes(self.view.rule)) and set(mine) != set(theirs):
            return False
        kinds = self.shape.patterns[at].kinds
        return all(self._follows(kinds, path, at, tests) for path, tests in other.by_field[at].items())

    def _follows(self, kinds: tuple[str, ...], path: Path, at: int, tests: list[Test]) -> bool:
        own = [leaf for leaf in self.by_field[at].get(path, ()) if constant(leaf)]
        asked = [leaf for leaf in tests if constant(leaf) and leaf not in own]
        if not asked:
            return True
        known = shared_type(kinds, path, self.subject.vocabulary)
        rules = self.subject.ruleset
        if known is None or contradict(own, known, rules):
            return False
        return all(implied(leaf, own, known, rules) for leaf in asked)


def _is_shorter(held: object, other: object, rules: RuleSet) -> bool:
    if not (isinstance(held, Literal) and isinstance(other, Literal)):
        return False
    return rules.duration(held) <= rules.duration(other)


def _key(leaf: Test) -> Hashable:
    value = leaf.operand.value if isinstance(leaf.operand, Literal) else None
    return type(value).__name__, value


@frozen(eq=False, repr=False)
class _Rivals:
    """Rules of one shape, found by what one of their equality leaves asks for."""

    by_handle: Mapping[Handle, list[_Shaped]]
    free: tuple[_Shaped, ...]

    @classmethod
    def among(cls, rules: Sequence[_Shaped]) -> "_Rivals":
        """File each rule under that of its equalities which the fewest share."""
        filed: defaultdict[Handle, list[_Shaped]] = defaultdict(list)
        often = Counter(handle for rule in rules for handle in rule.handles)
        for rule in rules:
            if rule.handles:
                filed[min(rule.handles, key=often.__getitem__)].append(rule)
        return cls(filed, tuple(rule for rule in rules if not rule.handles))

    def of(self, rule: _Shaped) -> Iterator[_Shaped]:
        """Give the rules that may cover a rule: those without an equality, and those that share one."""
        yield from self.free
        for handle in rule.handles:
            yield from self.by_handle.get(handle, ())
