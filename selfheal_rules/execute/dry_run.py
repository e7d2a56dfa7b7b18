"""An executor that does nothing, and says so."""

from collections.abc import Collection

from attrs import field, frozen

from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.execute.executor import Clock, time_of_day


@frozen
class DryRun:
    """Answers every decision of the given actions with `dry_run`."""

    actions: Collection[str]
    clock: Clock = time_of_day
    idempotent: bool = field(default=True, init=False)

    def execute(self, decision: Decision) -> Outcome:
        """Do nothing."""
        return Outcome.of(decision, "dry_run", self.clock())
