"""Parameters: declared by the rule set with a type and a default, set by the site."""

from collections.abc import Mapping

from selfheal_rules.model import ParameterType
from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import Fields, Keys, closed, table
from selfheal_rules.parse.findings import did_you_mean
from selfheal_rules.parse.types import read_type
from selfheal_rules.parse.yaml_nodes import Node, ScalarNode
from selfheal_rules.values import FrozenMap, Value, freeze
from selfheal_rules.vocabulary import FieldType

PARAMETER = Keys("a parameter", ("type",), ("default", "doc"))


def read_params(fields: Fields, types: Mapping[str, FieldType]) -> FrozenMap:
    """Read the parameters a rule set declares."""
    node = table(fields.node_of("params"), "params", fields.findings)
    found: dict[str, ParameterType] = {}
    for name, inner in node.entries.items() if node else ():
        key = node.keys[name]
        if not literals.ALIAS.fullmatch(name):
            message = f"`{name}` is not a name for a parameter"
            fields.findings.refuse("SH103", message, key, "letters, digits and `_`, no digit first")
            continue
        declared = _parameter(name, inner, key, types, fields)
        if declared is not None:
            found[name] = declared
    return FrozenMap(found)


def _parameter(
    name: str, node: Node, key: ScalarNode, types: Mapping[str, FieldType], outer: Fields
) -> ParameterType | None:
    fields = closed(node, PARAMETER, outer.findings)
    type_node = fields.node_of("type") if fields else None
    declared = read_type(type_node, types, outer.findings) if type_node else None
    if fields is None or declared is None:
        return None
    default = fields.node_of("default")
    value = literals.plain(default, "default", outer.findings) if default else None
    reason = _misfit(declared, value) if default else None
    if default and reason:
        outer.findings.refuse("SH117", f"the default of `{name}` does not fit: {reason}", default)
    return ParameterType(name, declared, None if reason else value, fields.text("doc"), span=key.span)


def _misfit(declared: FieldType, value: Value) -> str | None:
    try:
        declared.literal(value)
    except (ValueError, OverflowError) as error:
        return str(error)
    return None


def site_values(fields: Fields, params: Mapping[str, ParameterType], values: Mapping[str, object]) -> FrozenMap:
    """Hold what the site sets against the declarations."""
    findings = fields.findings
    node = fields.node_of("params") or fields.node
    found: dict[str, Value] = {}
    for name, given in values.items():
        declared = params.get(name)
        if declared is None:
            message = f"the site sets `{name}`, and there is no such parameter"
            findings.error("SH118", message, node.span, did_you_mean(name, params))
            continue
        value, reason = _fitted(declared.type, given)
        if reason:
            findings.error("SH117", f"the site's value of `{name}` does not fit: {reason}", declared.span)
        else:
            found[name] = value
    for name, declared in params.items():
        if declared.default is None and name not in values:
            message = f"parameter `{name}` has no value"
            findings.error("SH119", message, declared.span, "give it a `default`, or set it at the site")
    return FrozenMap(found)


def _fitted(declared: FieldType, given: object) -> tuple[Value, str | None]:
    try:
        value = freeze(given)
    except ValueError as error:
        return None, str(error)
    return value, _misfit(declared, value)
