"""What heals and fails again and again is left to people."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage, counting, held_in, number_in
from selfheal_rules.guard.verdict import suppressed

TOLD = "told"
"""What the times are counted under at which people were told."""


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Suppress what began too often of late, until it has been quiet for `for`; people are told once."""
    since, per, keep, wait = desk.book.since, guard.per, guard.keep, guard.wait or guard.per
    begun = desk.budgets(guard)
    told_of = tuple((*what, TOLD) for what in begun)

    def verdict(_: Proposal, scope: Scope, now: int) -> Verdict | None:
        told = since(told_of, scope, now - wait, now - keep)
        if not told and len(since(begun, scope, now - per, now - keep)) < guard.amount:
            return None
        if told:
            return suppressed("flap", "it began again and again, and has not been quiet for long enough since")
        return suppressed("flap", f"began {guard.amount:g} times or more of late", escalates=True)

    tables = desk.book.times
    many = number_in(tables.setdefault(what, {}) for what in begun)
    known = held_in((tables.setdefault(what, {}) for what in told_of), TOLD)
    names = many.names | known.names
    return Asked(verdict, Phrase(f"{many.text} >= {{most}} or {known.text}", most=guard.amount, **names))


def seen(guard: Guarding, desk: Desk) -> Phrase:
    """Count a beginning, whatever becomes of it."""
    return counting(desk.budget(guard), desk)


def refused(guard: Guarding, desk: Desk) -> Phrase:
    """Note that people were told, and go on from now."""
    told = desk.book.times.setdefault((*desk.budget(guard), TOLD), {})
    return Phrase("{told}.__setitem__({scope}, [now])", told=told)


STAGE = Stage("flap", bind, opens=True, refused=refused, seen=seen, missing="what it flaps by is missing")
