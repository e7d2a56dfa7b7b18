"""What one stage hands over to the next: what a rule has found, or that it holds no longer."""

from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

from selfheal_rules.compile.plan import Branching, Plan, Ruling
from selfheal_rules.compile.routes import Node, key_text
from selfheal_rules.compile.scenes import RuleName
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.evidence import plain_row
from selfheal_rules.decide.firings import Firings
from selfheal_rules.match.judge import Found, Judge, Ruled
from selfheal_rules.values import Value, lookup
from selfheal_rules.vocabulary import ATTRIBUTES


@frozen(eq=False)
class Proposal:
    """
    A match of a rule that is decided in a later stage.

    `branch` is the place of what came true among the branches of the rule, `rows` what stands for its aliases as it was
    then; `level` tells that it is of states alone, and may fall again; `caution` is why nothing of it may be done.
    """

    rule: RuleName
    branch: int
    aliases: tuple[str, ...]
    rows: tuple[Any, ...] = field(repr=False)
    level: bool
    caution: Verdict | None = None

    def key(self, node: Node | None) -> str:
        """Give the text that says in which partition of a stage it is decided, by a value of the match."""
        return "" if node is None else key_text(self._value(*node))

    def _value(self, alias: str, path: tuple[str, ...]) -> Value:
        row = self.rows[self.aliases.index(alias)]
        value: Value = getattr(row, path[0]) if path[0] in ATTRIBUTES and len(path) == 1 else lookup(row.fields, path)
        return value


@frozen
class Withdrawal:
    """That a rule holds no longer for a key, whoever decided on it."""

    rule: RuleName
    key: Any


Handover = Proposal | Withdrawal


class Proposing(Firings):
    """Fires what is decided here, and keeps what is decided elsewhere for whoever hands it over."""

    def __init__(self, firings: Firings, rules: Sequence[RuleName]) -> None:
        """Take the place of what fires; these rules are decided elsewhere."""
        super().__init__(firings.judge, firings.episodes)
        self.found: list[Handover] = []
        named = [(ruling, (ruling.ruleset, ruling.name)) for ruling in self.plan.rules if not ruling.watcher]
        self.handed = {ruling.number: name for ruling, name in named if name in rules}
        branches = (enumerate(_branches(self.plan, number)) for number in self.handed)
        self.branches = {one.number: at for numbered in branches for at, one in numbered}

    def fire(self, ruled: Sequence[Ruled], ready: Sequence[Any]) -> None:
        """Keep what has fallen, too."""
        for one in ruled:
            if one.rule in self.handed:
                self.found += [Withdrawal(self.handed[one.rule], key) for key in one.fallen]
        super().fire(ruled, ready)

    def open(self, ruling: Ruling, key: Any, found: list[Found]) -> None:
        """Open an episode for what is decided here; keep the rest."""
        name = self.handed.get(ruling.number)
        if name is None:
            super().open(ruling, key, found)
            return
        for branch, rows, match in found:
            still = tuple(map(plain_row, branch.still(rows)))
            place = self.branches[branch.number], branch.aliases
            self.found.append(Proposal(name, *place, still, match is not None, self.episodes.caution))


class Deciding:
    """Has the rounds of an engine judge what other engines have found for rules that are only decided here."""

    def __init__(self, judge: Judge, rules: Sequence[RuleName]) -> None:
        """Stand between the rounds and the judge: what is given for a rule is what the judge would have found."""
        self.network, self.rule = judge.network, judge.rule
        judge.rule = self.judged  # type: ignore[method-assign]  # the instance's stands before the class's
        plan = self.network.plan
        named = {(ruling.ruleset, ruling.name): ruling.number for ruling in plan.rules if not ruling.watcher}
        self.numbers = {name: named[name] for name in rules}
        self.branches = {name: _branches(plan, number) for name, number in self.numbers.items()}
        self.given: dict[int, Ruled] = {}

    def give(self, handed: Sequence[Handover]) -> None:
        """Have the next round judge what was found elsewhere."""
        for one in handed:
            number = self.numbers[one.rule]
            if number not in self.given:
                self.given[number] = Ruled(number)
                self.network.wake(number)
            if isinstance(one, Withdrawal):
                self.given[number].fallen[one.key] = None
            else:
                branch = self.branches[one.rule][one.branch]
                self.given[number].found.append((branch, one.rows, _STOOD if one.level else None))

    def judged(self, number: int) -> Ruled:
        """Give what was found for a rule, here or elsewhere."""
        return self.given.pop(number, None) or self.rule(number)


_STOOD: Any = object()
"""In the place of the match of states that stands in another engine."""


def _branches(plan: Plan, rule: int) -> list[Branching]:
    return [branch for branch in plan.branches if branch.rule == rule]
