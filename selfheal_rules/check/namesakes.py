"""Whether who asks what a rule has done, by its id, could hear of a rule of that id in another rule set."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from selfheal_rules.check.findings import warning
from selfheal_rules.check.loops import DECISION, EPISODE
from selfheal_rules.check.walk import patterns_of, steps_of
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Do, Literal, Pattern, RuleSet, Test

Homes: TypeAlias = Mapping[str, Sequence[str]]
"""The rule sets that have a rule of an id which decides steps."""


def namesakes(rulesets: Sequence[RuleSet]) -> Iterator[Diagnostic]:
    """Nobody asks for a rule by an id that rules of several sets have, without saying whose."""
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for rules in rulesets:
        for rule in rules.rules:
            if any(isinstance(step, Do) for step in steps_of(rule)):
                homes[rule.id].append(rules.name)
    for rules in rulesets:
        for pattern in (one for rule in rules.rules for one in patterns_of(rule)):
            yield from _unclear(pattern, rules.name, homes)


def _unclear(pattern: Pattern, own: str, homes: Homes) -> Iterator[Diagnostic]:
    is_told = any(test.path == ("ruleset",) for test in pattern.where)
    if not is_told and not {DECISION, EPISODE}.isdisjoint(pattern.kinds):
        for test in pattern.where:
            yield from (_finding(test, name, own, homes[name]) for name in _names(test) if len(homes.get(name, ())) > 1)


def _names(test: Test) -> Iterator[str]:
    if test.path == ("rule",) and test.operator in {"is", "in"}:
        operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
        yield from (str(one.value) for one in operands if isinstance(one, Literal))


def _finding(test: Test, name: str, own: str, homes: Sequence[str]) -> Diagnostic:
    several = " and ".join(f"`{home}`" for home in homes)
    message = f"{several} have a rule `{name}` each, and what either of them does is taken for that of one"
    cure = f"say whose: `ruleset: {own if own in homes else homes[0]}`"
    return warning("SH428", message, test.span, cure)
