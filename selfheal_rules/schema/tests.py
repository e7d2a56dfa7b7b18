"""The schema of a file of tests; a variable may stand for any value, so each shape takes one in its place."""

from typing import Any

from selfheal_rules.parse.fields import Keys
from selfheal_rules.parse.suite import (
    CASE,
    CONTROL,
    EVENT,
    HOLDS,
    INPUT_WORDS,
    INPUTS,
    PAYLOAD,
    REPEAT,
    RESULT,
    STATE,
    STEP,
    SUITE,
    WANTED,
    WHY_NOT,
)
from selfheal_rules.schema.forms import Schema, Shapes, closed, offered, ref, several, table, told
from selfheal_rules.schema.values import BOOLEAN, INTEGER, TEXT, VALUES, matching
from selfheal_rules.vocabulary import WRITTEN_DURATION, Kind, Vocabulary

_ANY: Schema = {}
_ALSO = ("crash_each_step", "duplicate_each_event", "reorder_ties", "durable_engine")
_BECOMES = ("matched", "unmatched", "duplicate", "stale", "ahead", "blocked", "overload")
_STATUSES = ("allowed", "shadowed", "suppressed", "held", "needs_approval", "rejected")
_RESULTS = ("done", "failed", "refused", "dry_run", "unconfirmed")
_ACTS = ("kill", "pause", "resume", "approve", "refuse", "stand_down", "release", "policy", "rules")
_FENCE = {"do": "compute.fence", "target": "c1"}
_LOST = {"event": "host.lost", "with": {"host": "c1", "recoverable": True}}
_HOLDS = {"state": "host.dead", "with": {"host": "c1"}}


def suite(known: Vocabulary) -> Schema:
    """Give the schema of a file of tests, in which the kinds of a vocabulary and their fields are offered."""
    return {
        "title": "A file of tests of selfheal_rules",
        **closed(SUITE, _head()),
        "definitions": {
            "case": closed(CASE, _case()),
            "step": _step(known),
            "input": _input(known),
            "given": _input(known, "since"),
            "wanted": _repeated(closed(WANTED, _wanted())),
            "holds": {**_repeated(closed(HOLDS, _holds(known))), "allOf": [ref("fields")]},
            "why-not": _repeated(closed(WHY_NOT, _why_not())),
            "repeat": closed(REPEAT, _repeat()),
            "rows": {
                "anyOf": [
                    table({"anyOf": [{"type": "array"}, ref("variable")]}),
                    several({"type": "object"}),
                    ref("variable"),
                ]
            },
            "offset": {"anyOf": [matching(WRITTEN_DURATION.pattern), ref("variable")], "examples": ["30s", "1h30m"]},
            "variable": {"type": "string", "pattern": r"\$"},
            "fields": {"allOf": [*_fields(known)]},
            **VALUES,
        },
    }


def _shown(text: str, shape: Schema, *examples: Any) -> Schema:  # noqa: ANN401 - JSON values
    return {**told(text, shape), "examples": [*examples]}


def _truth(text: str) -> Schema:
    return {**told(text, _or_variable(BOOLEAN)), "examples": [True]}


def _or_variable(shape: Schema) -> Schema:
    return {"anyOf": [shape, ref("variable")]}


def _one_of(words: tuple[str, ...]) -> Schema:
    return _or_variable({"enum": list(words)})


def _listed(name: str) -> Schema:
    return _or_variable(several(_or_variable(ref(name))))


_POLICY: Schema = {"anyOf": [{"enum": ["enforce", "shadow"]}, TEXT, {"type": "object"}]}
_SHARED: Shapes = {
    "start": _shown("When the clock starts, with a zone.", TEXT, "2026-01-01T00:00:00Z"),
    "given": _shown("What held before the start.", several(_or_variable(ref("given"))), [_HOLDS]),
    "params": _shown("What parameters are set to.", _or_variable(table(_ANY)), {"patience": "30s"}),
    "policy": _shown("The policy of the site: a word, a file, or its keys.", _POLICY, "enforce", "../policy.yaml"),
    "also": _shown(
        "Under what decisions must be the same.", several(_or_variable({"enum": list(_ALSO)})), ["crash_each_step"]
    ),
    "doc": _shown("For people.", TEXT, "A host is never fenced on the word of one witness."),
}  # fmt: skip


def _head() -> Shapes:
    file = _shown("Mappings for payloads of sources of your own.", several(TEXT), ["acme.yaml"])
    return {
        "selfheal_test": _shown("The version of the language.", {"const": 1}, 1),
        "rulesets": _shown("Files of rules, or their folders.", several(TEXT), ["../rulesets/compute-host-failure"]),
        "cases": _shown("The cases.", several(ref("case"), least=1), [{"name": "nothing", "steps": [{"t": "0s"}]}]),
        "max_age": _shown("How late an event may come.", ref("offset"), "10m"),
        "max_ahead": _shown("How far ahead an item may be.", ref("offset"), "1m"),
        "mappings": file,
        "coverage": _shown("Shares asked for, in percent.", table({"type": "number"}), {"rules": 100, "leaves": 90}),
        **_SHARED,
    }


def _case() -> Shapes:
    return {
        "name": _shown("What it shows.", TEXT, "the third host within ten minutes waits"),
        "skip": _shown("Why it is not run.", TEXT, "the exporter is being rewritten"),
        "matrix": _shown("Makes a case of each combination, or of each row.", ref("rows"), {"every": ["10s", "30s"]}),
        "steps": _shown("What happens.", several(ref("step"), least=1), [{"t": "0s", **_LOST, "expect": []}]),
        **_SHARED,
    }


# Steps


def _step(known: Vocabulary) -> Schema:
    """Give a step, in which the words of one input may stand, too."""
    both = Keys(STEP.what, (), tuple(dict.fromkeys((*STEP.optional, *INPUT_WORDS))))
    return {**closed(both, {**_words(known), **_moment(), **_checks()}), "allOf": [ref("fields")]}


def _moment() -> Shapes:
    return {
        "t": _shown("When it is, after the start.", ref("offset"), "30s"),
        "repeat": _shown("Several moments.", ref("repeat"), {"every": "10s", "times": 20}),
        "each": _shown("Repeats the inputs.", ref("rows"), {"h": ["c1", "c2"]}),
        "post": _shown("Several inputs, in order.", _listed("input"), [_LOST]),
    }


def _checks() -> Shapes:
    doubt = {"rule": "one-witness", "target": "c1", "failed": "for", "miss": "1m"}
    doubts = {"anyOf": [ref("why-not"), several(ref("why-not")), ref("variable")]}
    return {
        "expect": _shown("All that would be done since the last step.", _listed("wanted"), [], [_FENCE]),
        "suppressed": _shown("All that was refused for good.", _listed("wanted"), [{**_FENCE, "by": "protected"}]),
        "held": _shown("All that waits.", _listed("wanted"), [{**_FENCE, "by": "limit"}]),
        "ordered": _truth("Whether each list is in order."),
        "holds": _shown("States that hold by now.", _listed("holds"), [_HOLDS]),
        "why_not": _shown("Why a rule has not fired.", doubts, doubt),
    }


def _repeat() -> Shapes:
    return {
        "from": _shown("When it begins.", ref("offset"), "0s"),
        "every": _shown("How long from one to the next.", ref("offset"), "10s"),
        "times": _shown("How often.", _or_variable(INTEGER), 20),
        "as": _shown("What counts them, from 1.", TEXT, "n"),
    }


# Inputs


def _input(known: Vocabulary, *more: str) -> Schema:
    """Give an item of `post` or `given`."""
    keys = Keys("an input", (), tuple(dict.fromkeys((*more, "each", *INPUT_WORDS))))
    since = {"since": _shown("How long before the start it was so.", ref("offset"), "1h")} if more else {}
    shapes = {**_words(known), "each": _shown("Repeats it.", ref("rows"), {"h": ["c1", "c2"]}), **since}
    return {**closed(keys, shapes), "oneOf": [{"required": [name]} for name in INPUTS], "allOf": [ref("fields")]}


def _words(known: Vocabulary) -> dict[str, Schema]:
    """Give what stands under the words of inputs; each input takes the words its reader takes."""
    shapes = {
        "event": _shown("What happened.", _kinds(known, "event"), "host.lost"),
        "state": _shown("What holds.", _kinds(known, "state"), "alarm"),
        "payload": _shown("A raw payload: a file, or a value.", _ANY, "alert.json"),
        "result": _shown("How a decision went.", _one_of(_RESULTS), "done"),
        "control": _shown("What a person says.", _one_of(_ACTS), "approve"),
        "with": _shown("Its fields.", _or_variable({"type": "object"}), {"host": "c1"}),
        "id": _shown("The id of the event.", TEXT, "report-1"),
        "cleared": _truth("Whether it holds no longer."),
        "source": _shown("Who says so.", TEXT, "alertmanager"),
        "at": _shown("When it happened; `own`: when the payload says.", _or_variable(TEXT), "3m", "own"),
        "disposition": _shown("What must become of it.", _one_of(_BECOMES), "stale"),
        "detail": _shown("What the executor says of it.", TEXT, "no route to the BMC"),
        "retryable": _truth("Whether trying again may help."),
        "who": _shown("Who says so.", TEXT, "ann"),
        "why": _shown("Why.", TEXT, "the network is being moved"),
        "subject": _shown("What it is about.", TEXT, "target:c1"),
        "until": _shown("Until when, after the start.", ref("offset"), "4h"),
        **_decision(),
    }
    for keys in (EVENT, STATE, PAYLOAD, RESULT, CONTROL):
        closed(keys, {name: shapes[name] for name in keys.known})
    return shapes


def _kinds(known: Vocabulary, form: str) -> Schema:
    return offered(tuple(kind.name for kind in known.kinds.values() if kind.form == form), TEXT)


def _fields(known: Vocabulary) -> list[Schema]:
    """Give for each kind the fields that are offered under `with` once the kind is written."""
    return [_offering(kind) for kind in known.kinds.values() if kind.fields] or [{}]


def _offering(kind: Kind) -> Schema:
    fields = {name: {"description": one.doc} for name, one in kind.fields.items()}
    return {
        "if": {"properties": {kind.form: {"const": kind.name}}, "required": [kind.form]},
        "then": {"properties": {"with": {"properties": fields}}},
    }


# Decisions


def _decision() -> dict[str, Schema]:
    return {
        "do": _shown("The action.", TEXT, "compute.fence"),
        "target": _shown("On what.", _ANY, "c1"),
        "rule": _shown("The rule, by its id.", TEXT, "heal-dead-host"),
        "step": _shown("The step, by its id or its number.", _ANY, "fence"),
        "attempt": _shown("1, then counting.", _or_variable(INTEGER), 1),
    }


def _wanted() -> Shapes:
    return {
        **_decision(),
        "with": _shown(
            "Its parameters; those that are named.", _or_variable({"type": "object"}), {"text": "c1 is gone"}
        ),
        "by": _shown("The guard that gave the verdict.", TEXT, "limit", "mode"),
        "status": _shown("The verdict.", _one_of(_STATUSES), "held"),
        "at": _shown("When it was decided, after the start.", ref("offset"), "30s"),
    }


def _holds(known: Vocabulary) -> Shapes:
    words = _words(known)
    return {name: words[name] for name in ("state", "with", "cleared")}


def _why_not() -> Shapes:
    return {
        "rule": _shown("The rule, by its id.", TEXT, "one-witness"),
        "target": _shown("For what.", _ANY, "c1"),
        "failed": _shown("The first thing that failed.", TEXT, "within", "limit"),
        "miss": _shown("By how much.", {"anyOf": [ref("offset"), {"type": "number"}]}, "1s", 3),
    }


def _repeated(shape: Schema) -> Schema:
    """Let an item of a list be repeated."""
    return {**shape, "properties": {**shape["properties"], "each": _shown("Repeats it.", ref("rows"), {"h": ["c1"]})}}
