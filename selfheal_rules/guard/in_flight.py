"""So many attempts under way at once."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.guard.view import View


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Hold an attempt that would be one too many."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["max_in_flight"]:
        place = (guard.key, scope)
        flights = book.under_way(place)
        if len(flights) >= guard.amount:
            retry = min(book.flights[one].ends for one in flights) if flights else None
            return held("max_in_flight", f"{len(flights)} under way, {guard.amount:g} may be", place, retry)
    return None


STAGE = Stage("max_in_flight", judge, missing="what it is counted by is missing")
