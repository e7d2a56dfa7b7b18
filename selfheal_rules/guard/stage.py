"""What a stage is: one guard, where it applies, and what it remembers."""

from collections.abc import Callable
from typing import Literal, TypeAlias

from attrs import frozen

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.guard.verdict import unknown
from selfheal_rules.guard.view import View

Judge: TypeAlias = Callable[[Proposal, Ledger, View, int], Verdict | None]
"""(proposal, ledger, view, now) → why not, or None; it changes nothing."""
Note: TypeAlias = Callable[[Proposal, Ledger, View, int], None]
"""Writes into the ledger what a verdict means for those to come."""
Reach: TypeAlias = Literal["every", "acting", "declared"]


@frozen(eq=False, repr=False)
class Stage:
    """
    One guard.

    `reach`: it judges every step, those that touch something (`acting`), or those a rule or the site has `declared` it
    for. `opens`: only the step an episode begins with; running episodes go on. `charge` is called where all stages let
    a step through, `refused` where this one did not, `seen` the first time it judges a step. `missing`: what is said
    where the scope a setting goes by is missing; where it is empty, the guard sees to that itself. `heeds`: whether
    a site's policy gives it anything to go by; where not, it is asked only where it is declared.
    """

    name: str
    judge: Judge
    reach: Reach = "declared"
    opens: bool = False
    charge: Note | None = None
    refused: Note | None = None
    seen: Note | None = None
    missing: str = ""
    heeds: Callable[[View], bool] = lambda _: True

    def weigh(self, proposal: Proposal, ledger: Ledger, view: View, now: int) -> Verdict | None:
        """Judge where some scope is missing: setting by setting, holding where one that fails closed cannot tell."""
        settings = proposal.settings.get(self.name, ()) if self.missing else ()
        if all(scope is not None for _, scope in settings):
            return self.judge(proposal, ledger, view, now)
        verdict = None
        for guard, scope in settings:
            if scope is None:
                verdict = unknown(self.name, self.missing, None, is_open=guard.is_open)
            else:
                proposal.settings[self.name] = [(guard, scope)]
                verdict = self.judge(proposal, ledger, view, now)
            if verdict is not None:
                break
        proposal.settings[self.name] = [*settings]
        return verdict
