"""What matched becomes what is to be done: firings, episodes and decisions."""

from selfheal_rules.decide.decision import Decision, Disposition, Evidence, Outcome, Step, Verdict

__all__ = ["Decision", "Disposition", "Evidence", "Outcome", "Step", "Verdict"]
