"""What holds a rule back: each guard is known by its first word, which says what else may stand beside it."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from selfheal_rules.guards import GUARDS, GuardType
from selfheal_rules.model import Guard, Literal, Operand, Pattern
from selfheal_rules.parse import literals
from selfheal_rules.parse.conditions import Scope, read_condition
from selfheal_rules.parse.fields import list_items
from selfheal_rules.parse.findings import Findings, did_you_mean, likely
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.values import FrozenMap

Setting: TypeAlias = Operand | tuple[Operand, ...] | Pattern
Reader: TypeAlias = Callable[[Node, str, Findings], Operand | tuple[Operand, ...] | None]


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
    for word in GUARDS[name].needed:
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
    found = [word for word in node.entries if word in GUARDS]
    if len(found) == 1:
        return found[0], node
    if found:
        message = f"`{found[0]}` and `{found[1]}` are two guards"
        scope.findings.refuse("SH150", message, node.keys[found[1]], "write each as an item of its own")
        return None, node
    first = next(iter(node.entries), "")
    meant = likely(first, GUARDS)
    message = f"`{first}` is no guard" if first else "a guard says what it limits"
    before = scope.findings.gaps
    scope.findings.refuse("SH150", message, node.keys.get(first, node), _cure(first))
    if not meant:
        return None, node
    scope.findings.gaps = before
    return meant, node.renamed({first: meant})


def _cure(name: str) -> str:
    if "." not in name:
        return did_you_mean(name, GUARDS.own)
    missing = f"install the package that brings `{name}`: without it nobody knows what it would hold back"
    return "; ".join((missing, *(one for one in GUARDS.problems if name in one)))


def _setting(word: str, guard: str, inner: Node, key: ScalarNode, address: str, scope: Scope) -> Setting | None:
    findings = scope.findings
    words = GUARDS[guard].words
    if word != guard and word not in words:
        findings.refuse("SH151", f"guard `{guard}` takes no `{word}`", key, did_you_mean(word, words))
        return None
    if word == "of":
        return _population(inner, address, scope)
    return findings.marked(reader(GUARDS[guard], word), inner, word)


def reader(guard: GuardType, word: str) -> Reader:
    """Give what reads a word of a guard: a duration, a list, a value, or either of those."""
    kind = guard.own if word == guard.name else guard.words[word].type
    return fails if word == "fails" else _READERS.get(kind.name, literals.operand)


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


_READERS: Mapping[str, Reader] = {"duration": literals.duration, "list": several, "any": one_or_several}
