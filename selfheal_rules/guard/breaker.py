"""An action that keeps failing is not tried on the next target: first one probe has to show that it works again."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Breaker, Scope
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import held


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Hold a step whose breaker is open, or waits for its probe."""
    book, breakers = desk.book, desk.book.breakers.setdefault((guard.key, desk.action), {})

    def verdict(proposal: Proposal, scope: Scope, now: int) -> Verdict | None:
        place = (guard.key, proposal.action, scope)
        breaker = breakers.get(scope)
        if breaker is None or breaker.opened is None:
            return None
        ends = breaker.opened + guard.wait
        if now < ends:
            return held("breaker", f"`{proposal.action}` failed {guard.amount:g} times or more of late", place, ends)
        probe = book.flights.get(breaker.probe) if breaker.probe else None
        if probe is None:
            return None
        return held("breaker", f"one probe of `{proposal.action}` is under way", place, probe.ends)

    phrase = "{breakers}.get({scope}, {closed}).opened is not None"
    return Asked(verdict, Phrase(phrase, breakers=breakers, closed=Breaker()))


def charge(guard: Guarding, desk: Desk) -> Phrase:
    """Have the first after a while be the probe."""
    breakers = desk.book.breakers.setdefault((guard.key, desk.action), {})

    def note(proposal: Proposal, scope: Scope) -> None:
        breaker = breakers.get(scope)
        if breaker is None:
            breakers[scope] = Breaker()
        elif breaker.opened is not None:
            breaker.probe = proposal.flight

    fresh = Breaker()
    fresh.opened = 0
    known = "{breakers}.get({scope}, {fresh}).opened is None"
    return Phrase(f"None if {known} else {{note}}(proposal, {{scope}})", note=note, breakers=breakers, fresh=fresh)


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


STAGE = Stage("breaker", bind, charge=charge, missing="what it goes by is missing")
