"""One switch that stops everything."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.stage import ALWAYS, Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import held


def bind(_: object, desk: Desk) -> Asked:
    """Hold every step as long as the switch is on."""
    ledger, policy = desk.ledger, desk.view.policy

    def verdict(_: Proposal, __: object, ___: int) -> Verdict | None:
        if policy is not None and policy.kill_switch:
            return held("kill_switch", "the site's policy has the kill switch on")
        said = ledger.killed
        return None if said is None else held("kill_switch", f"{said.who} stopped everything: {said.why}")

    return Asked(
        verdict,
        ALWAYS if policy is not None and policy.kill_switch else Phrase("{ledger}.killed is not None", ledger=ledger),
    )


STAGE = Stage("kill_switch", bind, "every", forbids=True)
