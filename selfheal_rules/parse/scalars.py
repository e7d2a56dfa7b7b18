"""What a plain YAML scalar means by the 1.2 core schema, and where a YAML 1.1 reader would disagree."""

import math
import re
from collections.abc import Mapping
from typing import TypeAlias

Plain: TypeAlias = str | int | float | bool | None

LARGEST = 2**63
"""Integers from here on fit no column and no other engine."""

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_OLD_NUMBER = re.compile(
    r"[-+]?0[0-9_]+|[-+]?0b[01_]+|[-+]?0x[0-9a-fA-F_]*_[0-9a-fA-F_]*|[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
)
_OLD_WORDS = frozenset(case for word in ("yes", "no", "on", "off") for case in (word, word.capitalize(), word.upper()))
_CONSTANTS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_NUMERIC_START = frozenset("0123456789+-.")

Trap: TypeAlias = tuple[str, str, str]
"""Code, message and cure."""


def resolve(text: str) -> tuple[Plain, Trap | None]:
    """Give the value of a plain scalar, and the finding where it must not stand without quotes."""
    if text in _CONSTANTS:
        return _CONSTANTS[text], None
    if text[0] in _NUMERIC_START:
        return _number(text)
    if text in _OLD_WORDS:
        truth = "true" if text.lower() in {"yes", "on"} else "false"
        message = f"`{text}` is a text to some YAML readers and `{truth}` to others"
        cure = f'write "{text}" in quotes for the text, or `{truth}` for the truth value'
        if text == "on":
            cure += "; as a key, what a rule waits for is `when`"
        return text, ("SH010", message, cure)
    return text, None


def _number(text: str) -> tuple[Plain, Trap | None]:
    if _OLD_NUMBER.fullmatch(text):
        message = f"`{text}` is not the same number, or no number, to every YAML reader"
        return text, ("SH011", message, f'write "{text}" in quotes for the text, or the number in plain digits')
    if _NOT_FINITE.fullmatch(text):
        return text, ("SH012", f"`{text}` is not a finite number", f'write "{text}" in quotes for the text')
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        value = float(text) + 0.0
        return value, None if math.isfinite(value) else _out_of_range(text)
    return text, None


def _integer(text: str) -> tuple[Plain, Trap | None]:
    if len(text) > 24:  # noqa: PLR2004 - longer than any 64-bit integer in any base written here
        return text, _out_of_range(text)
    value = int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return value, None if -LARGEST <= value < LARGEST else _out_of_range(text)


def _out_of_range(text: str) -> Trap:
    shown = text if len(text) <= 40 else text[:37] + "..."  # noqa: PLR2004 - a line's worth
    return "SH012", f"`{shown}` is out of the range of numbers", "numbers are 64 bits; write a text in quotes"
