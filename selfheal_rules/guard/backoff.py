"""Each time that it was in vain, the next one waits twice as long."""

from typing import Any

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.guard.view import View
from selfheal_rules.match.rows import fraction

_DOUBLINGS = 62
"""More would not fit into any cap."""


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:
    """Hold what would begin before its wait is over."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["backoff"]:
        place = (guard.key, scope)
        times = book.since(place, now - guard.per, now - guard.keep)
        if times:
            retry = times[-1] + wait(guard, scope, len(times), view.seed)
            if now < retry:
                return held("backoff", f"begun {len(times)} times of late, each in vain", place, retry)
    return None


def wait(guard: Guarding, scope: Any, times: int, seed: str) -> int:  # noqa: ANN401 - any key
    """Give the wait in microseconds after so many times: doubled each time, drawn apart by jitter, at most the cap."""
    base = int(guard.amount) << min(times - 1, _DOUBLINGS)
    drawn = fraction(seed, guard.owner, list(scope), times) if guard.jitter else 0.0
    return min(guard.cap, base + int(base * guard.jitter * drawn))


def charge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> None:  # noqa: ARG001 - one shape
    """Count a time."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["backoff"]:
        book.time((guard.key, scope), now)


STAGE = Stage("backoff", judge, opens=True, charge=charge, missing="what it goes by is missing")
