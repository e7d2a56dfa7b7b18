"""Whether a value may stand against a field: literals, parameters and references, each against its type."""

import re
from collections.abc import Iterator

from selfheal_rules.check.alternatives import Names
from selfheal_rules.check.findings import a, error
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Literal, Operand, Parameter, Reference, RuleSet, Template
from selfheal_rules.parse.findings import did_you_mean
from selfheal_rules.vocabulary import STRING, FieldType, Vocabulary


def misfit(operand: Operand | Template, wanted: FieldType, ruleset: RuleSet) -> Diagnostic | None:
    """Say why a literal, parameter or filled-in text is no value of a type; references are judged by `mismatch`."""
    if isinstance(operand, Literal):
        return literal_misfit(operand, wanted)
    if isinstance(operand, Parameter):
        return _parameter_misfit(operand, wanted, ruleset)
    if isinstance(operand, Template) and wanted.name not in {"string", "any"}:
        return error("SH220", f"a filled-in text is not {a(wanted)}", operand.span, "write `$alias.field` as a whole")
    return None


def literal_misfit(literal: Literal, wanted: FieldType) -> Diagnostic | None:
    """Say why a literal is no value of a type."""
    try:
        wanted.literal(literal.value)
    except (ValueError, OverflowError) as reason:
        message = f"`{literal.value}` is not a time" if wanted.name == "time" else str(reason)
        return error("SH220", " ".join(message.split()), literal.span, _cure(literal.value, wanted))
    return None


_COMPARED = re.compile(r"(>=|<=|!=|>|<)\s*(\S.*)")
_OPERATORS = {">=": "at_least", "<=": "at_most", "!=": "not", ">": "more_than", "<": "less_than"}


def _cure(value: object, wanted: FieldType) -> str:
    compared = _COMPARED.match(value) if isinstance(value, str) else None
    if compared:
        return f"write `{{{_OPERATORS[compared[1]]}: {compared[2]}}}`"
    if wanted.values and isinstance(value, str):
        close = did_you_mean(value, wanted.values)
        return close if close.startswith("did") else ""
    if wanted.name == "string":
        return "write it in quotes"
    if wanted.name == "time":
        return "write an instant with its zone, such as `2026-03-01T10:00:00Z`"
    if wanted.is_numeric and isinstance(value, str):
        return "write a number without quotes"
    return {"duration": "write `30s`, `5m` or `1h30m`", "boolean": "write `true` or `false`"}.get(wanted.name, "")


def _parameter_misfit(parameter: Parameter, wanted: FieldType, ruleset: RuleSet) -> Diagnostic | None:
    declared = ruleset.params.get(parameter.name)
    if declared is None:
        return None
    if not may_be(declared.type, wanted) and not (declared.type.name == "string" and wanted.values):
        message = f"`{parameter}` is {a(declared.type)}, and {a(wanted)} stands here"
        cure = "declare it with these words" if wanted.values else f"declare it as `type: {wanted.name}`"
        return error("SH224", message, parameter.span, cure, declared.span)
    value = ruleset.value(parameter)
    if value is None or literal_misfit(Literal(value), declared.type):
        return None  # a default that is no value of its own type has its own finding
    found = literal_misfit(Literal(value), wanted)
    if found is None:
        return None
    return error("SH224", f"`{parameter}`: {found.message}", parameter.span, found.help, declared.span)


def may_be(given: FieldType, wanted: FieldType) -> bool:
    """Whether some value of one type is a value of the other: `any` meets every type, an integer is a number."""
    if "any" in {given.name, wanted.name}:
        return True
    if given.values and wanted.values:
        return not set(given.values).isdisjoint(wanted.values)
    if given.element and wanted.element:
        return given.name == wanted.name and may_be(given.element, wanted.element)
    return given.name == wanted.name or (given.name == "integer" and wanted.name == "number")


def may_equal(left: FieldType, right: FieldType, *, exact: bool = False) -> bool:
    """Whether values of two types can be equal; `exact` tells an integer from a number, as joins do."""
    if exact and left.is_numeric and right.is_numeric:
        return left.name == right.name
    return may_be(left, right) or may_be(right, left)


def is_comparable(left: FieldType, right: FieldType) -> bool:
    """Whether an order is defined between values of two types."""
    if "any" in {left.name, right.name}:
        return True
    if left.is_numeric and right.is_numeric:
        return True
    return left.is_ordered and left.name == right.name and left.values == right.values


def reference_type(reference: Reference, names: Names, vocabulary: Vocabulary) -> FieldType | None:
    """Give the type of a reference where it is known and the same in all alternatives."""
    found = [placed.type_at(reference.path, vocabulary) for placed in names.get(reference.alias, ())]
    return found[0] if found and all(one == found[0] for one in found) else None


def operand_type(operand: object, names: Names, ruleset: RuleSet) -> FieldType | None:
    """Give the type of a reference, parameter or filled-in text; a literal takes that of what it is held against."""
    if isinstance(operand, Reference):
        return reference_type(operand, names, ruleset.vocabulary)
    if isinstance(operand, Parameter):
        declared = ruleset.params.get(operand.name)
        return declared.type if declared else None
    return STRING if isinstance(operand, Template) else None


def declarations(ruleset: RuleSet) -> Iterator[Diagnostic]:
    """Every default and site value is a value of its parameter's type, and each parameter has one of them."""
    for name, declared in ruleset.params.items():
        value = ruleset.values.get(name, declared.default)
        if value is None:
            cure = "give it a `default:`, or set it where the rule set is loaded"
            yield error("SH225", f"parameter `{name}` has no value", declared.span, cure)
            continue
        found = literal_misfit(Literal(value), declared.type)
        if found and name in ruleset.values:
            yield error("SH225", f"the site's value of `{name}`: {found.message}", declared.span, found.help)
        elif found:
            yield error("SH225", f"parameter `{name}`: {found.message}", declared.placed, found.help)
