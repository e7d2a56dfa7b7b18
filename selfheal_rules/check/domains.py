"""
What the leaves on one field leave of its values: nothing, something that makes another leaf needless, an example.

Every answer is certain or not given: what depends on a parameter, on another item or on a regular expression is known
for single values alone.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import cache
from itertools import pairwise
from typing import Any, TypeAlias

from attrs import frozen

from selfheal_rules.check.alternatives import denies
from selfheal_rules.check.regex import refusal
from selfheal_rules.model import Bound, Literal, Operand, Parameter, RuleSet, Test
from selfheal_rules.values import EMPTY, Value
from selfheal_rules.vocabulary import DURATION, STRING, FieldType

Number: TypeAlias = Any
"""Something with an order: a number, a duration, an instant."""


@frozen(eq=False, repr=False)
class Limit:
    """One end of what is possible; `is_inside` where the value itself is."""

    value: Number
    is_least: bool
    is_inside: bool

    @property
    def beyond(self) -> "Limit":
        """The limit of all that this one leaves out."""
        return Limit(self.value, not self.is_least, not self.is_inside)


def limit(bound: Bound | Test, known: FieldType, ruleset: RuleSet) -> Limit | None:
    """Give the end a comparison sets, or None where its value is not known."""
    operator: str = bound.comparison if isinstance(bound, Bound) else bound.operator
    value = None if isinstance(bound.operand, tuple) else constant(bound.operand, known, ruleset)
    if value is None:
        return None
    return Limit(value, operator in {"at_least", "more_than"}, operator in {"at_least", "at_most"})


def constant(operand: Operand, known: FieldType, ruleset: RuleSet) -> Value:
    """Give what a literal or parameter stands for, or None where that is not known, or is no value of the type."""
    if not isinstance(operand, Literal) and not (isinstance(operand, Parameter) and operand.name in ruleset.params):
        return None
    try:
        return known.literal(ruleset.value(operand))
    except (ValueError, OverflowError):
        return None


def is_empty(limits: Iterable[Limit | None], known: FieldType) -> bool:
    """Whether nothing lies between the greatest of the lower and the least of the upper limits."""
    found = [_closed(one) if known.name == "integer" else one for one in limits if one]
    lower = max((one for one in found if one.is_least), key=lambda one: (one.value, not one.is_inside), default=None)
    upper = min((one for one in found if not one.is_least), key=lambda one: (one.value, one.is_inside), default=None)
    if lower is None or upper is None:
        return False
    return bool(lower.value > upper.value) or (lower.value == upper.value and not (lower.is_inside and upper.is_inside))


def _closed(found: Limit) -> Limit:
    """Write `more_than: 4` of whole numbers as `at_least: 5`."""
    whole = int(found.value // 1)
    if whole != found.value:
        return Limit(whole + found.is_least, found.is_least, is_inside=True)
    step = 0 if found.is_inside else 1 if found.is_least else -1
    return Limit(whole + step, found.is_least, is_inside=True)


def _measured(known: FieldType) -> FieldType:
    """Give the type leaves with an order are held against: of a time its age."""
    return DURATION if known.name == "time" else known


def _limits(tests: Iterable[Test], known: FieldType, ruleset: RuleSet) -> list[Limit | None]:
    if not known.is_ordered or known.name == "ordered":
        return []
    return [limit(test, _measured(known), ruleset) for test in tests if test.operator in ORDER]


def contradict(tests: Sequence[Test], known: FieldType, ruleset: RuleSet) -> bool:
    """Whether no value of the type makes all the leaves true."""
    if any(one.operator == "exists" and denies(one) for one in tests):
        return any(not (one.operator == "exists" and denies(one)) for one in tests)
    allowed = None if known.name == "time" else _allowed(tests, known, ruleset)
    if allowed is not None:
        return not any(all(truth(test, value, known, ruleset) is not False for test in tests) for value in allowed)
    return is_empty(_limits(tests, known, ruleset), _measured(known)) or _texts_contradict(tests)


def _texts_contradict(tests: Sequence[Test]) -> bool:
    starts, ends = [_start(test) for test in tests], [_end(test)[::-1] for test in tests]
    return any(not long.startswith(short) for texts in (starts, ends) for short, long in _pairs(texts))


def _pairs(texts: list[str]) -> Iterator[tuple[str, str]]:
    """Give each text, shortest first, with the next longer one."""
    ranked = sorted(texts, key=len)
    return pairwise(ranked)


def _allowed(tests: Iterable[Test], known: FieldType, ruleset: RuleSet) -> tuple[Value, ...] | None:
    """Give the values that equality or the type leave, or None where there is no end of them."""
    for test in tests:
        values = tuple(constant(one, known, ruleset) for one in operands(test))
        if test.operator in {"is", "in"} and None not in values:
            return values
    return known.values or ((True, False) if known.name == "boolean" else None)


def operands(test: Test) -> tuple[Operand, ...]:
    """Give what a leaf is held against, as a tuple."""
    return test.operand if isinstance(test.operand, tuple) else (test.operand,)


def truth(test: Test, value: Value, known: FieldType, ruleset: RuleSet) -> bool | None:
    """Whether a leaf is true of a value there is; None where that cannot be told."""
    if test.operator == "exists":
        return not denies(test)
    against = [constant(one, _held_as(test, known), ruleset) for one in operands(test)]
    judge = _JUDGES.get(test.operator)
    if judge is None or None in against or (test.operator in ORDER and not known.is_ordered):
        return None
    if known.name == "ordered" and test.operator in ORDER:
        value, against = known.rank(value), [known.rank(one) for one in against]
    return judge(value, against)


Extent: TypeAlias = tuple[Number, Number]
"""The least and the greatest value leaves allow, None where there is no end: a first look, before any proof."""


def extent(tests: Iterable[Test], known: FieldType | None, ruleset: RuleSet) -> Extent | None:
    """Give how far literal leaves on a number or duration reach; None where they set no end, or for another type."""
    if known is None or not (known.is_numeric or known.name == "duration"):
        return None
    ends = [end for test in tests if is_fixed(test) for end in _ends(test, known, ruleset)]
    lower = [value for value, is_least in ends if is_least]
    upper = [value for value, is_least in ends if not is_least]
    return (max(lower, default=None), min(upper, default=None)) if ends else None


def _ends(test: Test, known: FieldType, ruleset: RuleSet) -> Iterator[tuple[Number, bool]]:
    if test.operator in ORDER and (found := limit(test, known, ruleset)):
        yield found.value, found.is_least
    values = [constant(one, known, ruleset) for one in operands(test)] if test.operator in {"is", "in"} else []
    if values and None not in values:
        yield from ((min(values), True), (max(values), False))


def is_within(inner: Extent | None, outer: Extent) -> bool:
    """Whether what is inside one may be inside another; what is not is certainly not."""
    if inner is None:
        return False
    low, high = outer
    is_above = low is None or (inner[0] is not None and inner[0] >= low)
    return is_above and (high is None or (inner[1] is not None and inner[1] <= high))


def may_meet(some: Extent, other: Extent) -> bool:
    """Whether a value may be inside both."""
    pairs = ((some[0], other[1]), (other[0], some[1]))
    return all(low is None or high is None or low <= high for low, high in pairs)


def _held_as(test: Test, known: FieldType) -> FieldType:
    """Give the type of what a leaf is held against: of part of a text a text, of an element the list's."""
    if known.name == "list" and test.operator == "contains":
        return known.element or known
    return STRING if test.operator in _TEXTUAL and known.values else known


def is_fixed(test: Test) -> bool:
    """Whether a leaf means the same at every site and in every match."""
    return all(isinstance(one, Literal) for one in operands(test))


def implied(test: Test, by: Sequence[Test], known: FieldType, ruleset: RuleSet) -> bool:
    """Whether a leaf is true of every value there is of which all the others are; those agree with each other."""
    if test in by:
        return True
    fixed = [one for one in by if is_fixed(one)]
    if not is_fixed(test) or not by:
        return False
    if test.operator == "exists":
        return not denies(test) and not any(one.operator == "exists" and denies(one) for one in by)
    if not fixed or known.name == "any":
        return False
    return _follows(test, fixed, known, ruleset)


def _follows(test: Test, fixed: list[Test], known: FieldType, ruleset: RuleSet) -> bool:
    allowed = None if known.name == "time" else _allowed(fixed, known, ruleset)
    if allowed is not None:
        left = [value for value in allowed if all(truth(one, value, known, ruleset) is not False for one in fixed)]
        return all(truth(test, value, known, ruleset) is True for value in left)
    if test.operator == "not" and known.name != "time":
        return all(_is_left_out(one, fixed, known, ruleset) for one in operands(test))
    if test.operator in ORDER:
        bound = limit(test, _measured(known), ruleset)
        limits = _limits(fixed, known, ruleset)
        return bound is not None and bool(limits) and is_empty([*limits, bound.beyond], _measured(known))
    return known.name == "string" and _text_follows(test, fixed)


def _is_left_out(operand: Operand, fixed: list[Test], known: FieldType, ruleset: RuleSet) -> bool:
    value = constant(operand, known, ruleset)
    return value is not None and any(truth(one, value, known, ruleset) is False for one in fixed)


def _text_follows(test: Test, by: list[Test]) -> bool:
    start, end = _start(test), _end(test)
    if test.operator == "starts_with" or (test.operator == "glob" and _held(test) == start + "*"):
        return any(_start(one).startswith(start) for one in by)
    if test.operator == "ends_with" or (test.operator == "glob" and _held(test) == "*" + end):
        return any(_end(one).endswith(end) for one in by)
    return test.operator == "contains" and any(_held(test) in part for one in by for part in _parts(one))


_SPECIAL = re.compile(r"[*?\[]")
_CLOSING = re.compile(r"[*?\]]")


def _held(test: Test) -> str:
    value = test.operand.value if isinstance(test.operand, Literal) else None
    return value if isinstance(value, str) else ""


def _start(test: Test) -> str:
    """Give the text everything begins with of which a leaf is true."""
    if test.operator == "starts_with":
        return _held(test)
    return _SPECIAL.split(_held(test))[0] if test.operator == "glob" else ""


def _end(test: Test) -> str:
    """Give the text everything ends with of which a leaf is true."""
    if test.operator == "ends_with":
        return _held(test)
    return _CLOSING.split(_held(test))[-1] if test.operator == "glob" else ""


def _parts(test: Test) -> tuple[str, ...]:
    return (_start(test), _end(test), _held(test) if test.operator == "contains" else "")


def example(tests: Sequence[Test], known: FieldType, ruleset: RuleSet, fresh: Sequence[str] = ()) -> Value:
    """Give a value of which all the leaves are certainly true, one of the `fresh` texts where any will do, or None."""
    candidates = (*(_allowed(tests, known, ruleset) or ()), *_candidates(tests, known, ruleset, fresh))
    fitting = (value for value in candidates if known.misfit(value) is None)
    return next((one for one in fitting if all(truth(test, one, known, ruleset) for test in tests)), None)


def _candidates(tests: Sequence[Test], known: FieldType, ruleset: RuleSet, fresh: Sequence[str]) -> tuple[Value, ...]:
    if known.name in {"integer", "number", "duration"}:
        return tuple(_between(tests, known, ruleset))
    if known.name == "list":
        element = known.element
        held = [constant(one, element, ruleset) for test in tests for one in operands(test)] if element else []
        return (tuple(held),)
    plain = {"map": (EMPTY,), "time": (_MORNING,)}
    return plain.get(known.name) or (*fresh, *_texts(tests), *_TEXTS)


_TEXTS = tuple("abcdefgh")
_TEXTUAL = frozenset({"starts_with", "ends_with", "contains", "glob", "matches"})
_MORNING = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


def _between(tests: Sequence[Test], known: FieldType, ruleset: RuleSet) -> Iterator[Number]:
    unit: Number = timedelta(seconds=1) if known.name == "duration" else 1
    ends = sorted(one.value for one in _limits(tests, known, ruleset) if one)
    yield from (0 * unit, unit)
    for end in ends:
        yield from (end, end + unit, end - unit)
    if len(ends) > 1:
        yield (ends[0] + ends[-1]) / 2
    yield from (number * unit for number in range(2, 10))


def _texts(tests: Sequence[Test]) -> Iterator[str]:
    """Put together what leaves on a text ask for."""
    start = max((_start(test) for test in tests), key=len, default="")
    end = max((_end(test) for test in tests), key=len, default="")
    inside = "".join(_held(test) for test in tests if test.operator == "contains")
    yield from (start + inside + end, start + end, start, end)
    for test in tests:
        if test.operator == "glob":
            yield _held(test).replace("*", "").replace("?", "x")
        elif test.operator == "matches":
            yield re.sub(r"[\^$\\]", "", _held(test))


def _is_in(value: Value, against: list[Value]) -> bool:
    return any(isinstance(value, bool) == isinstance(one, bool) and value == one for one in against)


ORDER: Mapping[str, Callable[[Number, Number], bool]] = {
    "at_least": lambda value, bound: bool(value >= bound),
    "more_than": lambda value, bound: bool(value > bound),
    "at_most": lambda value, bound: bool(value <= bound),
    "less_than": lambda value, bound: bool(value < bound),
}

Judge: TypeAlias = Callable[[Value, list[Value]], bool | None]


def _ordering(name: str) -> Judge:
    return lambda value, against: ORDER[name](value, against[0])


def _textual(judge: Callable[[str, str], bool | None]) -> Judge:
    def judged(value: Value, against: list[Value]) -> bool | None:
        return judge(value, against[0]) if isinstance(value, str) and isinstance(against[0], str) else None

    return judged


def _found(value: str, pattern: str) -> bool | None:
    """Whether an expression finds something; what might take for ever is not tried."""
    return re.search(pattern, value) is not None if _is_taken(pattern) else None


@cache
def _is_taken(pattern: str) -> bool:
    return refusal(pattern) is None


def _contains(value: Value, against: list[Value]) -> bool | None:
    if isinstance(value, str) and isinstance(against[0], str):
        return against[0] in value
    return _is_in(against[0], list(value)) if isinstance(value, tuple) else None


_JUDGES: Mapping[str, Judge] = {
    "is": _is_in,
    "in": _is_in,
    "not": lambda value, against: not _is_in(value, against),
    **{name: _ordering(name) for name in ORDER},
    "starts_with": _textual(str.startswith),
    "ends_with": _textual(str.endswith),
    "glob": _textual(fnmatchcase),
    "matches": _textual(_found),
    "contains": _contains,
}
