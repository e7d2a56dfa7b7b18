"""Where a person, or another healer, has taken a thing in hand, rules stand down."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import ANYTHING
from selfheal_rules.guard.stage import ALWAYS, Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.spelling import identity


def bind(_: object, desk: Desk) -> Asked:
    """Hold a step on what a person has touched, until that is over or somebody releases it."""
    view, stood_down = desk.view, desk.ledger.stood_down

    def verdict(proposal: Proposal, _: object, now: int) -> Verdict | None:
        if not (stood_down or view.touched):
            return None
        things, scope = view.names(proposal.target), (proposal.target,)
        for thing in (*things, ANYTHING) if stood_down else ():
            until, why = stood_down.get(identity(thing), (0, ""))
            if until > now:
                known = thing != ANYTHING
                what = (
                    f"a person has `{thing}` in hand" if known else f"all is left alone until `{ANYTHING}` is released"
                )
                return held("stand_down", f"{what}: {why}", scope, until)
        marked = view.in_hand(things)
        return None if marked is None else held("stand_down", marked, scope)

    return Asked(verdict, ALWAYS if view.touched else Phrase("{stood_down}", stood_down=stood_down))


STAGE = Stage("stand_down", bind, "acting", forbids=True)
