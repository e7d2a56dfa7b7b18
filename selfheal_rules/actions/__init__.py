"""What can be done to a cloud, and what is known of it beforehand: the catalogue of actions."""

from selfheal_rules.actions.catalogue import CATALOGUE, is_destructive, is_named_by_target, risk_of
from selfheal_rules.actions.entry import AGAIN, ActionType, Param, Risk

__all__ = ["AGAIN", "CATALOGUE", "ActionType", "Param", "Risk", "is_destructive", "is_named_by_target", "risk_of"]
