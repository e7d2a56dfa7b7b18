"""One action at a time on one thing."""

from collections.abc import Iterable
from typing import Any

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope
from selfheal_rules.guard.stage import ALWAYS, Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import held, unknown


def places(proposal: Proposal, scopes: Iterable[Any]) -> tuple[Scope, ...]:
    """Give what a step locks: its target, and what its rule says besides."""
    more = (("lock", (value,)) for values in scopes for value in values or () if value is not None)
    return (("lock", proposal.place), *more)


def bind(guards: tuple[Guarding, ...], desk: Desk) -> Asked:
    """Hold a step while something else is being done to the same thing."""
    book = desk.book

    def verdict(proposal: Proposal, scopes: tuple[Any, ...], _: int) -> Verdict | None:
        for place in places(proposal, scopes) if scopes else (("lock", proposal.place),):
            for flight in book.under_way(place):
                airborne = book.flights[flight]
                return held("lock", f"`{airborne.action}` is under way on `{place[1][0]}`", place, airborne.ends)
        for guard, values in zip(guards, scopes, strict=True):
            if values is None or None in values:
                doubt = unknown("lock", "what it locks is missing", None, is_open=guard.is_open)
                if doubt:
                    return doubt
        return None

    return Asked(verdict, ALWAYS if guards else Phrase("('lock', proposal.place) in {scopes}", scopes=book.scopes))


STAGE = Stage("lock", bind, "acting")
