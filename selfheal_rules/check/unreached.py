"""Rules that wait for a conclusion nobody draws, and with them those that wait for what these would conclude."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from selfheal_rules.check.alternatives import Placed
from selfheal_rules.check.domains import is_fixed, truth
from selfheal_rules.check.findings import at_word, warning
from selfheal_rules.check.meeting import is_impossible
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.walk import leaves_of
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Conclude, Literal, Pattern, Test
from selfheal_rules.values import lookup
from selfheal_rules.vocabulary import Kind

Conclusions: TypeAlias = Mapping[str, list[tuple[str, Conclude]]]
"""For each kind that only conclusions say, the steps that do, each with the id of its rule."""


def unreached(subject: Subject) -> Iterator[Diagnostic]:
    """Every rule can get what it waits for from those that conclude it."""
    drawn = _conclusions(subject)
    never = {view.rule.id for view in subject.rules if is_impossible(view, subject)}
    found: dict[str, Pattern] = {}
    while new := dict(_newly(subject, drawn, {*never, *found})):
        found |= new
    for view in subject.rules:
        if view.rule.id in found:
            yield _finding(view, found[view.rule.id])


def _conclusions(subject: Subject) -> Conclusions:
    """Gather what is concluded of the kinds a rule set declares itself, and which sources do not say as well."""
    found: defaultdict[str, list[tuple[str, Conclude]]] = defaultdict(list)
    for view in subject.rules:
        for step in view.steps:
            kind = subject.kind(step.kind) if isinstance(step, Conclude) else None
            if isinstance(step, Conclude) and kind and subject.is_own(kind) and "source" not in kind.key:
                found[step.kind].append((view.rule.id, step))
    return found


def _newly(subject: Subject, drawn: Conclusions, never: Collection[str]) -> Iterator[tuple[str, Pattern]]:
    """Give the rules that cannot fire because of those that never do, each with what it waits for in vain."""
    for view in subject.rules:
        vain = [_vain(scope.alternative.placed, subject, drawn, never) for scope in view.when]
        if view.rule.id not in never and vain and None not in vain:
            yield view.rule.id, next(pattern for pattern in vain if pattern)


def _vain(placed: Iterable[Placed], subject: Subject, drawn: Conclusions, never: Collection[str]) -> Pattern | None:
    for pattern in (one.pattern for one in placed):
        if pattern.kinds and _is_waited_for(pattern) and all(name in drawn for name in pattern.kinds):
            steps = [(name, rule, step) for name in pattern.kinds for rule, step in drawn[name]]
            if not any(_may_meet(pattern, step, rule, name, subject, never) for name, rule, step in steps):
                return pattern
    return None


def _is_waited_for(pattern: Pattern) -> bool:
    """Whether something has to be there: no count of nothing does."""
    return not (pattern.count or pattern.aggregate)


def _may_meet(pattern: Pattern, step: Conclude, rule: str, name: str, subject: Subject, never: Collection[str]) -> bool:
    kind = subject.kind(name)
    if kind is None or rule in never or step.cleared:
        return False
    return not any(_is_denied(leaf, step, kind, subject) for leaf in leaves_of(pattern) if is_fixed(leaf))


def _is_denied(leaf: Test, step: Conclude, kind: Kind, subject: Subject) -> bool:
    """Whether a leaf is certainly not true of what a step concludes."""
    known, given = kind.type_at(leaf.path), step.fields.get(leaf.path[0])
    if known is None or leaf.path[0] not in kind.fields:
        return False
    if given is None:
        return leaf.operator != "exists" or getattr(leaf.operand, "value", None) is not False
    if not isinstance(given, Literal):
        return False
    value = lookup({"": given.value}, ("", *leaf.path[1:]))
    try:
        said = known.literal(value)
    except (ValueError, OverflowError):
        return False
    return truth(leaf, said, known, subject.ruleset) is False


def _finding(view: RuleView, pattern: Pattern) -> Diagnostic:
    kinds = "`, `".join(pattern.kinds)
    message = f"rule `{view.rule.id}` never fires: nothing here concludes such a `{kinds}`"
    place = at_word(pattern.span, pattern.kinds[0])
    return warning("SH363", message, place, "conclude it with the fields the leaves ask for, or remove the rule")
