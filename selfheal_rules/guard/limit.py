"""So many different targets within a while."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage, acting_on
from selfheal_rules.guard.verdict import held


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Hold a target that would be one too many in (now - per, now]."""
    book, most, per, keep = desk.book, int(guard.amount), guard.per, guard.keep

    def verdict(proposal: Proposal, scope: Scope, now: int) -> Verdict | None:
        place = (guard.key, scope)
        acted = book.acted(guard.key, scope, now - per, now - keep)
        over = len(acted) - most
        if over < 0 or proposal.target in acted:
            return None
        retry = [*acted.values()][over] + per if acted else None
        shown = f" in {', '.join(map(str, scope))}" if isinstance(scope, tuple) and scope else ""
        return held("limit", f"{len(acted)} targets acted on of late{shown}, {guard.amount:g} may be", place, retry)

    return Asked(
        verdict, Phrase("len({acts}.get({scope}, ())) >= {most}", acts=book.acts.setdefault(guard.key, {}), most=most)
    )


def charge(guard: Guarding, desk: Desk) -> Phrase:
    """Count a target."""
    return acting_on(guard, desk)


STAGE = Stage("limit", bind, charge=charge, missing="what it is counted by is missing")
