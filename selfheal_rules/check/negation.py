"""Whether negatives ask what they seem to ask."""

from collections.abc import Iterator

from selfheal_rules.check.alternatives import Names, Negative, Path, Placed, Scope, denies, is_join
from selfheal_rules.check.findings import dotted, error, warning
from selfheal_rules.check.subject import Subject
from selfheal_rules.check.walk import conditions_below, leaves_of, names_in
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Formula, Group, Pattern, Reference
from selfheal_rules.source import Span
from selfheal_rules.vocabulary import Vocabulary


def required_joins(subject: Subject) -> Iterator[Diagnostic]:
    """A field joined inside `none` or `unless` is always there: an unknown one would block whatever it belongs to."""
    for view in subject.rules:
        for scope in view.scopes:
            if scope.negative:
                for placed in scope.alternative.placed:
                    yield from _joins(placed, scope, subject.vocabulary)


def _joins(placed: Placed, scope: Scope, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    for leaf in placed.pattern.where:
        if is_join(leaf) and isinstance(leaf.operand, Reference):
            yield from _own(placed, leaf.path, leaf.span, vocabulary)
            yield from _other(leaf.operand, scope.names, vocabulary)
    for group in placed.above:
        for same in group.same:
            if same.field:
                yield from _own(placed, same.field, same.span, vocabulary)


def _own(placed: Placed, path: Path, span: Span, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    if placed.is_counted:
        return  # an item that lacks the field is in no group, so it blocks nothing
    kinds = [kind for name in placed.pattern.kinds if (kind := vocabulary.kinds.get(name))]
    asked = any(
        leaf.path == path and leaf.operator in {"exists", "unread"} and not denies(leaf)
        for leaf in placed.pattern.where
    )
    lacking = next((kind for kind in kinds if kind.type_at(path) and not kind.requires(path)), None)
    if lacking and not asked:
        message = f"`{dotted(path)}` of `{lacking.name}` may be missing, and a missing one blocks every match"
        cure = "join by a required field, or by `same` beside `{exists: true}`"
        yield error("SH311", message, span, cure, lacking.span)


def _other(reference: Reference, names: Names, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    for placed in names.get(reference.alias, ()):
        if placed.type_at(reference.path, vocabulary) and not placed.provides(reference.path, vocabulary):
            message = f"`{reference}` may be missing, and then everything blocks the match"
            cure = f"ask for it in the pattern `{reference.alias}`: `{dotted(reference.path)}: {{exists: true}}`"
            yield error("SH311", message, reference.span, cure, placed.pattern.span)


def unrelated(subject: Subject) -> Iterator[Diagnostic]:
    """An item of `none` or `unless` says to which match it belongs."""
    for view in subject.rules:
        for scope in view.scopes if view.is_joined else ():
            for negative in scope.alternative.negatives if scope.names else ():
                if not _is_related(negative, scope.names):
                    word = "unless" if negative.is_unless else "none"
                    message = f"this item of `{word}` shares nothing with the rest: any such thing blocks every match"
                    yield warning("SH401", message, negative.item.span, "join it by `$alias.field`, or by `same`")


def _is_related(negative: Negative, names: Names) -> bool:
    if any(group.same for group in negative.above):
        return True
    return any(name.alias in names for name in _references(negative))


def _references(negative: Negative) -> Iterator[Reference]:
    for condition in conditions_below([negative.item]):
        found: list[object] = []
        if isinstance(condition, Pattern):
            found += [leaf.operand for leaf in leaves_of(condition)]
        elif isinstance(condition, Formula):
            found.append(condition.term)
        elif isinstance(condition, Group):
            found += [end for same in condition.same for end in same.pair or ()]
        yield from (name for value in found for name in names_in(value) if isinstance(name, Reference))
