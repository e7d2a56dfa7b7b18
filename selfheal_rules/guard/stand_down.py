"""Where a person, or another healer, has taken a thing in hand, rules stand down."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.guard.view import View


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:
    """Hold a step on what a person has touched, until that is over or somebody releases it."""
    if not (ledger.stood_down or view.touched):
        return None
    for thing in view.names(proposal.target):
        until, why = ledger.stood_down.get(thing, (0, ""))
        if until > now:
            return held("stand_down", f"a person has `{thing}` in hand: {why}", (proposal.target,), until)
        for standing in view.touched:
            if standing.earliest(thing) is not None:
                kinds = ", ".join(standing.census.fits)
                owner = standing.owner or "a person"
                return held("stand_down", f"{owner} has `{thing}` in hand: `{kinds}`", (proposal.target,))
    return None


STAGE = Stage("stand_down", judge, "acting")
