"""Only a share of a population is acted on at once, or within a while."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held, unknown
from selfheal_rules.guard.view import View


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:
    """Hold what would begin where the share is used up."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["max_percent"]:
        place = (guard.key, scope)
        count = view.count(guard, scope) if scope is not None else None
        if count is None:
            doubt = unknown(
                "max_percent", "the population is unknown or word of it too old", place, is_open=guard.is_open
            )
            if doubt:
                return doubt
            continue
        targets = {book.flights[one].target: None for one in book.under_way(place)}
        past = book.acted(place, now - guard.per, now - guard.keep) if guard.per else {}
        known = targets | past
        if proposal.target not in known and (len(known) + 1) * 100 > guard.amount * count.total:
            retry = next(iter(past.values())) + guard.per if past else None
            reason = f"{len(known)} of {count.total} acted on already, {guard.amount:g}% may be"
            return held("max_percent", reason, place, retry)
    return None


def charge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> None:  # noqa: ARG001 - one shape
    """Count a target."""
    book = ledger.book(shadow=proposal.shadow)
    for guard, scope in proposal.settings["max_percent"]:
        if guard.per:
            book.act((guard.key, scope), proposal.target, now)


STAGE = Stage("max_percent", judge, opens=True, charge=charge)
