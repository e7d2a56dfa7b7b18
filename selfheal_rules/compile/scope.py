"""What an alias stands for while code is written: the types of its fields and the variable that holds its row."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from attrs import evolve, field, frozen

from selfheal_rules.compile.codegen import OPERATION_NAMES, Code, access
from selfheal_rules.model import Call, Literal, Operand, Parameter, Pattern, Reference, RuleSet, Template, Term
from selfheal_rules.values import EMPTY, FrozenMap, Value
from selfheal_rules.vocabulary import ANY, INTEGER, NUMBER, Field, FieldType, Kind
from selfheal_rules.wording import shown

Found = TypeVar("Found", Reference, Parameter)
_ORDERINGS = frozenset({"<", "<=", ">", ">="})


@frozen(eq=False, repr=False)
class Scope:
    """The aliases in reach: each with the kind of its first pattern and its variable in generated code."""

    rules: RuleSet
    kinds: FrozenMap = EMPTY  # alias → Kind
    rows: FrozenMap = EMPTY  # alias → variable
    nearer: Mapping[Reference, Reference] = field(factory=dict)  # reference → what is joined with it and as good
    told: Mapping[Reference, str] = field(factory=dict)  # reference → the variable that holds its value already
    fresh: str = ""  # the alias of an event that has just come: a posted one is its own row, and has no turn

    def bind(self, alias: str, kind: Kind, row: str) -> "Scope":
        """Give the scope with one more alias."""
        return evolve(self, kinds=FrozenMap({**self.kinds, alias: kind}), rows=FrozenMap({**self.rows, alias: row}))

    def named(self, rows: Mapping[str, str]) -> "Scope":
        """Give the scope with its aliases under these variables."""
        return evolve(self, rows=FrozenMap({**self.rows, **rows}))

    def type(self, reference: Reference) -> FieldType:
        """Give the type of what is referred to."""
        kind: Kind = self.kinds[reference.alias]
        return kind.type_at(reference.path) or ANY

    def read(self, reference: Reference) -> str:
        """Write the value referred to."""
        if reference in self.told:
            return self.told[reference]
        reference = self.nearer.get(reference, reference)
        return access(self.rows[reference.alias], reference.path)

    def turn(self, alias: str) -> str:
        """Write the turn a row came in."""
        return "m.turn" if alias == self.fresh else f"{self.rows[alias]}.turn"

    def parameter(self, parameter: Parameter) -> Value:
        """Give a parameter's value as its declared type reads it."""
        value = self.rules.value(parameter)
        declared: FieldType = self.rules.params[parameter.name].type
        return value if value is None else declared.literal(value)

    def operand(self, operand: Operand, code: Code, kind: FieldType | None = None) -> str:
        """Write an operand; a literal is read as the type given."""
        if isinstance(operand, Reference):
            return self.read(operand)
        if isinstance(operand, Parameter):
            return code.constant(self.parameter(operand))
        value = self.rules.value(operand)
        return code.constant(kind.literal(value) if kind and kind.name != "any" else value)

    def text(self, value: Operand | Template, code: Code, kind: FieldType | None = None) -> str:
        """Write a value of a step: an operand, or a text with holes."""
        if isinstance(value, Parameter) and kind is None:
            return code.constant(self.rules.value(value))
        if not isinstance(value, Template):
            return self.operand(value, code, kind)
        parts = [self._piece(part, code) for part in value.parts]
        code.names["shown"] = shown
        return " + ".join(parts) or "''"

    def _piece(self, part: str | Reference | Parameter, code: Code) -> str:
        if isinstance(part, Reference):
            return f"shown({self.operand(part, code)})"
        return repr(part if isinstance(part, str) else shown(self.rules.value(part)))


def term(part: Term, scope: Scope, code: Code) -> str:
    """Write an expression; None stands for unknown."""
    if not isinstance(part, Call):
        return scope.operand(part, code)
    ranked = part.function in _ORDERINGS and next((kind for kind in _ordered_types(part, scope)), None)
    arguments = [term(argument, scope, code) for argument in part.arguments]
    if ranked:
        ranks = code.constant({word: rank for rank, word in enumerate(ranked.values)})
        arguments = [f"{ranks}.get({argument})" for argument in arguments]
    return f"{OPERATION_NAMES[part.function]}({', '.join(arguments)})"


def _ordered_types(call: Call, scope: Scope) -> list[FieldType]:
    types = [scope.type(argument) for argument in call.arguments if isinstance(argument, Reference)]
    return [kind for kind in types if kind.name == "ordered"]


def references(part: object) -> tuple[Reference, ...]:
    """Give every reference in a piece of the model, in order."""
    return tuple(_operands(part, Reference))


def parameters(part: object) -> tuple[str, ...]:
    """Give the names of the parameters a piece of the model uses, sorted."""
    return tuple(sorted({one.name for one in _operands(part, Parameter)}))


def _operands(part: Any, kind: type[Found]) -> Iterator[Found]:
    if isinstance(part, kind):
        yield part
    elif isinstance(part, tuple | list):
        for item in part:
            yield from _operands(item, kind)
    elif isinstance(part, dict):
        yield from _operands(list(part.values()), kind)
    elif hasattr(part, "__attrs_attrs__") and not isinstance(part, Literal | Kind):
        for attribute in part.__attrs_attrs__:
            if attribute.eq:  # what stands outside equality says where it stands
                yield from _operands(getattr(part, attribute.name), kind)


def counted_kind(pattern: Pattern, base: Kind, names: tuple[tuple[str, ...], ...]) -> Kind:
    """Give the kind of what a count or aggregate binds: its group, and the number."""
    fields = {".".join(path): Field(".".join(path), base.type_at(path) or ANY, required=True) for path in names}
    number = "count" if pattern.count else "value"
    fields[number] = Field(number, INTEGER if pattern.count else NUMBER, required=True)
    return Kind(f"{number} of {base.name}", "state", FrozenMap(fields))


WAIT = "#wait"
"""The alias of the row that stands for a step or episode which waits for something."""


def waiting_kind(scope: Scope, used: tuple[Reference, ...]) -> Kind:
    """Give the kind of a waiting row: one field for each value of the opening match the condition reads."""
    fields = {str(reference): Field(str(reference), scope.type(reference)) for reference in used}
    return Kind(WAIT, "state", FrozenMap(fields))
