"""What a rule that closes as it opens asks for: one record for each of its steps, made once for a whole program."""

from typing import Any, TypeAlias

from selfheal_rules.compile.plan import Action, Branching, Plan, Ruling
from selfheal_rules.decide.opening import Opening
from selfheal_rules.match.implied import Implied


class Errand:
    """One step of a simple rule under one branch: what it does, to what, and the firing a decision on it is of."""

    __slots__ = ("action", "branch", "ruling", "step", "targeted")
    attempt = words = 1

    def __init__(self, ruling: Ruling, branch: Branching, action: Action) -> None:
        """Take out of a plan what a decision needs."""
        self.ruling = ruling
        self.branch = branch
        self.action = action.action
        self.step = action.name
        self.targeted = action.step.target is not None

    def opening(self, rows: Any, at: int) -> Opening:
        """Give the firing of one match, of its rows or of the only one there is; or of a list of matches."""
        if rows.__class__ is not list:
            return Opening(self.ruling, self.branch, rows if rows.__class__ is tuple else (rows,), at)
        opening = Opening(self.ruling, self.branch, rows[0], at)
        opening.among([(self.branch, one, None) for one in rows])
        return opening


class Follow:
    """The same step, of events that follow from matches: it finds in columns what it would read of them."""

    __slots__ = ("errand", "params", "target")

    def __init__(self, errand: Errand, columns: tuple[int, int]) -> None:
        """Read these columns, of target and params (-1: there are none)."""
        self.errand = errand
        self.target, self.params = columns


class Followed:
    """What events that follow at once have fired: each is made once somebody asks for the firing."""

    __slots__ = ("_errand", "action", "implied", "step")
    attempt = words = 1

    def __init__(self, errand: Errand, implied: Implied) -> None:
        """Hold what they follow from."""
        self._errand = errand
        self.action, self.step = errand.action, errand.step
        self.implied = implied

    def opening(self, place: int, at: int) -> Opening:
        """Give the firing of the event in this place."""
        row = self.implied.source.derived(self.implied.rows(place), at, 0)
        return self._errand.opening((row,), at)


Errands: TypeAlias = tuple[Errand, ...]


def errands_of(plan: Plan) -> dict[int, Errands]:
    """Give, by branch, the steps of the rules that close as they open."""
    return {
        number: tuple(Errand(ruling, plan.branches[number], action) for action in ruling.actions)
        for ruling in plan.rules
        if ruling.simple
        for number in ruling.branches
    }
