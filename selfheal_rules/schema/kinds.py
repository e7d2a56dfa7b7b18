"""What the vocabulary adds: leaves by the readers of their operators, and for each kind its fields and their words."""

from collections.abc import Callable, Mapping
from typing import Any

from selfheal_rules.parse import leaves
from selfheal_rules.parse.leaves import OPERATORS
from selfheal_rules.schema.forms import Schema, one_or_more, ref, several, shown_by, told
from selfheal_rules.schema.values import BOOLEAN, CONSTANT_TEXT, OPERAND, OPERAND_TEXT
from selfheal_rules.vocabulary import Field, FieldType, Kind, Vocabulary

_READ: Mapping[Callable[..., Any], Schema] = {
    leaves.one_or_more: one_or_more(OPERAND),
    leaves.single: OPERAND,
    leaves.text: OPERAND_TEXT,
    leaves.constant_text: CONSTANT_TEXT,
    leaves.truth: BOOLEAN,
}
_SAID = {
    "not": "Neither this nor one of these.",
    "at_least": "This or more; against a time, an age.",
    "more_than": "More than this; against a time, an age.",
    "at_most": "This or less; against a time, an age.",
    "less_than": "Less than this; against a time, an age.",
    "matches": "A regular expression finds something in it.",
    "glob": "As a whole like this, with `*` and `?`.",
    "contains": "This text is in it, or this element.",
    "starts_with": "It begins with this text.",
    "ends_with": "It ends with this text.",
    "exists": "Whether the field is there at all.",
}


def leaf() -> Schema:
    """Give what a field may be held against: a value, several, or operators."""
    operators = {name: shown_by("a leaf", name, told(_SAID[name], _READ[reader])) for name, reader in OPERATORS.items()}
    mapping = {"type": "object", "properties": operators, "additionalProperties": False, "minProperties": 1}
    return {"anyOf": [*one_or_more(OPERAND)["anyOf"], mapping]}


def _kinds(known: Vocabulary, form: str) -> list[Kind]:
    return [kind for kind in known.kinds.values() if kind.form == form and kind.fields]


def typed_leaves(known: Vocabulary, form: str) -> list[Schema]:
    """Give for each kind of a form what is offered under `where` once the kind is written."""
    return [
        {"if": _is(kind, form), "then": {"properties": {"where": ref(_where(kind))}}} for kind in _kinds(known, form)
    ]


def fields_of(known: Vocabulary) -> dict[str, Schema]:
    """Give the definition of the leaves over each kind."""
    return {_where(kind): _fields(kind) for form in ("event", "state") for kind in _kinds(known, form)}


def _where(kind: Kind) -> str:
    return f"where-{kind.name}"


def _is(kind: Kind, form: str) -> Schema:
    return {"properties": {form: {"const": kind.name}}, "required": [form]}


def _fields(kind: Kind) -> Schema:
    fields: Mapping[str, Field] = kind.fields
    return {"properties": {name: told(_about(one), _words(one.type)) for name, one in fields.items()}}


def _about(field: Field) -> str:
    return f"{str(field.type).capitalize()}{'' if field.required else ', may be missing'}. {field.doc}".strip()


def _words(type_: FieldType) -> Schema:
    """Offer the words of an enum, alone and in a list."""
    offered: Schema = {"enum": list(type_.values)}
    return {"anyOf": [offered, several({"anyOf": [offered, OPERAND]}), ref("leaf")]} if type_.values else ref("leaf")
