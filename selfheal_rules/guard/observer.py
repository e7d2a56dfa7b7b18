"""Where the monitoring itself may be blind, nothing it says is acted on."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard import storm
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.guard.view import View
from selfheal_rules.values import microseconds


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:
    """Hold a step while a source is mute, or too many things failed at once for it to be true."""
    for observer in view.policy.observers if view.policy else ():
        last = ledger.heard.get(observer.source)
        if last is None or now - last >= microseconds(observer.silent):
            reason = f"observer suspect: nothing was heard of `{observer.source}` in time"
            return held("observer", reason, ("source", observer.source))
    return storm.weigh(proposal, "observer", ledger, view, now)


STAGE = Stage("observer", judge, "acting", opens=True, heeds=lambda view: bool(view.policy and view.policy.observers))
