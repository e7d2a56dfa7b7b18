"""One action at a time on one thing."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger, Scope
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held, unknown
from selfheal_rules.guard.view import View


def places(proposal: Proposal) -> tuple[Scope, ...]:
    """Give what a step locks: its target, and what its rule says besides."""
    target = ("lock", proposal.place)
    declared = proposal.settings.get("lock")
    if declared is None:
        return (target,)
    return (target, *(("lock", (value,)) for _, scope in declared for value in scope or () if value is not None))


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Hold a step while something else is being done to the same thing."""
    book = ledger.book(shadow=proposal.shadow)
    for place in places(proposal):
        for flight in book.under_way(place):
            airborne = book.flights[flight]
            return held("lock", f"`{airborne.action}` is under way on `{place[1][0]}`", place, airborne.ends)
    for guard, scope in proposal.settings.get("lock", ()):
        if scope is None or None in scope:
            return unknown("lock", "what it locks is missing", None, is_open=guard.is_open)
    return None


STAGE = Stage("lock", judge, "acting")
