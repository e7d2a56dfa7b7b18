"""Why it is so: for now, how a program will match, what it will keep and what it will cost."""

from selfheal_rules.explain.page import page
from selfheal_rules.explain.plan import ProgramPlan, explain_plan

__all__ = ["ProgramPlan", "explain_plan", "page"]
