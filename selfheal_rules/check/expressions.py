"""Whether `test` and `pick` expressions are made of what fits together: every operation has a type, or is refused."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from attrs import field, frozen

from selfheal_rules.check.alternatives import Scope
from selfheal_rules.check.findings import a, error, warning
from selfheal_rules.check.operands import is_comparable, may_be, may_equal, misfit, operand_type
from selfheal_rules.check.subject import Subject
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Call, Literal, Operand, RuleSet, Term
from selfheal_rules.source import Span
from selfheal_rules.vocabulary import ANY, BOOLEAN, DURATION, INTEGER, NUMBER, STRING, TIME, FieldType

Rule: TypeAlias = Callable[[tuple[FieldType, ...]], FieldType | None]
"""From the types of the arguments to that of the result; None where the operation is not defined on them."""


def formulas(subject: Subject) -> Iterator[Diagnostic]:
    """A `test` is a truth value, a `pick` something with an order, and every operation in them is defined."""
    for view in subject.rules:
        for scope in (*view.scopes, *view.guarded):
            for formula in scope.alternative.formulas:
                yield from _whole(formula.term, formula.span, "test", scope, subject)
            for placed in scope.alternative.placed:
                if placed.pattern.pick:
                    yield from _whole(placed.pattern.pick.term, placed.pattern.pick.span, "pick", scope, subject)


def _whole(term: Term, span: Span, word: str, scope: Scope, subject: Subject) -> Iterator[Diagnostic]:
    typed = _Typed(scope, subject.ruleset)
    found = typed.type_of(term)
    yield from typed.findings
    if typed.findings or found.name == "any":
        return
    if word == "test" and not list(_read(term)):
        message = "what is tested is made of constants, and true or false for good"
        yield warning("SH426", message, span, "name a field of an alias or a parameter in it, or leave it out")
    if word == "test" and found.name != "boolean":
        yield error("SH232", f"a `test` is true or false, and this is {a(found)}", span, "compare it with something")
    if word == "pick" and not found.is_ordered:
        yield error("SH232", f"`pick` takes the greatest or least, and this is {a(found)}", span, "give a number")


def _read(term: Term) -> Iterator[Operand]:
    """Give what an expression reads that is no constant."""
    if isinstance(term, Call):
        for argument in term.arguments:
            yield from _read(argument)
    elif not isinstance(term, Literal):
        yield term


@frozen(eq=False, repr=False)
class _Typed:
    """One expression being typed; `any` stands for what is not known, and passes."""

    scope: Scope
    ruleset: RuleSet
    findings: list[Diagnostic] = field(factory=list)

    def type_of(self, term: Term) -> FieldType:
        """Give the type of a term."""
        if isinstance(term, Call):
            return self._call(term)
        if isinstance(term, Literal):
            return _LITERALS.get(type(term.value), ANY)
        return operand_type(term, self.scope.names, self.ruleset) or ANY

    def _call(self, call: Call) -> FieldType:
        before = len(self.findings)
        types = tuple(self.type_of(argument) for argument in call.arguments)
        if len(self.findings) > before:
            return ANY
        if call.function in {"==", "!=", "in"}:
            return self._equality(call, types)
        types = self._ranked(call, types)
        if len(self.findings) > before:
            return BOOLEAN
        result = _RULES[call.function](types)
        if result is None:
            shown = " and ".join(a(one) for one in types)
            message = f"`{call.function}` is not defined on {shown}"
            self.findings.append(error("SH231", message, call.span, _CURES[call.function]))
        return result or ANY

    def _ranked(self, call: Call, types: tuple[FieldType, ...]) -> tuple[FieldType, ...]:
        """Read a word beside an ordered enum as one of its words: they are compared by rank."""
        wanted = next((one for one in types if one.name == "ordered"), None)
        words = [one for one in call.arguments if isinstance(one, Literal) and type(one.value) is str]
        if wanted is None or not words or call.function not in _ORDERINGS:
            return types
        self.findings.extend(found for word in words if (found := misfit(word, wanted, self.ruleset)))
        return wanted, wanted

    def _equality(self, call: Call, types: tuple[FieldType, ...]) -> FieldType:
        left, right = call.arguments
        if call.function == "in" and isinstance(right, Literal):
            pairs = [(left, types[0], Literal(value, span=right.span)) for value in right.value]
            self.findings.extend(found for pair in pairs if (found := self._unequal(call, *pair, None)))
        else:
            found = self._unequal(call, left, types[0], right, types[1])
            self.findings.extend([found] if found else [])
        return BOOLEAN

    def _unequal(
        self, call: Call, left: Term, left_type: FieldType, right: Term, right_type: FieldType | None
    ) -> Diagnostic | None:
        """Say why two values are never equal, or None where they may be."""
        other = right_type or self.type_of(right)
        for literal, wanted in ((left, other), (right, left_type)):
            if isinstance(literal, Literal) and wanted.values:
                return misfit(literal, wanted, self.ruleset)
        if may_equal(left_type, other) or {left_type.name, other.name} <= _WORDS:
            return None
        message = f"{a(left_type)} never equals {a(other)}"
        return error("SH231", message, call.span, "compare values of one type")


_ORDERINGS = ("<", "<=", ">", ">=")
_WORDS = frozenset({"string", "enum", "ordered"})
_LITERALS: Mapping[type, FieldType] = {bool: BOOLEAN, int: INTEGER, float: NUMBER, str: STRING}


def _numbers(types: tuple[FieldType, ...]) -> FieldType | None:
    if not all(one.is_numeric or one.name == "any" for one in types):
        return None
    if any(one.name == "any" for one in types):
        return ANY
    return INTEGER if all(one.name == "integer" for one in types) else NUMBER


def _sum(types: tuple[FieldType, ...]) -> FieldType | None:
    names = {one.name for one in types}
    if "any" in names:
        return ANY if names <= {"any", "integer", "number", "duration", "time"} else None
    if names == {"duration"}:
        return DURATION
    return TIME if sorted(one.name for one in types) == ["duration", "time"] else _numbers(types)


def _difference(types: tuple[FieldType, ...]) -> FieldType | None:
    left, right = (one.name for one in types)
    if left == right == "time":
        return DURATION
    if right == "time" and left != "any":
        return None
    return _sum(types)


def _product(types: tuple[FieldType, ...]) -> FieldType | None:
    names = {one.name for one in types}
    if "duration" in names and names <= {"duration", "integer", "number", "any"}:
        return None if all(one.name == "duration" for one in types) else DURATION
    return _numbers(types)


def _quotient(types: tuple[FieldType, ...]) -> FieldType | None:
    left, right = types
    if left.name == "duration":
        return {"duration": NUMBER, "any": ANY}.get(right.name, DURATION if right.is_numeric else None)
    found = _numbers(types)
    return NUMBER if found == INTEGER else found


def _whole_quotient(types: tuple[FieldType, ...]) -> FieldType | None:
    left, right = types
    if left.name == "duration":
        return {"duration": INTEGER, "integer": DURATION, "any": ANY}.get(right.name)
    return _numbers(types)


def _remainder(types: tuple[FieldType, ...]) -> FieldType | None:
    return DURATION if all(one.name == "duration" for one in types) else _numbers(types)


def _amount(types: tuple[FieldType, ...]) -> FieldType | None:
    return types[0] if types[0].name in {"duration", "any"} else _numbers(types)


def _ordering(types: tuple[FieldType, ...]) -> FieldType | None:
    return BOOLEAN if is_comparable(*types) else None


def _logic(types: tuple[FieldType, ...]) -> FieldType | None:
    return BOOLEAN if all(may_be(one, BOOLEAN) for one in types) else None


def _extreme(types: tuple[FieldType, ...]) -> FieldType | None:
    known = [one for one in types if one.name != "any"]
    if not known:
        return ANY
    alike = all(one == known[0] for one in known) and known[0].name in {"duration", "time"}
    return known[0] if alike else _numbers(types)


def _length(types: tuple[FieldType, ...]) -> FieldType | None:
    return INTEGER if types[0].name in {"string", "list", "map", "any", "enum", "ordered"} else None


def _rounded(types: tuple[FieldType, ...]) -> FieldType | None:
    return _numbers(types) and (INTEGER if len(types) == 1 else NUMBER)


_RULES: Mapping[str, Rule] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "//": _whole_quotient,
    "%": _remainder,
    "neg": _amount,
    "abs": _amount,
    **dict.fromkeys(_ORDERINGS, _ordering),
    **dict.fromkeys(("and", "or", "not"), _logic),
    **dict.fromkeys(("min", "max"), _extreme),
    "len": _length,
    "round": _rounded,
}

_CURES: Mapping[str, str] = {
    **dict.fromkeys(_RULES, "arithmetic and order are for numbers, durations and times that fit each other"),
    **dict.fromkeys(("and", "or", "not"), "truth values come from comparisons and boolean fields"),
    "len": "texts, lists and maps have a length",
}
