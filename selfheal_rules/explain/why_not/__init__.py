"""
Why a rule did not fire for a target: the first thing that failed, the nearest miss, and what would have made it fire.

The engine itself is asked, over what was posted about the target: the rule is run with less of its condition, then with
ever more of it, until it does not fire. So what is said here is what the engine does, form by form.
"""

from selfheal_rules.explain.why_not.answer import Answer, Line, Mark, render
from selfheal_rules.explain.why_not.question import UnknownRuleError, kinds_for, why_not
from selfheal_rules.explain.why_not.sift import Excerpt, Input

__all__ = ["Answer", "Excerpt", "Input", "Line", "Mark", "UnknownRuleError", "kinds_for", "render", "why_not"]
