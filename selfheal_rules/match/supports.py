"""Truth maintenance: what is concluded stands while a support stands, and the strongest support says what it is."""

from bisect import bisect_left
from bisect import insort_left as insort
from collections.abc import Sequence
from typing import Any

from attrs import define, field

from selfheal_rules.compile.plan import Branching, Conclusion, Ruling
from selfheal_rules.match.implied import Implied, Source, author_of
from selfheal_rules.match.judge import Found, Judge, Ruled, order_of
from selfheal_rules.match.memory import LAPSE
from selfheal_rules.match.rows import Derived, Match, Record, Row, Support, evidence_of, still
from selfheal_rules.values import FrozenMap, Value, canonical
from selfheal_rules.vocabulary import FieldType, Kind

SOURCE = "selfheal"
"""The source of everything an engine concludes."""


@define
class Posted:
    """The matches of which a step has concluded events at this instant, since this turn."""

    turn: int
    waiting: list[Found] = field(factory=list)
    texts: dict[str, None] = field(factory=dict)


class Supports:
    """The conclusions of a network: events posted, states held up."""

    def __init__(self, judge: Judge) -> None:
        """Conclude from what this judge finds."""
        self.judge = judge
        self.network = judge.network
        self.memory = judge.memory
        self.plan = judge.network.plan
        self.touched: dict[int, dict[tuple[str, Any], None]] = {}
        self.made = 0
        self.sources: dict[tuple[int, int], Source] = {}
        self.posted: dict[tuple[int, int], Posted] = {}
        self.posted_at = -1
        self.quiet = False
        """Whether what is true counts as already true: no event is posted, nothing is cleared."""

    def rule(self, ruling: Ruling, ruled: Ruled) -> None:
        """Draw the conclusions of one judged rule."""
        for index, step in enumerate(ruling.steps):
            if not isinstance(step, Conclusion):
                continue
            if step.kind.form == "event":
                self._events(ruling, index, step, ruled.found)
            else:
                for found in ruled.found:
                    self._found(ruling, index, step, found)
            for match in ruled.changed:
                self._level(ruling, index, step, match)

    # Instant matches

    def _found(self, ruling: Ruling, index: int, step: Conclusion, found: Found) -> None:
        branch, rows, _ = found
        if step.step.cleared:
            self._clear(step, branch, rows)
            return
        support = self.support(ruling, index, step, branch, rows)
        if support and step.ttl:
            self.lapse(support, self.memory.now + step.ttl)
            if branch.lasting or any(row.key is not None for row in rows):
                support.match = self.judge.follow(branch, rows)
                support.match.supports.append(support)

    # Level matches

    def _level(self, ruling: Ruling, index: int, step: Conclusion, match: Match) -> None:
        branch = self.plan.branches[match.branch]
        if match.once:
            for support in match.supports:
                if support and not match.true:
                    self.remove(support)
            return
        while len(match.supports) <= index:
            match.supports.append(None)
        support = match.supports[index]
        picks = match.witness[len(match.rows) :]
        if support is not None and match.true and support.picks != picks:
            self._ceased(branch, step, match, index)
            support = match.supports[index] = None
        if not match.true:
            self._ceased(branch, step, match, index)
        elif support is not None and not (support.removed and support.ends is not None):
            self._still(step, branch, match, support)
        else:
            self._began(ruling, index, step, match)

    def _began(self, ruling: Ruling, index: int, step: Conclusion, match: Match) -> None:
        branch = self.plan.branches[match.branch]
        again = self._again(ruling, index, branch, match) if self.memory.lingering else None
        if again is not None:
            match.supports[index] = again
            again.picks = match.witness[len(match.rows) :]
            self._still(step, branch, match, again)
            return
        marker = Support(ruling.number, index, step.step.kind, branch.aliases, match.witness, self.memory.now)
        if step.kind.form == "event":
            self._events(ruling, index, step, ((branch, match.witness, match),))
            match.supports[index] = marker
        elif step.step.cleared:
            self._clear(step, branch, match.witness)
            match.supports[index] = marker
        else:
            match.supports[index] = self.support(ruling, index, step, branch, match.witness)
        began = match.supports[index]
        if began is not None:
            began.picks = match.witness[len(match.rows) :]

    def _again(self, ruling: Ruling, index: int, branch: Branching, match: Match) -> Support | None:
        """Give the support that a match had which is true once more before the `ttl` is over."""
        text = canonical(evidence_of(branch.aliases, match.witness))
        return self.memory.lingering.get((ruling.number, index, ruling.branches.index(branch.number), text))

    def _linger(self, support: Support, branch: Branching, ends: int) -> None:
        """Let a support stand until then, to be found again by the evidence of its match."""
        place = self.plan.rules[support.rule].branches.index(branch.number)
        support.lingers = place, canonical(evidence_of(support.aliases, support.rows))
        self.memory.lingering[support.rule, support.step, *support.lingers] = support
        self.lapse(support, ends)

    def _recall(self, support: Support) -> None:
        if support.lingers is not None:
            self.memory.lingering.pop((support.rule, support.step, *support.lingers), None)
            support.lingers = None

    def _still(self, step: Conclusion, branch: Branching, match: Match, support: Support) -> None:
        support.ends = None
        self._recall(support)
        if step.kind.form == "event" or step.step.cleared or support.removed:
            return
        fields = step.fields[branch.number](match.witness)
        key = _key(step.kind, fields)
        if key is None:
            self.remove(support)
            return
        if fields != support.fields or key[0] != support.key:
            self.remove(support)
            renewed = support.renewed(fields, still(match.witness))  # the old one is a reason that was given
            match.supports[match.supports.index(support)] = renewed
            self._hold(renewed, key)

    def _ceased(self, branch: Branching, step: Conclusion, match: Match, index: int) -> None:
        support = match.supports[index]
        if support is None:
            return
        lingers = branch.timed and step.ttl and step.kind.form == "state" and not step.step.cleared
        if lingers and not support.removed and step.ttl:
            if support.ends is None:
                self._linger(support, branch, self.memory.now + step.ttl)
            return
        match.supports[index] = None
        self.remove(support)

    # Events

    def _events(self, ruling: Ruling, index: int, step: Conclusion, found: Sequence[Found]) -> None:
        """Post a concluded event for each match to the rules above."""
        if self.quiet or not found:
            return
        first = found[0][0]  # of the only branch, if there is one
        if len(ruling.branches) > 1 or first.level or first.remembers:
            found = self._new(ruling, index, found)
        now, turn = self.memory.now, self.memory.turn
        if step.fold is not None and (straight := self.network.firing.get(step.kind.name)):
            source = self._source(ruling, index, step, first)
            self.made += len(found)
            implied = Implied(source, *step.fold.columns(found), now, turn)
            self.network.ready += [(single, implied) for single in straight]
            return
        self._post(
            step,
            [
                self._source(ruling, index, step, branch).derived(branch.still(rows), now, turn)
                for branch, rows, _ in found
            ],
        )

    def _source(self, ruling: Ruling, index: int, step: Conclusion, branch: Branching) -> Source:
        known = self.sources.get((branch.number, index))
        if known is None:
            known = self.sources[branch.number, index] = Source(ruling, index, step, branch)
        return known

    def _new(self, ruling: Ruling, index: int, found: Sequence[Found]) -> Sequence[Found]:
        """
        Leave out what has been concluded of the same evidence now: the id would be the same.

        Within a turn only another branch can do so. So nothing is written down before there is something to compare.
        """
        if self.posted_at != self.memory.now:
            self.posted_at = self.memory.now
            self.posted.clear()
        posted = self.posted.setdefault((ruling.number, index), Posted(self.memory.turn))
        if len(ruling.branches) == 1 and posted.turn == self.memory.turn:
            posted.waiting += found
            return found
        posted.texts.update((order_of(one), None) for one in posted.waiting)
        posted.waiting.clear()
        new = []
        for one in found:
            text = order_of(one)
            if text not in posted.texts:
                posted.texts[text] = None
                new.append(one)
        return new

    def _post(self, step: Conclusion, rows: list[Derived]) -> None:
        if not step.total:
            rows = [row for row in rows if row.fields is not None and _complete(step.kind, row.fields)]
        self.made += len(rows)
        self.network.concluded(step.kind.name, tuple(rows))

    # States

    def support(
        self, ruling: Ruling, index: int, step: Conclusion, branch: Branching, rows: tuple[Row, ...]
    ) -> Support | None:
        """Hold up a state; None where its key cannot be told."""
        fields = step.fields[branch.number](rows)
        key = _key(step.kind, fields)
        if key is None:
            return None
        support = Support(ruling.number, index, step.kind.name, branch.aliases, still(rows), self.memory.now)
        support.fields = fields
        support.name = ruling.rule.id
        self._hold(support, key)
        return support

    def issued(self, ruling: Ruling, index: int, step: Conclusion, why: tuple[Any, Any], fields: Any) -> None:
        """Draw the conclusion of an issued step: it stands for its `ttl`, whatever becomes of its cause."""
        aliases, rows = why
        memory = self.memory
        if step.kind.form == "event":
            author = author_of(ruling, index, step, aliases)
            self._post(step, [Derived(step.kind.name, fields, memory.now, memory.turn, author, rows)])
            return
        key = _key(step.kind, fields, only_key=step.step.cleared)
        if key is None:
            return
        if step.step.cleared:
            self._remove_all(step.kind.name, key[0])
            return
        support = Support(ruling.number, index, step.kind.name, aliases, rows, memory.now)
        support.fields, support.name = fields, ruling.rule.id
        self._hold(support, key)
        if step.ttl:
            self.lapse(support, memory.now + step.ttl)

    def _hold(self, support: Support, key: tuple[Any, tuple[Value, ...]]) -> None:
        support.key, support.values = key
        records = self.memory.records.setdefault(support.kind, {})
        record = records.get(support.key)
        if record is None:
            record = records[support.key] = Record(support.kind, support.key, support.values)
            record.source = SOURCE
            record.since = -1
        record.supports[support] = None
        if record.ranked is not None:
            insort(record.ranked, support, key=self._strength)  # of equal ones the one made last is the stronger
        self.made += 1
        self.touch(support.kind, support.key)

    def remove(self, support: Support) -> None:
        """Hold up a state no longer."""
        support.removed = True
        self._recall(support)
        record = self.memory.records.get(support.kind, {}).get(support.key)
        if record is not None and support in record.supports:
            del record.supports[support]
            if record.ranked is not None:
                del record.ranked[self._rank(record.ranked, support)]
            self.touch(support.kind, support.key)

    def _strength(self, support: Support) -> tuple[Any, ...]:
        return strength_of(support, self.plan.rules[support.rule], self.plan.entries[support.kind].kind)

    def _rank(self, ranked: list[Support], support: Support) -> int:
        place = bisect_left(ranked, self._strength(support), key=self._strength)
        while ranked[place] is not support:
            place += 1
        return place

    def lapse(self, support: Support, ends: int) -> None:
        """Have a support end by itself."""
        support.ends = ends
        self.memory.timer(ends, LAPSE, support)

    def lapsed(self, support: Support) -> None:
        """End a support whose time is over."""
        if support.ends is None or support.ends > self.memory.now:
            return
        self.remove(support)
        match = support.match
        if match is not None and all(other is None or other.removed for other in match.supports):
            self.judge.drop(match)

    def _clear(self, step: Conclusion, branch: Branching, rows: tuple[Row, ...]) -> None:
        key = _key(step.kind, step.fields[branch.number](rows), only_key=True)
        if key and not self.quiet:
            self._remove_all(step.kind.name, key[0])

    def _remove_all(self, kind: str, key: Any) -> None:
        record = self.memory.records.get(kind, {}).get(key)
        for support in tuple(record.supports) if record else ():
            self.remove(support)

    def touch(self, kind: str, key: Any) -> None:
        """Have what now holds of a state told, once its kind is settled."""
        number = self.plan.flushes.get(kind, -1)
        keys = self.touched.get(number)
        if keys is None:
            keys = self.touched[number] = {}
            self.network.flush(number)
        keys[(kind, key)] = None

    def flush(self, number: int) -> None:
        """Tell the rules above what now holds of the kinds that are settled."""
        for kind, key in self.touched.pop(number, ()):
            record = self.memory.records[kind][key]
            if record.supports:
                self._show(record)
            else:
                del self.memory.records[kind][key]
                self.network.touched = True
                self.network.clear(record)

    def _show(self, record: Record) -> None:
        """Have a state be what its strongest support says, and all of them its cause, the strongest first."""
        if len(record.supports) == 1:
            record.ranked = None
        elif record.ranked is None:
            record.ranked = list(reversed(record.supports))
            record.ranked.sort(key=self._strength)
        supports = tuple(record.ranked or record.supports)
        record.cause = supports
        for row in record.rows.values():
            row.cause, row.twin = supports, None
        fields = FrozenMap(supports[0].fields)
        if record.since >= 0 and record.fields == fields:
            return
        self.network.touched = True
        if record.since < 0:
            record.since = self.memory.now
        record.fields, record.at = fields, self.memory.now
        self.network.record(record, self.memory.now)


def strength_of(support: Support, ruling: Ruling, kind: Kind) -> tuple[Any, ...]:
    """Give what tells which of two supports wins: the lesser; reckoned once."""
    if support.strength is not None:
        return support.strength
    ranks = tuple(
        -_rank(declared.type, support.fields.get(name))
        for name, declared in kind.fields.items()
        if declared.type.name == "ordered"
    )
    evidence = canonical(evidence_of(support.aliases, support.rows))
    support.strength = (-ruling.rule.priority, ranks, ruling.order, -support.at, evidence, support.step)
    return support.strength


def _rank(kind: FieldType, word: Value) -> int:
    return kind.rank(word) if word is not None else -1


def _complete(kind: Kind, fields: dict[str, Value]) -> bool:
    return all(name in fields for name, declared in kind.fields.items() if declared.required)


def _key(
    kind: Kind, fields: dict[str, Value] | None, *, only_key: bool = False
) -> tuple[Any, tuple[Value, ...]] | None:
    if fields is None:
        return None
    values = tuple(SOURCE if name == "source" else fields.get(name) for name in kind.key)
    if any(value is None for value in values) or not (only_key or _complete(kind, fields)):
        return None
    return state_key(kind, values), values


def state_key(kind: Kind, values: tuple[Value, ...]) -> Any:
    """Give the key of a state: 1, 1.0 and true stay apart."""
    return values if kind.is_keyed_plainly else canonical(list(values))
