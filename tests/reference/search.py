"""Every combination of rows that fit together."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeAlias

from attrs import define, field

from selfheal_rules.model import Call, Pattern, Reference, RuleSet, Term, Test
from selfheal_rules.values import Value, canonical
from tests.reference.alternatives import Alternative, Node, Shared, all_alternatives, is_counted, patterns_in
from tests.reference.leaves import Bindings, Path, Reader, Row, Truth, joined
from tests.reference.rows import CountTable, EventTable, StateTable, Table, World, passes, references

Check: TypeAlias = tuple[frozenset[str], Callable[[Bindings, Reader], Truth]]
"""What must be true, and the names that must be bound before it can be judged."""
Keep: TypeAlias = Callable[[Alternative, str, Row], bool]


@define(eq=False)
class Match:
    """Rows that fit together; `rows` are as they were when it was found."""

    alternative: Alternative
    rows: dict[str, Row]
    outer: Bindings
    evidence: list[list[Value]] = field(init=False)
    text: str = field(init=False)
    mark: str = field(init=False)
    """What it is remembered by: these very rows; one that begins again is another, though it be spelt alike."""

    def __attrs_post_init__(self) -> None:
        """Write its evidence down."""
        self.mark = canonical([[alias, *self.rows[alias].mark] for alias in sorted(self.rows)])
        self.evidence = [[alias, *self.rows[alias].identity] for alias in sorted(self.rows)]
        self.text = canonical(self.evidence)

    @property
    def bindings(self) -> dict[str, Row]:
        """Every name in reach."""
        return {**self.outer, **self.rows}

    @property
    def things(self) -> set[str]:
        """The events and states it binds."""
        return things_of(self.rows)

    def has_new(self, turn: int) -> bool:
        """Whether one of its parts is new; where rows are picked, one of the others."""
        aliases = [one.alias for one in self.alternative.patterns if one.pick is None] or list(self.rows)
        return any(self.rows[alias].stood == turn for alias in aliases)


def things_of(rows: Bindings) -> set[str]:
    """Give the events and states among rows; groups that were counted are no things."""
    return {canonical(row.thing) for row in rows.values() if row.identity[0] != "count"}


def mentioned(term: Term) -> set[str]:
    """Give the names an expression uses."""
    if isinstance(term, Call):
        return {alias for argument in term.arguments for alias in mentioned(argument)}
    return {term.alias} if isinstance(term, Reference) else set()


def checks_of(alternative: Alternative) -> list[Check]:
    """Give all that must be true of the rows of a match, but for time and absence."""
    known = set(alternative.scope)
    found: list[Check] = []
    for pattern in alternative.patterns:
        for test in pattern.where:
            names = references(test)
            found += [(frozenset([pattern.alias, *names]), _leaf_check(pattern.alias, test))] if names else []
    for one in alternative.shared:
        anchor = one.aliases[0]
        found += [(frozenset([anchor, other]), _share_check(one, anchor, other)) for other in one.aliases[1:]]
    for left, right in alternative.pairs:
        if left.alias in known and right.alias in known:
            found.append((frozenset([left.alias, right.alias]), _pair_check(left, right)))
    found += [(frozenset(mentioned(term)), _formula_check(term)) for term in alternative.formulas]
    found += [check for node in alternative.nodes if node.is_sequence for check in _order_checks(node)]
    return found


def _leaf_check(alias: str, test: Test) -> Callable[[Bindings, Reader], Truth]:
    return lambda bindings, reader: reader.test(test, bindings[alias], bindings)


def _share_check(shared: Shared, left: str, right: str) -> Callable[[Bindings, Reader], Truth]:
    return lambda bindings, _: joined(bindings[left].read(shared.path), bindings[right].read(shared.path))


def _pair_check(left: Reference, right: Reference) -> Callable[[Bindings, Reader], Truth]:
    return lambda bindings, _: joined(bindings[left.alias].read(left.path), bindings[right.alias].read(right.path))


def _formula_check(term: Term) -> Callable[[Bindings, Reader], Truth]:
    def check(bindings: Bindings, reader: Reader) -> Truth:
        value = reader.term(term, bindings)
        return value if isinstance(value, bool) else None

    return check


def _order_checks(node: Node) -> Iterator[Check]:
    stages = [[one.alias for one in patterns_in(item)] for item in node.items if patterns_in(item)]
    for before, after in pairwise(stages):
        yield frozenset([*before, *after]), _order_check(before, after)


def _order_check(before: list[str], after: list[str]) -> Callable[[Bindings, Reader], Truth]:
    return lambda rows, _: max(place(rows[one]) for one in before) < min(place(rows[one]) for one in after)


def place(row: Row) -> tuple[int, int]:
    """Give where a row stands in a sequence."""
    return row.at, row.turn


@define(eq=False)
class Tables:
    """The rows of every pattern of some conditions of one rule."""

    rules: RuleSet
    began: int | None
    tables: dict[tuple[int, bool], Table] = field(factory=dict)
    checks: dict[int, list[Check]] = field(factory=dict)
    patterns: list[Pattern] = field(factory=list)

    def add(self, alternatives: list[Alternative]) -> None:
        """Make a table for each pattern, inside negatives too."""
        for one in all_alternatives(alternatives):
            self.checks[id(one)] = checks_of(one)
            for pattern in one.patterns:
                self.patterns.append(pattern)  # so that its id stays its own
                self.tables.setdefault(self.place(one, pattern), self._table(one, pattern))

    def place(self, alternative: Alternative, pattern: Pattern) -> tuple[int, bool]:
        """Give where the table of a pattern is kept; a count has two, where only some branches join it."""
        return id(pattern), alternative.may_be_empty(pattern)

    def _table(self, one: Alternative, pattern: Pattern) -> Table:
        strict = True if is_counted(pattern) else one.strict
        kind = EventTable if pattern.form == "event" else StateTable
        base = kind(pattern, self.rules, strict)
        if not is_counted(pattern):
            return base
        group, empty = one.group_of(pattern), one.may_be_empty(pattern)
        return CountTable(pattern, self.rules, one.strict, group, empty, base, self.began)

    def of(self, alternative: Alternative, pattern: Pattern) -> Table:
        """Give the table of a pattern."""
        return self.tables[self.place(alternative, pattern)]

    def bases(self) -> list[EventTable | StateTable]:
        """Give the tables items go into."""
        return [table.base if isinstance(table, CountTable) else table for table in self.tables.values()]

    def refresh(self, world: World) -> None:
        """Look at the world anew."""
        for table in self.tables.values():
            table.refresh(world)

    def has_new(self, alternative: Alternative, world: World) -> bool:
        """Whether any row of its patterns is new."""
        found = (row for one in alternative.patterns for row in self.of(alternative, one).rows)
        empty = any(isinstance(table, CountTable) and table.may_be_empty for table in self.tables.values())
        return empty or any(row.stood == world.turn for row in found)

    def find(
        self, alternative: Alternative, outer: Bindings, world: World, keep: Keep, *, strict: bool
    ) -> Iterator[dict[str, Row]]:
        """Give every choice of rows that fit together; negatives are not asked."""
        search = Search(self, alternative, world, Reader(self.rules, world.clock), keep, strict)
        return search.extend(dict(outer), {}, search.order())


@define(eq=False)
class Search:
    """One walk through all combinations."""

    tables: Tables
    alternative: Alternative
    world: World
    reader: Reader
    keep: Keep
    strict: bool

    def order(self) -> list[Pattern]:
        """Give the patterns, those last whose rows are made up from the others."""
        return sorted(self.alternative.patterns, key=self.alternative.may_be_empty)

    def extend(self, bound: dict[str, Row], own: dict[str, Row], rest: list[Pattern]) -> Iterator[dict[str, Row]]:
        """Bind the next pattern to each of its rows."""
        if not own and not self._holds(bound, None):
            return
        if not rest:
            yield own
            return
        pattern = rest[0]
        for row in self._rows(pattern, bound):
            if not self._fits(pattern, row, own):
                continue
            wider = {**bound, pattern.alias: row}
            if self._holds(wider, pattern.alias):
                yield from self.extend(wider, {**own, pattern.alias: row}, rest[1:])

    def _rows(self, pattern: Pattern, bound: Bindings) -> list[Row]:
        table = self.tables.of(self.alternative, pattern)
        if not isinstance(table, CountTable) or not table.may_be_empty:
            return table.rows
        key = tuple(self._given(pattern, path, bound) for path in table.group)
        row = None if None in key else table.row_of(key)
        return [row] if row else []

    def _given(self, pattern: Pattern, path: Path, bound: Bindings) -> Value:
        """Give the value another pattern has for a joined field of a count."""
        for test in pattern.where:
            if test.path == path and test.operator == "is" and isinstance(test.operand, Reference):
                return bound[test.operand.alias].read(test.operand.path)
        for one in self.alternative.shared:
            if one.path == path and pattern.alias in one.aliases:
                other = next((bound[alias] for alias in one.aliases if alias in bound and alias != pattern.alias), None)
                if other:
                    return other.read(path)
        ends = ((here, there) for pair in self.alternative.pairs for here, there in (pair, pair[::-1]))
        there = next(there for here, there in ends if (here.alias, here.path) == (pattern.alias, path))
        return bound[there.alias].read(there.path)

    def _fits(self, pattern: Pattern, row: Row, own: Bindings) -> bool:
        return (
            self.keep(self.alternative, pattern.alias, row)
            and things_of({pattern.alias: row}).isdisjoint(things_of(own))
            and self._is_close(pattern, row, own)
        )

    def _is_close(self, pattern: Pattern, row: Row, own: Bindings) -> bool:
        """Whether an event lies within every `within` it shares with the events already bound."""
        if not row.is_event:
            return True
        for node in self.alternative.nodes:
            inside = {one.alias for one in patterns_in(node)}
            if node.group.within is not None and pattern.alias in inside:
                span = self.alternative.micros(node.group.within)
                others = (other for alias, other in own.items() if alias in inside and other.is_event)
                if any(abs(other.at - row.at) >= span for other in others):
                    return False
        return True

    def _holds(self, bound: Bindings, newest: str | None) -> bool:
        """Judge whatever the newest binding makes possible to judge."""
        own = set(self.alternative.aliases)
        for names, check in self.tables.checks[id(self.alternative)]:
            due = newest in names if newest else not names & own
            if due and names <= bound.keys() and not passes(check(bound, self.reader), strict=self.strict):
                return False
        return True
