"""The same again only after a while."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope, begin
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import held


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Hold what would begin too soon after it was last begun."""
    last, span = desk.book.last.setdefault(guard.key, {}), int(guard.amount)

    def verdict(_: Proposal, scope: Scope, now: int) -> Verdict | None:
        begun = last.get(scope)
        if begun is None or now >= begun + span:
            return None
        return held("cooldown", "the last time was too short a while ago", (guard.key, scope), begun + span)

    return Asked(verdict, Phrase("{scope} in {last}", last=last))


def charge(guard: Guarding, desk: Desk) -> Phrase:
    """Begin the while."""
    return Phrase("{begin}({last}, {scope}, now)", begin=begin, last=desk.book.last.setdefault(guard.key, {}))


STAGE = Stage("cooldown", bind, opens=True, charge=charge, missing="what it goes by is missing")
