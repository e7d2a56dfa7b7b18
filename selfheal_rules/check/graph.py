"""
Who feeds whom: the graph of rules within one instant, and the level of each concluding rule.

A concluding rule feeds another where something it concludes may be taken by a pattern of the other, judged by kind
and by the literal leaves. Conclusions of a rule that also does something re-enter in the next round, so they make
no edge here.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from attrs import frozen

from selfheal_rules.check.findings import at_word
from selfheal_rules.check.walk import concludes, patterns_below, roots
from selfheal_rules.diagnostics import Diagnostic, Report, RuleSetError, Severity
from selfheal_rules.model import Conclude, Literal, Pattern, RuleSet, Template, Test
from selfheal_rules.values import Value, lookup
from selfheal_rules.vocabulary import FieldType, Kind

RuleName: TypeAlias = tuple[str, str]
"""The name of a rule set and the id of one of its rules."""


@frozen
class Edge:
    """What `giver` concludes may be taken by a pattern of `taker`."""

    giver: RuleName
    taker: RuleName
    conclude: Conclude
    pattern: Pattern


def feeds(*rulesets: RuleSet) -> tuple[Edge, ...]:
    """Give every edge among the rules of the rule sets, in the order of the rules that conclude."""
    readers = _readers(rulesets)
    return tuple(
        Edge((ruleset.name, rule.id), taker, step, pattern)
        for ruleset in rulesets
        for rule in ruleset.rules
        if concludes(rule)
        for step in rule.then
        if isinstance(step, Conclude)
        for taker, pattern in readers.get(step.kind, ())
        if may_take(pattern, step, ruleset.vocabulary.kinds.get(step.kind))
    )


def _readers(rulesets: Iterable[RuleSet]) -> Mapping[str, list[tuple[RuleName, Pattern]]]:
    found: defaultdict[str, list[tuple[RuleName, Pattern]]] = defaultdict(list)
    for ruleset in rulesets:
        for rule in ruleset.rules:
            for pattern in patterns_below(roots(rule)):
                for kind in pattern.kinds:
                    found[kind].append(((ruleset.name, rule.id), pattern))
    return found


def may_take(pattern: Pattern, step: Conclude, kind: Kind | None) -> bool:
    """Whether no literal equality of the pattern contradicts a literal field of the conclusion."""
    given = {name: value for name, field in step.fields.items() if (value := _literal(field)) is not None}
    return not any(_contradicts(leaf, given, kind) for leaf in pattern.where if leaf.path[0] in given)


def _literal(given: object) -> Value:
    if isinstance(given, Template) and all(isinstance(part, str) for part in given.parts):
        return "".join(str(part) for part in given.parts)
    return given.value if isinstance(given, Literal) else None


def _contradicts(leaf: Test, given: Mapping[str, Value], kind: Kind | None) -> bool:
    operands = leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,)
    value = lookup(given, leaf.path)
    if leaf.operator not in {"is", "in"} or value is None or not all(isinstance(one, Literal) for one in operands):
        return False
    type_ = kind.type_at(leaf.path) if kind else None
    return not any(_equal(value, _literal(one), type_) for one in operands)


def _equal(left: Value, right: Value, type_: FieldType | None) -> bool:
    if type_ is not None:
        try:
            left, right = type_.literal(left), type_.literal(right)
        except ValueError:
            return True  # a misfit has its own finding; it must not hide an edge
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def levels(rulesets: Sequence[RuleSet]) -> dict[RuleName, int]:
    """
    Give the level of every concluding rule: 0 where none feeds it, else one more than the highest that does.

    Raises:
        RuleSetError: where rules feed each other in a circle (of one rule set, `check_rules` has said so before).
    """
    names = [(ruleset.name, rule.id) for ruleset in rulesets for rule in ruleset.rules if concludes(rule)]
    edges = _among(names, feeds(*rulesets))
    settled = _settle(names, edges)
    if len(settled) < len(set(names)):
        raise RuleSetError(Report.of(circle_findings(edges)))
    return settled


def _among(names: Iterable[RuleName], edges: Iterable[Edge]) -> tuple[Edge, ...]:
    known = set(names)
    return tuple(edge for edge in edges if edge.giver in known and edge.taker in known)


def _settle(names: Iterable[RuleName], edges: Iterable[Edge]) -> dict[RuleName, int]:
    """Peel off rules that nothing unsettled feeds; what stands in or behind a circle is left out."""
    pairs = dict.fromkeys((edge.giver, edge.taker) for edge in edges)
    takers: defaultdict[RuleName, list[RuleName]] = defaultdict(list)
    waiting = dict.fromkeys(names, 0)
    for giver, taker in pairs:
        takers[giver].append(taker)
        waiting[taker] += 1
    level = dict.fromkeys((name for name, count in waiting.items() if not count), 0)
    ready = deque(level)
    reached: dict[RuleName, int] = {}
    while ready:
        giver = ready.popleft()
        for taker in takers[giver]:
            reached[taker] = max(reached.get(taker, 0), level[giver] + 1)
            waiting[taker] -= 1
            if not waiting[taker]:
                level[taker] = reached[taker]
                ready.append(taker)
    return {name: level[name] for name in waiting if name in level}


def circles(edges: Sequence[Edge]) -> Iterator[tuple[Edge, ...]]:
    """Give for each rule that stands in a circle, and on none given before, a shortest one through it."""
    ahead: defaultdict[RuleName, dict[RuleName, Edge]] = defaultdict(dict)
    for edge in edges:
        ahead[edge.giver].setdefault(edge.taker, edge)
    settled = _settle(dict.fromkeys(name for edge in edges for name in (edge.giver, edge.taker)), edges)
    seen: set[RuleName] = set()
    for start in [name for name in ahead if name not in settled]:
        path = () if start in seen else _way_back(start, ahead)
        if path:
            yield path
        seen.update(edge.giver for edge in path)


def _way_back(start: RuleName, ahead: Mapping[RuleName, Mapping[RuleName, Edge]]) -> tuple[Edge, ...]:
    paths: dict[RuleName, tuple[Edge, ...]] = {start: ()}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        for taker, edge in ahead.get(name, {}).items():
            if taker == start:
                return (*paths[name], edge)
            if taker not in paths:
                paths[taker] = (*paths[name], edge)
                queue.append(taker)
    return ()


def circle_findings(edges: Sequence[Edge]) -> Iterator[Diagnostic]:
    """Give one error for each circle, at the pattern that closes it, with the whole way round."""
    for path in circles(edges):
        names = " → ".join(f"`{name[1]}`" for name in (path[0].giver, *(edge.taker for edge in path)))
        yield Diagnostic(
            "SH330",
            Severity.ERROR,
            f"rules feed each other in one instant: {names}",
            at_word(path[-1].pattern.span, path[-1].conclude.kind),
            "let the pattern ask for a literal value the conclusion does not have, or conclude another kind",
            tuple(edge.conclude.span for edge in path),
        )


def among_concluding(ruleset: RuleSet) -> tuple[Edge, ...]:
    """Give the edges between the concluding rules of one rule set."""
    return _among([(ruleset.name, rule.id) for rule in ruleset.rules if concludes(rule)], feeds(ruleset))
