"""One action at a time on one thing."""

from collections.abc import Iterable
from typing import Any

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Airborne, Scope
from selfheal_rules.guard.stage import ALWAYS, Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import held, unknown
from selfheal_rules.match.populations import scope_of, shown
from selfheal_rules.spelling import identity


def things(asking: Proposal | Airborne, scopes: Iterable[Any]) -> tuple[Scope, ...]:
    """Give what a step locks, each once: its target, and what its rule says besides."""
    more = (scope_of((identity(value),)) for values in scopes for value in values or () if value is not None)
    return tuple(dict.fromkeys((asking.place, *more)))


def bind(guards: tuple[Guarding, ...], desk: Desk) -> Asked:
    """Hold a step while something else is being done to the same thing."""
    book = desk.book

    def verdict(proposal: Proposal, scopes: tuple[Any, ...], _: int) -> Verdict | None:
        for thing in things(proposal, scopes):
            found = book.locking(thing)
            if found is not None:
                named = found.target if thing == proposal.place else shown(thing)
                return held("lock", f"`{found.action}` is under way on `{named}`", ("lock", thing), found.ends)
        for guard, values in zip(guards, scopes, strict=True):
            if values is None or None in values:
                doubt = unknown("lock", "what it locks is missing", None, is_open=guard.is_open)
                if doubt:
                    return doubt
        return None

    return Asked(verdict, ALWAYS if guards else Phrase("proposal.place in {locks}", locks=book.locks))


STAGE = Stage("lock", bind, "acting")
