"""Episodes that close as they open: they are no more than their decisions, and those are known for `max_age`."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from selfheal_rules.compile.plan import Branching, Ruling
from selfheal_rules.decide.decision import MATCHED, SHADOWED, UNMATCHED, UNTARGETED, Decision, Step, Verdict, blank
from selfheal_rules.decide.errand import Follow, Followed, errands_of
from selfheal_rules.decide.opening import opening_among
from selfheal_rules.match.implied import Implied
from selfheal_rules.match.judge import Found
from selfheal_rules.values import EMPTY

if TYPE_CHECKING:
    from selfheal_rules.decide.episodes import Episodes


WORDS: Mapping[str, Any] = {
    "blank": blank,
    "EMPTY": EMPTY,
    "SHADOWED": SHADOWED,
    "UNTARGETED": UNTARGETED,
    "Step": Step,
    "MATCHED": MATCHED,
    "UNMATCHED": UNMATCHED,
}
"""What generated decisions are made of."""
Say: TypeAlias = Callable[[tuple[Any, ...], int, Verdict | None], tuple[Decision, ...]]
"""(rows, now, caution) → the decisions on a match."""


class Passing:
    """Issues every step of a simple rule as it fires; which firing that is, is only reckoned once somebody asks."""

    def __init__(self, episodes: "Episodes", max_age: int) -> None:
        """Decide beside these episodes."""
        self.episodes = episodes
        self.memory = episodes.memory
        self.max_age = max_age
        self.errands = errands_of(episodes.plan)
        self.recent: deque[Decision] = deque()
        branches = {number: episodes.plan.branches[number] for number in self.errands}
        self.says: dict[int, Say] = {
            number: one.say(self._words(number)) for number, one in branches.items() if one.say
        }
        """By branch, what decides on a match."""

    def _words(self, number: int) -> dict[str, Any]:
        errands = {f"e{at}": errand for at, errand in enumerate(self.errands[number])}
        return {**WORDS, "keep": self.recent.append, **errands}

    def fire(self, ruling: Ruling, found: list[Found]) -> None:
        """Decide on the matches that fire for one key."""
        branch, rows, _ = found[0]
        if len(found) == 1:
            self.say(branch, rows)
            return
        opening = opening_among(ruling, found, self.memory.now)
        for decision in self.say(found[0][0], opening.rows):
            decision._opening = opening  # noqa: SLF001 - it was made here

    def say(self, branch: Branching, rows: tuple[Any, ...]) -> tuple[Decision, ...]:
        """Decide what the steps of a rule ask for, on the rows of a match as they are now."""
        episodes = self.episodes
        made = self.says[branch.number](branch.still(rows), self.memory.now, episodes.caution)
        episodes.decisions += made
        return made

    def follow(self, steps: tuple[Follow, ...], implied: Implied, order: Sequence[int]) -> None:
        """Decide, in this order, on every event that follows from a match."""
        each = [self._each(one, implied, order) for one in steps]
        made = each[0] if len(each) == 1 else [one for some in zip(*each, strict=True) for one in some]
        self.episodes.decisions += made
        self.recent += made

    def _each(self, step: Follow, implied: Implied, order: Sequence[int]) -> list[Decision]:
        """Decide what one step asks for on every event."""
        why, now, made = Followed(step.errand, implied), self.memory.now, []
        targets, verdict = implied.columns[step.target], self.episodes.caution or SHADOWED
        for at in order:
            decision = blank()
            decision.errand, decision.rows = why, at
            decision.at, decision.verdict = now, verdict
            decision.target, decision.params = targets[at], EMPTY
            made.append(decision)
        if step.params >= 0:
            for decision in made:
                decision.params = implied.columns[step.params][decision.rows]
        if verdict is SHADOWED and step.errand.targeted and None in targets:
            for decision in made:
                decision.verdict = UNTARGETED if decision.target is None else verdict
        return made

    def forget(self) -> None:
        """Let go of what is older than `max_age`."""
        recent, limit = self.recent, self.memory.now - self.max_age
        while recent and recent[0].at <= limit:
            recent.popleft()
