"""Whether leaves, counts and aggregates fit the types the vocabulary gives."""

from collections.abc import Iterator
from datetime import timedelta

from selfheal_rules.check.alternatives import Path, Placed, Scope, shared_type
from selfheal_rules.check.findings import a, at_word, dotted, error, listed, warning
from selfheal_rules.check.names import missing_field
from selfheal_rules.check.operands import is_comparable, may_be, may_equal, misfit, reference_type
from selfheal_rules.check.regex import misspelt, refusal
from selfheal_rules.check.subject import Subject
from selfheal_rules.check.walk import durations_of, leaves_of
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Group, Literal, Operand, Parameter, Pattern, Reference, Retry, RuleSet, Same, Test
from selfheal_rules.source import Span
from selfheal_rules.vocabulary import ANY, BOOLEAN, DURATION, INTEGER, NUMBER, STRING, FieldType

ORDER = frozenset({"at_least", "more_than", "at_most", "less_than"})
TEXT = frozenset({"matches", "glob", "starts_with", "ends_with"})


def fields(subject: Subject) -> Iterator[Diagnostic]:
    """Every field a pattern names is one that all its kinds have, with one type."""
    for view in subject.rules:
        for pattern in view.patterns:
            for path, span in _named_fields(pattern):
                if shared_type(pattern.kinds, path, subject.vocabulary) is None and _has_kinds(pattern, subject):
                    yield missing_field(path, Placed(pattern), span, subject.vocabulary)


def _has_kinds(pattern: Pattern, subject: Subject) -> bool:
    return bool(pattern.kinds) and all(subject.kind(name) for name in pattern.kinds)


def _named_fields(pattern: Pattern) -> Iterator[tuple[Path, Span]]:
    yield from ((leaf.path, leaf.named) for leaf in leaves_of(pattern) if leaf.path)
    for counted in (pattern.count, pattern.aggregate):
        for path in counted.by if counted else ():
            yield path, at_word(counted.span if counted else pattern.span, dotted(path))
    if pattern.count and pattern.count.distinct:
        yield pattern.count.distinct, at_word(pattern.count.span, dotted(pattern.count.distinct))
    measured = measured_field(pattern)
    if measured and pattern.aggregate:
        yield measured, at_word(pattern.aggregate.span, dotted(measured))


def measured_field(pattern: Pattern) -> Path:
    """Give the field an aggregate measures, or an empty path."""
    of = pattern.aggregate.of if pattern.aggregate and pattern.aggregate.measure != "percent_of" else ()
    return tuple(part for part in of if isinstance(part, str))


def leaves(subject: Subject) -> Iterator[Diagnostic]:
    """Every leaf has an operator its field's type knows and a value of that type."""
    for view in subject.rules:
        for pattern in view.patterns:
            for leaf in leaves_of(pattern):
                known = shared_type(pattern.kinds, leaf.path, subject.vocabulary)
                if known is not None:
                    yield from _leaf(leaf, known, subject.ruleset)
            for leaf in leaves_of(pattern)[len(pattern.where) :]:
                yield from _measured_age(leaf, pattern, subject)


def _measured_age(leaf: Test, pattern: Pattern, subject: Subject) -> Iterator[Diagnostic]:
    """Refuse an age in `percent_of`: a share is taken when an item comes or goes, an age turns in between."""
    known = shared_type(pattern.kinds, leaf.path, subject.vocabulary)
    if leaf.operator in ORDER and known and known.name == "time":
        for operand in _operands(leaf):
            if _is_age(operand, subject.ruleset):
                message = (
                    f"`{dotted(leaf.path)}` is an age here, and `percent_of` measures what does not turn by itself"
                )
                yield error("SH324", message, operand.span, "conclude a state from the age, and measure that")


def _leaf(leaf: Test, known: FieldType, ruleset: RuleSet) -> Iterator[Diagnostic]:
    refused = _refused(leaf, known)
    if refused:
        yield refused
        return
    for operand in _operands(leaf):
        found = misfit(operand, _wanted(leaf, known, operand, ruleset), ruleset)
        if found:
            yield found
        elif leaf.operator == "matches":
            yield from _expression(operand, ruleset)


def _operands(leaf: Test) -> tuple[Operand, ...]:
    return leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,)


def _refused(leaf: Test, known: FieldType) -> Diagnostic | None:
    """Say why the operator is not defined on the type."""
    name, operator = dotted(leaf.path), leaf.operator
    if known.name == "list" and operator in {"is", "in", "not"}:
        message = f"`{name}` is a {known}, and is compared as a whole"
        return error("SH222", message, leaf.span, "write `{contains: element}`")
    if known.name == "map" and operator != "exists":
        return error("SH221", f"`{name}` is a {known}", leaf.span, f"name one of its keys: `{name}.key`")
    if operator in ORDER and not known.is_ordered:
        cure = "numbers, durations, times and ordered enums have an order"
        return error("SH221", f"`{operator}` needs an order, and `{name}` is {a(known)}", leaf.span, cure)
    if operator in TEXT and known.name not in {"string", "any"}:
        cure = f"list the words: `[{', '.join(known.values[:2])}]`" if known.values else "compare values instead"
        return error("SH221", f"`{operator}` is for texts, and `{name}` is {a(known)}", leaf.span, cure)
    if operator == "contains" and known.name not in {"string", "list", "any"}:
        cure = "write the value alone for equality"
        return error("SH221", f"`contains` is for texts and lists, and `{name}` is {a(known)}", leaf.span, cure)
    return None


def _wanted(leaf: Test, known: FieldType, operand: Operand, ruleset: RuleSet) -> FieldType:
    """Give the type an operand must have; against a time a duration asks for its age."""
    if leaf.operator == "exists":
        return BOOLEAN
    if leaf.operator in TEXT:
        return STRING
    if leaf.operator == "contains":
        return (known.element or ANY) if known.name == "list" else known
    if leaf.operator in ORDER and known.name == "time" and _is_age(operand, ruleset):
        return DURATION
    return known


def _is_age(operand: Operand, ruleset: RuleSet) -> bool:
    if isinstance(operand, Parameter):
        declared = ruleset.params.get(operand.name)
        return declared is not None and declared.type.name == "duration"
    return isinstance(operand, Literal) and misfit(operand, DURATION, ruleset) is None


def _expression(operand: Operand, ruleset: RuleSet) -> Iterator[Diagnostic]:
    known = not isinstance(operand, Parameter) or operand.name in ruleset.params
    text = ruleset.value(operand) if known else None
    if isinstance(text, str) and (reason := refusal(text)):
        cure = "use `glob`, `contains`, `starts_with` or `ends_with`, or say what may stand between"
        written = "mend it there; a sign that stands for itself has a backslash before it, as in `\\(`"
        yield error("SH318", reason, operand.span, written if reason == misspelt(text) else cure)


def comparisons(subject: Subject) -> Iterator[Diagnostic]:
    """Every `$alias.field` in a leaf has the type of what it is compared with; so has every field of `same`."""
    for view in subject.rules:
        for scope in (*view.scopes, *view.guarded):
            for placed in scope.alternative.placed:
                for leaf in leaves_of(placed.pattern):
                    yield from _references(leaf, placed, scope, subject.ruleset)
            yield from _shared(scope, subject)
            yield from _pairs(scope, subject)


def _references(leaf: Test, placed: Placed, scope: Scope, ruleset: RuleSet) -> Iterator[Diagnostic]:
    references = [operand for operand in _operands(leaf) if isinstance(operand, Reference)]
    known = shared_type(placed.pattern.kinds, leaf.path, ruleset.vocabulary) if references else None
    if known is None or _refused(leaf, known):
        return
    for reference in references:
        found = reference_type(reference, scope.names, ruleset.vocabulary)
        if found is not None and not _fits(leaf, found, known, reference, ruleset):
            message = f"`{dotted(leaf.path)}` is {a(known)}, and `{reference}` {a(found)}"
            yield error("SH223", message, reference.span, "compare fields of one type")


def _fits(leaf: Test, found: FieldType, known: FieldType, reference: Reference, ruleset: RuleSet) -> bool:
    if leaf.operator in ORDER:
        return is_comparable(found, known)
    if leaf.operator in {"is", "in", "not"}:
        return may_equal(found, known, exact=leaf.operator == "is")
    return may_be(found, _wanted(leaf, known, reference, ruleset))


def _shared(scope: Scope, subject: Subject) -> Iterator[Diagnostic]:
    for placed in scope.alternative.placed:
        for group in placed.above:
            for same in group.same:
                if same.field and _has_kinds(placed.pattern, subject) and not placed.pattern.unsure:
                    yield from _one_shared(same, placed, _first_under(group, scope), subject)


def _first_under(group: Group, scope: Scope) -> Placed | None:
    """Give the first pattern of a match that the group stands above, also where the match is of an outer scope."""
    inner = _first_under(group, scope.outer) if scope.outer else None
    return inner or next((one for one in scope.alternative.placed if one.is_under(group)), None)


def _one_shared(same: Same, placed: Placed, first: Placed | None, subject: Subject) -> Iterator[Diagnostic]:
    found = placed.type_at(same.field, subject.vocabulary)
    other = first.type_at(same.field, subject.vocabulary) if first else None
    if found is None:
        yield missing_field(same.field, placed, same.span, subject.vocabulary)
    elif other is not None and not may_equal(found, other, exact=True):
        message = f"`{dotted(same.field)}` is {a(other)} here and {a(found)} there"
        yield error("SH223", message, same.span, "join fields of one type", placed.pattern.span)


def _pairs(scope: Scope, subject: Subject) -> Iterator[Diagnostic]:
    for group in scope.alternative.groups:
        for same in group.same:
            if same.pair:
                left, right = (reference_type(end, scope.names, subject.vocabulary) for end in same.pair)
                if left and right and not may_equal(left, right, exact=True):
                    message = f"`{same.pair[0]}` is {a(left)}, and `{same.pair[1]}` {a(right)}"
                    yield error("SH223", message, same.span, "join fields of one type")


def counts(subject: Subject) -> Iterator[Diagnostic]:
    """Bounds of a count are whole numbers, those of an aggregate numbers; what it measures is a number."""
    for view in subject.rules:
        for pattern in view.patterns:
            counted = pattern.count or pattern.aggregate
            for bound in counted.bounds if counted else ():
                yield from number(bound.operand, INTEGER if pattern.count else NUMBER, subject.ruleset)
            yield from _measured(pattern, subject)


def number(operand: Operand, wanted: FieldType, ruleset: RuleSet) -> Iterator[Diagnostic]:
    """Find what keeps an operand from being a number, or a count from being one."""
    found = misfit(operand, wanted, ruleset)
    if found and found.code == "SH220":
        yield error("SH226", found.message, operand.span, f"write {a(wanted)}")
    elif found:
        yield found
    elif wanted is INTEGER and isinstance(operand, Literal) and operand.value < 0:
        yield error("SH226", f"a count is never below 0, and `{operand.value}` is", operand.span, "write 0 or more")


def _measured(pattern: Pattern, subject: Subject) -> Iterator[Diagnostic]:
    path = measured_field(pattern)
    known = shared_type(pattern.kinds, path, subject.vocabulary) if path else None
    if pattern.aggregate and known and not known.is_numeric:
        name, measure = dotted(path), pattern.aggregate.measure
        place = at_word(pattern.aggregate.span, name)
        numbers = _shared_numbers(pattern, subject)
        cure = f"numbers here: {listed(numbers)}" if numbers else "count instead"
        yield error("SH230", f"`{measure}` measures numbers, and `{name}` is {a(known)}", place, cure)


def _shared_numbers(pattern: Pattern, subject: Subject) -> tuple[str, ...]:
    kind = subject.kind(pattern.kinds[0])
    return tuple(name for name, declared in (kind.fields if kind else {}).items() if declared.type.is_numeric)


def durations(subject: Subject) -> Iterator[Diagnostic]:
    """Whatever stands where a duration is written is one, and is longer than nothing."""
    for view in subject.rules:
        for word, operand in durations_of(view.rule):
            yield from duration(word, operand, subject.ruleset)
        for step in view.dos:
            yield from _retry(step.retry, subject.ruleset) if step.retry else ()


def _retry(retry: Retry, ruleset: RuleSet) -> Iterator[Diagnostic]:
    if retry.times < 1:
        place = at_word(retry.span, str(retry.times))
        yield error("SH226", "a step is tried again at least once", place, "write 1 or more, or leave `retry` out")
    backoff, cap = written_duration(retry.backoff, ruleset), written_duration(retry.cap, ruleset)
    if retry.cap is not None and backoff and cap and cap < backoff:
        message = "`cap` is shorter than `backoff`: every wait is cut to it"
        yield warning("SH409", message, retry.cap.span, "make `cap` longer, or `backoff` shorter", retry.backoff.span)


def duration(word: str, operand: Operand, ruleset: RuleSet) -> Iterator[Diagnostic]:
    """Find what keeps an operand from being a duration longer than nothing."""
    if isinstance(operand, Reference):
        yield error(
            "SH227", f"`{word}` takes no field of a pattern", operand.span, "write a duration or `$params.name`"
        )
        return
    found = misfit(operand, DURATION, ruleset)
    if found:
        yield found
    elif written_duration(operand, ruleset) == timedelta():
        yield error("SH227", f"`{word}` is no time at all", operand.span, "write a duration longer than 0")


def written_duration(operand: Operand | None, ruleset: RuleSet) -> timedelta | None:
    """Give a duration, or None where what is written, or set by the site, is not one; that has its own finding."""
    try:
        return ruleset.duration(operand) if operand is not None else None
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
