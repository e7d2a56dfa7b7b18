"""Whether rules chase each other: within one instant, through what the engine itself does, or in too long a chain."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from attrs import evolve, frozen

from selfheal_rules.check.determined import rule_key
from selfheal_rules.check.findings import at_word, error
from selfheal_rules.check.graph import Edge, RuleName, circle_findings, circles, feeds_concluding, may_take, settled
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.walk import concludes, is_unread
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Conclude, Do, Literal, Pattern, Rule, RuleSet, Test
from selfheal_rules.values import FrozenMap, Value, lookup
from selfheal_rules.vocabulary import SELF_KINDS, Kind

DECISION = "selfheal.decision"
EPISODE = "selfheal.episode"

LONGEST = 50
"""As many rules as may conclude from one another in a row: a reason is told down to its first cause."""

Named: TypeAlias = tuple[RuleName, RuleView]


def circular(subject: Subject) -> Iterator[Diagnostic]:
    """No rule feeds itself within one instant, not even by way of others; no chain is longer than a reason may be."""
    yield from chains((subject.ruleset,))


def chains(rulesets: Sequence[RuleSet]) -> Iterator[Diagnostic]:
    """Find the circles of concluding rules and the chains that are too long."""
    edges = feeds_concluding(*rulesets)
    yield from circle_findings(edges)
    rules = {(rules.name, rule.id): rule for rules in rulesets for rule in rules.rules if concludes(rule)}
    level = settled(rules, edges)
    yield from (_too_long(rules[name]) for name, found in level.items() if found == LONGEST)


def _too_long(rule: Rule) -> Diagnostic:
    message = f"`{rule.id}` is the end of more than {LONGEST} rules that conclude from one another"
    return error(
        "SH333", message, at_word(rule.span, rule.id), "let fewer rules say it: each may ask for several things"
    )


def decision_loops(subject: Subject) -> Iterator[Diagnostic]:
    """No rule acts because it has acted: a loop goes through an outcome or a timer."""
    yield from loops_of_decisions((subject,))


def loops_of_decisions(subjects: Sequence[Subject]) -> Iterator[Diagnostic]:
    """Find the loops through decisions and episodes among rule sets that run together."""
    views = [((subject.ruleset.name, view.rule.id), view) for subject in subjects for view in subject.rules]
    for path in circles(tuple(_act_edges(views)), frozenset(name for name, view in views if _passes_on(view))):
        names = " → ".join(f"`{name[1]}`" for name in (path[0].giver, *(edge.taker for edge in path)))
        last = path[-1]
        message = f"{_SPOKEN[last.conclude.kind]} leads to the next without end: {names}"
        place = at_word(last.pattern.span, last.conclude.kind)
        yield error("SH316", message, place, _CURES[last.conclude.kind], *(edge.conclude.span for edge in path))


_SPOKEN = {DECISION: "a decision", EPISODE: "an episode"}
_CURES = {
    DECISION: "react to `selfheal.outcome`, or ask for another `rule` or `action`",
    EPISODE: "ask for another `rule`, or for a `status` that comes with time, such as `escalated`",
}


@frozen(eq=False, repr=False)
class _Act:
    """Something the engine says of a rule as it acts, told as a conclusion."""

    rule: RuleName
    said: Conclude
    kind: Kind


def _act_edges(views: Sequence[Named]) -> Iterator[Edge]:
    readers = {kind: [(name, found) for name, view in views for found in _reads(view, kind)] for kind in _SPOKEN}
    for act in _acts(views) if any(readers.values()) else ():
        for taker, pattern in readers[act.said.kind]:
            if may_take(pattern, act.said, act.kind) and not _is_excluded(pattern, act.said):
                yield Edge(act.rule, taker, act.said, pattern)


def _reads(view: RuleView, kind: str) -> Iterator[Pattern]:
    """Give the patterns by which what the engine says of its acts can make the rule act."""
    if any(True for _ in view.dos) and view.rule.when.held is None:
        placed = {id(one.pattern): one for scope in view.when for one in scope.alternative.placed}
        at_once = (one.pattern for one in placed.values() if not one.is_counted and one.pattern.held is None)
        yield from (one for one in at_once if kind in one.kinds and not any(map(is_unread, one.where)))


def _passes_on(view: RuleView) -> bool:
    """Whether a rule acts on the very target of the episodes it reads: among themselves such rules come to an end."""
    aliases = {pattern.alias for pattern in _reads(view, EPISODE)}
    key = rule_key(view)
    is_that = len(key) == 1 and key[0].path == ("target",) and key[0].alias in aliases
    return is_that and not any(_reads(view, DECISION)) and next(view.dos).target in key


def _acts(views: Iterable[Named]) -> Iterator[_Act]:
    """Give what the engine says at once when the rules act; what it says later comes by an outcome or a timer."""
    decision: Kind = SELF_KINDS.kinds[DECISION]
    episode = evolve(
        SELF_KINDS.kinds[EPISODE], form="event"
    )  # an episode's rule never changes: any field tells it apart
    for name, view in views:
        if any(is_unread(step.target) for step in view.dos):
            continue
        for step in view.dos:
            yield _Act(name, _decision(name, step), decision)
        first = next(view.dos, None)
        for status in _statuses(view.rule) if first else ():
            said = {"ruleset": Literal(name[0]), "rule": Literal(name[1]), "status": Literal(status)}
            yield _Act(name, Conclude(EPISODE, FrozenMap(said), span=first.span if first else view.rule.span), episode)


def _statuses(rule: Rule) -> tuple[str, ...]:
    """Give the statuses an episode of the rule may have in the very instant in which it opens."""
    return ("open", "verifying", "healed") if rule.outcome else ("open", "closed")


def _decision(name: RuleName, step: Do) -> Conclude:
    """Give the decision of a step as the engine says it, as far as the text of the rule tells."""
    fields = {"ruleset": Literal(name[0]), "rule": Literal(name[1]), "action": Literal(step.action)}
    if isinstance(step.target, Literal):
        fields["target"] = step.target
    return Conclude(DECISION, FrozenMap(fields), span=step.span)


def _is_excluded(pattern: Pattern, said: Conclude) -> bool:
    given = {name: operand.value for name, operand in said.fields.items()}
    return any(leaf.operator == "not" and _denies(leaf, lookup(given, leaf.path)) for leaf in pattern.where)


def _denies(leaf: Test, value: Value) -> bool:
    operands = leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,)
    return value is not None and any(isinstance(one, Literal) and one.value == value for one in operands)
