"""
What generated code calls: total operations in which None stands for unknown.

No operation raises: a type that does not fit, a division by zero and an overflow are unknown.
"""

import fnmatch
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from selfheal_rules.values import Value

_FAULTS = (TypeError, ZeroDivisionError, OverflowError, ValueError)
_LARGEST = 2**1024
_DIGITS = 300
_UNORDERED = (bool, tuple, Mapping)


def _total(operation: Callable[..., Value]) -> Callable[..., Value]:
    def total(*values: Value) -> Value:
        if any(value is None or value is True or value is False for value in values):
            return None
        try:
            return _known(operation(*values))
        except _FAULTS:
            return None

    return total


def _known(value: Value) -> Value:
    if isinstance(value, float):
        return value + 0.0 if math.isfinite(value) else None
    return None if isinstance(value, int) and abs(value) >= _LARGEST else value


def _ordering(operation: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool | None]:
    def ordering(left: Value, right: Value) -> bool | None:
        if left is None or right is None or isinstance(left, _UNORDERED) or isinstance(right, _UNORDERED):
            return None
        try:
            return operation(left, right)
        except TypeError:
            return None

    return ordering


def equal(left: Value, right: Value) -> bool | None:
    """Compare by value without coercion: a boolean equals no number; unknown where a side is missing."""
    if left is None or right is None:
        return None
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def unequal(left: Value, right: Value) -> bool | None:
    """Give the opposite of `equal`."""
    return negate(equal(left, right))


def negate(value: bool | None) -> bool | None:  # noqa: FBT001 - a truth value is what it takes
    """Give Kleene's *not*."""
    return None if value is None else not value


def both(*values: bool | None) -> bool | None:
    """Give Kleene's *and*."""
    if any(value is False for value in values):
        return False
    return True if all(value is True for value in values) else None


def either(*values: bool | None) -> bool | None:
    """Give Kleene's *or*."""
    if any(value is True for value in values):
        return True
    return False if all(value is False for value in values) else None


def member(value: Value, *choices: Value) -> bool | None:
    """Give whether a value equals one of the choices; a single list is looked into."""
    if len(choices) == 1 and isinstance(choices[0], tuple):
        choices = choices[0]
    return either(*(equal(value, choice) for choice in choices))


def _texts(operation: Callable[[str, str], bool]) -> Callable[[Value, Value], bool | None]:
    def compare(value: Value, other: Value) -> bool | None:
        return operation(value, other) if isinstance(value, str) and isinstance(other, str) else None

    return compare


def _contains(value: Value, other: Value) -> bool | None:
    if isinstance(value, tuple):
        return member(other, value)
    return other in value if isinstance(value, str) and isinstance(other, str) else None


def _matches(value: Value, expression: re.Pattern[str]) -> bool | None:
    return expression.search(value) is not None if isinstance(value, str) else None


def _other_than(value: Value, *others: Value) -> bool | None:
    return negate(member(value, *others))


def _round(value: Value, digits: int = 0) -> Value:
    if not isinstance(digits, int) or abs(digits) > _DIGITS:
        raise ValueError
    return round(value, digits) if digits else round(value)


def _length(value: Value) -> int:
    if not isinstance(value, str | tuple | Mapping):
        raise TypeError
    return len(value)


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "+": _total(lambda a, b: a + b if not isinstance(a, str | tuple) else None),
    "-": _total(lambda a, b: a - b),
    "*": _total(lambda a, b: a * b if not isinstance(a, str | tuple) and not isinstance(b, str | tuple) else None),
    "/": _total(lambda a, b: a / b),
    "//": _total(lambda a, b: a // b),
    "%": _total(lambda a, b: a % b if not isinstance(a, str) else None),
    "neg": _total(lambda a: -a),
    "<": _ordering(lambda a, b: a < b),
    "<=": _ordering(lambda a, b: a <= b),
    ">": _ordering(lambda a, b: a > b),
    ">=": _ordering(lambda a, b: a >= b),
    "==": equal,
    "!=": unequal,
    "and": both,
    "or": either,
    "not": negate,
    "in": member,
    "abs": _total(abs),
    "min": _total(min),
    "max": _total(max),
    "len": _total(_length),
    "round": _total(_round),
}
"""Every function of `model.Call`."""

LOOSE: Mapping[str, Callable[..., bool | None]] = {
    "is": member,
    "in": member,
    "not": _other_than,
    "at_least": OPERATIONS[">="],
    "more_than": OPERATIONS[">"],
    "at_most": OPERATIONS["<="],
    "less_than": OPERATIONS["<"],
    "contains": _contains,
    "matches": _matches,
    "glob": _texts(fnmatch.fnmatchcase),
    "starts_with": _texts(str.startswith),
    "ends_with": _texts(str.endswith),
}
"""The operators of a leaf on values whose type nobody knows: unknown where one is not defined on what it meets."""
