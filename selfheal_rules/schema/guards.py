"""The schema of guards: each known by its first word, with the words it takes."""

from collections.abc import Callable, Mapping
from typing import Any

from selfheal_rules.parse import guards, literals
from selfheal_rules.schema.forms import Schema, ref, several, told
from selfheal_rules.schema.values import DURATION, OPERAND

_READ: Mapping[Callable[..., Any], Schema] = {
    literals.duration: DURATION,
    guards.several: several(OPERAND),
    guards.fails: {"enum": ["open", "closed"]},
    guards.one_or_several: {"anyOf": [OPERAND, several(OPERAND)]},
}
_SAID = {
    "of": "The population it looks at.",
    "by": "What is counted apart.",
    "per": "Over how long it counts.",
    "over": "How many make it act.",
    "for": "For how long it holds.",
    "scope": "What it spans.",
    "fails": "Whether it lets a step pass (`open`) or holds it (`closed`) where it cannot tell.",
}


def guard() -> Schema:
    """Give one item of `guard`."""
    return {"oneOf": [_guard(name, beside) for name, beside in guards.BESIDE.items()]}


def _guard(name: str, beside: tuple[str, ...]) -> Schema:
    words = {word: _word(word) for word in (name, *beside)}
    return {"type": "object", "properties": words, "required": [name], "additionalProperties": False}


def _word(word: str) -> Schema:
    shape = ref("pattern") if word == "of" else _READ[guards.READERS.get(word, guards.one_or_several)]
    return told(_SAID[word], shape) if word in _SAID else shape
