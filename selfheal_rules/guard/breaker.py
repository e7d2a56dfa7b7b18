"""An action that keeps failing is not tried on the next target: first one probe has to show that it works again."""

from collections.abc import Iterable, Iterator

from selfheal_rules.compile.guards import kin
from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Flight, Proposal, Queue
from selfheal_rules.guard.ledger import Book, Breaker, Scope
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage, queue_of, speaks
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

    return Asked(verdict, _unless_closed("", breakers))


def charge(guard: Guarding, desk: Desk) -> Phrase:
    """Have the first after a while be the probe."""
    breakers = desk.book.breakers.setdefault((guard.key, desk.action), {})

    def note(proposal: Proposal, scope: Scope) -> None:
        breakers[scope].probe = proposal.flight

    return _unless_closed("{note}(proposal, {scope}) if ", breakers, " else None", note=note)


def _unless_closed(before: str, breakers: dict[Scope, Breaker], after: str = "", **names: object) -> Phrase:
    phrase = f"{before}{{breakers}}.get({{scope}}, {{closed}}).opened is not None{after}"
    return Phrase(phrase, breakers=breakers, closed=Breaker(), **names)


class Breakers:
    """All breakers over one engine: each hears of what it shares with others, and goes by its own settings."""

    def __init__(self, guards: Iterable[Guarding]) -> None:
        """Take those of all guards that are breakers."""
        self.guards: dict[str, dict[str, Guarding]] = {}
        for guard in guards:
            if guard.name == STAGE.name:
                self.guards.setdefault(kin(guard.key), {})[queue_of(guard)] = guard

    def ended(
        self, heard: tuple[str, str, Scope], book: Book, flight: Flight | None, now: int, *, worked: bool | None
    ) -> Iterator[Queue]:
        """Note how an attempt ended, None where nobody knows, or that its episode failed; give what may wait for it."""
        shared, action, scope = heard
        asked = {guard.key: guard for guard in self.guards.get(shared, {}).values() if speaks(guard, action)}
        for key, guard in asked.items():
            places = book.breakers.setdefault((key, action), {})
            if scope in places or worked is False:
                _note(places.setdefault(scope, Breaker()), guard, flight, now, worked=worked)
                yield STAGE.name, (key, action, scope)


def _note(breaker: Breaker, guard: Guarding, flight: Flight | None, now: int, *, worked: bool | None) -> None:
    """Note how an attempt ended: a probe that worked closes the breaker, one failure too many opens it."""
    probed = flight is not None and breaker.probe == flight
    if worked is None:
        breaker.probe = None if probed else breaker.probe
        return
    if worked:
        if probed:
            breaker.opened = breaker.probe = None
            breaker.failures.clear()
        return
    breaker.failures.append(now)
    while breaker.failures and breaker.failures[0] <= now - guard.per:
        breaker.failures.popleft()
    if probed or len(breaker.failures) >= int(guard.amount):
        breaker.opened, breaker.probe = now, None


STAGE = Stage("breaker", bind, charge=charge, missing="what it goes by is missing")
