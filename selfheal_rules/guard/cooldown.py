"""The same again only after a while."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.guard.view import View

_NEVER: dict[object, int] = {}


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Hold what would begin too soon after it was last begun."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["cooldown"]:
        place = (guard.key, scope)
        last = book.last.get(guard.key, _NEVER).get(scope)
        if last is not None and now < last + guard.amount:
            retry = last + int(guard.amount)
            return held("cooldown", "the last time was too short a while ago", place, retry)
    return None


def charge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> None:  # noqa: ARG001 - one shape
    """Begin the while."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["cooldown"]:
        book.begin(guard.key, scope, now)


STAGE = Stage("cooldown", judge, opens=True, charge=charge, missing="what it goes by is missing")
