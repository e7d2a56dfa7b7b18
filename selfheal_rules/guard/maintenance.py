"""What people work on is left alone, and so is all that is in it."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held, unknown
from selfheal_rules.guard.view import View


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Hold a step until the maintenance of its target, or of anything that is in, ends."""
    names = view.names(proposal.target)
    for guard, scope in proposal.settings.get("maintenance", ()):
        if scope is None or None in scope:
            doubt = unknown("maintenance", "what must not be worked on is missing", None, is_open=guard.is_open)
            if doubt:
                return doubt
        names = (*names, *(value for value in scope or () if value is not None))
    found = view.maintenance(names, now)
    return None if found is None else held("maintenance", found[0], (proposal.target,), found[1])


STAGE = Stage("maintenance", judge, "acting", heeds=lambda view: bool(view.works))
