"""The catalogue of actions, where authors of executors look for it; it lies lower, for the checks read it too."""

from selfheal_rules.actions import AGAIN, CATALOGUE, ActionType, Param

__all__ = ["AGAIN", "CATALOGUE", "ActionType", "Param"]
