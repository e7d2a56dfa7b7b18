"""
Single values, by the patterns the readers themselves use.

Looser than the readers, knowingly: an expression is any text; numbers have no range; `1.0` passes for a whole number;
what some YAML reader would misread (`off`, `010`) is for `selfheal check`, which sees the text.
"""

from selfheal_rules.parse.fields import NAME
from selfheal_rules.parse.literals import ALIAS, PATH, RESERVED, SEGMENT
from selfheal_rules.parse.vocabulary import shipped_names
from selfheal_rules.schema.forms import Schema, offered, ref, several, table
from selfheal_rules.vocabulary import WRITTEN_DURATION


def matching(pattern: str) -> Schema:
    """Give a text that a pattern takes as a whole."""
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


_FIELD = rf"(?!params\.){ALIAS.pattern}\.{PATH.pattern}"
_PARAMETER = rf"params\.{SEGMENT}"
_NAMED = rf"{_FIELD}|{_PARAMETER}"
_SLOT = r"\$\{[^{}]*\}"
_WRONG_SLOT = rf"(?:^|[^$])\$\{{(?!\s*(?:{_NAMED})\s*\}})[^{{}}]*\}}"
_NOTHING_FILLED = rf"(?!\$)(?![\s\S]*{_SLOT})"
_PLAIN_NUMBER: Schema = {"type": ["number", "boolean"]}

TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}
NAMED = ref("name")
ALIAS_NAME = ref("alias")
FIELD_PATH = ref("field")
REFERENCE = ref("reference")
DURATION = ref("duration")
AMOUNT = ref("amount")
OPERAND = ref("operand")
OPERAND_TEXT = ref("operand-text")
CONSTANT_TEXT = ref("constant-text")
SINGLE = ref("single")
CONTENT = ref("content")
PLAIN = ref("plain")
END = ref("end")

VALUES: dict[str, Schema] = {
    "name": matching(NAME.pattern),
    "alias": {**matching(ALIAS.pattern), "not": {"enum": sorted(RESERVED)}},
    "field": {**matching(PATH.pattern), "examples": ["host", "labels.zone"]},
    "reference": {**matching(rf"\$(?:{_FIELD})"), "examples": ["$alarm.host"]},
    "parameter": {**matching(rf"\${_PARAMETER}"), "examples": ["$params.patience"]},
    "duration": {
        "anyOf": [{**matching(WRITTEN_DURATION.pattern), "examples": ["30s", "5m", "1h30m"]}, ref("parameter")]
    },
    "amount": {"anyOf": [{"type": "number"}, ref("parameter")]},
    "operand-text": {"type": "string", "pattern": rf"^(?:\$\$|\$(?:{_NAMED})$|{_NOTHING_FILLED})"},
    "constant-text": {"type": "string", "pattern": rf"^(?:\$\$|\${_PARAMETER}$|{_NOTHING_FILLED})"},
    "operand": {"anyOf": [OPERAND_TEXT, _PLAIN_NUMBER]},
    "template": {
        "type": "string",
        "pattern": rf"^(?:\$\$|\$(?:{_NAMED})$|(?!\$)|[\s\S]*{_SLOT})",
        "not": {"pattern": _WRONG_SLOT},
        "examples": ["$alarm.host", "${alarm.host} is gone"],
    },
    "single": {"anyOf": [ref("template"), _PLAIN_NUMBER]},
    "content": {"anyOf": [ref("template"), _PLAIN_NUMBER, several(PLAIN), table(PLAIN)]},
    "plain": {
        "anyOf": [
            {"type": "string", "pattern": r"^(?:\$\$|(?!\$))"},
            {"type": ["number", "boolean", "null"]},
            several(PLAIN),
            table(PLAIN),
        ]
    },
    "end": {**matching(rf"\$?(?:{_FIELD})"), "examples": ["alarm.host"]},
}
"""The definitions of single values; `plain` is one in which nothing is referred to, `end` one side of a pair."""


def shipped() -> Schema:
    """Give the name of a vocabulary, for which the shipped ones are offered."""
    return offered(shipped_names(), TEXT)
