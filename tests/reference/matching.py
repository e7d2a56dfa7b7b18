"""Which matches a condition has in a turn, and what must not be."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from attrs import define, field

from selfheal_rules.values import canonical
from tests.reference.alternatives import Alternative, Negative, Span, is_event
from tests.reference.leaves import Bindings, Reader, Row
from tests.reference.rows import CountTable, World, since
from tests.reference.search import Match, Tables, place, things_of


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
        started = since(self.tables.began, self.world.clock)
        if negative.span:
            last, first = begin(negative.span, bound)
            return started <= last and self.world.clock.now - first <= self.world.max_age + negative.span.look
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


def begin(span: Span, bound: Bindings) -> tuple[int, int]:
    """Give when the item before stood, and from when on an event counts."""
    last = max(place(bound[alias]) for alias in span.before)[0]
    ahead = [place(bound[alias])[0] for alias in span.after]
    return last, max(last, min(ahead) - span.reach) if ahead and span.reach is not None else last


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
            rest = [[alias, *row.mark] for alias, row in others]
            groups.setdefault(canonical(rest), []).append(match)
        chosen = []
        for rest_text, group in groups.items():
            before = kept.get((one.number, rest_text))
            best = next((match for match in group if match.mark == before), None) or self._best(one, group, world)
            if best:
                self.picks[one.number, rest_text] = best.mark
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
            since = self.began[one.number, match.mark] = began.get((one.number, match.mark), world.clock.now)
            if one.held is not None and not world.clock.reached(since + one.held):
                continue
            if judge.is_clear(outer, match.bindings, match.things, strict=True):
                yield match

    def _is_spanned_clear(self, match: Match, judge: Judge, before: Mapping[tuple[int, str, int], bool]) -> bool:
        """Judge what a sequence says must not come between, or afterwards: once for each match."""
        answers = []
        for number, negative in enumerate(match.alternative.negatives):
            name = (match.alternative.number, match.mark, number)
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
            if canonical(row.mark) not in {canonical(one.mark) for one in rows}:
                return False
        return True
