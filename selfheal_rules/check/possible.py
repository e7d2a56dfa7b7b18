"""Whether the leaves of one pattern, or the bounds of one count, can all be true of something."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from attrs import frozen

from selfheal_rules.check.alternatives import Path, denies, shared_type
from selfheal_rules.check.findings import at_word, dotted, warning
from selfheal_rules.check.subject import Subject
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Bound, Literal, Operand, Parameter, Pattern, RuleSet, Test
from selfheal_rules.values import Value
from selfheal_rules.vocabulary import DURATION, INTEGER, NUMBER, FieldType

Number: TypeAlias = Any
"""Something with an order: a number, a duration, an instant."""


def impossible(subject: Subject) -> Iterator[Diagnostic]:
    """Every pattern can take something, and every count can be reached."""
    for view in subject.rules:
        for pattern in view.patterns:
            leaves: defaultdict[Path, list[Test]] = defaultdict(list)
            for leaf in pattern.where:
                leaves[leaf.path].append(leaf)
            for path, tests in leaves.items():
                known = shared_type(pattern.kinds, path, subject.vocabulary)
                if known and _contradict(tests, known, subject.ruleset):
                    message = f"nothing is all this: the leaves on `{dotted(path)}` contradict each other"
                    yield warning(
                        "SH402", message, tests[-1].span, "the pattern never takes anything: drop one of them"
                    )
            yield from _bounds(pattern, subject.ruleset)


def _bounds(pattern: Pattern, ruleset: RuleSet) -> Iterator[Diagnostic]:
    counted = pattern.count or pattern.aggregate
    known = INTEGER if pattern.count else NUMBER
    limits = [_limit(bound, known, ruleset) for bound in counted.bounds] if counted else []
    if pattern.count:
        limits.append(_Limit(0, is_least=True, is_inside=True))
    if counted and _is_empty([one for one in limits if one], known):
        place = at_word(counted.span, counted.bounds[-1].comparison)
        yield warning("SH402", "no number is within these bounds", place, "drop one of them")


@frozen(eq=False, repr=False)
class _Limit:
    """One end of what is possible; `is_inside` where the value itself is."""

    value: Number
    is_least: bool
    is_inside: bool


def _limit(bound: Bound | Test, known: FieldType, ruleset: RuleSet) -> _Limit | None:
    operator: str = bound.comparison if isinstance(bound, Bound) else bound.operator
    value = None if isinstance(bound.operand, tuple) else _value(bound.operand, known, ruleset)
    if value is None:
        return None
    return _Limit(value, operator in {"at_least", "more_than"}, operator in {"at_least", "at_most"})


def _value(operand: Operand, known: FieldType, ruleset: RuleSet) -> Value:
    """Give what a literal or parameter stands for, or None where that is not known, or is no value of the type."""
    if not isinstance(operand, Literal) and not (isinstance(operand, Parameter) and operand.name in ruleset.params):
        return None
    try:
        return known.literal(ruleset.value(operand))
    except (ValueError, OverflowError):
        return None


def _is_empty(limits: Iterable[_Limit], known: FieldType) -> bool:
    """Whether nothing lies between the greatest of the lower and the least of the upper limits."""
    found = [_closed(limit) if known.name == "integer" else limit for limit in limits]
    lower = max((one for one in found if one.is_least), key=lambda one: (one.value, not one.is_inside), default=None)
    upper = min((one for one in found if not one.is_least), key=lambda one: (one.value, one.is_inside), default=None)
    if lower is None or upper is None:
        return False
    return bool(lower.value > upper.value) or (lower.value == upper.value and not (lower.is_inside and upper.is_inside))


def _closed(limit: _Limit) -> _Limit:
    """Write `more_than: 4` of whole numbers as `at_least: 5`."""
    step = 0 if limit.is_inside else 1 if limit.is_least else -1
    return _Limit(limit.value + step, limit.is_least, is_inside=True)


def _contradict(tests: list[Test], known: FieldType, ruleset: RuleSet) -> bool:
    if any(one.operator == "exists" and denies(one) for one in tests):
        return len(tests) > 1
    if known.name == "time":
        return _ages_contradict(tests, ruleset)
    allowed = _allowed(tests, known, ruleset)
    if allowed is not None:
        return not any(all(_holds(test, value, known, ruleset) for test in tests) for value in allowed)
    limits = [_limit(test, known, ruleset) for test in tests if test.operator in _ORDER] if known.is_ordered else []
    return _is_empty([one for one in limits if one], known)


def _ages_contradict(tests: list[Test], ruleset: RuleSet) -> bool:
    limits = [_limit(test, DURATION, ruleset) for test in tests if test.operator in _ORDER]
    return _is_empty([one for one in limits if one], DURATION)


def _allowed(tests: list[Test], known: FieldType, ruleset: RuleSet) -> tuple[Value, ...] | None:
    """Give the values that equality or the type leave, or None where there is no end of them."""
    for test in tests:
        operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
        values = tuple(_value(one, known, ruleset) for one in operands)
        if test.operator in {"is", "in"} and None not in values:
            return values
    return known.values or ((True, False) if known.name == "boolean" else None)


def _holds(test: Test, value: Value, known: FieldType, ruleset: RuleSet) -> bool:
    """Whether a leaf may be true of a value; what cannot be known here may."""
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    against = [_value(one, known, ruleset) for one in operands]
    judge = _JUDGES.get(test.operator)
    if judge is None or None in against or (test.operator in _ORDER and not known.is_ordered):
        return True
    if known.name == "ordered":
        value, against = known.rank(value), [known.rank(one) for one in against]
    return judge(value, against)


def _is_in(value: Value, against: list[Value]) -> bool:
    return any(isinstance(value, bool) == isinstance(one, bool) and value == one for one in against)


_ORDER: Mapping[str, Callable[[Number, Number], bool]] = {
    "at_least": lambda value, limit: bool(value >= limit),
    "more_than": lambda value, limit: bool(value > limit),
    "at_most": lambda value, limit: bool(value <= limit),
    "less_than": lambda value, limit: bool(value < limit),
}


def _ordering(name: str) -> Callable[[Value, list[Value]], bool]:
    return lambda value, against: _ORDER[name](value, against[0])


_JUDGES: Mapping[str, Callable[[Value, list[Value]], bool]] = {
    "is": _is_in,
    "in": _is_in,
    "not": lambda value, against: not _is_in(value, against),
    **{name: _ordering(name) for name in _ORDER},
    "starts_with": lambda value, against: str(value).startswith(str(against[0])),
    "ends_with": lambda value, against: str(value).endswith(str(against[0])),
}
