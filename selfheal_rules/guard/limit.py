"""So many different targets within a while."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.guard.view import View


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Hold a target that would be one too many in (now - per, now]."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["limit"]:
        place = (guard.key, scope)
        acted = book.acted(place, now - guard.per, now - guard.keep)
        over = len(acted) - int(guard.amount)
        if over >= 0 and proposal.target not in acted:
            retry = [*acted.values()][over] + guard.per if acted else None
            shown = ", ".join(map(str, scope)) if isinstance(scope, tuple) and scope else ""
            reason = f"{len(acted)} targets acted on of late{' in ' + shown if shown else ''}, {guard.amount:g} may be"
            return held("limit", reason, place, retry)
    return None


def charge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> None:  # noqa: ARG001 - one shape
    """Count a target."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["limit"]:
        book.act((guard.key, scope), proposal.target, now)


STAGE = Stage("limit", judge, charge=charge, missing="what it is counted by is missing")
