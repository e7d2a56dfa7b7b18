"""So many of a population stay healthy, whatever is done."""

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Scope
from selfheal_rules.guard.stage import Asked, Desk, Stage, queue_of, unless_counted
from selfheal_rules.guard.verdict import held, unknown


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Hold what would begin where too few are healthy, those counted out that are being acted on."""
    view, population, amount = desk.view, desk.view.population(guard), guard.amount
    by, queue = guard.census.by if guard.census else (), queue_of(guard)

    def verdict(proposal: Proposal, scope: Scope, _: int) -> Verdict | None:
        place = (queue, scope)
        count = view.count(guard, scope)
        if count is None:
            what = "the population is unknown or word of it too old"
            return unknown("min_healthy", what, place, is_open=guard.is_open)
        spent = population.spent_with(proposal.target, scope if by else ())
        wanted = count.total * amount / 100 if guard.percent else amount
        if count.healthy - spent >= wanted:
            return None
        acted = f", {spent} of them acted on" if spent else ""
        reason = f"{count.healthy} of {count.total} healthy{acted}; {wanted:g} have to be"
        return held("min_healthy", reason, place)

    wanted = "count.total * {amount} / 100" if guard.percent else "{amount}"
    several = "(len({named}.get(proposal.target, ())) if {named} else 0)"
    enough = f"count.healthy - count.spent - 1 - {several} >= {wanted}"
    names = {"named": population.named, "amount": amount}
    return Asked(verdict, unless_counted(guard, view, enough, **names))


STAGE = Stage("min_healthy", bind, opens=True)
