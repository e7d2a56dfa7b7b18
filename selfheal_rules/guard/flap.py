"""What heals and fails again and again is left to people."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import suppressed


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Suppress what began too often of late, until it has been quiet for `for`; people are told once."""
    since, key, per, keep, wait = desk.book.since, guard.key, guard.per, guard.keep, guard.wait or guard.per

    def verdict(_: Proposal, scope: Scope, now: int) -> Verdict | None:
        told = since((key, scope, "told"), now - wait, now - keep)
        if not told and len(since((key, scope), now - per, now - keep)) < guard.amount:
            return None
        return suppressed("flap", f"began {guard.amount:g} times or more of late", escalates=not told)

    return Asked(
        verdict,
        Phrase(
            "len({times}.get(({key}, {scope}), ())) >= {most} or ({key}, {scope}, 'told') in {times}",
            key=key,
            times=desk.book.times,
            most=guard.amount,
        ),
    )


def seen(guard: Guarding, desk: Desk) -> Phrase:
    """Count a beginning, whatever becomes of it."""
    return Phrase("{times}.setdefault(({key}, {scope}), []).append(now)", times=desk.book.times, key=guard.key)


def refused(guard: Guarding, desk: Desk) -> Phrase:
    """Note that people were told, and go on from now."""
    place = "({key}, {scope}, 'told')"
    return Phrase(f"{{times}}.__setitem__({place}, [now])", times=desk.book.times, key=guard.key)


STAGE = Stage("flap", bind, opens=True, refused=refused, seen=seen, missing="what it flaps by is missing")
