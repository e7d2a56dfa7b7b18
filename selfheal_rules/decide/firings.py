"""From what the judgement of the rules found to firings: one for each (rule, key), in their order."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from selfheal_rules.compile.plan import Plan, Ruling
from selfheal_rules.decide.decision import Opening
from selfheal_rules.decide.episodes import Episodes
from selfheal_rules.match.judge import Found, Judge, Ruled
from selfheal_rules.match.rows import Match
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

    def fire(self, ruled: Iterable[Ruled]) -> None:
        """Fire in order; what an open episode already deals with is absorbed as evidence."""
        firings: dict[Pair, list[Found]] = {}
        for one in ruled:
            self._gather(one, firings)
        pairs = list(firings)
        if len(pairs) > 1:
            pairs.sort(key=lambda pair: self._order(pair, firings[pair][0]))
        running = self.episodes.running
        for pair in pairs:
            if pair not in running:
                self._open(self.plan.rules[pair[0]], pair[1], firings[pair])

    def _order(self, pair: Pair, found: Found) -> tuple[int, int, str]:
        """Give the place of a firing: greater priority, rule order, canonical key; no two share all three."""
        ruling = self.plan.rules[pair[0]]
        return (-ruling.rule.priority, ruling.order, canonical_key(found.branch.values(found.rows)))

    def _gather(self, ruled: Ruled, firings: dict[Pair, list[Found]]) -> None:
        number = ruled.rule
        for found in ruled.found:
            if found.branch.remembers and not self._is_new(number, found):
                continue
            pair = (number, found.branch.key(found.rows))
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
        mark = (found.order, *(row.turn for row in found.rows if row.key is None))
        new = mark not in fired
        if new and len(fired) >= _MANY:
            kept = {other: rows for other, rows in fired.items() if not any(row.gone for row in rows)}
            fired.clear()
            fired.update(kept)
        fired[mark] = found.rows
        return new

    def _risen(self, number: int, match: Match) -> Found | None:
        found = Found(self.judge.branches[match.branch], match.witness, match)
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
        if len(found) > 1:
            found.sort(key=lambda one: one.order)
        first = found[0]
        opening = Opening(ruling, first.branch, first.rows, self.memory.now)
        if len(found) > 1:
            opening.others = tuple((other.branch.aliases, other.rows) for other in found[1:])
        self.episodes.open(ruling, key, opening, first.branch, first.rows, level=first.match is not None)

