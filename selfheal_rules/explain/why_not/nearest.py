"""How near a rule came: one function for each word that can fail."""

from collections.abc import Callable, Mapping

from selfheal_rules.explain.why_not import between, numbers, one
from selfheal_rules.explain.why_not.case import Case
from selfheal_rules.explain.why_not.constraints import HOLDS
from selfheal_rules.explain.why_not.near import Near

NEAR: Mapping[str, Callable[[Case], Near]] = {
    "missing": one.missing,
    "where": one.where,
    "same": between.same,
    "count": numbers.count,
    "aggregate": numbers.measure,
    "for": numbers.too_short,
    "test": between.test,
    "pick": between.pick,
    "within": between.within,
    "sequence": between.sequence,
    "none": between.blocked,
    "unless": between.blocked,
}
"""One for each word a constraint may have; each branch of an `any` is a question of its own."""


def nearest(case: Case) -> Near:
    """Say how near it came; a pattern that would do on its own failed for want of company."""
    pattern = case.failed.pattern
    if pattern and case.failed.rank <= HOLDS and case.held:
        alone = case.probe.matched((*case.own(), case.failed))
        if alone and any(held.pattern is not pattern for held in case.held):
            return one.apart(case, alone)
    return NEAR[case.failed.word](case)
