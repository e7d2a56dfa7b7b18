"""Leaves of `where`: a scalar is equality, a list is *in*, a mapping is operators."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from selfheal_rules.model import Literal, Operand, Operator, Parameter, Test, Unread
from selfheal_rules.parse import literals
from selfheal_rules.parse.findings import Findings, did_you_mean, likely
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode

Held: TypeAlias = Operand | tuple[Operand, ...]
ReadOperand: TypeAlias = Callable[[Node, str, Findings], Held | None]


def read_leaves(node: Node | None, address: str, findings: Findings) -> tuple[Test, ...]:
    """Read a mapping from field paths to what they are held against."""
    if node is None:
        return ()
    if not isinstance(node, MapNode):
        cure = "write `{field: value}`"
        findings.refuse("SH020", f"leaves are a mapping, not {literals.shape(node)}", node, cure)
        return ()
    tests: list[Test] = []
    for name, inner in node.entries.items():
        key = node.keys[name]
        with findings.kept():
            path = literals.path_of(name, key, findings) or literals.own_path(name)
        tests += _leaf(path, inner, key, f"{address}.{name}", findings)
    return tuple(tests)


def _leaf(path: tuple[str, ...], node: Node, key: ScalarNode, address: str, findings: Findings) -> list[Test]:
    if isinstance(node, MapNode):
        return _operators(path, node, key, address, findings)
    held: Held = findings.marked(one_or_more, node, address.rpartition(".")[2])
    operator: Operator = "unread" if isinstance(held, Unread) else "in" if isinstance(node, ListNode) else "is"
    return [Test(path, operator, held, span=key.span, address=address, named=key.span)]


def _operators(path: tuple[str, ...], node: MapNode, leaf: ScalarNode, address: str, findings: Findings) -> list[Test]:
    if not node.entries:
        findings.refuse("SH111", f"`{'.'.join(path)}` is held against nothing", node, "write a value or an operator")
    tests = []
    for name, inner in node.entries.items():
        key = node.keys[name]
        known = next((word for word in OPERATORS if word == name), None) or _refused(name, key, findings)
        reader: ReadOperand = OPERATORS.get(known, one_or_more)
        held: Held = findings.marked(reader, inner, name)
        tests.append(Test(path, known, held, span=key.span, address=f"{address}.{name}", named=leaf.span))
    return tests


def _refused(name: str, key: ScalarNode, findings: Findings) -> Operator:
    """Refuse an operator, and give the one that was meant."""
    meant = _MEANT.get(name)
    known = next((word for word in ("is", "in", *OPERATORS) if word == (meant or likely(name, OPERATORS))), None)
    cure = _SPELT.get(known or "") or (f"did you mean `{known}`?" if known else did_you_mean(name, OPERATORS))
    with findings.kept():
        findings.refuse("SH120", f"`{name}` is no operator", key, cure)
    return known or "unread"


def one_or_more(node: Node, what: str, findings: Findings) -> Held | None:
    """Give a value, or those of a list that is not empty."""
    if not isinstance(node, ListNode):
        return single(node, what, findings)
    if not node.items:
        findings.refuse("SH111", f"`{what}` is held against an empty list", node, "name at least one value")
        return None
    return tuple(findings.marked(single, item, what) for item in node.items)


def single(node: Node, what: str, findings: Findings) -> Operand | None:
    """Give one value."""
    if isinstance(node, ScalarNode) and node.value is None:
        cure = "a null field is a missing one: write `{exists: false}`"
        findings.refuse("SH121", f"`{what}` is held against null", node, cure)
        return None
    return literals.operand(node, what, findings)


def text(node: Node, what: str, findings: Findings) -> Operand | None:
    """Give a text, a parameter or a field."""
    found = single(node, what, findings)
    if isinstance(found, Literal) and not isinstance(found.value, str):
        findings.refuse("SH020", f"`{what}` takes a text, not {literals.shape(node)}", node, "write it in quotes")
        return None
    return found


def constant_text(node: Node, what: str, findings: Findings) -> Operand | None:
    """Give a text or a parameter."""
    found = text(node, what, findings)
    if found is None or isinstance(found, Literal | Parameter):
        return found
    cure = "write the text itself, or `$params.name`"
    findings.refuse("SH122", f"`{what}` takes no field of another pattern", node, cure)
    return None


def truth(node: Node, what: str, findings: Findings) -> Operand | None:
    """Give a truth value."""
    found = literals.boolean(node, what, findings)
    return Literal(found, span=node.span) if found is not None else None


OPERATORS: Mapping[Operator, ReadOperand] = {
    "not": one_or_more,
    "at_least": single,
    "more_than": single,
    "at_most": single,
    "less_than": single,
    "matches": constant_text,
    "glob": constant_text,
    "contains": single,
    "starts_with": text,
    "ends_with": text,
    "exists": truth,
}

_MEANT: Mapping[str, str] = {
    word: meant
    for meant, words in {
        "is": ("eq", "equals", "is", "=", "=="),
        "in": ("in", "one_of", "any_of", "any"),
        "not": ("ne", "neq", "not_equals", "is_not", "not_in", "!="),
        "at_least": ("gte", "ge", "min", ">="),
        "more_than": ("gt", "greater_than", "above", ">"),
        "at_most": ("lte", "le", "max", "<="),
        "less_than": ("lt", "below", "<"),
        "matches": ("regex", "regexp", "re", "match", "=~"),
        "glob": ("like", "wildcard"),
        "starts_with": ("prefix",),
        "ends_with": ("suffix",),
        "contains": ("has", "includes"),
        "exists": ("present", "defined", "is_set"),
    }.items()
    for word in words
}
"""What other rule languages call an operator."""

_SPELT: Mapping[str, str] = {
    "is": "write the value alone: it is equality",
    "in": "write a list of values: it is *in*",
}
"""How the operators are written that have no word here."""
