"""What a rule or a site may be guarded by: the catalogue of guards, and what one that another package brings is."""

from selfheal_rules.guards.catalogue import GUARDS, without
from selfheal_rules.guards.entry import Answer, Candidate, Doubt, GuardType, Hold, Refuse

__all__ = ["GUARDS", "Answer", "Candidate", "Doubt", "GuardType", "Hold", "Refuse", "without"]
