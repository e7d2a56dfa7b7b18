"""Of actions that contradict each other on one target, one wins; the others are told to whom they lost."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import suppressed
from selfheal_rules.guard.view import View


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Suppress what a rival, asked for or under way, outranks; of two that ask for the same, the first is heard."""
    for rival in view.rivals:
        if rival.episode is not proposal.episode and _loses(proposal, rival, view):
            return suppressed("conflict", f"lost to `{rival.action}` of rule `{rival.rule}` on the same target")
    book = ledger.book(shadow=proposal.shadow)
    for flight in book.under_way(("lock", proposal.place)) if view.conflicts else ():
        airborne = book.flights[flight]
        if airborne.episode != proposal.episode.number and view.outranks(airborne.action, proposal.action):
            return suppressed("conflict", f"lost to `{airborne.action}`, which is under way on the same target")
    return None


def _loses(proposal: Proposal, rival: Proposal, view: View) -> bool:
    if rival.shadow and not proposal.shadow:
        return False
    same = rival.action == proposal.action and rival.ticket < proposal.ticket
    return same or view.outranks(rival.action, proposal.action)


STAGE = Stage("conflict", judge, "acting")
