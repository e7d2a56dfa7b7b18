"""What an event led to is not done once the event is old; a cause that still holds does not grow old."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import suppressed


def bind(_: object, desk: Desk) -> Asked:
    """Suppress the first step of an episode `max_age` after it opened, unless people were asked."""
    max_age = desk.view.max_age

    def verdict(proposal: Proposal, _: object, now: int) -> Verdict | None:
        if proposal.level or proposal.asked or now - proposal.since < max_age:
            return None
        last = proposal.progress.decision
        late = last is None or last.verdict.guard not in {"maintenance", "settle"}  # whoever works on it knows
        return suppressed("stale", "it was held until its cause was too old to act on", late=late)

    return Asked(verdict, Phrase("now - proposal.since >= {max_age}", max_age=max_age))


STAGE = Stage("stale", bind, "every", opens=True)
