"""What a leaf and an expression say of an item: true, false or unknown (None)."""

import fnmatch
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from attrs import define, field

from selfheal_rules.model import Call, Operand, Parameter, Reference, RuleSet, Template, Term, Test
from selfheal_rules.values import Value, canonical, lookup, microseconds
from selfheal_rules.vocabulary import ANY, ATTRIBUTES, DURATION, FieldType, Kind, write_duration

Truth: TypeAlias = bool | None
Path: TypeAlias = tuple[str, ...]
UNREPRESENTABLE = 2**1024


@define
class Clock:
    """The instant of the turn; remembers which later instants its answers depend on."""

    now: int
    started: int
    awaited: list[int] = field(factory=list)

    def reached(self, at: int) -> bool:
        """Whether the instant is here; if not, the answer changes then, and somebody must ask again."""
        if at > self.now:
            self.awaited.append(at)
        return self.now >= at


@define(eq=False)
class Row:
    """What a pattern binds: an event taken, a record that fits, or a group that was counted."""

    identity: tuple[Value, ...]
    fields: Mapping[str, Value]
    attributes: Mapping[str, Value]
    at: int
    turn: int
    stood: int
    kind: Kind | None = None

    @property
    def is_event(self) -> bool:
        """Whether it is one event."""
        return bool(self.identity[0] == "event")

    @property
    def mark(self) -> tuple[Value, ...]:
        """What this very row is told from every other by, also from one that is spelt alike."""
        return (*self.identity, self.turn)

    @property
    def thing(self) -> tuple[Value, ...]:
        """What no two aliases of a match may share: the event, or the state whatever its `since`."""
        return self.identity[:3] if self.identity[0] == "state" else self.identity

    def read(self, path: Path) -> Value:
        """Give the value at a path, or None."""
        if len(path) == 1 and path[0] in self.attributes:
            return self.attributes[path[0]]
        return lookup(self.fields, path)


Bindings: TypeAlias = Mapping[str, Row]


def all_of(truths: Iterable[Truth]) -> Truth:
    """Give Kleene's *and*."""
    known = list(truths)
    return False if False in known else None if None in known else True


def any_of(truths: Iterable[Truth]) -> Truth:
    """Give Kleene's *or*."""
    known = list(truths)
    return True if True in known else None if None in known else False


def negated(truth: Truth) -> Truth:
    """Give Kleene's *not*."""
    return None if truth is None else not truth


def is_number(value: Value) -> bool:
    """Whether a value is an integer or a float; a boolean is neither."""
    return type(value) in {int, float}


def equal(left: Value, right: Value) -> Truth:
    """Compare by value: numbers with numbers, anything else only with its own type."""
    if left is None or right is None:
        return None
    if is_number(left) and is_number(right):
        return bool(left == right)
    return family(left) == family(right) and bool(left == right)


def family(value: Value) -> type:
    """Give the one type that stands for all a value may be compared with."""
    families = (bool, str, datetime, timedelta, tuple, Mapping)
    return float if is_number(value) else next(one for one in families if isinstance(value, one))


def joined(left: Value, right: Value) -> Truth:
    """Compare as joins and keys do: 1, 1.0 and true differ."""
    return None if left is None or right is None else canonical(left) == canonical(right)


ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "at_least": lambda left, right: left >= right,
    "more_than": lambda left, right: left > right,
    "at_most": lambda left, right: left <= right,
    "less_than": lambda left, right: left < right,
}


def ordered(comparison: str, left: Value, right: Value, type_: FieldType = ANY) -> Truth:
    """Compare in order: words by rank, otherwise values of one family; anything else is unknown."""
    if left is None or right is None:
        return None
    if type_.name == "ordered":
        known = left in type_.values and right in type_.values
        return ORDERS[comparison](type_.rank(left), type_.rank(right)) if known else None
    if family(left) != family(right) or family(left) not in {float, datetime, timedelta}:
        return None
    return ORDERS[comparison](left, right)


def aged(comparison: str, value: Value, age: timedelta, clock: Clock) -> Truth:
    """Compare how long ago an instant is, and note when that comparison turns."""
    if not isinstance(value, datetime):
        return None
    due = microseconds(value) + microseconds(age)
    if comparison == "at_least":
        return clock.reached(due)
    if comparison == "more_than":
        return clock.reached(due + 1)
    return not clock.reached(due if comparison == "less_than" else due + 1)


def type_of(kind: Kind | None, path: Path) -> FieldType:
    """Give the type of a field of a kind."""
    return (kind.type_at(path) if kind else ATTRIBUTES.get(path[0])) or ANY


@define
class Reader:
    """Judges leaves and expressions of one rule set at one instant."""

    rules: RuleSet
    clock: Clock

    def test(self, leaf: Test, row: Row, bindings: Bindings) -> Truth:
        """Judge one leaf over one item, in the company of the match so far."""
        value = row.read(leaf.path)
        operands = leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,)
        if leaf.operator == "exists":
            return (value is not None) is self.rules.value(operands[0])
        if value is None:
            return None
        type_ = type_of(row.kind, leaf.path)
        if leaf.operator in {"is", "in"}:
            return any_of(self._equal(leaf, value, one, type_, bindings) for one in operands)
        if leaf.operator == "not":
            return negated(any_of(self._equal(leaf, value, one, type_, bindings) for one in operands))
        if leaf.operator in ORDERS:
            return self._ordered(leaf.operator, value, operands[0], type_, bindings)
        return self._text(leaf.operator, value, operands[0], type_, bindings)

    def _equal(self, leaf: Test, value: Value, operand: Operand, type_: FieldType, bindings: Bindings) -> Truth:
        if isinstance(operand, Reference):
            other = bindings[operand.alias].read(operand.path)
            return joined(value, other) if leaf.operator == "is" else equal(value, other)
        raw = self.rules.value(operand)
        return any_of(equal(value, type_.literal(one)) for one in (raw if isinstance(raw, tuple | list) else (raw,)))

    def _ordered(self, comparison: str, value: Value, operand: Operand, type_: FieldType, bindings: Bindings) -> Truth:
        if isinstance(operand, Reference):
            other = bindings[operand.alias].read(operand.path)
            if type_.name == "time" and isinstance(other, timedelta):
                return aged(comparison, value, other, self.clock)
            return ordered(comparison, value, other, type_)
        raw = self.rules.value(operand)
        if type_.name == "time" and self._is_duration(operand):
            return aged(comparison, value, DURATION.literal(raw), self.clock)
        return ordered(comparison, value, type_.literal(raw), type_)

    def _is_duration(self, operand: Operand) -> bool:
        if isinstance(operand, Parameter):
            return bool(self.rules.params[operand.name].type.name == "duration")
        return DURATION.misfit(self.rules.value(operand)) is None or _reads_as_duration(self.rules.value(operand))

    def _text(self, operator: str, value: Value, operand: Operand, type_: FieldType, bindings: Bindings) -> Truth:
        if isinstance(operand, Reference):
            other = bindings[operand.alias].read(operand.path)
        elif operator == "contains" and type_.element:
            other = type_.element.literal(self.rules.value(operand))
        else:
            other = self.rules.value(operand)
        if other is None:
            return None
        if operator == "contains" and isinstance(value, tuple):
            return any_of(equal(one, other) for one in value)
        if not isinstance(value, str) or not isinstance(other, str):
            return None
        return TEXTS[operator](value, other)

    def operand(self, operand: Operand, bindings: Bindings) -> Value:
        """Give what an operand of a step or expression stands for, as it is written."""
        if isinstance(operand, Reference):
            return bindings[operand.alias].read(operand.path)
        return self.rules.value(operand)

    def content(self, content: Operand | Template | None, bindings: Bindings) -> Value:
        """Give what a step says: an operand, or a text with its holes filled."""
        if content is None:
            return None
        if not isinstance(content, Template):
            return self.operand(content, bindings)
        parts = (one if isinstance(one, str) else shown(self.operand(one, bindings)) for one in content.parts)
        return "".join(parts)

    def term(self, term: Term, bindings: Bindings) -> Value:
        """Give the value of an expression; None is unknown."""
        if not isinstance(term, Call):
            return self._constant(term, bindings)
        values = [self.term(argument, bindings) for argument in term.arguments]
        if term.function in LOGIC:
            return LOGIC[term.function]([value if isinstance(value, bool) else None for value in values])
        if any(value is None for value in values):
            return None
        if term.function in COMPARISONS:
            return self._compare(term, values, bindings)
        return calculated(term.function, values)

    def _constant(self, term: Operand, bindings: Bindings) -> Value:
        if isinstance(term, Parameter):
            return self.rules.params[term.name].type.literal(self.rules.value(term))
        return self.operand(term, bindings)

    def _compare(self, call: Call, values: list[Value], bindings: Bindings) -> Truth:
        if call.function == "in":
            return any_of(equal(values[0], one) for one in values[1])
        if call.function in {"==", "!="}:
            same = equal(*values)
            return same if call.function == "==" else negated(same)
        types = [self._type(one, bindings) for one in call.arguments]
        ranked = next((one for one in types if one.name == "ordered"), None)
        if ranked:
            return ordered(COMPARISONS[call.function], values[0], values[1], ranked)
        if isinstance(values[0], str) and isinstance(values[1], str):
            return ORDERS[COMPARISONS[call.function]](*values)
        return ordered(COMPARISONS[call.function], *values)

    def _type(self, term: Term, bindings: Bindings) -> FieldType:
        return type_of(bindings[term.alias].kind, term.path) if isinstance(term, Reference) else ANY


def _reads_as_duration(text: Value) -> bool:
    try:
        DURATION.literal(text)
    except ValueError:
        return False
    return True


def shown(value: Value) -> str:
    """Give a value as a text of a step shows it: `null` where it is missing."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return write_duration(value)
    return value if isinstance(value, str) else canonical(value)


TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda value, other: other in value,
    "matches": lambda value, other: re.search(other, value) is not None,
    "glob": fnmatch.fnmatchcase,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}

LOGIC: Mapping[str, Callable[[list[Value]], Truth]] = {
    "and": all_of,
    "or": any_of,
    "not": lambda values: negated(values[0]),
}

COMPARISONS = {"<": "less_than", "<=": "at_most", ">": "more_than", ">=": "at_least", "==": "", "!=": "", "in": ""}

CALCULATIONS: Mapping[str, Callable[..., Any]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "//": lambda left, right: left // right,
    "%": lambda left, right: left % right,
    "neg": lambda value: -value,
    "abs": abs,
    "min": min,
    "max": max,
    "len": len,
    "round": round,
}


def calculated(function: str, values: list[Value]) -> Value:
    """Calculate where Python can: whatever it refuses, and what no float can hold, is unknown."""
    texts = any(isinstance(value, str | tuple) for value in values)
    if any(isinstance(value, bool) for value in values) or (texts and function in {"+", "*", "%"}):
        return None
    try:
        result = CALCULATIONS[function](*values)
    except (TypeError, ZeroDivisionError, OverflowError, ValueError):
        return None
    if isinstance(result, float):
        return result + 0.0 if math.isfinite(result) else None
    return None if isinstance(result, int) and abs(result) >= UNREPRESENTABLE else result
