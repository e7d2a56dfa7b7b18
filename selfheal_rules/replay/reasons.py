"""Why one rule set decides what the other does not, or not yet."""

from collections.abc import Sequence
from datetime import timedelta

from selfheal_rules.compile.program import Program
from selfheal_rules.engine import MAX_AGE
from selfheal_rules.explain.why_not import Answer, UnknownRuleError, why_not
from selfheal_rules.journal.items import Input
from selfheal_rules.policy import Policy
from selfheal_rules.replay.differences import Difference


def reason(
    difference: Difference,
    old: Program,
    new: Program,
    inputs: Sequence[Input],
    policy: Policy | None = None,
    *,
    max_age: timedelta = MAX_AGE,
) -> Answer | None:
    """
    Say why the one rule set does not decide at the instant the other does; None where both do, or it lacks the rule.

    Of what has moved, the later side is asked at the instant of the earlier.
    """
    was, now = difference.was, difference.now
    is_old_silent = was is None or (now is not None and now.at < was.at)
    made, program = (now, old) if is_old_silent else (was, new)
    if made is None or (was is not None and now is not None and was.at == now.at):
        return None
    name = f"{made.ruleset}/{made.rule}"
    try:
        answer = why_not(program, inputs, name, made.target, made.time, policy, max_age=max_age)
    except UnknownRuleError:
        return None
    return answer if answer.failed else None
