"""Hold a parsed rule set against its vocabulary and against itself: every finding, never an exception."""

from selfheal_rules.check.conclusions import lifetimes, provenance, unconfirmed, unread
from selfheal_rules.check.determined import determined
from selfheal_rules.check.expressions import formulas
from selfheal_rules.check.leaves import comparisons, counts, durations, fields, leaves
from selfheal_rules.check.loops import circular, decision_loops
from selfheal_rules.check.mapping import check_mapping, load_mapping
from selfheal_rules.check.names import duplicates, kinds, order, parameters, references
from selfheal_rules.check.negation import required_joins, unrelated
from selfheal_rules.check.operands import declarations
from selfheal_rules.check.possible import impossible
from selfheal_rules.check.reach import crossed, shadowed, unused_parameters
from selfheal_rules.check.steps import conclusions, targets
from selfheal_rules.check.structure import counted_references, deadlines, held, picks, sequences, shapes, windows
from selfheal_rules.check.subject import Check, Subject
from selfheal_rules.check.texts import unfilled
from selfheal_rules.check.together import check_together
from selfheal_rules.diagnostics import Report
from selfheal_rules.model import RuleSet

__all__ = ["CHECKS", "check_mapping", "check_rules", "check_together", "load_mapping"]

CHECKS: tuple[Check, ...] = (
    Check("duplicate names", duplicates),
    Check("kinds", kinds),
    Check("references", references),
    Check("parameters", parameters),
    Check("order of steps", order),
    Check("values of parameters", lambda subject: declarations(subject.ruleset)),
    Check("fields", fields),
    Check("leaves", leaves),
    Check("comparisons", comparisons),
    Check("counts", counts),
    Check("durations", durations),
    Check("expressions", formulas),
    Check("conclusions", conclusions),
    Check("targets", targets),
    Check("shapes", shapes),
    Check("held conditions", held),
    Check("sequences", sequences),
    Check("picks", picks),
    Check("windows", windows),
    Check("counted references", counted_references),
    Check("deadlines", deadlines),
    Check("joins of negatives", required_joins),
    Check("targets and keys", determined),
    Check("lifetimes", lifetimes),
    Check("provenance", provenance),
    Check("circles", circular),
    Check("loops of decisions", decision_loops),
    Check("cross joins", crossed),
    Check("unrelated negatives", unrelated),
    Check("impossible leaves", impossible),
    Check("shadowed rules", shadowed),
    Check("unconfirmed steps", unconfirmed),
    Check("texts left unfilled", unfilled),
    Check("unread conclusions", unread),
    Check("unused parameters", unused_parameters),
)
"""Every check, in the order they run; each finds what it is named for."""


def check_rules(ruleset: RuleSet) -> Report:
    """Run every check over a rule set."""
    subject = Subject.of(ruleset)
    return Report.of(finding for check in CHECKS for finding in check.run(subject))
