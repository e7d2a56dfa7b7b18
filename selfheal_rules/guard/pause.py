"""People pause a rule set, a rule, an action or a target."""

from fnmatch import fnmatchcase

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held
from selfheal_rules.guard.view import View


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Hold what is paused."""
    for subject, said in ledger.paused.items():
        if _covers(subject, proposal):
            return held("pause", f"{said.who} paused `{subject}`: {said.why}", subject)
    return None


def _covers(subject: str, proposal: Proposal) -> bool:
    scope, _, name = subject.partition(":")
    if scope == "rule":
        return name == f"{proposal.ruleset}/{proposal.rule}"
    if scope == "ruleset":
        return name == proposal.ruleset
    return fnmatchcase(proposal.action if scope == "action" else str(proposal.target), name)


STAGE = Stage("pause", judge, "every")
