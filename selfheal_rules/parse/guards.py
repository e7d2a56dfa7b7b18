"""What holds a rule back: each guard is known by its first word, which says what else may stand beside it."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from selfheal_rules.model import Guard, Literal, Operand, Pattern
from selfheal_rules.parse import literals
from selfheal_rules.parse.conditions import Scope, read_condition
from selfheal_rules.parse.fields import list_items
from selfheal_rules.parse.findings import Findings, did_you_mean, likely
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.values import FrozenMap

Setting: TypeAlias = Operand | tuple[Operand, ...] | Pattern

BESIDE: Mapping[str, tuple[str, ...]] = {
    "limit": ("per", "by", "fails"),
    "min_healthy": ("of", "by", "fresh", "fails"),
    "max_percent": ("of", "per", "by", "fresh", "fails"),
    "cooldown": ("by", "fails"),
    "max_in_flight": ("by", "fails"),
    "lock": ("for", "fails"),
    "flap": ("per", "by", "for", "fails"),
    "breaker": ("per", "by", "for", "fails"),
    "storm": ("of", "per", "by", "for", "fresh", "fails"),
    "approval": ("for",),
    "maintenance": ("fails",),
    "backoff": ("cap", "per", "jitter", "by", "fails"),
    "attempts": ("per", "by", "fails"),
}
"""The guards by their first word, each with the words it takes."""

NEEDED: Mapping[str, tuple[str, ...]] = {
    "limit": ("per",),
    "min_healthy": ("of",),
    "max_percent": ("of",),
    "flap": ("per",),
    "breaker": ("per", "for"),
    "storm": ("of",),
    "backoff": ("per",),
    "attempts": ("per",),
}
"""The words a guard means nothing without."""


def read_guards(nodes: list[Node], address: str, scope: Scope) -> tuple[Guard, ...]:
    """Read the items of `guard`."""
    read = (read_guard(node, f"{address}.guard[{at}]", scope) for at, node in enumerate(nodes))
    return tuple(guard for guard in read if guard is not None)


def read_guard(node: Node, address: str, scope: Scope) -> Guard | None:
    """Read one guard."""
    if not isinstance(node, MapNode):
        message = f"a guard is a mapping, not {literals.shape(node)}"
        scope.findings.refuse("SH020", message, node, "write `{cooldown: 30m}`")
        return None
    name, node = _name(node, scope)
    if name is None:
        return None
    for word in NEEDED.get(name, ()):
        if word not in node.entries:
            scope.findings.refuse("SH153", f"guard `{name}` means nothing without `{word}`", node, f"add `{word}`")
    settings = {}
    for word, inner in node.entries.items():
        value = _setting(word, name, inner, node.keys[word], f"{address}.{word}", scope)
        if value is not None:
            settings[word] = value
    return Guard(name, FrozenMap(settings), span=node.span)


def _name(node: MapNode, scope: Scope) -> tuple[str | None, MapNode]:
    """Give the one guard a mapping names, or seems to mean, and the mapping with that name in it."""
    found = [word for word in node.entries if word in BESIDE]
    if len(found) == 1:
        return found[0], node
    if found:
        message = f"`{found[0]}` and `{found[1]}` are two guards"
        scope.findings.refuse("SH150", message, node.keys[found[1]], "write each as an item of its own")
        return None, node
    first = next(iter(node.entries), "")
    meant = likely(first, BESIDE)
    message = f"`{first}` is no guard" if first else "a guard says what it limits"
    before = scope.findings.gaps
    scope.findings.refuse("SH150", message, node.keys.get(first, node), did_you_mean(first, BESIDE))
    if not meant:
        return None, node
    scope.findings.gaps = before
    return meant, node.renamed({first: meant})


def _setting(word: str, guard: str, inner: Node, key: ScalarNode, address: str, scope: Scope) -> Setting | None:
    findings = scope.findings
    if word != guard and word not in BESIDE[guard]:
        findings.refuse("SH151", f"guard `{guard}` takes no `{word}`", key, did_you_mean(word, BESIDE[guard]))
        return None
    if word == "of":
        return _population(inner, address, scope)
    return findings.marked(READERS.get(word, one_or_several), inner, word)


def one_or_several(node: Node, word: str, findings: Findings) -> Operand | tuple[Operand, ...] | None:
    """Give a value, or those of a list."""
    if isinstance(node, ListNode):
        return several(node, word, findings)
    return literals.operand(node, word, findings)


def several(node: Node, word: str, findings: Findings) -> tuple[Operand, ...]:
    """Give the values of a list."""
    items = list_items(node, word, findings) or ()
    return tuple(findings.marked(literals.operand, item, word) for item in items)


def fails(node: Node, _: str, findings: Findings) -> Operand | None:
    """Give `open` or `closed`."""
    found = literals.text(node, "fails", findings)
    if found is None or found in {"open", "closed"}:
        return Literal(found, span=node.span)
    cure = "`closed` holds the step back where the guard cannot tell, `open` lets it pass"
    findings.refuse("SH152", f"`{found}` is neither `open` nor `closed`", node, cure)
    return None


def _population(node: Node, address: str, scope: Scope) -> Pattern | None:
    found = read_condition(node, address, scope)
    if found is None or isinstance(found, Pattern):
        return found
    scope.findings.refuse("SH110", "`of` takes one pattern", node, "write `{state: kind, where: {...}}`")
    return None


READERS: Mapping[str, Callable[[Node, str, Findings], Operand | tuple[Operand, ...] | None]] = {
    **dict.fromkeys(("cooldown", "backoff", "per", "for", "cap", "fresh"), literals.duration),
    "by": several,
    "fails": fails,
}
"""How the words of guards are read; those not here take a value, or a list of values."""
