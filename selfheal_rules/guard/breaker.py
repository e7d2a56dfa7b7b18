"""An action that keeps failing is not tried on the next target: first one probe has to show that it works again."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Breaker, Ledger, Scope
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.guard.view import View


def place_of(proposal: Proposal, guard: Guarding, scope: Scope) -> Scope:
    """Give the breaker of an action."""
    return (guard.key, proposal.action, scope)


def places(proposal: Proposal) -> tuple[tuple[Scope, int, int], ...]:
    """Give the breakers that hear how a step ends, each with its span and how many failures open it."""
    declared = proposal.settings["breaker"]
    return tuple(
        [
            (place_of(proposal, guard, scope), guard.per, int(guard.amount))
            for guard, scope in declared
            if scope is not None
        ]
    )


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Hold a step whose breaker is open, or waits for its probe."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["breaker"]:
        place = place_of(proposal, guard, scope)
        breaker = book.breakers.get(place)
        if breaker is None or breaker.opened is None:
            continue
        if now < breaker.opened + guard.wait:
            reason = f"`{proposal.action}` failed {guard.amount:g} times or more of late"
            return held("breaker", reason, place, breaker.opened + guard.wait)
        if breaker.probe in book.flights:
            return held(
                "breaker", f"one probe of `{proposal.action}` is under way", place, _ends(breaker, ledger, proposal)
            )
    return None


def _ends(breaker: Breaker, ledger: Ledger, proposal: Proposal) -> int | None:
    airborne = ledger.book(shadow=proposal.shadow).flights.get(breaker.probe) if breaker.probe else None
    return airborne.ends if airborne else None


def charge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> None:  # noqa: ARG001 - one shape
    """Have the first after a while be the probe."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["breaker"]:
        breaker = book.breakers.setdefault(place_of(proposal, guard, scope), Breaker())
        if breaker.opened is not None:
            breaker.probe = proposal.flight


def ended(breaker: Breaker, per: int, least: int, now: int, *, worked: bool, probed: bool) -> None:
    """Note how an attempt ended: a probe that worked closes the breaker, one failure too many opens it."""
    if worked:
        if probed:
            breaker.opened = breaker.probe = None
            breaker.failures.clear()
        return
    breaker.failures.append(now)
    while breaker.failures and breaker.failures[0] <= now - per:
        breaker.failures.popleft()
    if probed or len(breaker.failures) >= least:
        breaker.opened, breaker.probe = now, None


STAGE = Stage("breaker", judge, charge=charge, missing="what it goes by is missing")
