"""Hold a parsed rule set against its vocabulary and against itself: every finding, never an exception."""

from collections.abc import Mapping
from contextlib import suppress
from os import PathLike
from pathlib import Path

from selfheal_rules.check.actions import actions, brought
from selfheal_rules.check.bound import bound
from selfheal_rules.check.conclusions import lifetimes, provenance, unconfirmed, unread
from selfheal_rules.check.determined import determined
from selfheal_rules.check.ebbing import ebbing
from selfheal_rules.check.everything import catch_all
from selfheal_rules.check.expressions import formulas
from selfheal_rules.check.guards import populations, settings, shares, unguarded
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
from selfheal_rules.check.remedies import closed_guards, ended_causes, vain_retries
from selfheal_rules.check.shadow import shadowed
from selfheal_rules.check.steps import given, needed, targets
from selfheal_rules.check.structure import counted_references, deadlines, empty, held, picks, sequences, shapes, windows
from selfheal_rules.check.subject import REACHES, Check, Subject, readable
from selfheal_rules.check.texts import unfilled
from selfheal_rules.check.together import check_together
from selfheal_rules.check.unreached import unreached
from selfheal_rules.diagnostics import Report, RuleSetError
from selfheal_rules.model import RuleSet
from selfheal_rules.parse.files import read_source
from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.ruleset import parse_rules
from selfheal_rules.source import Span
from selfheal_rules.values import argument

__all__ = ["CHECKS", "check_mapping", "check_rules", "check_together", "load_mapping", "load_rules"]

CHECKS: tuple[Check, ...] = (
    Check("duplicate names", duplicates, "part"),
    Check("kinds", kinds, "part"),
    Check("references", references, "part"),
    Check("parameters", parameters, "part"),
    Check("order of steps", order, "whole"),
    Check("values of parameters", lambda subject: declarations(subject.ruleset)),
    Check("fields", fields, "part"),
    Check("leaves", leaves, "part"),
    Check("comparisons", comparisons, "part"),
    Check("counts", counts, "part"),
    Check("durations", durations, "part"),
    Check("expressions", formulas, "part"),
    Check("values of conclusions", given, "part"),
    Check("needs of conclusions", needed, "kinds"),
    Check("targets", targets, "part"),
    Check("actions", actions, "whole"),
    Check("plug-ins", brought),
    Check("shapes", shapes, "whole"),
    Check("empty patterns", empty),
    Check("held conditions", held, "part"),
    Check("sequences", sequences, "whole"),
    Check("picks", picks, "part"),
    Check("windows", windows, "whole"),
    Check("counted references", counted_references, "part"),
    Check("deadlines", deadlines, "part"),
    Check("joins of negatives", required_joins, "whole"),
    Check("targets and keys", determined, "kinds"),
    Check("settings of guards", settings, "part"),
    Check("shares", shares, "part"),
    Check("populations", populations, "part"),
    Check("unguarded actions", unguarded, "whole"),
    Check("guards that let nothing pass", closed_guards, "part"),
    Check("retries in vain", vain_retries, "whole"),
    Check("steps behind the end of their cause", ended_causes, "whole"),
    Check("lifetimes", lifetimes, "whole"),
    Check("provenance", provenance, "part"),
    Check("circles", circular, "kinds"),
    Check("loops of decisions", decision_loops, "whole"),
    Check("cross joins", crossed, "kinds"),
    Check("unrelated negatives", unrelated, "whole"),
    Check("impossible leaves", impossible, "part"),
    Check("needless leaves", needless, is_lint=True),
    Check("negatives of what is bound", bound, is_lint=True),
    Check("storms that ebb", ebbing, "set", is_lint=True),
    Check("patterns that never meet", apart, is_lint=True),
    Check("shadowed rules", shadowed, is_lint=True),
    Check("opposed rules", opposed, is_lint=True),
    Check("rules that nothing reaches", unreached, "set", is_lint=True),
    Check("targets of all there is", catch_all, "set", is_lint=True),
    Check("unconfirmed steps", unconfirmed, "whole"),
    Check("texts left unfilled", unfilled, "part"),
    Check("unread conclusions", unread, "set"),
    Check("unused parameters", unused_parameters, "set"),
)
"""Every check, in the order they run; each finds what it is named for."""


def load_rules(path: str | Path, *, values: Mapping[str, object] | None = None) -> RuleSet:
    """
    Load the rule set of a file, or of a folder with a `rules.yaml`; `values` are what the site sets parameters to.

    Raises:
        RuleSetError: with every finding of reading and, where there is one, of the checks that `compile_rules` makes.
        TypeError: where an argument is of another type.
    """
    argument("path", path, str, PathLike)
    argument("values", values, Mapping, type(None))
    file = Path(path)
    findings = Findings()
    with suppress(OSError):  # what cannot even be looked at is told below, when it is read
        file = file / "rules.yaml" if file.is_dir() else file
    source = read_source(file, findings)
    if source is None:
        raise RuleSetError(findings.report())
    found, report = parse_rules(source, values=values, folder=file.parent)
    if found is None or report.errors:
        raise RuleSetError(report + check_rules(found) if found else report)
    return found


def check_rules(ruleset: RuleSet, *, lint: bool = True) -> Report:
    """
    Run every check over a rule set.

    Of one that was read with mistakes, all is checked that does not rest on what may lack; where reading has found
    something, the checks say nothing: one mistake is one finding. Without `lint` all errors are found, and not every
    warning.
    """
    argument("ruleset", ruleset, RuleSet, cure="`load_rules` gives one")
    checks = [check for check in CHECKS if lint or not check.is_lint]
    if not ruleset.faults:
        subject = Subject.of(ruleset)
        return Report.of(found for check in checks for found in check.run(subject))
    known = {_place(finding.span) for finding in ruleset.faults}
    subjects = {reach: Subject.of(readable(ruleset, reach)) for reach in REACHES}
    found = (found for check in checks for found in check.run(subjects[check.reach]))
    return Report.of(one for one in found if _place(one.span) not in known)


def _place(span: Span) -> tuple[str, int, int]:
    return span.source.name, span.line, span.column
