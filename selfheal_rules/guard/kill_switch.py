"""One switch that stops everything."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.guard.view import View


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Hold every step as long as the switch is on."""
    if view.policy is not None and view.policy.kill_switch:
        return held("kill_switch", "the site's policy has the kill switch on")
    said = ledger.killed
    return None if said is None else held("kill_switch", f"{said.who} stopped everything: {said.why}")


STAGE = Stage("kill_switch", judge, "every")
