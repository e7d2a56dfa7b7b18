"""The building blocks: closed mappings out of the keys a reader takes, and choices between them."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from selfheal_rules.parse.fields import Keys
from selfheal_rules.schema.examples import examples_of

Schema: TypeAlias = dict[str, Any]
Shapes: TypeAlias = Mapping[str, Schema]
"""What stands under each key."""


def told(text: str, shape: Schema) -> Schema:
    """Give a shape with what an editor says of it; beside a `$ref` draft-07 reads nothing else."""
    return {"description": text, **({"allOf": [shape]} if "$ref" in shape else shape)}


def ref(name: str) -> Schema:
    """Point at a definition."""
    return {"$ref": f"#/definitions/{name}"}


def closed(keys: Keys, shapes: Shapes, *, without: tuple[str, ...] = (), need: tuple[str, ...] = ()) -> Schema:
    """
    Give the mapping a reader takes: just its keys, less some, of which its own and `need` must be there.

    Raises:
        LookupError: where the reader has a key without a shape, or a shape is given for no key of it.
    """
    wanted, given = {*keys.required, *keys.optional}, set(shapes)
    if wanted != given:
        message = f"{keys.what}: the reader and the schema differ in {', '.join(sorted(wanted ^ given))}"
        raise LookupError(message)
    names = [name for name in (*keys.required, *keys.optional) if name not in without]
    properties = {name: shown_by(keys.what, name, shapes[name]) for name in names}
    found: Schema = {"type": "object", "properties": properties}
    required = [name for name in names if name in keys.required or name in need]
    return {**found, **({"required": required} if required else {}), "additionalProperties": False}


def shown_by(what: str, word: str, shape: Schema) -> Schema:
    """Give the shape of a key with its examples, unless it has its own."""
    return shape if "examples" in shape else {**shape, "examples": examples_of(what, word)}


def exactly_one(words: tuple[str, ...]) -> Schema:
    """Ask that just one of these keys be there."""
    return {"oneOf": [{"required": [word]} for word in words]}


def at_least_one(words: tuple[str, ...]) -> Schema:
    """Ask that one of these keys or more be there."""
    return {"anyOf": [{"required": [word]} for word in words]}


def several(shape: Schema, *, least: int = 0) -> Schema:
    """Give a list."""
    return {"type": "array", "items": shape, **({"minItems": least} if least else {})}


def one_or_more(shape: Schema) -> Schema:
    """Give a value, or a list of such values that is not empty."""
    return {"anyOf": [shape, several(shape, least=1)]}


def table(shape: Schema, names: Schema | None = None) -> Schema:
    """Give a mapping with free keys."""
    return {"type": "object", "additionalProperties": shape, **({"propertyNames": names} if names else {})}


def offered(words: tuple[str, ...], otherwise: Schema) -> Schema:
    """Give a text for which these words are offered, and others are taken."""
    return {"anyOf": [{"enum": list(words)}, otherwise]} if words else otherwise
