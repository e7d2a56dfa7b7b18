"""What people have to agree to is not done before they have, nor long after."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from attrs import frozen

from selfheal_rules.decide.decision import Decision, Verdict
from selfheal_rules.decide.evidence import plain
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Approval, Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import suppressed
from selfheal_rules.guard.view import View
from selfheal_rules.values import FrozenMap, microseconds, moment

HOUR = 3_600_000_000


@frozen
class Request:
    """
    What people are asked to agree to: a decision, how many of them it takes, and who has agreed (with why).

    Its verdict is `needs_approval`, or that of a guard that holds it besides.
    """

    decision: Decision
    quorum: int
    agreed: FrozenMap
    asked: datetime
    expires: datetime

    def to_json(self) -> dict[str, Any]:
        """Give the request as JSON has it: the decision, and what is said of it."""
        more = {"quorum": self.quorum, "agreed": plain(self.agreed)}
        return {**self.decision.to_json(), **more, "asked": plain(self.asked), "expires": plain(self.expires)}


def requests(ledger: Ledger, find: Callable[[str], Decision | None], now: int) -> Iterator[Request]:
    """Give what people are asked, in the order of asking; `find` gives a decision that is held, by its id."""
    for id_, found in ledger.approvals.items():
        decision = None if found.used or found.refused or now >= found.expires else find(id_)
        if decision is not None:
            times = moment(found.asked), moment(found.expires)
            yield Request(decision, found.quorum, FrozenMap(found.votes), *times)


def needed(proposal: Proposal, view: View) -> tuple[int, int]:
    """Give how many people have to agree (0: nobody), and within how long, in microseconds."""
    said = view.autonomy(proposal.action)
    asked = [(said.quorum, microseconds(said.expires))] if said.grade == "approve" and view.policy else []
    asked += [(int(guard.amount), guard.wait or HOUR) for guard, _ in proposal.settings.get("approval", ())]
    return (max(quorum for quorum, _ in asked), min(wait for _, wait in asked)) if asked else (0, 0)


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:
    """Ask for approval; once it is refused or has expired, suppress. A shadow counts as approved."""
    quorum, wait = (0, 0) if proposal.shadow else needed(proposal, view)
    if not quorum:
        return None
    proposal.id = proposal.id or view.id_of(proposal)
    found = ledger.approvals.get(proposal.id)
    if found is None:
        return Verdict("needs_approval", "approval", f"{quorum} have to agree", moment(now + wait), proposal.id)
    return _answered(proposal.id, found, quorum, now)


def _answered(decision: str, found: Approval, quorum: int, now: int) -> Verdict | None:
    if found.refused:
        who, why = found.refused
        return suppressed("approval", f"{who} refused it: {why}", escalates=True)
    if found.used or (now < found.expires and len(found.votes) >= quorum):
        return None
    if now >= found.expires:
        return suppressed("approval", f"expired: {_agreed(found, quorum)} agreed in time", escalates=True)
    reason = f"{_agreed(found, quorum)} have agreed"
    return Verdict("needs_approval", "approval", reason, moment(found.expires), decision)


def _agreed(found: Approval, quorum: int) -> str:
    return f"{len(found.votes)} of {quorum}"


def refused(proposal: Proposal, ledger: Ledger, view: View, now: int) -> None:
    """Begin to wait for approval, or go on under what the policy asks for now; the time it expires at stays."""
    quorum, wait = needed(proposal, view)
    if proposal.id not in ledger.approvals:
        ledger.approvals[proposal.id] = Approval(now, now + wait)
    ledger.approvals[proposal.id].quorum = quorum


def charge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> None:  # noqa: ARG001 - one shape
    """Have an approval that was used hold for further attempts at the step."""
    if proposal.id in ledger.approvals:
        ledger.approvals[proposal.id].used = True


STAGE = Stage("approval", judge, "acting", charge=charge, refused=refused)
