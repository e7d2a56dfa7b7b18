"""The schema of a vocabulary: types, kinds of events and states, their fields, and where they come from."""

from typing import get_args

from selfheal_rules.parse.fields import NAME
from selfheal_rules.parse.literals import SEGMENT
from selfheal_rules.parse.types import BUILT_IN, WORDS
from selfheal_rules.parse.vocabulary import EVENT, FIELD, SOURCE, STATE, VOCABULARY
from selfheal_rules.schema.forms import (
    Schema,
    Shapes,
    closed,
    exactly_one,
    offered,
    one_or_more,
    ref,
    several,
    shown_by,
    table,
    told,
)
from selfheal_rules.schema.values import BOOLEAN, NAMED, TEXT, VALUES, matching
from selfheal_rules.vocabulary import ATTRIBUTES, Way

_SAID = {
    "enum": "One of these words.",
    "ordered": "One of these words, least first: `at_least` and its kin are defined.",
    "list": "A list of this type.",
    "map": "A mapping to values of this type.",
}


def vocabulary() -> Schema:
    """Give the schema of a vocabulary."""
    head = {
        "selfheal_vocabulary": told("The version of the language.", {"const": 1}),
        "vocabulary": told("The name of the vocabulary.", NAMED),
        "doc": told("What it speaks of.", TEXT),
    }
    return {
        "title": "A vocabulary of selfheal_rules",
        **closed(VOCABULARY, {**head, **declarations()}),
        "definitions": {"type": type_shape(), "name": VALUES["name"]},
    }


def declarations() -> Shapes:
    """Give what a vocabulary and a rule set may both declare."""
    names = {**matching(rf"(?!selfheal\.)(?:{NAME.pattern})")}
    types = {"type": "string", "not": {"enum": list(BUILT_IN)}}
    return {
        "types": told("Types by name, for the fields below.", table(ref("type"), types)),
        "sources": told("Where kinds come from, by name.", table(closed(SOURCE, _source()), names)),
        "events": told("Kinds of what happens, by name.", table(closed(EVENT, _kind()), names)),
        "states": told("Kinds of what holds, by name.", table(closed(STATE, {**_kind(), "key": _key()}), names)),
    }


def _source() -> Shapes:
    return {
        "by": told("The way its items come.", {"enum": list(get_args(Way))}),
        "service": told("The service of a cloud that sends them, or is asked.", TEXT),
        "switch": told("How it is switched on.", TEXT),
        "roles": told("The roles of which any lets a user ask for it.", one_or_more(TEXT)),
    }


def _key() -> Schema:
    return told("The fields that tell one from another; `source` may be among them.", several(TEXT, least=1))


def _kind() -> Shapes:
    names: Schema = {**matching(SEGMENT), "not": {"enum": list(ATTRIBUTES)}}
    whole = closed(
        FIELD,
        {
            "type": told("What it holds.", ref("type")),
            "required": told("Whether it is always there.", BOOLEAN),
            "doc": told("What it says.", TEXT),
            "origin": told("Where it comes from.", TEXT),
            "secret": told("Whether it is taken out at the door, so that nothing has it.", BOOLEAN),
        },
    )
    return {
        "doc": told("What it says.", TEXT),
        "sources": told("The sources that give it; a CloudEvent may always.", several(TEXT)),
        "fields": told(
            "Its fields, each a type or a mapping with `type`.", table({"anyOf": [ref("type"), whole]}, names)
        ),
    }


def type_shape() -> Schema:
    """Give the definition `type`: a type by name, or a composed one."""
    shapes: Shapes = {
        word: shown_by("a type", word, told(_SAID[word], shape))
        for word in WORDS
        for shape in (ref("type") if word in {"list", "map"} else several(TEXT, least=1),)
    }
    composed = {"type": "object", "properties": shapes, "additionalProperties": False, **exactly_one(WORDS)}
    return {"anyOf": [offered(tuple(BUILT_IN), TEXT), composed]}
