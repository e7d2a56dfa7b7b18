"""Hold a parsed rule set against its vocabulary and against itself: every finding, never an exception."""

from attrs import evolve

from selfheal_rules.check.actions import actions
from selfheal_rules.check.conclusions import lifetimes, provenance, unconfirmed, unread
from selfheal_rules.check.determined import determined
from selfheal_rules.check.everything import catch_all
from selfheal_rules.check.expressions import formulas
from selfheal_rules.check.guards import populations, shares, unguarded
from selfheal_rules.check.leaves import comparisons, counts, durations, fields, leaves
from selfheal_rules.check.loops import circular, decision_loops
from selfheal_rules.check.mapping import check_mapping, load_mapping
from selfheal_rules.check.meeting import apart
from selfheal_rules.check.names import duplicates, kinds, order, parameters, references
from selfheal_rules.check.negation import required_joins, unrelated
from selfheal_rules.check.operands import declarations
from selfheal_rules.check.opposed import opposed
from selfheal_rules.check.possible import impossible, needless
from selfheal_rules.check.reach import crossed, unused_parameters
from selfheal_rules.check.shadow import shadowed
from selfheal_rules.check.steps import given, needed, targets
from selfheal_rules.check.structure import counted_references, deadlines, held, picks, sequences, shapes, windows
from selfheal_rules.check.subject import Check, Subject
from selfheal_rules.check.texts import unfilled
from selfheal_rules.check.together import check_together
from selfheal_rules.check.unreached import unreached
from selfheal_rules.check.walk import patterns_of, steps_of
from selfheal_rules.diagnostics import Report
from selfheal_rules.model import Conclude, Rule, RuleSet

__all__ = ["CHECKS", "check_mapping", "check_rules", "check_together", "load_mapping"]

CHECKS: tuple[Check, ...] = (
    Check("duplicate names", duplicates, "part"),
    Check("kinds", kinds, "part"),
    Check("references", references, "part"),
    Check("parameters", parameters, "part"),
    Check("order of steps", order),
    Check("values of parameters", lambda subject: declarations(subject.ruleset)),
    Check("fields", fields, "part"),
    Check("leaves", leaves, "part"),
    Check("comparisons", comparisons, "part"),
    Check("counts", counts, "part"),
    Check("durations", durations, "part"),
    Check("expressions", formulas, "part"),
    Check("values of conclusions", given, "part"),
    Check("needs of conclusions", needed),
    Check("targets", targets, "part"),
    Check("actions", actions),
    Check("shapes", shapes),
    Check("held conditions", held, "part"),
    Check("sequences", sequences),
    Check("picks", picks, "part"),
    Check("windows", windows),
    Check("counted references", counted_references, "part"),
    Check("deadlines", deadlines, "part"),
    Check("joins of negatives", required_joins),
    Check("targets and keys", determined),
    Check("shares", shares),
    Check("populations", populations),
    Check("unguarded actions", unguarded),
    Check("lifetimes", lifetimes),
    Check("provenance", provenance, "part"),
    Check("circles", circular),
    Check("loops of decisions", decision_loops),
    Check("cross joins", crossed),
    Check("unrelated negatives", unrelated),
    Check("impossible leaves", impossible, "part"),
    Check("needless leaves", needless, is_lint=True),
    Check("patterns that never meet", apart, is_lint=True),
    Check("shadowed rules", shadowed, is_lint=True),
    Check("opposed rules", opposed, is_lint=True),
    Check("rules that nothing reaches", unreached, "set", is_lint=True),
    Check("targets of all there is", catch_all, "set", is_lint=True),
    Check("unconfirmed steps", unconfirmed),
    Check("texts left unfilled", unfilled, "part"),
    Check("unread conclusions", unread, "set"),
    Check("unused parameters", unused_parameters, "set"),
)
"""Every check, in the order they run; each finds what it is named for."""


def check_rules(ruleset: RuleSet, *, lint: bool = True) -> Report:
    """
    Run every check over a rule set; over what was read with mistakes, those that do not rest on what may lack.

    Without `lint` all errors are found, and not every warning.
    """
    sound = Subject.of(evolve(ruleset, rules=tuple(rule for rule in ruleset.rules if not _is_doubtful(rule, ruleset))))
    every = sound if ruleset.whole else Subject.of(evolve(ruleset, rules=_every(ruleset)))
    checks = (check for check in CHECKS if (check.reach != "set" or ruleset.whole) and (lint or not check.is_lint))
    return Report.of(found for check in checks for found in check.run(every if check.reach == "part" else sound))


def _every(ruleset: RuleSet) -> tuple[Rule, ...]:
    return tuple(sorted((*ruleset.rules, *ruleset.unread), key=lambda rule: rule.span.line))


def _is_doubtful(rule: Rule, ruleset: RuleSet) -> bool:
    """Whether a rule speaks of a kind whose declaration has a mistake in it."""
    if not ruleset.lost:
        return False
    concluded = [step.kind for step in steps_of(rule) if isinstance(step, Conclude)]
    return not ruleset.lost.isdisjoint([*concluded, *(name for one in patterns_of(rule) for name in one.kinds)])
