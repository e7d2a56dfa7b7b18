"""So many of a population stay healthy, whatever is done."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.verdict import held, unknown
from selfheal_rules.guard.view import View


def judge(proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:  # noqa: ARG001 - one shape
    """Hold what would begin where too few are healthy, those counted out that are being acted on."""
    for guard, scope in proposal.settings["min_healthy"]:
        place = (guard.key, scope)
        count = view.count(guard, scope) if scope is not None else None
        if count is None or guard.census is None:
            doubt = unknown(
                "min_healthy", "the population is unknown or word of it too old", place, is_open=guard.is_open
            )
            if doubt:
                return doubt
            continue
        population = view.population(guard.census)
        spent = population.spent_with(proposal.target, scope if guard.census.by else ())
        wanted = count.total * guard.amount / 100 if guard.percent else guard.amount
        if count.healthy - spent < wanted:
            left = f"{count.healthy} of {count.total} healthy"
            acted = f", {spent} of them acted on" if spent else ""
            return held("min_healthy", f"{left}{acted}; {wanted:g} have to be", place)
    return None


STAGE = Stage("min_healthy", judge, opens=True)
