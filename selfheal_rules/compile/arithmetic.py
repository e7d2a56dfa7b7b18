"""
What generated code calls: total operations in which None stands for unknown.

No operation raises: a type that does not fit, a division by zero and an overflow are unknown.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from selfheal_rules.values import Value

_FAULTS = (TypeError, ZeroDivisionError, OverflowError, ValueError)
_LARGEST = 2**1024


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
        if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
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
    "round": _total(round),
}
"""Every function of `model.Call`."""
