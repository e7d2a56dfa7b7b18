"""The schema of guards: each known by its first word, with the words it takes."""

from collections.abc import Callable, Mapping
from typing import Any

from selfheal_rules.parse import guards, literals
from selfheal_rules.schema.forms import Schema, Shapes, ref, several, told
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
    "for": "For how long it holds.",
    "cap": "The longest wait.",
    "jitter": "By how much waits are spread.",
    "fresh": "How old what is known of the population may be.",
    "fails": "Whether it lets a step pass (`open`) or holds it (`closed`) where it cannot tell.",
}


def guard(beside: Shapes | None = None) -> Schema:
    """Give one item of `guard`, or of a place where other words may stand beside."""
    return {"oneOf": [worded(name, beside=beside) for name in guards.BESIDE]}


def worded(name: str, *, under: str = "", beside: Shapes | None = None) -> Schema:
    """Give the guard of a name, or one like it under another word."""
    words = {under or name: _word(name), **{word: _word(word) for word in guards.BESIDE[name]}, **(beside or {})}
    needed = [under or name, *guards.NEEDED.get(name, ())]
    return {"type": "object", "properties": words, "required": needed, "additionalProperties": False}


def _word(word: str) -> Schema:
    shape = ref("pattern") if word == "of" else _READ[guards.READERS.get(word, guards.one_or_several)]
    return told(_SAID[word], shape) if word in _SAID else shape
