"""The schema of a mapping: how payloads of a source of one's own become items."""

from selfheal_rules.mapping import READINGS
from selfheal_rules.parse.mapping import CONDITION, EACH, FORMS, ITEM, MAPPING, TAKEN
from selfheal_rules.schema.forms import (
    Schema,
    Shapes,
    closed,
    exactly_one,
    offered,
    one_or_more,
    ref,
    several,
    table,
    told,
)
from selfheal_rules.schema.values import (
    ALIAS_NAME,
    BOOLEAN,
    FIELD_PATH,
    NAMED,
    PLAIN,
    REFERENCE,
    SINGLE,
    TEXT,
    VALUES,
    shipped,
)
from selfheal_rules.vocabulary import Form, Vocabulary


def mapping(known: Vocabulary) -> Schema:
    """Give the schema of a mapping, in which the kinds of a vocabulary are offered."""
    head = {
        "selfheal_mapping": told("The version of the language.", {"const": 1}),
        "mapping": told("The name of the mapping.", NAMED),
        "doc": told("Whose payloads these are.", TEXT),
        "vocabulary": told("The vocabularies with the kinds it gives.", several(shipped(), least=1)),
        "recognise": told(
            "What its payloads have and no others do, by `payload.path`.",
            {"allOf": [ref("conditions"), {"minProperties": 1}]},
        ),
        "source": told("Who sends them; without it the name of the mapping.", ref("origin")),
        "time": told("When they are from.", ref("origin")),
        "items": told("The events and states a payload gives.", several(ref("item"), least=1)),
    }
    return {
        "title": "A mapping of selfheal_rules",
        **closed(MAPPING, head),
        "definitions": {
            "item": {"oneOf": [_item(form, known) for form in FORMS]},
            "origin": {"anyOf": [SINGLE, several(PLAIN), _taken()]},
            "conditions": table(_condition(), FIELD_PATH),
            "scalar": {"allOf": [PLAIN, {"type": ["string", "number", "boolean"]}]},
            **VALUES,
        },
    }


def _item(form: Form, known: Vocabulary) -> Schema:
    kinds = tuple(kind.name for kind in known.kinds.values() if kind.form == form)
    each = {"as": told("The name of an element.", ALIAS_NAME), "in": told("The list.", REFERENCE)}
    shapes: Shapes = {
        **{name: told(f"The kind of the {name}.", offered(kinds, NAMED)) for name in FORMS},
        "fields": told("Its fields, each with where its value comes from.", table(ref("origin"))),
        "each": told("One item per element of a list.", closed(EACH, each)),
        "where": told("Only where this holds.", ref("conditions")),
        "id": told("What tells one event from another.", ref("origin")),
        "time": told("When it happened.", ref("origin")),
        "cleared": told("When the state no longer holds.", ref("conditions")),
    }
    others = tuple(name for name in FORMS if name != form)
    without = (*others, "cleared") if form == "event" else others
    return closed(ITEM, shapes, without=without, need=(form,))


def _taken() -> Schema:
    shapes = {
        "from": told(
            "The part of the payload, or several, of which the first that says something counts.",
            one_or_more(REFERENCE),
        ),
        "path": told("A part with odd names, step by step.", several({"type": ["string", "integer"]}, least=1)),
        "after": told("Only what follows this text.", TEXT),
        "before": told("Only what stands before this text.", TEXT),
        "words": told("What each word of the payload is called here.", table(ref("scalar"))),
        "else": told("What any other word is.", ref("scalar")),
        "read": told("What it is read as.", {"enum": list(READINGS)}),
        "format": told("How its time is written, as `strptime` takes it.", TEXT),
        "zone": told("The zone of a time that names none.", {**TEXT, "examples": ["UTC", "+01:00", "Europe/Berlin"]}),
    }
    return {**closed(TAKEN, shapes), **exactly_one(("from", "path")), "dependencies": {"else": ["words"]}}


def _condition() -> Schema:
    values: Schema = {"anyOf": [ref("scalar"), several(ref("scalar"))]}
    shapes = {"exists": told("Whether it is there at all.", BOOLEAN), "not": told("None of these.", values)}
    return {"anyOf": [*values["anyOf"], {**closed(CONDITION, shapes), **exactly_one(("exists", "not"))}]}
