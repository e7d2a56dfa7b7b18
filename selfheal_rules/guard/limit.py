"""So many different targets within a while."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage, acting_on, number_in, queue_of
from selfheal_rules.guard.verdict import held


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Hold a target that would be one too many in (now - per, now]."""
    book, most, per, keep = desk.book, int(guard.amount), guard.per, guard.keep
    whats, queue = desk.budgets(guard), queue_of(guard)

    def verdict(proposal: Proposal, scope: Scope, now: int) -> Verdict | None:
        acted = book.acted(whats, scope, now - per, now - keep)
        over = len(acted) - most
        if over < 0 or proposal.target in acted:
            return None
        retry = [*acted.values()][over] + per if acted else None
        shown = f" in {', '.join(map(str, scope))}" if isinstance(scope, tuple) and scope else ""
        reason = f"{len(acted)} targets acted on of late{shown}, {guard.amount:g} may be"
        return held("limit", reason, (queue, scope), retry)

    acted = number_in(book.acts.setdefault(what, {}) for what in whats)
    return Asked(verdict, Phrase(f"{acted.text} >= {{most}}", most=most, **acted.names))


def charge(guard: Guarding, desk: Desk) -> Phrase:
    """Count a target."""
    return acting_on(guard, desk)


STAGE = Stage("limit", bind, charge=charge, missing="what it is counted by is missing")
