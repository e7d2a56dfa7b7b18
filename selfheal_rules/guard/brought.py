"""
A guard that another package brings, as one of the stages: it can hold a step or refuse it, and nothing else.

Whatever its code raises, or answers that is no answer, holds the step and says so: a guard that is broken has not said
that nothing stands against it, so `fails: open` does not let a step pass there.
"""

import json
from collections.abc import Callable, Iterable
from functools import partial

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal, Queue
from selfheal_rules.guard.ledger import Book, Ledger, Remembered, Scope
from selfheal_rules.guard.stage import NOTHING, Asked, Desk, Phrase, Stage, queue_of
from selfheal_rules.guard.verdict import held, suppressed, unknown
from selfheal_rules.guard.view import View
from selfheal_rules.guards import GUARDS, Candidate, Doubt, GuardType, Hold, Refuse
from selfheal_rules.values import SECOND, Value, freeze, microseconds, moment

AGAIN = 60 * SECOND
"""When a step is judged again that was held since its guard is broken, or cannot tell."""
SHOWN = 200
"""So much of what a stranger raised is told."""


def stage_of(guard: GuardType) -> Stage:
    """Give the stage of a guard that another package brings."""
    return Stage(
        guard.name,
        partial(_bind, guard),
        opens=guard.opens,
        charge=partial(_charge, guard),
        missing="what it goes by is missing",
    )


def _bind(known: GuardType, guard: Guarding, desk: Desk) -> Asked:
    """Have the stranger judge; what it would remember is tried before anything is let through."""
    book, view = desk.book, desk.view

    def verdict(proposal: Proposal, scope: Scope, now: int) -> Verdict | None:
        place = (queue_of(guard), scope)
        kept = book.remembered(known.name, place, now - guard.keep)
        if kept.fault:
            return held(known.name, f"{kept.fault}; once it is mended, release `{kept.target}`", place, now + AGAIN)
        count = view.count(guard, scope)
        if guard.census is not None and count is None:
            what = "the population is unknown or word of it too old"
            return unknown(known.name, what, place, is_open=guard.is_open)
        try:
            asking = candidate(proposal, guard, scope, view)
            said = known.judge(asking, kept.value, moment(now)) if known.judge else None
            if said is None and known.begun:
                freeze(known.begun(asking, kept.value, moment(now)))
            return _verdict(said, guard, place, now)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's code raises, the step is held
            return held(known.name, f"it is broken: {_told(error)}", place, now + AGAIN)

    return Asked(verdict)


def candidate(proposal: Proposal, guard: Guarding, scope: Scope, view: View) -> Candidate:
    """Give a step as a stranger sees it."""
    opening, count = proposal.episode.opening, view.count(guard, scope)
    return Candidate(
        proposal.ruleset,
        proposal.rule,
        proposal.step,
        proposal.action,
        proposal.target,
        proposal.params,
        proposal.progress.attempt,
        opening.id,
        moment(proposal.since),
        proposal.shadow,
        guard.given,
        scope if isinstance(scope, tuple) else freeze(json.loads(scope)),
        None if count is None else count.healthy,
        None if count is None else count.total,
    )


def _verdict(said: object, guard: Guarding, place: Scope, now: int) -> Verdict | None:
    """Give the verdict of an answer; one that says too little is none."""
    if said is None:
        return None
    if isinstance(said, Doubt):
        reason = f"{_reason(said)}, and the guard fails closed"
        return None if guard.is_open else held(guard.name, reason, place, now + AGAIN)
    if isinstance(said, Refuse):
        return suppressed(guard.name, _reason(said), escalates=bool(said.escalates))
    if not isinstance(said, Hold):
        message = f"it answers {type(said).__name__}, which is no answer"
        raise TypeError(message)
    until = microseconds(said.until)
    if until <= now:
        message = f"it asks to be asked again at {said.until.isoformat()}, which is over"
        raise ValueError(message)
    return held(guard.name, _reason(said), place, until)


def _reason(said: Hold | Refuse | Doubt) -> str:
    reason = " ".join(said.reason.split())
    if not reason:
        message = "it gives no reason"
        raise ValueError(message)
    return reason


def _told(error: Exception) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _charge(known: GuardType, guard: Guarding, desk: Desk) -> Phrase:
    """Have it remember that all let a step through."""
    begun, book, view = known.begun, desk.book, desk.view
    if begun is None:
        return NOTHING

    def note(proposal: Proposal, scope: Scope, now: int) -> None:
        if scope is None:  # it fails open there: nobody knows of what it should remember that
            return
        asking = candidate(proposal, guard, scope, view)
        write(book, guard, scope, proposal.target, now, lambda value: begun(asking, value, moment(now)))

    return Phrase("{note}(proposal, {scope}, now)", note=note)


class Brought:
    """The guards of other packages over one engine."""

    def __init__(self, guards: Iterable[Guarding], ledger: Ledger) -> None:
        """Write down who speaks: without them, what they remember would hold nothing."""
        self.guards = {queue_of(one): one for one in guards if one.name in GUARDS and GUARDS[one.name].is_brought}
        """By the keys of what they remember."""
        books = (ledger.done, ledger.shadow)
        keep = {name: at for name, at in ledger.brought.items() if any(book.brought.get(name) for book in books)}
        ledger.brought = keep | {one.name: GUARDS[one.name].version for one in self.guards.values()}

    def ended(self, heard: tuple[str, str, Scope], book: Book, target: Value, now: int, *, worked: bool) -> Queue:
        """Have a guard remember how an attempt ended, and give what waits for it there."""
        name, key, scope = heard
        guard, told = self.guards.get(key), GUARDS[name].ended
        if guard is not None and told is not None:
            write(book, guard, scope, target, now, lambda value: told(guard.given, value, worked, moment(now)))
        return name, (key, scope)


def write(
    book: Book, guard: Guarding, scope: Scope, target: Value, now: int, change: Callable[[Value], object]
) -> None:
    """Write what a stranger remembers from now on; where it cannot say, nothing more is let through."""
    place = (queue_of(guard), scope)
    kept = book.remembered(guard.name, place, now - guard.keep)
    value, fault = kept.value, kept.fault
    try:
        value = freeze(change(value))
    except Exception as error:  # noqa: BLE001 - whatever a stranger's code raises, what it knew is kept
        fault = f"it is broken: {_told(error)}"
    book.remember(guard.name, place, Remembered(now, target, value, fault))
