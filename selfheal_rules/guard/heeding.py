"""What people say, as guards take it: who has stopped what, agreed to what, or has what in hand."""

from typing import Any

from selfheal_rules.decide.control import Control
from selfheal_rules.diagnostics import EventError
from selfheal_rules.guard.agreement import Approval
from selfheal_rules.guard.ledger import Book, Ledger
from selfheal_rules.match.populations import shown
from selfheal_rules.spelling import identity
from selfheal_rules.values import microseconds


def heed(ledger: Ledger, said: Control, now: int) -> bool:
    """Take what somebody said; give whether it changes anything."""
    if said.act == "kill":
        ledger.killed = said
    elif said.act == "pause":
        ledger.paused[said.subject] = said
    elif said.act == "resume":
        return _resume(ledger, said)
    elif said.act in {"approve", "refuse"}:
        return _answer(ledger, said, now)
    elif said.act == "stand_down" and said.until is not None:
        return ledger.stand_down(said.subject, microseconds(said.until), f"{said.who}: {said.why}")
    elif said.act == "release":
        return _release(ledger, identity(said.subject))
    return True


def refuse_unasked(ledger: Ledger, said: Control) -> None:
    """
    Refuse an approval that is of something else than people are asked now, or may be.

    Raises:
        EventError: with what to say instead.
    """
    why_not = _asked(ledger, said)[1]
    if why_not:
        raise EventError(why_not, item=said, field="subject")


def _asked(ledger: Ledger, said: Control) -> tuple[Approval | None, str]:
    """Give the approval somebody speaks of, and why what is said of it cannot count; an empty text if it can."""
    id_, _, of = said.subject.partition(" ")
    found = ledger.approvals.get(id_)
    if found is None or said.act != "approve" or (found.of == of if of else found.is_alone):
        return found, ""
    if of:
        return found, f"decision {id_} now asks for something else than what was agreed to; look at it again"
    say = f"`{id_} {found.of}`"
    return found, f"the rules have changed, and other rules may ask for something else under one id: approve {say}"


def _resume(ledger: Ledger, said: Control) -> bool:
    if said.subject:
        return ledger.paused.pop(said.subject, None) is not None
    was, ledger.killed = ledger.killed, None
    return was is not None


def _answer(ledger: Ledger, said: Control, now: int) -> bool:
    found, why_not = _asked(ledger, said)
    if found is None or why_not or found.refused or (now >= found.expires and not found.used):
        return False
    if said.act == "refuse":
        found.refused = (said.who, said.why)
    elif found.used:
        return False
    else:
        found.agree(said.who, said.why)
    return True


def _release(ledger: Ledger, target: str) -> bool:
    found = ledger.stood_down.pop(target, None) is not None
    return any([found, *(_free(book, target) for book in (ledger.done, ledger.shadow))])


def _free(book: Book, target: str) -> bool:
    """Forget what is remembered of a target, given by its identity, that keeps it from being acted on."""
    found = False
    for places in book.brought.values():
        for place in [place for place, kept in places.items() if identity(kept.target) == target]:
            del places[place]
            found = True
    for place in [place for place, (_, first) in book.quarantined.items() if _is_called(place[1], first, target)]:
        del book.quarantined[place]
        for what, times in book.times.items():
            if what[0] == place[0]:
                times.pop(place[1], None)
        found = True
    return found


def _is_called(scope: Any, first: Any, name: str) -> bool:  # noqa: ANN401 - any key
    """Whether what is quarantined is called so: as its verdict calls it, by a part of that, or by what was refused."""
    parts = scope if isinstance(scope, tuple) else ()
    return any(identity(one) == name for one in (first, shown(scope), *parts))
