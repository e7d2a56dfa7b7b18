"""The guards in the order they are asked: never, stopped, too late, people's, not now, not so many, others'."""

from collections.abc import Iterable

from selfheal_rules.guard import (
    approval,
    attempts,
    backoff,
    breaker,
    conflict,
    cooldown,
    flap,
    in_flight,
    kill_switch,
    limit,
    lock,
    maintenance,
    max_percent,
    min_healthy,
    observer,
    pause,
    protected,
    settle,
    staleness,
    stand_down,
    storm,
    target,
)
from selfheal_rules.guard.brought import stage_of
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guards import GUARDS

STAGES: tuple[Stage, ...] = (
    target.STAGE,
    protected.STAGE,
    staleness.STAGE,
    kill_switch.STAGE,
    pause.STAGE,
    conflict.STAGE,
    attempts.STAGE,
    flap.STAGE,
    maintenance.STAGE,
    stand_down.STAGE,
    settle.STAGE,
    observer.STAGE,
    storm.STAGE,
    min_healthy.STAGE,
    max_percent.STAGE,
    cooldown.STAGE,
    backoff.STAGE,
    breaker.STAGE,
    limit.STAGE,
    in_flight.STAGE,
    lock.STAGE,
    approval.STAGE,
)
"""Each is asked in turn; the first that says no is the verdict, and only what all let through is charged."""


def stages(names: Iterable[str]) -> tuple[Stage, ...]:
    """
    Give the stages where these guards are declared: ours, and those of other packages by name, in one order.

    People are asked last of all, so that nobody agrees to what would be held all the same.
    """
    brought = (GUARDS[name] for name in sorted(dict.fromkeys(names)) if name in GUARDS)
    return (*STAGES[:-1], *(stage_of(one) for one in brought if one.is_brought), STAGES[-1])
