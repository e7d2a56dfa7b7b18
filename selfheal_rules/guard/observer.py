"""Where the monitoring itself may be blind, nothing it says is acted on."""

from typing import Any

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard import storm
from selfheal_rules.guard.stage import Asked, Desk, Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.values import microseconds


def bind(guards: tuple[Guarding, ...], desk: Desk) -> Asked:
    """Hold a step while a source is mute, or too many things failed at once for it to be true."""
    policy, heard = desk.view.policy, desk.ledger.heard
    observers = tuple((one.source, microseconds(one.silent)) for one in (policy.observers if policy else ()))
    storms = tuple(storm.bind(guard, desk).judge for guard in guards)

    def verdict(proposal: Proposal, scopes: tuple[Any, ...], now: int) -> Verdict | None:
        for source, silent in observers:
            last = heard.get(source)
            if last is None or now - last >= silent:
                reason = f"observer suspect: nothing was heard of `{source}` in time"
                return held("observer", reason, ("source", source))
        found = (weigh(proposal, scope, now) for weigh, scope in zip(storms, scopes, strict=True))
        return next((one for one in found if one is not None), None)

    return Asked(verdict)


STAGE = Stage("observer", bind, "acting", opens=True, heeds=lambda view: bool(view.policy and view.policy.observers))
