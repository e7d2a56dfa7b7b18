"""So many tries for one target, then people: it is quarantined until somebody releases it."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import suppressed
from selfheal_rules.guard.view import View
from selfheal_rules.values import moment


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Suppress the try that is one too many, and every one after it."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["attempts"]:
        place = (guard.key, scope)
        if place in book.quarantined:
            since = moment(book.quarantined[place][0]).isoformat()
            return suppressed("quarantine", f"quarantined since {since}: release it by hand")
        if len(book.since((*place, proposal.action), now - guard.per, now - guard.keep)) >= guard.amount:
            return suppressed("attempts", f"tried {guard.amount:g} times already; quarantined", escalates=True)
    return None


def charge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> None:  # noqa: ARG001 - one shape
    """Count a try."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["attempts"]:
        book.time((guard.key, scope, proposal.action), now)


def refused(proposal: Proposal, ledger: Ledger, view: View, now: int) -> None:  # noqa: ARG001 - one shape
    """Quarantine what was tried too often."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["attempts"]:
        place = (guard.key, scope)
        if (
            scope is not None
            and len(book.since((*place, proposal.action), now - guard.per, now - guard.keep)) >= guard.amount
        ):
            book.quarantined.setdefault(place, (now, proposal.target))


STAGE = Stage("attempts", judge, charge=charge, refused=refused, missing="what its tries are counted by is missing")
