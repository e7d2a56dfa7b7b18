"""Which matches a condition has in a turn: every combination of rows is tried."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import TypeAlias

from attrs import define, field

from selfheal_rules.model import Call, Pattern, Reference, RuleSet, Term, Test
from selfheal_rules.values import Value, canonical
from tests.reference.alternatives import (
    Alternative,
    Negative,
    Node,
    Shared,
    Span,
    all_alternatives,
    is_counted,
    is_event,
    patterns_in,
)
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

    def __attrs_post_init__(self) -> None:
        """Write its evidence down."""
        self.evidence = [[alias, *self.rows[alias].identity] for alias in sorted(self.rows)]
        self.text = canonical(self.evidence)

    @property
    def bindings(self) -> dict[str, Row]:
        """Every name in reach."""
        return {**self.outer, **self.rows}

    @property
    def assignment(self) -> tuple[Value, ...]:
        """What fires but once: its evidence, and of events this very arrival (a forgotten id may come again)."""
        return self.text, *(self.rows[alias].turn for alias in sorted(self.rows) if self.rows[alias].is_event)

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
        return CountTable(pattern, self.rules, one.strict, group, empty, base)

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


def everything(_: Alternative, __: str, ___: Row) -> bool:
    """Keep every row."""
    return True


@define(eq=False)
class Judge:
    """Says whether what must not be, is."""

    tables: Tables
    world: World

    def is_clear(self, negatives: list[Negative], bound: Bindings, things: set[str], *, strict: bool) -> bool:
        """Whether none of the negatives has a match (`strict`), or may have none."""
        return all(self._is_absent(one, bound, things, strict=strict) for one in negatives)

    def _is_absent(self, negative: Negative, bound: Bindings, things: set[str], *, strict: bool) -> bool:
        due = deadline(negative.span, bound)
        if due is not None and not self.world.clock.reached(due):
            return not strict
        return not any(self._exists(negative, one, bound, things, strict=not strict) for one in negative.alternatives)

    def _exists(self, negative: Negative, one: Alternative, bound: Bindings, things: set[str], *, strict: bool) -> bool:
        """Whether a negative has a match, for certain (`strict`) or perhaps."""
        if not strict and not self._is_watched(negative, one, bound):
            return True

        def keep(_: Alternative, alias: str, row: Row) -> bool:
            is_other = row.identity[0] == "count" or canonical(row.thing) not in things
            return is_other and self._in_sight(negative, one, alias, row, bound)

        for rows in self.tables.find(one, bound, self.world, keep, strict=strict):
            wider = things | things_of(rows)
            if self.is_clear(one.negatives, {**bound, **rows}, wider, strict=strict):
                return True
        return False

    def _is_watched(self, negative: Negative, one: Alternative, bound: Bindings) -> bool:
        """Whether everything that could have been there would have been seen."""
        started = self.world.clock.started
        if negative.span:
            return started <= max(place(bound[alias]) for alias in negative.span.before)[0]
        looks = [min(one.windows(pattern.alias)) for pattern in one.patterns if is_event(pattern)]
        return all(self.world.clock.reached(started + look) for look in looks)

    def _in_sight(self, negative: Negative, one: Alternative, alias: str, row: Row, bound: Bindings) -> bool:
        if not row.is_event:
            return True
        if negative.span:
            return in_span(negative.span, row, bound)
        return not any(self.world.clock.reached(row.at + look) for look in one.windows(alias))


def in_span(span: Span, row: Row, bound: Bindings) -> bool:
    """Whether an event lies behind the item before, ahead of the item after, and not past the limit."""
    last = max(place(bound[alias]) for alias in span.before)
    ahead = [place(bound[alias]) for alias in span.after]
    limited = span.within is None or row.at < last[0] + span.within
    if not ahead:
        return last < place(row) and limited
    near = span.reach is None or min(ahead)[0] - row.at < span.reach
    return last < place(row) < min(ahead) and limited and near


def deadline(span: Span | None, bound: Bindings) -> int | None:
    """Give when a `none` at the end of a sequence can be judged; None for every other."""
    if span is None or span.after or span.within is None:
        return None
    return max(bound[alias].at for alias in span.before) + span.within


@define(eq=False)
class Pending:
    """An instant match that waits for the end of its forward `none`."""

    match: Match
    due: int


@define(eq=False)
class Seen:
    """What a look at a condition gives: the level matches that are true, the instant ones judged in this turn."""

    level: list[Match] = field(factory=list)
    instants: list[Match] = field(factory=list)
    judged: list[tuple[Match, bool]] = field(factory=list)


Before: TypeAlias = tuple[
    Mapping[tuple[int, str], str], Mapping[tuple[int, str], int], Mapping[tuple[int, str, int], bool]
]
"""What the turn before knew of level matches: picks, beginnings, answers of spans."""


@define(eq=False)
class Seeker:
    """Looks at one condition turn by turn; remembers picks, how long matches are held, and who waits."""

    alternatives: list[Alternative]
    tables: Tables
    outer: Mapping[str, Row] = field(factory=dict)
    after_turn: int = -1
    picks: dict[tuple[int, str], str] = field(factory=dict)
    began: dict[tuple[int, str], int] = field(factory=dict)
    pending: list[Pending] = field(factory=list)
    spanned: dict[tuple[int, str, int], bool] = field(factory=dict)

    def look(self, world: World) -> Seen:
        """Find all matches of this turn; tables are up to date."""
        seen, judge = Seen(), Judge(self.tables, world)
        picks, self.picks = self.picks, {}
        began, self.began = self.began, {}
        answers, self.spanned = self.spanned, {}
        for one in self.alternatives:
            if one.is_instant:
                self._instants(one, world, judge, seen)
            else:
                seen.level += self._levels(one, judge, (picks, began, answers))
        return seen

    def is_true(self, world: World) -> bool:
        """Whether the condition is true in this turn."""
        seen = self.look(world)
        return bool(seen.level or seen.instants)

    def _positives(self, one: Alternative, world: World, kept: Mapping[tuple[int, str], str]) -> list[Match]:
        def keep(_: Alternative, __: str, row: Row) -> bool:
            return not row.is_event or row.turn > self.after_turn

        found = self.tables.find(one, self.outer, world, keep, strict=True)
        matches = [Match(one, rows, self.outer) for rows in found]
        if not any(pattern.pick for pattern in one.patterns):
            return matches
        return self._picked(one, matches, world, kept)

    def _picked(
        self, one: Alternative, matches: list[Match], world: World, kept: Mapping[tuple[int, str], str]
    ) -> list[Match]:
        groups: dict[str, list[Match]] = {}
        for match in matches:
            others = [(p.alias, match.rows[p.alias]) for p in one.patterns if not p.pick]
            rest = [[alias, *row.identity, row.turn if row.is_event else 0] for alias, row in others]
            groups.setdefault(canonical(rest), []).append(match)
        chosen = []
        for rest_text, group in groups.items():
            before = kept.get((one.number, rest_text))
            best = next((match for match in group if match.text == before), None) or self._best(one, group, world)
            if best:
                self.picks[one.number, rest_text] = best.text
                chosen.append(best)
        return chosen

    def _best(self, one: Alternative, group: list[Match], world: World) -> Match | None:
        reader = Reader(self.tables.rules, world.clock)
        for pattern in one.patterns:
            if pattern.pick is None:
                continue
            ranked = []
            for match in group:
                value = reader.term(pattern.pick.term, match.bindings)
                if value is not None:
                    ranked.append((value, canonical(match.rows[pattern.alias].identity), match))
            if not ranked:
                return None
            goal = (max if pattern.pick.best == "max" else min)(value for value, _, _ in ranked)
            name = min(name for value, name, _ in ranked if value == goal)
            group = [match for value, identity, match in ranked if value == goal and identity == name]
        return group[0]

    def _levels(
        self,
        one: Alternative,
        judge: Judge,
        before: "Before",
    ) -> Iterator[Match]:
        world, (picks, began, answers) = judge.world, before
        inner = [negative for negative in one.negatives if not negative.is_outermost_unless and not negative.span]
        outer = [negative for negative in one.negatives if negative.is_outermost_unless]
        for match in self._positives(one, world, picks):
            if not self._is_spanned_clear(match, judge, answers):
                continue
            if not judge.is_clear(inner, match.bindings, match.things, strict=True):
                continue
            since = self.began[one.number, match.text] = began.get((one.number, match.text), world.clock.now)
            if one.held is not None and not world.clock.reached(since + one.held):
                continue
            if judge.is_clear(outer, match.bindings, match.things, strict=True):
                yield match

    def _is_spanned_clear(self, match: Match, judge: Judge, before: Mapping[tuple[int, str, int], bool]) -> bool:
        """Judge what a sequence says must not come between, or afterwards: once for each match."""
        answers = []
        for number, negative in enumerate(match.alternative.negatives):
            name = (match.alternative.number, match.text, number)
            due = deadline(negative.span, match.bindings)
            if negative.span is None:
                continue
            if due is not None and not judge.world.clock.reached(due):
                return False
            answer = judge.is_clear([negative], match.bindings, match.things, strict=True)
            self.spanned[name] = before.get(name, answer)
            answers.append(self.spanned[name])
        return all(answers)

    def _instants(self, one: Alternative, world: World, judge: Judge, seen: Seen) -> None:
        born = []
        if self.tables.has_new(one, world):
            born = [match for match in self._positives(one, world, {}) if self._is_born(match, world)]
        waiting = [pending for pending in self.pending if pending.match.alternative is one]
        for match in born:
            dues = [due for negative in one.negatives if (due := deadline(negative.span, match.bindings)) is not None]
            waiting.append(Pending(match, max(dues, default=world.clock.now)))
        self.pending = [pending for pending in self.pending if pending.match.alternative is not one]
        for pending in waiting:
            if not world.clock.reached(pending.due):
                self.pending.append(pending)
            elif self.stands(pending.match):
                clear = judge.is_clear(one.negatives, pending.match.bindings, pending.match.things, strict=True)
                seen.judged.append((pending.match, not clear))
                seen.instants += [pending.match] if clear else []

    def _is_born(self, match: Match, world: World) -> bool:
        return match.has_new(world.turn) and self._is_within(match, world)

    def _is_within(self, match: Match, world: World) -> bool:
        """Whether old events still lie within their windows, and events without any window are new."""
        events = {alias: row for alias, row in match.rows.items() if row.is_event}
        any_new = any(row.turn == world.turn for row in events.values())
        for alias, row in events.items():
            windows = match.alternative.windows(alias)
            if not windows and row.turn != world.turn:
                return False
            if not any_new and any(row.at + window <= world.clock.now for window in windows):
                return False
        return True

    def stands(self, match: Match) -> bool:
        """Whether the parts that are no events still stand, the same rows."""
        for pattern in match.alternative.patterns:
            table = self.tables.of(match.alternative, pattern)
            row = match.rows[pattern.alias]
            if row.is_event:
                continue
            rows = list(table.rows)
            if isinstance(table, CountTable) and table.may_be_empty and (found := table.row_of(row.identity[1])):
                rows.append(found)
            if canonical(row.identity) not in {canonical(one.identity) for one in rows}:
                return False
        return True
