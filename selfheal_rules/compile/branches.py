"""
From a condition to its branches: `any` multiplied out, each branch a plain conjunction.

A branch is what one match is made of: patterns that must be there, equalities between them, formulas, negatives, the
spans that bound their events and the stages of a sequence.
"""

from collections.abc import Iterable
from itertools import product

from attrs import evolve, frozen

from selfheal_rules.model import Condition, Formula, Group, Operand, Pattern, Reference, RuleSet, Same, Test
from selfheal_rules.values import microseconds


@frozen(eq=False, repr=False)
class Join:
    """Two values that must be equal, and of one type."""

    left: Reference
    right: Reference


@frozen(eq=False, repr=False)
class Spread:
    """The events under these aliases lie less than `within` microseconds apart."""

    aliases: tuple[str, ...]
    within: int


@frozen(eq=False, repr=False)
class Negative:
    """
    What must not be: none of its branches may have a match.

    `within` is how far it looks back (or, after `stage` of a sequence, forward) over events; one over states alone has
    no stage: it means now, wherever it stands. `outer` tells an `unless`, which stands outside the `for` of its group,
    from a `none`.
    """

    branches: tuple["Branch", ...]
    within: int | None = None
    stage: int | None = None
    outer: bool = False

    @property
    def over_events(self) -> bool:
        """Whether single events are looked for anywhere in it."""
        return any(branch.over_events for branch in self.branches)


@frozen(eq=False, repr=False)
class Branch:
    """
    One conjunction.

    `windows` gives the nearest `within` above each uncounted event pattern, `shared` the fields a `same` names for each
    alias.
    """

    patterns: tuple[Pattern, ...] = ()
    joins: tuple[Join, ...] = ()
    formulas: tuple[Formula, ...] = ()
    negatives: tuple[Negative, ...] = ()
    spreads: tuple[Spread, ...] = ()
    stages: tuple[tuple[str, ...], ...] = ()
    windows: tuple[tuple[str, int], ...] = ()
    shared: tuple[tuple[str, tuple[str, ...]], ...] = ()
    held: int | None = None
    reach: int = 0
    """The `within` of its sequence: how far a `none` between two stages looks back from the later one."""

    @property
    def events(self) -> tuple[str, ...]:
        """The aliases that bind single events."""
        return tuple(pattern.alias for pattern in self.patterns if is_event(pattern))

    @property
    def over_events(self) -> bool:
        """Whether single events are bound, or looked for in a negative."""
        return bool(self.events) or any(negative.over_events for negative in self.negatives)


def is_event(pattern: Pattern) -> bool:
    """Whether the pattern binds single events, rather than what holds or a count."""
    return pattern.form == "event" and pattern.count is None and pattern.aggregate is None


def is_join(test: Test) -> bool:
    """Whether a leaf is an equality with a value of another item."""
    return test.operator == "is" and isinstance(test.operand, Reference)


def expand(condition: Condition, rules: RuleSet) -> tuple[Branch, ...]:
    """Give the branches of a condition, in the order they are written."""
    if isinstance(condition, Formula):
        return (Branch(formulas=(condition,)),)
    if isinstance(condition, Pattern):
        return (_single(condition),)
    return tuple(_finish(branch, condition, rules) for branch in _inside(condition, rules))


def span(rules: RuleSet, operand: Operand | None) -> int | None:
    """Give a written duration in microseconds."""
    return None if operand is None else microseconds(rules.duration(operand))


def _single(pattern: Pattern) -> Branch:
    joins = tuple(
        Join(Reference(pattern.alias, test.path), test.operand)
        for test in pattern.where
        if is_join(test) and isinstance(test.operand, Reference)
    )
    return Branch(patterns=(pattern,), joins=joins)


def _inside(group: Group, rules: RuleSet) -> Iterable[Branch]:
    if group.logic == "any":
        return [branch for item in group.items for branch in expand(item, rules)]
    if group.logic == "none":
        within = span(rules, group.within)
        return [Branch(negatives=tuple(_negative(item, rules, within) for item in group.items))]
    parts = [expand(item, rules) for item in group.items]
    return [_conjunction(choice, sequence=group.logic == "sequence") for choice in product(*parts)]


def _negative(item: Condition, rules: RuleSet, within: int | None, *, outer: bool = False) -> Negative:
    return Negative(expand(item, rules), within, outer=outer)


def _conjunction(parts: tuple[Branch, ...], *, sequence: bool) -> Branch:
    stages: list[tuple[str, ...]] = []
    negatives: list[Negative] = []
    for part in parts:
        found = part.negatives
        if sequence and not part.patterns:
            found = tuple(evolve(one, stage=len(stages) - 1) if one.over_events else one for one in found)
        elif sequence:
            stages.append(tuple(pattern.alias for pattern in part.patterns))
        negatives += found
    return Branch(
        tuple(pattern for part in parts for pattern in part.patterns),
        tuple(join for part in parts for join in part.joins),
        tuple(formula for part in parts for formula in part.formulas),
        tuple(negatives),
        tuple(spread for part in parts for spread in part.spreads),
        tuple(stages) if sequence else tuple(stage for part in parts for stage in part.stages),
        tuple(window for part in parts for window in part.windows),
        tuple(shared for part in parts for shared in part.shared),
        next((part.held for part in parts if part.held is not None), None),
        max((part.reach for part in parts), default=0),
    )


def _finish(branch: Branch, group: Group, rules: RuleSet) -> Branch:
    joined = _same(branch, group.same)
    within = span(rules, group.within)
    if within is not None and group.logic != "none":
        joined = _bounded(joined, within)
    outer = tuple(_negative(item, rules, within=None, outer=True) for item in group.unless)
    held = span(rules, group.held) if group.held is not None else joined.held
    return evolve(joined, negatives=joined.negatives + outer, held=held)


def _bounded(branch: Branch, within: int) -> Branch:
    known = {alias for alias, _ in branch.windows}
    windows = tuple((alias, within) for alias in branch.events if alias not in known)
    spreads = (Spread(branch.events, within),) if branch.events else ()
    return evolve(branch, spreads=branch.spreads + spreads, windows=branch.windows + windows, reach=within)


def _same(branch: Branch, same: tuple[Same, ...]) -> Branch:
    for one in same:
        if one.pair:
            branch = evolve(branch, joins=(*branch.joins, Join(*one.pair)))
        else:
            branch = _share(branch, one.field, anchor=None)
    return branch


def _share(branch: Branch, path: tuple[str, ...], anchor: Reference | None) -> Branch:
    joins = list(branch.joins)
    for pattern in branch.patterns:
        here = Reference(pattern.alias, path)
        if anchor is None:
            anchor = here
        else:
            joins.append(Join(here, anchor))
    negatives = tuple(
        negative
        if negative.outer
        else evolve(negative, branches=tuple(_share(inner, path, anchor) for inner in negative.branches))
        for negative in branch.negatives
    )
    shared = tuple((pattern.alias, path) for pattern in branch.patterns)
    return evolve(branch, joins=tuple(joins), negatives=negatives, shared=branch.shared + shared)
