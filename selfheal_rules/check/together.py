"""Hold rule sets that are to run together against each other: what each is by itself has been checked before."""

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_

from attrs import evolve

from selfheal_rules.check.findings import error
from selfheal_rules.check.loops import chains, loops_of_decisions
from selfheal_rules.check.namesakes import namesakes
from selfheal_rules.check.opposed import opposed
from selfheal_rules.check.subject import Subject, readable
from selfheal_rules.diagnostics import Diagnostic, Report
from selfheal_rules.model import RuleSet
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import Kind


def check_together(*rulesets: RuleSet, lint: bool = True) -> Report:
    """
    Find what keeps rule sets from running in one program, though each of them could run alone.

    With `lint`, rules that do the opposite of what those of another set do are found as well, and those that ask for a
    rule by an id which several sets have: warnings. One that does the same is not: it may stand there in shadow, to be
    tried.
    """
    if len(rulesets) < 2:  # noqa: PLR2004 - together is two
        return Report.of(())
    once = {ruleset.name: ruleset for ruleset in reversed(rulesets)}
    known = tuple(readable(ruleset, "kinds") for ruleset in reversed(once.values()))
    clashes = (*_repeated(rulesets), *_contradictions(rulesets))
    is_sound = not clashes and not any(rules.faults for rules in rulesets)
    across = (*_across(rulesets), *namesakes(rulesets)) if lint and is_sound else ()
    return Report.of((*clashes, *chains(known), *_loops(known), *across))


def _across(rulesets: Sequence[RuleSet]) -> Iterator[Diagnostic]:
    """Hold all rules against each other as if they stood in one file, and leave out what each file says of itself."""
    params = {name: one for rules in rulesets for name, one in rules.params.items()}
    if any(one != params[name] or rules.values for rules in rulesets for name, one in rules.params.items()):
        return iter(())  # one name for two things: what a rule means would no longer be known
    whole = evolve(
        rulesets[0],
        rules=tuple(rule for rules in rulesets for rule in rules.rules),
        vocabulary=reduce(or_, (rules.vocabulary for rules in rulesets)),
        params=FrozenMap(params),
    )
    return (one for one in opposed(Subject.of(whole)) if any(span.source != one.span.source for span in one.related))


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
