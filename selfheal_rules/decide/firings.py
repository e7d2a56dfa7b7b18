"""From what the judgement of the rules found to firings: one for each (rule, key), in their order."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from selfheal_rules.compile.plan import Plan, Ruling
from selfheal_rules.decide.episodes import Episodes
from selfheal_rules.decide.opening import Opening
from selfheal_rules.match.judge import Found, Judge, Ruled, order_of
from selfheal_rules.match.network import Straight
from selfheal_rules.match.rows import Kept, Match, Occurrence, still
from selfheal_rules.values import canonical_key

_MANY = 256
Pair: TypeAlias = tuple[int, Any]
"""The number of a rule, and its key."""


class Firings:
    """Fires the rules that do."""

    def __init__(self, judge: Judge, episodes: Episodes) -> None:
        """Fire what this judge finds into these episodes."""
        self.judge = judge
        self.memory = judge.memory
        self.plan: Plan = judge.network.plan
        self.episodes = episodes
        ranked = sorted(self.plan.rules, key=lambda one: (-one.rule.priority, one.order))
        self.places = {ruling.number: place for place, ruling in enumerate(ranked)}

    def fire(self, ruled: Iterable[Ruled], ready: Iterable[tuple[Straight, Any]]) -> None:
        """Fire in order; what an open episode already deals with is absorbed as evidence."""
        firings: dict[Pair, list[Found]] = {}
        for straight, row in ready:
            self._straight(straight, row, firings)
        for one in ruled:
            self._gather(one, firings)
        running, rules = self.episodes.running, self.plan.rules
        for _, _, pair in self._ordered(firings):
            if pair not in running:
                self._open(rules[pair[0]], pair[1], firings[pair])

    def _ordered(self, firings: dict[Pair, list[Found]]) -> list[tuple[int, str, Pair]]:
        """Order firings by greater priority, rule order and canonical key; no two share all three."""
        if len(firings) == 1:
            return [(0, "", pair) for pair in firings]
        places, ordered = self.places, []
        for pair, found in firings.items():
            branch, rows, _ = found[0]
            values = pair[1] if branch.key is branch.values else branch.values(rows)
            ordered.append((places[pair[0]], canonical_key(values), pair))
        ordered.sort()
        return ordered

    def _straight(self, straight: Straight, row: Any, firings: dict[Pair, list[Found]]) -> None:
        for ruling, branch, find in straight:
            for rows in ((row,),) if branch.plain else find(row, self.memory):
                firings.setdefault((ruling.number, branch.key(rows)), []).append((branch, rows, None))
                if self.judge.blockable:
                    self.judge.free.append((ruling.number, rows))

    def _gather(self, ruled: Ruled, firings: dict[Pair, list[Found]]) -> None:
        number = ruled.rule
        for found in ruled.found:
            branch = found[0]
            if branch.remembers and not self._is_new(number, found):
                continue
            pair = (number, branch.key(found[1]))
            known = firings.get(pair)
            if known is None:
                firings[pair] = [found]
            else:
                known.append(found)
        for key in ruled.risen:
            for match in self.judge.true_matches(number, key):
                risen = self._risen(number, match)
                if risen:
                    firings.setdefault((number, key), []).append(risen)

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
        kept = {mark: rows for mark, rows in fired.items() if not any(_is_over(row, turn) for row in rows)}
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

    def _open(self, ruling: Ruling, key: Any, found: list[Found]) -> None:
        several = len(found) > 1
        if several and not ruling.fixed:
            found.sort(key=order_of)
        branch, rows, match = found[0]
        opening = Opening(ruling, branch, still(rows), self.memory.now)
        if several:
            opening.among([(one, opening.rows if part is rows else still(part), None) for one, part, _ in found])
        self.episodes.open(ruling, key, opening, branch, rows, level=match is not None)


def _is_over(row: Any, turn: int) -> bool:
    return bool(row.gone) or (isinstance(row, Occurrence) and not isinstance(row, Kept) and row.turn < turn)
