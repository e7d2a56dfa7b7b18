"""People pause a rule set, a rule, an action or a target."""

from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.naming import covers, is_named
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import held


def bind(_: object, desk: Desk) -> Asked:
    """Hold what is paused."""
    paused = desk.ledger.paused

    def verdict(proposal: Proposal, _: object, __: int) -> Verdict | None:
        for subject, said in paused.items() if paused else ():
            if _covers(subject, proposal):
                return held("pause", _told(subject, said), subject)
        return None

    return Asked(verdict, Phrase("{paused}", paused=paused))


def _told(subject: str, said: Control) -> str:
    return f"{said.who} paused `{subject}`: {said.why}"


def _covers(subject: str, proposal: Proposal) -> bool:
    scope, _, name = subject.partition(":")
    if scope == "rule":
        return name == f"{proposal.ruleset}/{proposal.rule}"
    if scope == "ruleset":
        return name == proposal.ruleset
    return is_named(proposal.action, name) if scope == "action" else covers(name, str(proposal.target))


STAGE = Stage("pause", bind, "every", forbids=True)
