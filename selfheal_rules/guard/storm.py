"""While very much is failing, nothing new is begun; it is over only once it has been calm for a while."""

from typing import Any

from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger, Storm
from selfheal_rules.guard.stage import Asked, Desk, Stage, queue_of, unless_counted
from selfheal_rules.guard.verdict import held, unknown
from selfheal_rules.guard.view import View


def bind(guard: Guarding, desk: Desk) -> Asked:
    """Hold what would begin while a storm rages, or has been over for less than `for`; so does an `observer`."""
    name, storms, view = guard.name, desk.ledger.storms.setdefault(guard.key, {}), desk.view
    queue = queue_of(guard)

    def verdict(_: Proposal, scope: Any, now: int) -> Verdict | None:  # noqa: ANN401 - any key
        place, storm = (queue, scope), storms.get(scope)
        failing = measure(guard, scope, storm, view, now)
        if failing is None:
            return unknown(name, "how many are failing is unknown", place, is_open=guard.is_open)
        if failing >= guard.amount:
            return held(name, f"{_shown(failing, guard)} failing{_in(scope)}", place, _abates(storm, guard))
        if storm is not None and storm.raging:
            calm = calm_since(storm, guard, now)
            if now < calm + guard.wait:
                return held(name, f"calm for less than it has to be{_in(scope)}", place, calm + guard.wait)
        return None

    if guard.per:
        return Asked(verdict)
    failing = "count.total - count.healthy"
    share = f"100 * ({failing}) / count.total" if guard.percent else failing
    calm = f"{share} < {{most}} and not {{storms}}.get({{scope}}, {{still}}).raging"
    names = {"most": guard.amount, "storms": storms, "still": Storm()}
    return Asked(verdict, unless_counted(guard, view, calm, **names))


def measure(guard: Guarding, scope: Any, storm: Storm | None, view: View, now: int) -> float | None:  # noqa: ANN401 - any key
    """Give how many (or what share) are failing now, or fell ill within `per`; None where that is unknown."""
    count = view.count(guard, scope)
    if count is None:
        return None
    failing = count.total - count.healthy
    if guard.per:
        failing = storm.since(now - guard.per) if storm else 0
    return 100 * failing / count.total if guard.percent else failing


def calm_since(storm: Storm, guard: Guarding, now: int) -> int:
    """Give since when it is calm: since it was seen to be, or since all that fell ill did so longer than `per` ago."""
    if storm.calm is None and storm.last is not None:
        return storm.last + guard.per
    return now if storm.calm is None else storm.calm


def _abates(storm: Storm | None, guard: Guarding) -> int | None:
    """Give the next instant at which less will have fallen ill of late; None where only a state can tell."""
    return storm.falls[0][0] + guard.per if storm is not None and storm.falls and guard.per else None


def observe(place: Any, guard: Guarding, fell: int, ledger: Ledger, view: View, now: int) -> None:  # noqa: ANN401 - any key
    """Note that a population changed: a storm begins, or a calm."""
    storm = ledger.storms.setdefault(place[0], {}).setdefault(place[1], Storm())
    if guard.per and fell:
        storm.fell(now, fell)
    failing = measure(guard, place[1], storm, view, now)
    if failing is None or failing >= guard.amount:
        storm.raging, storm.calm = True, None
    elif storm.raging and storm.calm is None:
        storm.calm = now


def _shown(failing: float, guard: Guarding) -> str:
    unit = "%" if guard.percent else ""
    return f"{failing:.4g}{unit}, a storm from {guard.amount:g}{unit} on,"


def _in(scope: Any) -> str:  # noqa: ANN401 - any key
    return f" in {', '.join(map(str, scope))}" if isinstance(scope, tuple) and scope else ""


STAGE = Stage("storm", bind, opens=True)
