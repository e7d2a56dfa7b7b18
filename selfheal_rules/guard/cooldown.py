"""The same again only after a while."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope, begin
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage, held_in, queue_of
from selfheal_rules.guard.verdict import held


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Hold what would begin too soon after it was last begun."""
    tables = [desk.book.last.setdefault(what, {}) for what in desk.budgets(guard)]
    span, queue = int(guard.amount), queue_of(guard)

    def verdict(_: Proposal, scope: Scope, now: int) -> Verdict | None:
        begun = max((last[scope] for last in tables if scope in last), default=None)
        if begun is None or now >= begun + span:
            return None
        return held("cooldown", "the last time was too short a while ago", (queue, scope), begun + span)

    return Asked(verdict, held_in(tables))


def charge(guard: Guarding, desk: Desk) -> Phrase:
    """Begin the while."""
    last = desk.book.last.setdefault(desk.budget(guard), {})
    return Phrase("{begin}({last}, {scope}, now)", begin=begin, last=last)


STAGE = Stage("cooldown", bind, opens=True, charge=charge, missing="what it goes by is missing")
