"""What an event led to is not done once the event is old; a cause that still holds does not grow old."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import suppressed
from selfheal_rules.guard.view import View


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Suppress the first step of an episode that is older than `max_age`, unless people were asked."""
    if proposal.level or proposal.asked or now - proposal.since <= view.max_age:
        return None
    return suppressed("stale", "it was held until its cause was too old to act on")


STAGE = Stage("stale", judge, "every", opens=True)
