"""What planned work has stopped is given time to come back before anything is switched off for it."""

from operator import itemgetter

from selfheal_rules.actions import is_destructive
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import ANYTHING
from selfheal_rules.guard.stage import ALWAYS, NOTHING, Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.spelling import identity


def bind(_: object, desk: Desk) -> Asked:
    """Hold a destructive step for `settle` after planned work, or a stand-down, has run out by the clock."""
    view, stood_down = desk.view, desk.ledger.stood_down
    wait = view.settle if is_destructive(desk.action) else 0

    def verdict(proposal: Proposal, _: object, now: int) -> Verdict | None:
        things = view.names(proposal.target)
        kept = [(thing, stood_down.get(identity(thing))) for thing in (*things, ANYTHING)]
        ends = [(one[0], _over(thing, one[1]), thing) for thing, one in kept if one and one[0] <= now < one[0] + wait]
        ends += [(end, why, None) for end, why in view.was_planned(things, now, wait)]
        if not ends:
            return None
        end, why, thing = max(ends, key=itemgetter(0, 1))
        scope = (thing if thing == ANYTHING else proposal.target,)
        return held("settle", f"{why} until a short while ago", scope, end + wait)

    some = Phrase("{stood_down} or any({worked})", stood_down=stood_down, worked=view.worked())
    asked = ALWAYS if view.plans else some
    return Asked(verdict, asked if wait else NOTHING)


def _over(thing: object, why: str) -> str:
    return f"a person had `{thing}` in hand" if thing != ANYTHING else f"all was left alone ({why})"


STAGE = Stage("settle", bind, "acting", heeds=lambda view: bool(view.settle), forbids=True)
