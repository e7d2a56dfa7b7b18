"""From what the judgement of the rules found to firings: one for each (rule, key), in their order."""

from collections.abc import Sequence
from operator import lt
from typing import Any, TypeAlias

from selfheal_rules.compile.columns import Folded
from selfheal_rules.compile.plan import Plan, Ruling
from selfheal_rules.decide.episodes import Episodes
from selfheal_rules.decide.errand import Follow
from selfheal_rules.decide.opening import opening_among
from selfheal_rules.decide.straight import Single
from selfheal_rules.match.implied import Implied, Source
from selfheal_rules.match.judge import Found, Judge, Ruled, order_of
from selfheal_rules.match.rows import Match, is_over
from selfheal_rules.match.takers import Firing
from selfheal_rules.values import canonical_key

_MANY = 256
Fired = dict[Any, list[Found]]
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
        self.blockable = judge.blockable
        ranked = sorted(self.plan.rules, key=lambda one: (-one.rule.priority, one.order))
        self.follows: dict[tuple[Source, int], Follows] = {}
        self.places = {ruling.number: place for place, ruling in enumerate(ranked)}

    def fire(self, ruled: Sequence[Ruled], ready: Sequence[tuple[Single, Firing]]) -> None:
        """Fire in order; what an open episode already deals with is absorbed as evidence."""
        if len(ready) == 1 and not ruled:
            self._straight(*ready[0])
            return
        firings: dict[int, Fired] = {}
        found: dict[int, tuple[Single, list[Firing]]] = {}
        for single, matches in ready:
            found.setdefault(single.ruling.number, (single, []))[1].append(matches)
        for one in ruled:
            self._gather(one, firings)
        for number in sorted((*found, *firings), key=self.places.__getitem__):
            if number in found:
                single, parts = found[number]
                self._straight(single, parts[0] if len(parts) == 1 else [rows for part in parts for rows in part])
            else:
                self._judged(number, firings[number])

    def _judged(self, number: int, mine: Fired) -> None:
        """Fire a rule by what its judgement found."""
        episodes, ruling = self.episodes, self.plan.rules[number]
        simple = ruling.simple and not episodes.slow
        for key in _ordered(mine) if len(mine) > 1 else mine:
            if simple:
                self.passing.fire(ruling, mine[key])
            elif not episodes.deals_with(number, key, mine[key]):
                self.open(ruling, key, mine[key])

    def absorb(self, ruled: Ruled) -> Fired:
        """Take what has become true as having fired; gives what has, by key."""
        firings: dict[int, Fired] = {}
        self._gather(ruled, firings)
        return firings.get(ruled.rule, {})

    def _straight(self, single: Single, matches: Firing) -> None:
        """Fire a rule by what was found as it came: nearly always one match."""
        if isinstance(matches, Implied):
            if self._follow(single, matches):
                return
            matches = [*matches]
        if self.blockable:
            self.judge.free += [(single.ruling.number, rows) for rows in matches]
        if len(matches) == 1:
            self.passing.say(single.branch, matches[0])
            return
        branch, mine = single.branch, Fired()
        for rows in matches:
            mine.setdefault(branch.key(rows), []).append((branch, rows, None))
        self._judged(single.ruling.number, mine)

    def _follow(self, single: Single, implied: Implied) -> bool:
        """Fire what follows from several matches at once, each event for a key of its own; give whether it was that."""
        source, columns = implied.source, implied.columns
        mark = source, single.ruling.number
        follows = self.follows.get(mark)
        if follows is None:
            follows = self.follows[mark] = _follows(single, source)
        key, steps = follows
        texts = columns[key]
        order: Sequence[int] = range(len(texts))
        if not all(map(lt, texts, texts[1:])):  # else each has its own key, and they stand in order
            if len({*texts}) < len(texts):
                return False
            order = sorted(order, key=texts.__getitem__)
        self.passing.follow(steps, implied, order)
        return True

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


def _follows(single: Single, source: Source) -> Follows:
    """Find out what a rule that takes an event reads of what is told of it."""
    folded = source.fold.told[single.branch.number] if source.fold else Folded(0, ())
    pairs = zip(single.errands, folded.asked, strict=True)
    return folded.key, tuple(Follow(errand, columns) for errand, columns in pairs)


def _ordered(fired: Fired) -> list[Any]:
    """Order keys by their canonical text; no two share it."""
    texts = []
    for key, found in fired.items():
        branch, rows, _ = found[0]
        values = key if branch.key is branch.values else branch.values(rows)
        texts.append((canonical_key(values), key))
    texts.sort()
    return [key for _, key in texts]
