"""What heals and fails again and again is left to people."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage, counting
from selfheal_rules.guard.verdict import suppressed


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Suppress what began too often of late, until it has been quiet for `for`; people are told once."""
    since, per, keep, wait = desk.book.since, guard.per, guard.keep, guard.wait or guard.per
    begun, told_of = (guard.key,), (guard.key, "told")
    tables = desk.book.times

    def verdict(_: Proposal, scope: Scope, now: int) -> Verdict | None:
        told = since(told_of, scope, now - wait, now - keep)
        if not told and len(since(begun, scope, now - per, now - keep)) < guard.amount:
            return None
        return suppressed("flap", f"began {guard.amount:g} times or more of late", escalates=not told)

    return Asked(
        verdict,
        Phrase(
            "len({times}.get({scope}, ())) >= {most} or {scope} in {told}",
            times=tables.setdefault(begun, {}),
            told=tables.setdefault(told_of, {}),
            most=guard.amount,
        ),
    )


def seen(guard: Guarding, desk: Desk) -> Phrase:
    """Count a beginning, whatever becomes of it."""
    return counting((guard.key,), desk)


def refused(guard: Guarding, desk: Desk) -> Phrase:
    """Note that people were told, and go on from now."""
    told = desk.book.times.setdefault((guard.key, "told"), {})
    return Phrase("{told}.__setitem__({scope}, [now])", told=told)


STAGE = Stage("flap", bind, opens=True, refused=refused, seen=seen, missing="what it flaps by is missing")
