"""Hold rule sets that are to run together against each other: what each is by itself has been checked before."""

from collections.abc import Iterator, Sequence

from selfheal_rules.check.findings import error
from selfheal_rules.check.loops import chains, loops_of_decisions
from selfheal_rules.check.subject import Subject, readable
from selfheal_rules.diagnostics import Diagnostic, Report
from selfheal_rules.model import RuleSet
from selfheal_rules.vocabulary import Kind


def check_together(*rulesets: RuleSet) -> Report:
    """Find what keeps rule sets from running in one program, though each of them could run alone."""
    if len(rulesets) < 2:  # noqa: PLR2004 - together is two
        return Report.of(())
    once = {ruleset.name: ruleset for ruleset in reversed(rulesets)}
    known = tuple(readable(ruleset, "kinds") for ruleset in reversed(once.values()))
    found = (*_repeated(rulesets), *_contradictions(rulesets), *chains(known), *_loops(known))
    return Report.of(found)


def _repeated(rulesets: Sequence[RuleSet]) -> Iterator[Diagnostic]:
    first: dict[str, RuleSet] = {}
    for ruleset in rulesets:
        if ruleset.name in first:
            message = f"two rule sets are named `{ruleset.name}`, and ids of decisions are made of the name"
            cure = "load it once, or give it another name"
            yield error("SH331", message, ruleset.span, cure, first[ruleset.name].span)
        first.setdefault(ruleset.name, ruleset)


def _contradictions(rulesets: Sequence[RuleSet]) -> Iterator[Diagnostic]:
    first: dict[str, Kind] = {}
    for ruleset in rulesets:
        for name, kind in ruleset.vocabulary.kinds.items():
            other = first.setdefault(name, kind)
            if other is not kind and _shape(other) != _shape(kind):
                message = f"`{name}` is declared in two ways by rule sets that run together"
                cure = "give both one vocabulary file, or one of the kinds another name"
                yield error("SH332", message, kind.span, cure, other.span)


def _shape(kind: Kind) -> object:
    """Give what makes two declarations one: all but what is said about them."""
    return kind.form, kind.key, {name: (one.type, one.required) for name, one in kind.fields.items()}


def _loops(rulesets: Sequence[RuleSet]) -> Iterator[Diagnostic]:
    return loops_of_decisions(tuple(Subject.of(ruleset) for ruleset in rulesets))
