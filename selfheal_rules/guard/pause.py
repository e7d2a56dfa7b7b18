"""People pause a rule set, a rule, an action or a target."""

from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Decision, Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.guard.view import View, is_named


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Hold what is paused."""
    for subject, said in ledger.paused.items():
        if _covers(subject, proposal):
            return held("pause", _told(subject, said), subject)
    return None


def paused(ledger: Ledger, decision: Decision) -> str:
    """Say who has paused what a decision is about; an empty text if nobody."""
    found = (_told(subject, said) for subject, said in ledger.paused.items() if _covers(subject, decision))
    return next(found, "")


def _told(subject: str, said: Control) -> str:
    return f"{said.who} paused `{subject}`: {said.why}"


def _covers(subject: str, proposal: Proposal | Decision) -> bool:
    scope, _, name = subject.partition(":")
    if scope == "rule":
        return name == f"{proposal.ruleset}/{proposal.rule}"
    if scope == "ruleset":
        return name == proposal.ruleset
    return is_named(proposal.action if scope == "action" else str(proposal.target), name)


STAGE = Stage("pause", judge, "every")
