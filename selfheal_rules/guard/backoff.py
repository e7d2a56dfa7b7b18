"""Each time that it was in vain, the next one waits twice as long."""

from typing import Any

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage, counting, held_in, queue_of
from selfheal_rules.guard.verdict import held
from selfheal_rules.match.rows import fraction

_DOUBLINGS = 62
"""More would not fit into any cap."""


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Hold what would begin before its wait is over."""
    book, seed = desk.book, desk.view.seed
    whats, queue = desk.budgets(guard), queue_of(guard)

    def verdict(_: Proposal, scope: Scope, now: int) -> Verdict | None:
        times = book.since(whats, scope, now - guard.per, now - guard.keep)
        retry = times[-1] + wait(guard, scope, len(times), seed) if times else now
        if now >= retry:
            return None
        return held("backoff", f"begun {len(times)} times of late, each in vain", (queue, scope), retry)

    return Asked(verdict, held_in(book.times.setdefault(what, {}) for what in whats))


def wait(guard: Guarding, scope: Any, times: int, seed: str) -> int:  # noqa: ANN401 - any key
    """Give the wait in microseconds after so many times: doubled each time, drawn apart by jitter, at most the cap."""
    base = int(guard.amount) << min(times - 1, _DOUBLINGS)
    drawn = fraction(seed, guard.owner, list(scope), times) if guard.jitter else 0.0
    return min(guard.cap, base + int(base * guard.jitter * drawn))


def charge(guard: Guarding, desk: Desk) -> Phrase:
    """Count a time."""
    return counting(desk.budget(guard), desk)


STAGE = Stage("backoff", bind, opens=True, charge=charge, missing="what it goes by is missing")
