"""The schema of guards: each known by its first word, with the words it takes."""

from collections.abc import Callable, Mapping
from typing import Any

from selfheal_rules.parse import guards, literals
from selfheal_rules.schema.forms import Schema, Shapes, ref, several, shown_by, told
from selfheal_rules.schema.values import DURATION, OPERAND

_READ: Mapping[Callable[..., Any], Schema] = {
    literals.duration: DURATION,
    guards.several: several(OPERAND),
    guards.fails: {"enum": ["open", "closed"]},
    guards.one_or_several: {"anyOf": [OPERAND, several(OPERAND)]},
}
_SAID = {
    "limit": "At most so many different targets within `per`.",
    "min_healthy": "Nothing begins where fewer than this are healthy.",
    "max_percent": "At most this share of the population is acted on at once, or within `per`.",
    "cooldown": "Nothing begins again within this time.",
    "max_in_flight": "At most so many attempts are under way.",
    "lock": "Never two at once on one of these, besides the target.",
    "flap": "What began so often within `per` is left alone until it has been quiet.",
    "breaker": "An action that failed so often within `per` is not tried for a while.",
    "storm": "Nothing begins while so many are failing.",
    "failing": "The observer is doubted while so many are failing.",
    "approval": "So many people have to agree.",
    "maintenance": "Nothing is done while one of these, too, is being worked on.",
    "backoff": "How long to wait before it begins again; twice as long each time, up to `cap`.",
    "attempts": "At most so many tries of one action within `per`.",
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
    told_first = told(_SAID[under or name], _shape(name))
    words = {under or name: told_first, **{word: _word(word) for word in guards.BESIDE[name]}, **(beside or {})}
    words = {word: shown_by("a guard", word, shape) for word, shape in words.items()}
    needed = [under or name, *guards.NEEDED.get(name, ())]
    return {"type": "object", "properties": words, "required": needed, "additionalProperties": False}


def _word(word: str) -> Schema:
    return told(_SAID[word], _shape(word))


def _shape(word: str) -> Schema:
    return ref("pattern") if word == "of" else _READ[guards.READERS.get(word, guards.one_or_several)]
