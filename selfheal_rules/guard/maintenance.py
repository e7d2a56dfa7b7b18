"""What people work on is left alone, and so is all that is in it."""

from typing import Any

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.stage import ALWAYS, Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import held, unknown


def bind(guards: tuple[Guarding, ...], desk: Desk) -> Asked:
    """Hold a step until the maintenance of its target, or of anything that is in, ends."""
    view = desk.view

    def verdict(proposal: Proposal, scopes: tuple[Any, ...], now: int) -> Verdict | None:
        names = view.names(proposal.target)
        for guard, values in zip(guards, scopes, strict=True):
            if values is None or None in values:
                doubt = unknown("maintenance", "what must not be worked on is missing", None, is_open=guard.is_open)
                if doubt:
                    return doubt
            names = (*names, *(value for value in values or () if value is not None))
        found = view.maintenance(names, now)
        return None if found is None else held("maintenance", found[0], (proposal.target,), found[1])

    idle = not (guards or view.plans)
    return Asked(verdict, Phrase("any({worked})", worked=view.worked()) if idle else ALWAYS)


STAGE = Stage("maintenance", bind, "acting", heeds=lambda view: bool(view.works), forbids=True)
