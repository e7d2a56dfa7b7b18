"""Parameters: declared by the rule set with a type and a default, set by the site."""

from collections.abc import Mapping

from selfheal_rules.model import ParameterType
from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import Fields, Keys, closed, table
from selfheal_rules.parse.findings import did_you_mean
from selfheal_rules.parse.nodes import MapNode, Node, ScalarNode
from selfheal_rules.parse.types import read_type
from selfheal_rules.values import FrozenMap, Value, freeze
from selfheal_rules.vocabulary import FieldType

PARAMETER = Keys("a parameter", ("type",), ("default", "doc"))


def read_params(fields: Fields, types: Mapping[str, FieldType]) -> FrozenMap:
    """Read the parameters a rule set declares."""
    found: dict[str, ParameterType] = {}
    for name, inner, key in table(fields.node_of("params"), "params", fields.findings):
        if not literals.ALIAS.fullmatch(name):
            message = f"`{name}` is not a name for a parameter"
            fields.findings.refuse("SH103", message, key, "letters, digits and `_`, no digit first")
            continue
        declared = _parameter(name, inner, key, types, fields)
        if declared is not None:
            found[name] = declared
    return FrozenMap(found)


def lost_params(fields: Fields, params: Mapping[str, ParameterType]) -> frozenset[str]:
    """Give the parameters, as rules write them, that are declared and could not be read."""
    node = fields.node_of("params")
    names = node.entries if isinstance(node, MapNode) else ()
    return frozenset(f"$params.{name}" for name in names if name not in params)


def _parameter(
    name: str, node: Node, key: ScalarNode, types: Mapping[str, FieldType], outer: Fields
) -> ParameterType | None:
    before = len(outer.findings.found)
    fields = closed(node, PARAMETER, outer.findings)
    type_node = fields.node_of("type") if fields else None
    declared = read_type(type_node, types, outer.findings) if type_node else None
    if fields is None or declared is None:
        return None
    default = fields.node_of("default")
    value = literals.plain(default, "default", outer.findings) if default else None
    placed = default.span if default else key.span
    if len(outer.findings.found) > before:
        return None
    return ParameterType(name, declared, value, fields.text("doc"), span=key.span, placed=placed)


def site_values(fields: Fields, params: Mapping[str, ParameterType], values: Mapping[str, object]) -> FrozenMap:
    """Take what the site sets for declared parameters; whether it fits their types is for the checks to say."""
    findings = fields.findings
    node = fields.node_of("params") or fields.node
    found: dict[str, Value] = {}
    for name, given in values.items():
        declared = params.get(name)
        if declared is None:
            message = f"the site sets `{name}`, and there is no such parameter"
            findings.error("SH118", message, node.span, did_you_mean(name, params))
            continue
        try:
            found[name] = freeze(given)
        except ValueError as error:
            findings.error("SH117", f"the site's value of `{name}` cannot be used: {error}", declared.span)
    return FrozenMap(found)
