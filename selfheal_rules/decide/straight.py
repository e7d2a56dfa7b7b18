"""
What fires as it is found: rules that close as they open, of events alone or of one count, while no guard judges all.

A group of a count fires as it rises: a rule that asks for no more, under a key no other group has, is true for the key
while the row stands, and there is nothing else to follow.
"""

from collections.abc import Iterator, Mapping

from selfheal_rules.compile.plan import Branching, Find, Part, Plan, Ruling, Seed
from selfheal_rules.decide.errand import Errands


class Single:
    """A rule that fires as it is found, by one seed: `find` is None where every event is a match."""

    __slots__ = ("branch", "errands", "find", "ruling")

    def __init__(self, ruling: Ruling, branch: Branching, find: Find, errands: Errands) -> None:
        """Take out of a plan what a firing needs."""
        self.ruling = ruling
        self.branch = branch
        self.find = None if branch.plain else find
        self.errands = errands


def joins_of(plan: Plan, errands: Mapping[int, Errands]) -> dict[Seed, Single]:
    """Give, by seed, what fires where the seed finds a match."""
    return dict(_singles(plan, errands))


def straight_of(plan: Plan, joins: dict[Seed, Single]) -> tuple[tuple[Single, ...] | None, ...]:
    """Give, by part, what a single event of it fires, where that is all it can do; None where there is more."""
    return tuple(_straight(part, joins) for part in plan.parts)


def _straight(part: Part, joins: dict[Seed, Single]) -> tuple[Single, ...] | None:
    if part.form != "event" or part.keep or part.probes or part.watches or part.counts:
        return None
    if any(seed not in joins or len(joins[seed].branch.parts) > 1 for seed in part.seeds):
        return None
    known = [joins[seed] for seed in part.seeds]
    return tuple(sorted(known, key=lambda one: (-one.ruling.rule.priority, one.ruling.order)))


def _singles(plan: Plan, errands: Mapping[int, Errands]) -> Iterator[tuple[Seed, Single]]:
    if any(plan.entries[kind].taken for kind in plan.entries if kind.startswith("selfheal.")):
        return
    for part in plan.parts:
        for seed in part.begun():
            ruling, branch = plan.rules[seed.rule], plan.branches[seed.branch]
            alone = ruling.simple and len(ruling.branches) == 1
            if alone and branch.bare and (_is_risen(part, branch) or not (branch.level or branch.remembers)):
                yield seed, Single(ruling, branch, seed.find, errands[branch.number])


def _is_risen(part: Part, branch: Branching) -> bool:
    """Whether a branch is true for a key since a row of its only part began to stand, and fires by that alone."""
    return branch.grouped and branch.plain and not (part.heeded or part.held or part.negative)
