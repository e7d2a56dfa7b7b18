"""So many tries for one target, then people: it is quarantined until somebody releases it."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage, counting
from selfheal_rules.guard.verdict import suppressed
from selfheal_rules.match.populations import shown
from selfheal_rules.values import moment


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Suppress the try that is one too many, and every one after it."""
    book, key, per, keep, what = desk.book, guard.key, guard.per, guard.keep, (guard.key, desk.action)
    quarantined, since = book.quarantined, book.since

    def verdict(_: Proposal, scope: Scope, now: int) -> Verdict | None:
        if (key, scope) in quarantined:
            told = moment(quarantined[key, scope][0]).isoformat()
            return suppressed("quarantine", f"quarantined since {told}: release `{shown(scope)}` by hand")
        if len(since((what,), scope, now - per, now - keep)) < guard.amount:
            return None
        return suppressed("attempts", f"tried {guard.amount:g} times already; quarantined", escalates=True)

    return Asked(
        verdict,
        Phrase(
            "{scope} in {times} or ({quarantined} and ({key}, {scope}) in {quarantined})",
            key=key,
            times=book.times.setdefault(what, {}),
            quarantined=quarantined,
        ),
    )


def charge(guard: Guarding, desk: Desk) -> Phrase:
    """Count a try."""
    return counting((guard.key, desk.action), desk)


def refused(guard: Guarding, desk: Desk) -> Phrase:
    """Quarantine what was tried too often."""
    book, what = desk.book, (guard.key, desk.action)

    def note(proposal: Proposal, scope: Scope, now: int) -> None:
        place = (guard.key, scope)
        tried = book.since((what,), scope, now - guard.per, now - guard.keep)
        if scope is not None and len(tried) >= guard.amount:
            book.quarantined.setdefault(place, (now, proposal.target))

    return Phrase("{note}(proposal, {scope}, now)", note=note)


STAGE = Stage(
    "attempts", bind, charge=charge, refused=refused, missing="what its tries are counted by is missing",
    says="quarantine",
)  # fmt: skip
