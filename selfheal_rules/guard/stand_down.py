"""Where a person, or another healer, has taken a thing in hand, rules stand down."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.stage import ALWAYS, Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import held


def bind(_: object, desk: Desk) -> Asked:
    """Hold a step on what a person has touched, until that is over or somebody releases it."""
    view, stood_down = desk.view, desk.ledger.stood_down

    def verdict(proposal: Proposal, _: object, now: int) -> Verdict | None:
        if not (stood_down or view.touched):
            return None
        for thing in view.names(proposal.target):
            until, why = stood_down.get(thing, (0, ""))
            if until > now:
                return held("stand_down", f"a person has `{thing}` in hand: {why}", (proposal.target,), until)
            for standing in view.touched:
                if standing.earliest(thing) is not None:
                    kinds = ", ".join(standing.census.fits)
                    owner = standing.owner or "a person"
                    return held("stand_down", f"{owner} has `{thing}` in hand: `{kinds}`", (proposal.target,))
        return None

    return Asked(verdict, ALWAYS if view.touched else Phrase("{stood_down}", stood_down=stood_down))


STAGE = Stage("stand_down", bind, "acting")
