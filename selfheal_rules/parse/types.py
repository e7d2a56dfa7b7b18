"""Field types from YAML: a name, or `{enum: […]}`, `{ordered: […]}`, `{list: T}`, `{map: T}`."""

from collections.abc import Mapping
from typing import Literal as OneOf

from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import list_items
from selfheal_rules.parse.findings import Findings, did_you_mean
from selfheal_rules.parse.nodes import MapNode, Node
from selfheal_rules.vocabulary import ANY, BOOLEAN, DURATION, INTEGER, NUMBER, STRING, TIME, FieldType

BUILT_IN: Mapping[str, FieldType] = {
    "string": STRING,
    "integer": INTEGER,
    "number": NUMBER,
    "boolean": BOOLEAN,
    "time": TIME,
    "duration": DURATION,
    "any": ANY,
    "map": FieldType("map", element=ANY),
    "list": FieldType("list", element=ANY),
}
WORDS: tuple[OneOf["enum", "ordered", "list", "map"], ...] = ("enum", "ordered", "list", "map")


def read_type(node: Node, types: Mapping[str, FieldType], findings: Findings) -> FieldType | None:
    """Read a type; `types` are the named ones."""
    if isinstance(node, MapNode):
        return _composed(node, types, findings)
    name = literals.text(node, "type", findings)
    if name is None:
        return None
    found = types.get(name) or BUILT_IN.get(name)
    if found is None:
        findings.refuse("SH115", f"`{name}` is no type", node, did_you_mean(name, [*BUILT_IN, *types]))
    return found


def _composed(node: MapNode, types: Mapping[str, FieldType], findings: Findings) -> FieldType | None:
    word = next((word for word in WORDS if list(node.entries) == [word]), None)
    if word is None:
        listed = ", ".join(f"`{word}`" for word in WORDS)
        findings.refuse("SH115", f"a composed type has exactly one of {listed}", node, "write `{enum: [up, down]}`")
        return None
    inner = node.entries[word]
    if word in {"enum", "ordered"}:
        values = _values(inner, word, findings)
        return FieldType(word, values) if values else None
    element = read_type(inner, types, findings)
    return FieldType(word, element=element) if element else None


def _values(node: Node, word: str, findings: Findings) -> tuple[str, ...]:
    items = list_items(node, word, findings)
    if items is None:
        return ()
    if not items:
        findings.refuse("SH111", f"`{word}` is empty", node, "name its words")
    found: list[str] = []
    texts = [(item, literals.text(item, word, findings)) for item in items]
    if any(value is None for _, value in texts):
        return ()
    for item, value in texts:
        if value in found:
            findings.refuse("SH109", f"`{value}` stands twice in `{word}`", item, "keep one of the two")
        elif value is not None:
            found.append(value)
    return tuple(found)
