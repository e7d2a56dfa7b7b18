"""What matched becomes what is to be done: firings, episodes and decisions."""

from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Decision, Disposition, Outcome, Step, Verdict
from selfheal_rules.decide.evidence import Evidence

__all__ = ["Control", "Decision", "Disposition", "Evidence", "Outcome", "Step", "Verdict"]
