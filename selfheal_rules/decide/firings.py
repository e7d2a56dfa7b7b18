"""From what the judgement of the rules found to firings: one for each (rule, key), in their order."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from selfheal_rules.compile.plan import Plan, Ruling
from selfheal_rules.decide.episodes import Episodes
from selfheal_rules.decide.errand import Follow
from selfheal_rules.decide.opening import opening_among
from selfheal_rules.decide.straight import Single
from selfheal_rules.match.implied import Implied, Source
from selfheal_rules.match.judge import Found, Judge, Ruled, order_of
from selfheal_rules.match.rows import Match, is_over
from selfheal_rules.match.takers import Firing, Straight
from selfheal_rules.values import canonical_key

_MANY = 256
Fired: TypeAlias = dict[Any, list[Found]]
"""The matches of one rule that fire, by its key."""
Follows: TypeAlias = tuple[int, tuple[Follow, ...]]
"""Of a rule that takes what is implied, the column of its key, and its steps."""


class Firings:
    """Fires the rules that do."""

    def __init__(self, judge: Judge, episodes: Episodes) -> None:
        """Fire what this judge finds into these episodes."""
        self.judge = judge
        self.memory = judge.memory
        self.plan: Plan = judge.network.plan
        self.episodes = episodes
        self.passing = episodes.passing
        ranked = sorted(self.plan.rules, key=lambda one: (-one.rule.priority, one.order))
        self.follows: dict[Source, tuple[Follows, ...]] = {}
        self.places = {ruling.number: place for place, ruling in enumerate(ranked)}

    def fire(self, ruled: Sequence[Ruled], ready: Sequence[tuple[Straight, Firing]]) -> None:
        """Fire in order; what an open episode already deals with is absorbed as evidence."""
        if not ruled and len(ready) == 1 and self.alone(*ready[0]):
            return
        firings: dict[int, Fired] = {}
        for straight, rows in ready:
            self._straight(straight, rows, firings)
        for one in ruled:
            self._gather(one, firings)
        episodes, rules = self.episodes, self.plan.rules
        for number in sorted(firings, key=self.places.__getitem__) if len(firings) > 1 else firings:
            mine, ruling = firings[number], rules[number]
            keys = _ordered(mine) if len(mine) > 1 else mine
            if ruling.simple and not episodes.slow:
                for key in keys:
                    self.passing.fire(ruling, mine[key])
                continue
            for key in keys:
                if not episodes.deals_with(number, key, mine[key]):
                    self.open(ruling, key, mine[key])

    def absorb(self, ruled: Ruled) -> Fired:
        """Take what has become true as having fired; gives what has, by key."""
        firings: dict[int, Fired] = {}
        self._gather(ruled, firings)
        return firings.get(ruled.rule, {})

    def alone(self, straight: Straight, rows: Firing) -> bool:
        """Fire what nearly all firings are, one rule for one key or several implied ones; give whether it was that."""
        if isinstance(rows, Implied):
            return self._follow(straight, rows)
        if len(straight) > 1 or len(rows) > 1 or self.episodes.slow:
            return False
        single: Single = straight[0]
        found = (rows,) if single.find is None else single.find(rows[0], self.memory)
        if len(found) > 1:
            branch = single.branch
            key = branch.key(found[0])
            if any(branch.key(one) != key for one in found):
                return False
            self.passing.fire(single.ruling, [(branch, one, None) for one in found])
        elif found:
            self.passing.say(single.errands, found[0])
        if self.judge.blockable:
            self.judge.free += [(single.ruling.number, one) for one in found]
        return True

    def _follow(self, straight: Straight, implied: Implied) -> bool:
        """Fire what follows from several matches at once, each event for a key of its own; give whether it was that."""
        source, columns = implied.source, implied.columns
        follows = self.follows.get(source)
        if follows is None:
            follows = self.follows[source] = self._follows(straight, source)
        if any(len({*columns[key]}) < len(implied) for key, _ in follows):
            return False
        for key, steps in follows:
            texts = columns[key]
            order: Sequence[int] = range(len(texts))
            if texts != sorted(texts):
                order = sorted(order, key=texts.__getitem__)
            self.passing.follow(steps, implied, order)
        return True

    def _follows(self, straight: Straight, source: Source) -> tuple[Follows, ...]:
        """Find out, in the order of firing, what each rule that takes an event reads of what is told of it."""
        ranked = sorted(straight, key=lambda one: self.places[one.ruling.number])
        told = source.fold.told if source.fold else {}
        found = []
        for single in ranked:
            folded = told[single.branch.number]
            pairs = zip(single.errands, folded.asked, strict=True)
            found.append((folded.key, tuple(Follow(errand, columns) for errand, columns in pairs)))
        return tuple(found)

    def _straight(self, straight: Straight, rows: Firing, firings: dict[int, Fired]) -> None:
        for single in straight:
            branch, find = single.branch, single.find
            if find is None:
                found = [(row,) for row in rows]
            else:
                found = [one for row in rows for one in find(row, self.memory)]
            if not found:
                continue
            number, key_of = single.ruling.number, branch.key
            mine = firings.get(number)
            if mine is None:
                mine = firings[number] = {}
            for one in found:
                key = key_of(one)
                if key in mine:
                    mine[key].append((branch, one, None))
                else:
                    mine[key] = [(branch, one, None)]
            if self.judge.blockable:
                self.judge.free += [(number, one) for one in found]

    def _gather(self, ruled: Ruled, firings: dict[int, Fired]) -> None:
        number = ruled.rule
        mine: Fired = firings.get(number, {})
        for found in ruled.found:
            branch = found[0]
            if not branch.remembers or self._is_new(number, found):
                mine.setdefault(branch.key(found[1]), []).append(found)
        for key in ruled.risen:
            for match in self.judge.true_matches(number, key):
                risen = self._risen(number, match)
                if risen:
                    mine.setdefault(key, []).append(risen)
        if mine:
            firings[number] = mine

    def _is_new(self, number: int, found: Found) -> bool:
        """Whether this assignment of evidence has not fired under any branch of the rule, and from now on it has."""
        fired = self.memory.fired[number]
        mark = (order_of(found), *(row.turn for row in found[1]))
        new = mark not in fired
        fired[mark] = found[1]
        if len(fired) >= self.memory.sweep[number]:
            self._sweep(number)
        return new

    def _sweep(self, number: int) -> None:
        """Forget the marks no match can bear again: a row has ended, or an event was there for one turn only."""
        fired, turn = self.memory.fired[number], self.memory.turn
        kept = {mark: rows for mark, rows in fired.items() if not any(is_over(row, turn) for row in rows)}
        self.memory.fired[number] = kept
        self.memory.sweep[number] = max(_MANY, 2 * len(kept))

    def _risen(self, number: int, match: Match) -> Found | None:
        found = (self.judge.branches[match.branch], match.witness, match)
        if len(self.plan.rules[number].branches) > 1:
            return found if self._is_new(number, found) else None
        picks = match.witness[len(match.rows) :]
        if match.fired is None:
            match.fired = {}
        elif picks in match.fired:
            return None
        match.fired[picks] = None
        return found

    def open(self, ruling: Ruling, key: Any, found: list[Found]) -> None:
        """Open an episode for what fires together."""
        opening = opening_among(ruling, found, self.memory.now)
        branch, rows, match = found[0]
        self.episodes.open(ruling, key, opening, branch, rows, level=match is not None)


def _ordered(fired: Fired) -> list[Any]:
    """Order keys by their canonical text; no two share it."""
    texts = []
    for key, found in fired.items():
        branch, rows, _ = found[0]
        values = key if branch.key is branch.values else branch.values(rows)
        texts.append((canonical_key(values), key))
    texts.sort()
    return [key for _, key in texts]
