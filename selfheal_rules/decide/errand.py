"""What a rule that closes as it opens asks for: one record for each of its steps, made once for a whole program."""

from typing import Any, TypeAlias

from selfheal_rules.compile.plan import Action, Branching, Plan, Ruling
from selfheal_rules.decide.opening import Opening
from selfheal_rules.match.implied import Source


class Errand:
    """One step of a simple rule under one branch: what it does, to what, and the firing a decision on it is of."""

    __slots__ = ("action", "branch", "params", "ruling", "step", "target", "targeted")

    def __init__(self, ruling: Ruling, branch: Branching, action: Action) -> None:
        """Take out of a plan what a decision needs."""
        self.ruling = ruling
        self.branch = branch
        self.action = action.action
        self.step = action.name
        self.target = action.target[branch.number]
        self.params = action.params[branch.number] if action.params else None
        self.targeted = action.step.target is not None

    def opening(self, rows: tuple[Any, ...], at: int) -> Opening:
        """Give the firing of one match."""
        return Opening(self.ruling, self.branch, rows, at)


class Follow(Errand):
    """The same, of an event that follows from a match and is only made once somebody asks."""

    __slots__ = ("params_column", "source", "target_column")

    def __init__(self, errand: Errand, source: Source, columns: tuple[int, int]) -> None:
        """Read these columns, of target and params, instead of the event."""
        for name in Errand.__slots__:
            setattr(self, name, getattr(errand, name))
        self.source = source
        self.target_column, self.params_column = columns

    def opening(self, rows: tuple[Any, ...], at: int) -> Opening:
        """Give the firing of the event that follows from one match."""
        return Opening(self.ruling, self.branch, (self.source.derived(rows, at, 0),), at)


Errands: TypeAlias = tuple[Errand, ...]


def errands_of(plan: Plan) -> dict[int, Errands]:
    """Give, by branch, the steps of the rules that close as they open."""
    return {
        number: tuple(Errand(ruling, plan.branches[number], action) for action in ruling.actions)
        for ruling in plan.rules
        if ruling.simple
        for number in ruling.branches
    }
