"""
JSON Schema (draft-07) of the files authors write, for completion and checking as they type.

Which keys a form has comes from the readers of `parse/`: a key they take and the schema cannot describe is an error as
the schema is made. A schema knows no names: whether a kind, field, alias or parameter exists is for `selfheal check`.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from selfheal_rules.schema.cloud import cloud
from selfheal_rules.schema.forms import Schema
from selfheal_rules.schema.mapping import mapping
from selfheal_rules.schema.policy import policy
from selfheal_rules.schema.rules import rules
from selfheal_rules.schema.serving import serving
from selfheal_rules.schema.tests import suite
from selfheal_rules.schema.vocabulary import vocabulary
from selfheal_rules.vocabulary import SELF_KINDS, Vocabulary

__all__ = ["SCHEMAS", "Schema", "schema"]

Make: TypeAlias = Callable[[Vocabulary], Schema]

SCHEMAS: Mapping[str, Make] = {
    "rules": rules,
    "vocabulary": lambda _: vocabulary(),
    "mapping": mapping,
    "policy": policy,
    "tests": suite,
    "serve": lambda _: serving(),
    "cloud": cloud,
}
"""What can be described: each name with what makes its schema, given the kinds that are offered."""


def schema(name: str, known: Vocabulary = SELF_KINDS) -> Schema:
    """Give the schema of one sort of file; the kinds of `known`, with their fields and words, are offered in it."""
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "$id": f"urn:selfheal-rules:{name}:1"}
    return {**head, **SCHEMAS[name](known)}
