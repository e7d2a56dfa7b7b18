"""Some things no rule ever acts on, nor on what is in them."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import rejected
from selfheal_rules.guard.view import View


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Reject acting on what the site protects."""
    reason = view.protected(proposal.target)
    return None if reason is None else rejected("protected", reason)


STAGE = Stage("protected", judge, "acting", heeds=lambda view: bool(view.shields))
