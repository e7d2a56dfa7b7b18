"""
The words of a file of tests: which keys each of its mappings may have.

They stand here, below the schema that describes them to editors; `testing/` gives them their meaning.
"""

from selfheal_rules.parse.fields import Keys
from selfheal_rules.values import FrozenMap

SUITE = Keys(
    "a file of tests",
    ("selfheal_test", "cases"),
    ("rulesets", "start", "params", "policy", "max_age", "max_ahead", "mappings", "given", "also", "coverage", "doc"),
    meant=FrozenMap({"ruleset": "rulesets", "rules": "rulesets", "tests": "cases", "rule_files": "rulesets"}),
)
CASE = Keys(
    "a case",
    ("name", "steps"),
    ("doc", "skip", "matrix", "start", "params", "policy", "given", "also"),
    meant=FrozenMap({"test": "name", "id": "name", "title": "name"}),
)
CHECKS = ("expect", "suppressed", "held", "ordered", "holds", "why_not")
STEP = Keys(
    "a step",
    (),
    ("t", "repeat", "each", "post", *CHECKS),
    meant=FrozenMap({
        **dict.fromkeys(("events", "states", "payloads", "results", "controls", "items", "given"), "post"),
        **dict.fromkeys(("at", "time", "after"), "t"), "rejected": "suppressed", "needs_approval": "held",
    }),
)  # fmt: skip

_FIELDS = FrozenMap({"fields": "with", "data": "with", "where": "with", "kind": "event"})
_POST = ("source", "disposition")
EVENT = Keys("an event", ("event",), ("with", "id", "at", *_POST), meant=_FIELDS)
STATE = Keys("a state", ("state",), ("with", "cleared", "at", *_POST), meant=_FIELDS)
PAYLOAD = Keys("a payload", ("payload",), ("at", *_POST))
_DECISION = ("do", "target", "rule", "step", "attempt")
RESULT = Keys("a result", ("result",), (*_DECISION, "detail", "retryable", "disposition"))
CONTROL = Keys("a control", ("control",), (*_DECISION, "who", "why", "subject", "until", "disposition"))
INPUTS: FrozenMap = FrozenMap(
    {"event": EVENT, "state": STATE, "payload": PAYLOAD, "result": RESULT, "control": CONTROL}
)
"""The inputs by the word each is known by."""
INPUT_WORDS = tuple(dict.fromkeys(word for keys in INPUTS.values() for word in (*keys.required, *keys.optional)))
"""What may stand in a step that has one input."""

WANTED = Keys(
    "an expected decision",
    (),
    (*_DECISION, "with", "by", "status", "at"),
    meant=FrozenMap({"action": "do", "guard": "by", "params": "with", "verdict": "status", "t": "at"}),
)
HOLDS = Keys("an item of `holds`", ("state",), ("with", "cleared"), meant=_FIELDS)
WHY_NOT = Keys("`why_not`", ("rule",), ("target", "failed", "miss"), meant=FrozenMap({"because": "failed"}))

REPEAT = Keys("`repeat`", ("every", "times"), ("from", "as"))
