"""What can be true, false or unknown in a rule: its leaves and formulas, judged over the items of a case."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from selfheal_rules.check.alternatives import denies
from selfheal_rules.check.walk import conditions_below, leaves_of, patterns_below, roots, watched_by
from selfheal_rules.compile.codegen import Code, access
from selfheal_rules.compile.leaves import constant_leaf, is_constant, reference_leaf
from selfheal_rules.compile.nests import formula_condition
from selfheal_rules.compile.scope import Scope, references
from selfheal_rules.events import Event, State
from selfheal_rules.model import Formula, Pattern, Reference, Rule, RuleSet, Test
from selfheal_rules.source import Span

Item: TypeAlias = Event | State
Truth: TypeAlias = Literal["true", "false", "unknown"]
TRUTHS: tuple[Truth, ...] = ("true", "false", "unknown")


@frozen(eq=False)
class Leaf:
    """
    One leaf or formula of a rule, over the kinds of each alias it reads; its own alias comes first.

    `kinds` are what items may be given for each alias; a formula has no own.
    """

    ruleset: RuleSet = field(repr=False)
    rule: Rule = field(repr=False)
    part: Test | Formula
    patterns: tuple[Pattern, ...] = field(repr=False)

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.part.span if isinstance(self.part, Formula) else self.part.named

    @property
    def text(self) -> str:
        """How it is named in a report."""
        return "test" if isinstance(self.part, Formula) else ".".join(self.part.path)

    def needs(self) -> tuple[Truth, ...]:
        """Give what it can be: unknown only where something it reads may be missing."""
        if isinstance(self.part, Test) and self.part.operator == "exists":
            return TRUTHS[:2]
        own = self.patterns[0] if isinstance(self.part, Test) else None
        for pattern, path in _read(self.part, self.patterns):
            is_asked = any(one.path == path and not denies(one) for one in pattern.where)
            if _may_be_missing(pattern, path, self.ruleset) and (pattern is own or not is_asked):
                return TRUTHS
        return TRUTHS[:2]


def _read(part: Test | Formula, patterns: tuple[Pattern, ...]) -> Iterator[tuple[Pattern, tuple[str, ...]]]:
    by_alias = {pattern.alias: pattern for pattern in patterns}
    if isinstance(part, Test):
        yield patterns[0], part.path
    for one in references(part.operand if isinstance(part, Test) else part.term):
        yield by_alias[one.alias], one.path


def _may_be_missing(pattern: Pattern, path: tuple[str, ...], rules: RuleSet) -> bool:
    """Whether an item may be without a field; what a rule asks of another item before, that has it."""
    return not all(rules.vocabulary.kinds[name].requires(path) for name in pattern.kinds)


def leaves(ruleset: RuleSet, rule: Rule) -> Iterator[Leaf]:
    """Give every leaf and formula of a rule whose items are seen: numbers of counts are none."""
    patterns = [*patterns_below(roots(rule)), *watched_by(rule)]
    by_alias = {pattern.alias: pattern for pattern in patterns}
    for pattern in patterns:
        for test in leaves_of(pattern):
            others = _others(test.operand, by_alias, ruleset)
            if others is not None:
                apart = tuple(one for one in others if one.alias != pattern.alias)
                yield Leaf(ruleset, rule, test, (pattern, *apart))
    for formula in conditions_below(roots(rule)):
        named = _others(formula.term, by_alias, ruleset) if isinstance(formula, Formula) else None
        if isinstance(formula, Formula) and named is not None:
            yield Leaf(ruleset, rule, formula, named)


def _others(part: object, by_alias: Mapping[str, Pattern], rules: RuleSet) -> tuple[Pattern, ...] | None:
    """Give the patterns that are referred to; None where a number is, which no item has."""
    found: dict[str, Pattern] = {}
    for one in references(part):
        pattern = by_alias.get(one.alias)
        if pattern is None or _is_number(one, pattern, rules):
            return None
        found[one.alias] = pattern
    return tuple(found.values())


def _is_number(one: Reference, pattern: Pattern, rules: RuleSet) -> bool:
    counted = pattern.count or pattern.aggregate
    known = all(rules.vocabulary.kinds[name].type_at(one.path) for name in pattern.kinds)
    return bool(counted) and (one.path in {("count",), ("value",)} or not known)


Judged: TypeAlias = Callable[[tuple[Any, ...], int], Truth]


def judged(leaf: Leaf, kinds: tuple[str, ...]) -> Judged:
    """Give a leaf as a function of its items, which are of these kinds, and an instant in microseconds."""
    known = leaf.ruleset.vocabulary.kinds
    scope, code = Scope(leaf.ruleset), Code("coverage")
    for number, (pattern, name) in enumerate(zip(leaf.patterns, kinds, strict=True)):
        scope = scope.bind(pattern.alias, known[name], f"r{number}")
    names = ", ".join([*(f"r{number}" for number in range(len(kinds))), "now"])
    calls = []
    for negative in (False, True):
        lines = _lines(leaf, scope, code, negative=negative)
        calls.append(code[code.function("leaf", names, lines)])
    holds, lets = calls

    def truth(rows: tuple[Any, ...], now: int) -> Truth:
        if holds(*rows, now):
            return "true"
        return "unknown" if lets(*rows, now) else "false"

    return truth


def _lines(leaf: Leaf, scope: Scope, code: Code, *, negative: bool) -> list[str]:
    part = leaf.part
    if isinstance(part, Formula):
        return [f"    return {formula_condition(part, scope, code, negative=negative).text}"]
    kind = scope.type(Reference(leaf.patterns[0].alias, part.path))
    head = f"    v = {access('r0', part.path)}"
    if is_constant(part):
        return [head, f"    return {constant_leaf(part, 'v', kind, leaf.ruleset, code, negative=negative)}"]
    loose = kind.name == "any" or any(scope.type(one).name == "any" for one in references(part.operand))
    text = reference_leaf(
        part, "v", kind, lambda operand: scope.operand(operand, code, kind), code, negative=negative, loose=loose
    )
    return [head, f"    return {text}"]
