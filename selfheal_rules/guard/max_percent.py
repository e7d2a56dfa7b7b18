"""Only a share of a population is acted on at once, or within a while."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope
from selfheal_rules.guard.stage import NOTHING, Asked, Desk, Phrase, Stage, acting_on, queue_of
from selfheal_rules.guard.verdict import held, unknown


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Hold what would begin where the share is used up."""
    book, view, per = desk.book, desk.view, guard.per
    whats, queue, population = desk.budgets(guard), queue_of(guard), view.population(guard)

    def verdict(proposal: Proposal, scope: Scope, now: int) -> Verdict | None:
        place = (queue, scope)
        count = view.count(guard, scope)
        if count is None:
            what = "the population is unknown or word of it too old"
            return unknown("max_percent", what, place, is_open=guard.is_open)
        targets = {book.flights[one].target: None for one in book.under_way(whats, scope)}
        past = book.acted(whats, scope, now - per, now - guard.keep) if per else {}
        known = targets | past
        acted = sum(population.size(target) for target in known)
        if proposal.target in known or (acted + population.size(proposal.target)) * 100 <= guard.amount * count.total:
            return None
        retry = next(iter(past.values())) + per if past else None
        reason = f"{acted} of {count.total} acted on already, {guard.amount:g}% may be"
        return held("max_percent", reason, place, retry)

    return Asked(verdict)


def charge(guard: Guarding, desk: Desk) -> Phrase:
    """Count a target, where the share is of those acted on within a while."""
    if not guard.per:
        return NOTHING
    return acting_on(guard, desk)


STAGE = Stage("max_percent", bind, opens=True, charge=charge)
