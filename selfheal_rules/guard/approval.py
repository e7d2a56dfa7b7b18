"""What people have to agree to is not done before they have, nor long after."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from attrs import frozen

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Decision, Verdict
from selfheal_rules.decide.evidence import plain
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.agreement import Approval
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import ALWAYS, Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import suppressed
from selfheal_rules.match.rows import fingerprint
from selfheal_rules.values import FrozenMap, microseconds, moment

HOUR = 3_600_000_000


@frozen
class Request:
    """
    What people are asked to agree to: a decision, how many of them it takes, and who has agreed (with why).

    Its verdict is `needs_approval`, or that of a guard that holds it besides. `subject` is what an approval is about:
    the id of the decision, and a digest of its action, target and params, since other rules may ask for something else
    under the same id.
    """

    decision: Decision
    subject: str
    quorum: int
    agreed: FrozenMap
    asked: datetime
    expires: datetime

    def to_json(self) -> dict[str, Any]:
        """Give the request as JSON has it: the decision, and what is said of it."""
        more = {"subject": self.subject, "quorum": self.quorum, "agreed": plain(self.agreed)}
        return {**self.decision.to_json(), **more, "asked": plain(self.asked), "expires": plain(self.expires)}


def requests(ledger: Ledger, find: Callable[[str], Decision | None], now: int) -> Iterator[Request]:
    """Give what people are asked, in the order of asking; `find` gives a decision that is held, by its id."""
    for id_, found in ledger.approvals.items():
        decision = None if found.used or found.refused or now >= found.expires else find(id_)
        if decision is not None:
            times = moment(found.asked), moment(found.expires)
            yield Request(decision, f"{id_} {found.of}", found.quorum, FrozenMap(found.votes), *times)


def needed(guards: tuple[Guarding, ...], desk: Desk) -> tuple[int, int]:
    """Give how many people have to agree (0: nobody), and within how long, in microseconds."""
    said = desk.view.autonomy(desk.action)
    asked = [(said.quorum, microseconds(said.expires))] if said.grade == "approve" and desk.view.policy else []
    asked += [(int(guard.amount), guard.wait or HOUR) for guard in guards]
    return (max(quorum for quorum, _ in asked), min(wait for _, wait in asked)) if asked else (0, 0)


def bind(guards: tuple[Guarding, ...], desk: Desk) -> Asked:
    """Ask for approval; once it is refused or has expired, suppress. A shadow counts as approved."""
    view, approvals = desk.view, desk.ledger.approvals
    quorum, wait = (0, 0) if desk.shadow else needed(guards, desk)

    def verdict(proposal: Proposal, _: object, now: int) -> Verdict | None:
        proposal.id = proposal.id or view.id_of(proposal)
        found = approvals.get(proposal.id)
        if not quorum:
            return _overtaken(proposal, found, view.max_age, now)
        if found is None or found.of != asked_of(proposal) or _is_spent(found, quorum, now):
            return Verdict("needs_approval", "approval", f"{quorum} have to agree", moment(now + wait), proposal.id)
        return _answered(proposal.id, found, quorum, now)

    return Asked(verdict, ALWAYS if quorum else Phrase("proposal.asked"))


def asked_of(proposal: Proposal) -> str:
    """Give what tells what people are asked to agree to from all that other rules may ask under the same id."""
    return fingerprint(proposal.action, proposal.target, proposal.params)


def _overtaken(proposal: Proposal, found: Approval | None, max_age: int, now: int) -> Verdict | None:
    """Refuse what people were asked and need not be asked any more, once its cause is old and nobody has agreed."""
    is_old = proposal.opens and not proposal.level and now - proposal.since >= max_age
    if not (proposal.asked and is_old) or (found is not None and (found.used or len(found.votes) >= found.quorum)):
        return None
    return suppressed("approval", "nobody agreed while it was asked, and its cause is too old to act on", late=True)


def _is_spent(found: Approval, quorum: int, now: int) -> bool:
    """Whether an approval that one attempt has used covers no other: its time is over, or more have to agree by now."""
    return found.used and not found.refused and (now >= found.expires or len(found.votes) < quorum)


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


def refused(guards: tuple[Guarding, ...], desk: Desk) -> Phrase:
    """Begin to wait for approval, or go on under what the policy asks for now; the time it expires at stays."""
    ledger, approvals = desk.ledger, desk.ledger.approvals
    quorum, wait = needed(guards, desk)

    def note(proposal: Proposal, now: int) -> None:
        of = asked_of(proposal)
        found = approvals.get(proposal.id)
        if found is None or found.of != of or _is_spent(found, quorum, now):
            approvals[proposal.id] = Approval(now, now + wait, of, is_alone=not ledger.changed)
        approvals[proposal.id].quorum = quorum

    return Phrase("{note}(proposal, now)", note=note)


def charge(_: object, desk: Desk) -> Phrase:
    """Have an approval that was used hold for further attempts at the step, as long as it would for the first."""
    approvals = desk.ledger.approvals

    def note(proposal: Proposal) -> None:
        if proposal.id in approvals:
            approvals[proposal.id].used = True

    return Phrase("{note}(proposal) if {approvals} else None", note=note, approvals=approvals)


STAGE = Stage("approval", bind, "acting", charge=charge, refused=refused)
