"""The schema of a rule set: the file, its rules, what they wait for and what they do."""

from selfheal_rules.parse.conditions import (
    AGGREGATE,
    BEST,
    COMPARISONS,
    COUNT,
    FORMULA,
    GROUP,
    LOGIC,
    LONE_FORMULA,
    LONE_PATTERN,
    MEASURES,
    PATTERN,
    PICK,
)
from selfheal_rules.parse.fields import Keys
from selfheal_rules.parse.literals import ALIAS
from selfheal_rules.parse.params import PARAMETER
from selfheal_rules.parse.ruleset import RULE, RULE_SET
from selfheal_rules.schema.forms import (
    Schema,
    Shapes,
    at_least_one,
    closed,
    exactly_one,
    offered,
    one_or_more,
    ref,
    several,
    table,
    told,
)
from selfheal_rules.schema.guards import guard
from selfheal_rules.schema.kinds import fields_of, leaf, typed_leaves
from selfheal_rules.schema.steps import steps
from selfheal_rules.schema.values import (
    ALIAS_NAME,
    AMOUNT,
    DURATION,
    END,
    FIELD_PATH,
    INTEGER,
    NAMED,
    PLAIN,
    REFERENCE,
    TEXT,
    VALUES,
    matching,
    shipped,
)
from selfheal_rules.schema.vocabulary import declarations, type_shape
from selfheal_rules.vocabulary import Vocabulary

FORMS = ("event", "state")


def rules(known: Vocabulary) -> Schema:
    """Give the schema of a rule set, in which the kinds of a vocabulary are offered."""
    return {
        "title": "A rule set of selfheal_rules",
        **closed(RULE_SET, {**_head(), **declarations()}),
        "definitions": {
            "rule": _rule(),
            "outermost": {"oneOf": [*patterns(LONE_PATTERN, known), *_groups(), _formula(LONE_FORMULA)]},
            "condition": {"oneOf": [*patterns(PATTERN, known), *_groups(), _formula(FORMULA)]},
            "pattern": {"oneOf": patterns(PATTERN, known)},
            "where": table(ref("leaf"), FIELD_PATH),
            "leaf": leaf(),
            **fields_of(known),
            "type": type_shape(),
            **steps(known),
            **count_shapes(),
            "guard": guard(),
            **VALUES,
        },
    }


def _head() -> Shapes:
    parameter = closed(
        PARAMETER,
        {
            "type": told("What values it takes.", ref("type")),
            "default": told("What it is unless the site sets it.", PLAIN),
            "doc": told("What it is for.", TEXT),
        },
    )
    return {
        "selfheal": told("The version of the language.", {"const": 1}),
        "ruleset": told("The name of the rule set; ids of decisions are made of it.", NAMED),
        "description": told("What the rule set is for, in a sentence.", TEXT),
        "metadata": told("Anything to be known about the rule set: `status`, `references`, …", table(PLAIN)),
        "vocabulary": told(
            "The vocabularies its words come from: shipped ones by name, others by file.",
            several(shipped()),
        ),
        "params": told("Values a site may set, used as `$params.name`.", table(parameter, matching(ALIAS.pattern))),
        "rules": told("The rules, judged in this order where nothing else decides.", several(ref("rule"))),
    }


def _rule() -> Schema:
    shapes = {
        "id": told("The name of the rule, unique in the file.", NAMED),
        "doc": told("Why the rule is as it is.", TEXT),
        "when": told("What it waits for.", ref("outermost")),
        "then": told("What follows, step by step.", several(ref("step"), least=1)),
        "key": told(
            "What one firing is told from another by; else the target of the first step.", several(REFERENCE, least=1)
        ),
        "priority": told("Greater goes first, and wins where conclusions or actions disagree.", INTEGER),
        "guard": told("What holds its steps back.", several(ref("guard"))),
        "outcome": told("What being healed means, by when, and what to do otherwise.", ref("outcome")),
    }
    return closed(RULE, shapes)


def _around(*, of: str) -> Shapes:
    same = several({"anyOf": [FIELD_PATH, table(END, END)]})
    return {
        "same": told("Joins: fields all patterns share, or pairs `{alias.field: alias.field}`.", same),
        "within": told(f"How far apart the events of {of} may lie.", DURATION),
        "unless": told("What must not be: any one of these blocks.", several(ref("condition"), least=1)),
    }


def patterns(keys: Keys, known: Vocabulary) -> list[Schema]:
    """Give the pattern over events and that over states."""
    return [_pattern(keys, form, known) for form in FORMS]


def _pattern(keys: Keys, form: str, known: Vocabulary) -> Schema:
    kinds = tuple(kind.name for kind in known.kinds.values() if kind.form == form)
    lone = _around(of="the match") if "within" in keys.optional else {}
    shapes = {
        "as": told("The name the rest of the rule knows it by.", ALIAS_NAME),
        **{name: told(f"The {name} it waits for, or several.", one_or_more(offered(kinds, NAMED))) for name in FORMS},
        "where": told("What its fields must be.", ref("where")),
        "for": told("How long it must have held.", DURATION),
        "count": told("How many there must be.", ref("count")),
        "aggregate": told("A measure over all of them, and its bounds.", ref("aggregate")),
        "pick": told("Of the states that fit, the one with the greatest or least value.", ref("pick")),
        **lone,
    }
    without = tuple(name for name in FORMS if name != form)
    typed = typed_leaves(known, form)
    return {**closed(keys, shapes, without=without, need=(form,)), **({"allOf": typed} if typed else {})}


def _bounds() -> Shapes:
    said = {
        "at_least": "The number is this or more.",
        "more_than": "The number is more than this.",
        "at_most": "The number is this or less.",
        "less_than": "The number is less than this.",
    }
    return {word: told(said[word], AMOUNT) for word in COMPARISONS}


def _population() -> Shapes:
    return {
        "within": told("Over how long.", DURATION),
        "by": told("The fields that tell one group from another.", several(FIELD_PATH)),
    }


def count_shapes() -> dict[str, Schema]:
    """Give the definitions of what patterns count, measure and pick."""
    return {"count": _count(), "aggregate": _aggregate(), "pick": _pick()}


def _count() -> Schema:
    distinct = told("Count the different values of a field.", FIELD_PATH)
    return {**closed(COUNT, {**_bounds(), **_population(), "distinct": distinct}), **at_least_one(COMPARISONS)}


def _aggregate() -> Schema:
    share = told("The share of items whose fields are so, in percent.", ref("where"))
    measures: Shapes = {word: told(f"The {word} of a field.", FIELD_PATH) for word in MEASURES if word != "percent_of"}
    shape = closed(AGGREGATE, {**measures, "percent_of": share, **_bounds(), **_population()})
    return {**shape, **at_least_one(COMPARISONS), "allOf": [exactly_one(MEASURES)]}


def _pick() -> Schema:
    return {**closed(PICK, {word: told("An expression.", TEXT) for word in BEST}), **exactly_one(BEST)}


def _groups() -> list[Schema]:
    """Give a group for each word of logic."""
    said = {
        "all": "All of these hold.",
        "any": "One of these holds; each that does is a match of its own.",
        "none": "None of these holds.",
        "sequence": "These happen in this order; a `none` over events among them looks forward.",
    }
    shapes: Shapes = {
        **{word: told(said[word], several(ref("condition"), least=1)) for word in LOGIC},
        **_around(of="the group"),
        "for": told("How long all of it must have held.", DURATION),
    }
    return [
        closed(GROUP, shapes, without=tuple(other for other in LOGIC if other != word), need=(word,)) for word in LOGIC
    ]


def _formula(keys: Keys) -> Schema:
    lone = _around(of="the match") if "within" in keys.optional else {}
    example = {**TEXT, "examples": ["alarm.load - host.limit > 5"]}
    said = "An expression in Python's spelling over `alias.field` and `params.name`."
    return closed(keys, {"test": told(said, example), **lone}, need=("test",))
