"""What heals and fails again and again is left to people."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import suppressed
from selfheal_rules.guard.view import View


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Suppress what began too often of late, until it has been quiet for `for`; people are told once."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["flap"]:
        place = (guard.key, scope)
        told = book.since((*place, "told"), now - (guard.wait or guard.per), now - guard.keep)
        if told or len(book.since(place, now - guard.per, now - guard.keep)) >= guard.amount:
            return suppressed("flap", f"began {guard.amount:g} times or more of late", escalates=not told)
    return None


def seen(proposal: Proposal, ledger: Ledger, view: View, now: int) -> None:  # noqa: ARG001 - one shape
    """Count a beginning, whatever becomes of it."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["flap"]:
        book.time((guard.key, scope), now)


def refused(proposal: Proposal, ledger: Ledger, view: View, now: int) -> None:  # noqa: ARG001 - one shape
    """Note that people were told, and go on from now."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["flap"]:
        place = (guard.key, scope, "told")
        book.times.pop(place, None)
        book.time(place, now)


STAGE = Stage("flap", judge, opens=True, refused=refused, seen=seen, missing="what it flaps by is missing")
