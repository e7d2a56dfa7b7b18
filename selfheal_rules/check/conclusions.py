"""Whether conclusions last as long as they should, come from one hand, and do not chase each other in circles."""

from collections.abc import Iterator, Sequence

from selfheal_rules.check.alternatives import Scope, is_event
from selfheal_rules.check.findings import at_word, error, warning
from selfheal_rules.check.graph import Edge, circle_findings, circles, feeds_concluding, may_take
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.walk import concludes
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Conclude, Do, Literal, Pattern, Test
from selfheal_rules.source import Span
from selfheal_rules.values import FrozenMap, Value, lookup
from selfheal_rules.vocabulary import SELF_KINDS, Kind

DECISION = "selfheal.decision"


def lifetimes(subject: Subject) -> Iterator[Diagnostic]:
    """A concluded state that nothing keeps up says how long it lasts, and only such a one does."""
    for view in subject.rules:
        for step in view.steps:
            kind = subject.kind(step.kind) if isinstance(step, Conclude) else None
            if isinstance(step, Conclude) and kind:
                yield from _lifetime(step, kind, view)


def _lifetime(step: Conclude, kind: Kind, view: RuleView) -> Iterator[Diagnostic]:
    passing = next((scope for scope in view.when if scope.alternative.needs_ttl), None)
    lasts = kind.form == "state" and not step.cleared
    if lasts and step.ttl is None and not concludes(view.rule):
        message = f"`{kind.name}` is concluded beside a `do`, and nothing says for how long it holds"
        yield error("SH313", message, at_word(step.span, kind.name), "add `ttl`")
    elif lasts and step.ttl is None and passing:
        message = f"`{kind.name}` follows from what passes, and nothing says for how long it holds"
        yield error("SH313", message, at_word(step.span, kind.name), "add `ttl`", *_passing(passing))
    elif step.ttl is not None and not lasts:
        what = "a clearing" if step.cleared else "an event"
        yield warning("SH404", f"`ttl` has no effect on {what}", at_word(step.span, "ttl"), "leave it out")
    elif step.ttl is not None and concludes(view.rule) and not passing:
        message = "`ttl` has no effect: the state holds as long as what it follows from"
        yield warning("SH404", message, at_word(step.span, "ttl"), "leave it out")


def _passing(scope: Scope) -> tuple[Span, ...]:
    return tuple(one.pattern.span for one in scope.alternative.events[:1])


def provenance(subject: Subject) -> Iterator[Diagnostic]:
    """A kind is said by sources or concluded, not both, unless its key tells the two apart."""
    for view in subject.rules:
        for step in view.steps:
            kind = subject.kind(step.kind) if isinstance(step, Conclude) else None
            if kind is None:
                continue
            place = at_word(step.span, kind.name)
            if kind.name.startswith("selfheal."):
                message = f"`{kind.name}` is the engine's own, and only the engine says it"
                yield error("SH315", message, place, "conclude a kind of your own")
            elif not subject.is_own(kind) and "source" not in kind.key:
                message = f"`{kind.name}` is said by its sources, and cannot be concluded as well"
                cure = "declare a kind of your own under `events:` or `states:`, or one with `source` in its key"
                yield error("SH314", message, place, cure, kind.span)


def unread(subject: Subject) -> Iterator[Diagnostic]:
    """What a rule set declares and concludes is read by one of its rules."""
    read = {name for view in subject.rules for pattern in view.patterns for name in pattern.kinds}
    for view in subject.rules:
        for step in view.steps:
            kind = subject.kind(step.kind) if isinstance(step, Conclude) else None
            if kind and subject.is_own(kind) and kind.name not in read:
                message = f"`{kind.name}` is concluded, and no rule here reads it"
                yield warning("SH406", message, at_word(step.span, kind.name), "leave it out, unless others read it")


def circular(subject: Subject) -> Iterator[Diagnostic]:
    """No rule feeds itself within one instant, not even by way of others."""
    yield from circle_findings(feeds_concluding(subject.ruleset))


def decision_loops(subject: Subject) -> Iterator[Diagnostic]:
    """No rule acts because it has acted: a loop goes through an outcome or a timer."""
    yield from loops_of_decisions((subject,))


def loops_of_decisions(subjects: Sequence[Subject]) -> Iterator[Diagnostic]:
    """Find the loops of decisions among rule sets that run together."""
    edges = tuple(_decision_edges(subjects))
    for path in circles(edges):
        names = " → ".join(f"`{name[1]}`" for name in (path[0].giver, *(edge.taker for edge in path)))
        message = f"a decision leads to the next without end: {names}"
        cure = "react to `selfheal.outcome`, or ask for another `rule` or `action`"
        place = at_word(path[-1].pattern.span, DECISION)
        yield error("SH316", message, place, cure, *(edge.conclude.span for edge in path))


def _decision_edges(subjects: Sequence[Subject]) -> Iterator[Edge]:
    views = [((subject.ruleset.name, view.rule.id), view) for subject in subjects for view in subject.rules]
    readers = [(name, pattern) for name, view in views for pattern in _read_decisions(view)]
    kind: Kind = SELF_KINDS.kinds[DECISION]
    for giver, view in views if readers else ():
        for step in view.dos:
            said = _decision(view, step)
            for taker, pattern in readers:
                if may_take(pattern, said, kind) and not _is_excluded(pattern, said):
                    yield Edge(giver, taker, said, pattern)


def _read_decisions(view: RuleView) -> Iterator[Pattern]:
    """Give the patterns by which a decision can make the rule act."""
    if any(True for _ in view.dos):
        placed = {id(one.pattern): one.pattern for scope in view.when for one in scope.alternative.placed}
        yield from (pattern for pattern in placed.values() if DECISION in pattern.kinds and is_event(pattern))


def _decision(view: RuleView, step: Do) -> Conclude:
    """Give the decision of a step as the engine says it, as far as the text of the rule tells."""
    fields = {"rule": Literal(view.rule.id), "action": Literal(step.action)}
    if isinstance(step.target, Literal):
        fields["target"] = step.target
    return Conclude(DECISION, FrozenMap(fields), span=step.span)


def _is_excluded(pattern: Pattern, said: Conclude) -> bool:
    given = {name: operand.value for name, operand in said.fields.items()}
    return any(leaf.operator == "not" and _denies(leaf, lookup(given, leaf.path)) for leaf in pattern.where)


def _denies(leaf: Test, value: Value) -> bool:
    operands = leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,)
    return value is not None and any(isinstance(one, Literal) and one.value == value for one in operands)


def unconfirmed(subject: Subject) -> Iterator[Diagnostic]:
    """A step that is to be confirmed says by when."""
    for view in subject.rules:
        for step in view.dos:
            if step.confirm and step.confirm.within is None and step.timeout is None:
                message = f"step `{step.action}` may wait for its confirmation for ever"
                yield warning(
                    "SH405", message, at_word(step.span, "confirm"), "add `within` to `confirm`, or a `timeout`"
                )
