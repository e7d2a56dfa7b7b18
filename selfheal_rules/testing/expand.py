"""Cases and inputs that are written once and meant many times: `matrix`, `each`, `repeat`, each `$name` in them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import product
from typing import TypeAlias

from attrs import frozen

from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import Fields, closed
from selfheal_rules.parse.findings import Findings, did_you_mean
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.parse.suite import REPEAT
from selfheal_rules.vocabulary import parse_duration

Variables: TypeAlias = Mapping[str, Node]
"""What stands for each `$name` here."""

MOST = 10_000
"""As many cases, or inputs of a step, as anybody means to write."""

LONGEST = timedelta(days=3653)
"""No case lasts longer."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)")


def fill(node: Node, variables: Variables, findings: Findings) -> Node:
    """
    Give a node with every variable in it replaced: `$name` by its value, `${name}` inside a text by its text.

    What stands for a variable is found where the variable stands.
    """
    if isinstance(node, ListNode):
        items = [fill(item, variables, findings) for item in node.items]
        return ListNode(node.source, node.start, node.end, items, node.faulty)
    if isinstance(node, MapNode):
        entries = {name: fill(inner, variables, findings) for name, inner in node.entries.items()}
        return MapNode(node.source, node.start, node.end, entries, node.keys, node.faulty)
    if not isinstance(node.value, str) or "$" not in node.value:
        return node
    whole = _VARIABLE.fullmatch(node.value)
    if whole and whole[0] != "$$":
        return _whole(node, whole[1] or whole[2], variables, findings)
    return _inside(node, node.value, variables, findings)


def _whole(node: ScalarNode, name: str, variables: Variables, findings: Findings) -> Node:
    found = variables.get(name)
    if found is None:
        _refuse(node, name, variables, findings)
        return node
    if not isinstance(found, ScalarNode):
        return found
    return ScalarNode(node.source, node.start, node.end, found.value, found.text, found.plain, found.faulty)


def _inside(node: ScalarNode, text: str, variables: Variables, findings: Findings) -> ScalarNode:
    """Fill the `${name}` of a text; a `$name` inside one is an ordinary text."""

    def filled(slot: re.Match[str]) -> str:
        found = variables.get(slot[1]) if slot[1] else None
        if slot[1] and not isinstance(found, ScalarNode):
            _refuse(node, slot[1], variables, findings)
        return found.text if isinstance(found, ScalarNode) else slot[0]

    value = _VARIABLE.sub(filled, text)
    return ScalarNode(node.source, node.start, node.end, value, value, node.plain, node.faulty)


def _refuse(node: ScalarNode, name: str, variables: Variables, findings: Findings) -> None:
    cure = did_you_mean(name, variables) or "name it under `matrix` or `each`, or write `$$` for a `$`"
    findings.refuse("SH412", f"nothing here is called `${name}`", node, cure)
    node.faulty = True


def rows(node: Node | None, word: str, variables: Variables, findings: Findings) -> list[dict[str, Node]]:
    """
    Give what the variables of `matrix` or `each` stand for, once for every repetition.

    A mapping of names to lists means every combination, the last name turning fastest; a list of mappings means each
    of them. One repetition without any variable where the word is missing.
    """
    if node is None:
        return [{}]
    filled = fill(node, variables, findings)
    if isinstance(filled, ListNode) and filled.items:
        found = [_row(item, word, findings) for item in filled.items]
        return [row for row in found if row]
    if not isinstance(filled, MapNode) or not filled.entries:
        cure = "write `{h: [c1, c2]}`, or a list of mappings such as `[{h: c1, az: a}]`"
        findings.refuse("SH423", f"`{word}` does not say what to repeat for", node, cure)
        return []
    return _combined(filled, word, findings)


def _row(node: Node, word: str, findings: Findings) -> dict[str, Node]:
    if not isinstance(node, MapNode) or not node.entries:
        findings.refuse("SH423", f"each item of `{word}` is a mapping", node, "write `[{h: c1, az: a}]`")
        return {}
    return {name: inner for name, inner in node.entries.items() if _is_name(node, name, findings)}


def _combined(node: MapNode, word: str, findings: Findings) -> list[dict[str, Node]]:
    lists: dict[str, list[Node]] = {}
    size = 1
    for name, inner in node.entries.items():
        if not _is_name(node, name, findings):
            continue
        if not isinstance(inner, ListNode) or not inner.items:
            cure = "write its values in `[` and `]`"
            findings.refuse("SH423", f"`{name}` of `{word}` is no list of values", inner, cure)
            continue
        lists[name] = inner.items
        size *= len(inner.items)
    if size > MOST:
        findings.refuse("SH423", f"`{word}` means {size:,} repetitions, and {MOST:,} are the most", node)
        return []
    return [dict(zip(lists, values, strict=True)) for values in product(*lists.values())] if lists else []


def _is_name(node: MapNode, name: str, findings: Findings) -> bool:
    if NAME.fullmatch(name):
        return True
    findings.refuse("SH423", f"`{name}` cannot name a variable", node.keys[name], "letters, digits and `_`")
    return False


def shown(row: Variables) -> str:
    """Write a repetition of a case as its name has it: `every=10s, h=c1`."""
    return ", ".join(f"{name}={_text(node)}" for name, node in row.items())


def _text(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return node.text
    inner = node.items if isinstance(node, ListNode) else node.entries.values()
    return "+".join(_text(one) for one in inner)


def without(node: MapNode, *words: str) -> MapNode:
    """Give a mapping without some of its words."""
    entries = {name: inner for name, inner in node.entries.items() if name not in words}
    keys = {name: key for name, key in node.keys.items() if name not in words}
    return MapNode(node.source, node.start, node.end, entries, keys, node.faulty)


def each(node: Node, variables: Variables, findings: Findings) -> Iterator[Node]:
    """Give an item once for every repetition its own `each` asks for, filled."""
    if not isinstance(node, MapNode) or "each" not in node.entries:
        yield fill(node, variables, findings)
        return
    inner = without(node, "each")
    for row in rows(node.entries["each"], "each", variables, findings):
        yield fill(inner, {**variables, **row}, findings)


def mentions(node: Node, names: Iterable[str]) -> bool:
    """Whether a node has one of these variables in it."""
    if isinstance(node, ScalarNode):
        found = _VARIABLE.finditer(node.value) if isinstance(node.value, str) else ()
        return any((slot[1] or slot[2]) in names for slot in found)
    inner = node.items if isinstance(node, ListNode) else node.entries.values()
    return any(mentions(one, names) for one in inner)


@frozen
class Repetition:
    """The moments of a step: how long after the start, and what the counter stands for at each."""

    at: timedelta
    counted: Mapping[str, Node]


def moments(fields: Fields, variables: Variables) -> list[Repetition]:
    """Give the moments of a step: one by `t`, several by `repeat`; none where neither can be read."""
    findings = fields.findings
    node = fields.node_of("repeat")
    if node is None:
        at = offset(fields, "t", variables)
        if not fields.has("t"):
            findings.refuse("SH417", "a step says when it is", fields.node, "add `t: 0s`")
        return [] if at is None else [Repetition(at, {})]
    if fields.has("t"):
        findings.refuse("SH417", "`t` and `repeat` both say when", node, "write `from` inside `repeat`")
        return []
    inner = closed(fill(node, variables, findings), REPEAT, findings)
    return _repeated(inner) if inner else []


def _repeated(fields: Fields) -> list[Repetition]:
    begin = offset(fields, "from", {}) if fields.has("from") else timedelta()
    every, times = offset(fields, "every", {}), fields.integer("times")
    node = fields.node_of("times")
    if node is not None and not 0 < times <= MOST:
        fields.findings.refuse("SH423", f"`times` is a whole number from 1 to {MOST:,}", node)
        return []
    name = fields.text("as")
    if every is None or begin is None or _short(begin + every * times, "every", fields.node, fields.findings) is None:
        return []
    return [Repetition(begin + every * at, _counted(fields, name, at + 1)) for at in range(times)]


def _counted(fields: Fields, name: str, number: int) -> dict[str, Node]:
    node = fields.node_of("as")
    if not name or node is None:
        return {}
    return {name: ScalarNode(node.source, node.start, node.end, number, str(number), plain=True)}


def offset(fields: Fields, word: str, variables: Variables) -> timedelta | None:
    """Give a duration that stands under a word; None where it is missing, or none."""
    node = fields.node_of(word)
    if node is None:
        return None
    filled = fill(node, variables, fields.findings)
    before = len(fields.findings.found)
    literals.duration(filled, word, fields.findings)
    if len(fields.findings.found) > before or not isinstance(filled, ScalarNode) or not isinstance(filled.value, str):
        return None
    if filled.value.startswith("$"):
        cure = "name it under `matrix` or `each`"
        fields.findings.refuse("SH412", f"`{filled.value}` means nothing in a test", node, cure)
        return None
    return _short(parse_duration(filled.value), word, filled, fields.findings)


def _short(found: timedelta, word: str, node: Node, findings: Findings) -> timedelta | None:
    if found <= LONGEST:
        return found
    findings.refuse("SH413", f"`{word}` is more than ten years", node, "let less time pass: the clock is virtual")
    return None
