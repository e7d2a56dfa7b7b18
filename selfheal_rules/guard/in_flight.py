"""So many attempts under way at once."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage, number_in, queue_of
from selfheal_rules.guard.verdict import held


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Hold an attempt that would be one too many."""
    book, whats, queue = desk.book, desk.budgets(guard), queue_of(guard)

    def verdict(_: Proposal, scope: Scope, __: int) -> Verdict | None:
        flights = book.under_way(whats, scope)
        if len(flights) < guard.amount:
            return None
        retry = min(book.flights[one].ends for one in flights) if flights else None
        return held("max_in_flight", f"{len(flights)} under way, {guard.amount:g} may be", (queue, scope), retry)

    flying = number_in(book.caps.setdefault(what, {}) for what in whats)
    return Asked(verdict, Phrase(f"{flying.text} >= {{most}}", most=guard.amount, **flying.names))


STAGE = Stage("max_in_flight", bind, missing="what it is counted by is missing")
