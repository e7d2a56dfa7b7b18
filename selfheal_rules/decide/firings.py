"""From what the judgement of the rules found to firings: one for each (rule, key), in their order."""

from collections.abc import Iterable
from typing import Any

from attrs import define, field

from selfheal_rules.compile.plan import Plan, Ruling
from selfheal_rules.decide.decision import Opening
from selfheal_rules.decide.episodes import Episodes
from selfheal_rules.match.judge import Found, Judge, Ruled
from selfheal_rules.match.rows import Match
from selfheal_rules.values import canonical


@define(eq=False)
class Firing:
    """All that fires one rule for one key in one turn."""

    ruling: Ruling
    key: Any
    found: list[Found] = field(factory=list)

    def order(self) -> tuple[int, int, str, str]:
        """Give its place: greater priority, rule order, canonical key, evidence."""
        opening = self.found[0]
        values = opening.branch.values(opening.rows)
        return (-self.ruling.rule.priority, self.ruling.order, canonical(list(values)), opening.order)


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
        firings = [firing for one in ruled for firing in self._gather(one)]
        if len(firings) > 1:
            firings.sort(key=Firing.order)
        for firing in firings:
            if (firing.ruling.number, firing.key) not in self.episodes.running:
                self._open(firing)

    def _gather(self, ruled: Ruled) -> Iterable[Firing]:
        ruling = self.plan.rules[ruled.rule]
        if len(ruled.found) == 1 and not ruled.risen:
            only = ruled.found[0]
            return (Firing(ruling, only.key, [only]),) if self._is_new(only) else ()
        by_key: dict[Any, Firing] = {}
        for found in ruled.found:
            if self._is_new(found):
                by_key.setdefault(found.key, Firing(ruling, found.key)).found.append(found)
        for key in ruled.risen:
            risen = [self._mark(match) for match in self.judge.true_matches(ruled.rule, key) if not _has_fired(match)]
            if risen:
                by_key.setdefault(key, Firing(ruling, key)).found += risen
        for firing in by_key.values():
            if len(firing.found) > 1:
                firing.found.sort(key=lambda found: found.order)
        return by_key.values()

    def _is_new(self, found: Found) -> bool:
        """Whether this assignment has not fired; only kept events can meet the same states again."""
        kept = next((row for row in found.rows if row.key is None and row.places), None)
        if kept is None or all(row.key is None for row in found.rows):
            return True
        if kept.fired is None:
            kept.fired = {}
        mark = (found.branch.number, found.order)
        new = mark not in kept.fired
        kept.fired[mark] = None
        return new

    def _mark(self, match: Match) -> Found:
        branch = self.judge.branches[match.branch]
        if match.fired is None:
            match.fired = {}
        match.fired[match.witness[len(match.rows) :]] = None
        return Found(branch, match.witness, match.key, match)

    def _open(self, firing: Firing) -> None:
        ruling, found = firing.ruling, firing.found[0]
        branch = found.branch
        opening = Opening(
            ruling.ruleset, ruling.rule.id, branch.values(found.rows), branch.aliases, found.rows, self.memory.now
        )
        if len(firing.found) > 1:
            opening.others = tuple((other.branch.aliases, other.rows) for other in firing.found[1:])
        level = found.match is not None
        self.episodes.open(ruling, firing.key, opening, branch.number, found.rows, level=level)


def _has_fired(match: Match) -> bool:
    return match.fired is not None and match.witness[len(match.rows) :] in match.fired
