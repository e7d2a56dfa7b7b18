"""The schema of guards: each known by its first word, with the words it takes."""

from collections.abc import Callable, Mapping
from typing import Any

from selfheal_rules.guards import GUARDS, GuardType
from selfheal_rules.guards.entry import SETTLED
from selfheal_rules.parse import guards, literals
from selfheal_rules.schema.forms import Schema, Shapes, ref, several, shown_by, told
from selfheal_rules.schema.values import DURATION, OPERAND
from selfheal_rules.vocabulary import FieldType

_READ: Mapping[Callable[..., Any], Schema] = {
    literals.duration: DURATION,
    guards.several: several(OPERAND),
    guards.fails: {"enum": ["open", "closed"]},
    literals.operand: OPERAND,
    guards.one_or_several: {"anyOf": [OPERAND, several(OPERAND)]},
}
_FAILING = "The observer is doubted while so many are failing."
_EXAMPLES: Mapping[str, object] = {
    "string": "x", "integer": 2, "number": 2, "boolean": True, "duration": "5m", "list": ["x"],
}  # fmt: skip


def guard(beside: Shapes | None = None) -> Schema:
    """Give one item of `guard`, or of a place where other words may stand beside."""
    return {"oneOf": [*(worded(name, beside=beside) for name in GUARDS), _elsewhere()]}


def _elsewhere() -> Schema:
    """Give a guard of a package that is installed where the file is read, and not where the schema was written."""
    known = [name for name in GUARDS if "." in name]
    foreign = {"not": {"enum": known}, "pattern": r"\."} if known else {"pattern": r"\."}
    return {"type": "object", "not": {"propertyNames": {"not": foreign}}}


def worded(name: str, *, under: str = "", beside: Shapes | None = None) -> Schema:
    """Give the guard of a name, or one like it under another word."""
    known = GUARDS[name]
    doc = _FAILING if under else known.doc
    words = {under or name: told(doc, _shape(known, name)), **{word: _word(known, word) for word in known.words}}
    words = {word: _shown(known, word, shape) for word, shape in (words | dict(beside or {})).items()}
    needed = [under or name, *known.needed]
    return {"type": "object", "properties": words, "required": needed, "additionalProperties": False}


def _word(known: GuardType, word: str) -> Schema:
    return told(known.words[word].doc, _shape(known, word))


def _shape(known: GuardType, word: str) -> Schema:
    return ref("pattern") if word == "of" else _READ[guards.reader(known, word)]


def _shown(known: GuardType, word: str, shape: Schema) -> Schema:
    """Give a shape with examples: those of our own words, or for a stranger's one of its type."""
    declared = known.words[word].type if word in known.words else known.own
    if known.is_brought and (word == known.name or word not in SETTLED):
        return shape if "examples" in shape else {**shape, "examples": [_example(declared)]}
    return shown_by("a guard", word, shape)


def _example(declared: FieldType) -> object:
    return declared.values[0] if declared.values else _EXAMPLES[declared.name]
