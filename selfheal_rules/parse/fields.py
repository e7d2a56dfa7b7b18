"""Readers of mappings with closed sets of keys: each key is known, missing ones are named, values have a shape."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from attrs import field, frozen

from selfheal_rules.model import Operand, Unread
from selfheal_rules.parse import literals
from selfheal_rules.parse.findings import Findings, did_you_mean, likely
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.parse.sorts import SORTS, sort_of
from selfheal_rules.source import Span
from selfheal_rules.values import FrozenMap

Read = TypeVar("Read")

NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
"""What rules, steps, rule sets and kinds may be called."""


@frozen(eq=False, repr=False)
class Keys:
    """The keys a mapping may have, under the name messages call it by."""

    what: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = FrozenMap()
    """What is often written here, and where it belongs instead."""
    meant: Mapping[str, str] = FrozenMap()
    """What other rule languages call a key, and its name here."""
    known: frozenset[str] = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Gather all keys once."""
        object.__setattr__(self, "known", frozenset(self.required + self.optional))


@frozen(eq=False, repr=False)
class Fields:
    """One mapping, read key by key; a value of the wrong shape is a finding, and is left out."""

    what: str
    node: MapNode
    findings: Findings
    strange: tuple[str, ...] = ()
    """Keys that are unknown here, and of which nobody can tell which key was meant."""

    def may_lack(self, *names: str) -> bool:
        """Whether one of these keys is absent because what stands for it is written in a way nobody knows."""
        return bool(self.strange) and any(name not in self.node.entries for name in names)

    @property
    def span(self) -> Span:
        """Where the mapping stands."""
        return self.node.span

    def has(self, name: str) -> bool:
        """Whether the key is there."""
        return name in self.node.entries

    def node_of(self, name: str) -> Node | None:
        """Give the node under a key."""
        return self.node.entries.get(name)

    def read(self, name: str, reader: Callable[[Node, str, Findings], Read | None]) -> Read | None:
        """Give what `reader` makes of the value under a key; None where the key is missing."""
        node = self.node.entries.get(name)
        return reader(node, name, self.findings) if node is not None else None

    def text(self, name: str, default: str = "") -> str:
        """Give a text for people: no check rests on it."""
        with self.findings.kept():
            found = self.read(name, literals.text)
        return default if found is None else found

    def name(self, name: str, default: str = "") -> str:
        """Give a text that is a name."""
        found = self.read(name, identifier)
        return default if found is None else found

    def integer(self, name: str, default: int = 0) -> int:
        """Give a whole number."""
        found = self.read(name, literals.integer)
        return default if found is None else found

    def boolean(self, name: str) -> bool:
        """Give a truth value; false where the key is missing."""
        return bool(self.read(name, literals.boolean))

    def duration(self, name: str) -> Operand | None:
        """Give a duration, as text or as a parameter."""
        return self.marked(name, literals.duration)

    def marked(self, name: str, reader: Callable[[Node, str, Findings], Read | None]) -> Read | Unread | None:
        """Give what `reader` makes of the value under a key, or what stands for one that cannot be read."""
        node = self.node.entries.get(name)
        return self.findings.marked(reader, node, name) if node is not None else None

    def items(self, name: str) -> list[Node]:
        """Give the items of a list."""
        found = self.read(name, list_items)
        return [] if found is None else found

    def refuse_empty(self, name: str, cure: str) -> None:
        """Refuse a list that is there and has no items."""
        node = self.node.entries.get(name)
        if isinstance(node, ListNode) and not node.items:
            self.findings.refuse("SH111", f"`{name}` is empty", node, cure)

    def paths(self, name: str) -> tuple[tuple[str, ...], ...]:
        """Give a list of field paths."""
        found = (literals.field_path(node, name, self.findings) for node in self.items(name))
        return tuple(path for path in found if path)


def closed(node: Node | None, keys: Keys, findings: Findings) -> Fields | None:
    """Take a node, if there is one, as a mapping of just these keys."""
    if node is None:
        return None
    if not isinstance(node, MapNode):
        findings.refuse("SH020", f"{keys.what} is a mapping, not {literals.shape(node)}", node)
        return None
    return None if _refuse_sort(node, keys, findings) else keyed(node, keys, findings)


def _refuse_sort(node: MapNode, keys: Keys, findings: Findings) -> bool:
    """Refuse a file that says itself it is of another sort, in one finding: no key of it is where it belongs."""
    found = sort_of(node.entries) if keys.required and keys.required[0] in SORTS else ""
    if not found or found in keys.known:
        return False
    sort = SORTS[found]
    findings.error("SH119", f"this is {sort.what}, not {keys.what}", node.keys[found].span, sort.use)
    return True


def keyed(node: MapNode, keys: Keys, findings: Findings) -> Fields:
    """
    Take a mapping as one of just these keys; what is unknown or missing is a finding, no reason to stop.

    A misspelt key is read as the one that was meant.
    """
    strange: tuple[str, ...] = ()
    if not node.entries.keys() <= keys.known:
        meant = dict(_refuse_unknown(node, keys, findings))
        strange = tuple(name for name, known in meant.items() if not known)
        node = node.renamed({name: known for name, known in meant.items() if known})
    for name in keys.required:
        if name not in node.entries:
            said = f"{name}: 1" if name.startswith("selfheal") else f"{name}:"
            findings.refuse("SH101", f"{keys.what} needs `{name}`", node, f"add `{said}`")
    return Fields(keys.what, node, findings, strange)


def _refuse_unknown(node: MapNode, keys: Keys, findings: Findings) -> Iterator[tuple[str, str]]:
    """Refuse unknown keys, and give those that belong nowhere else with the key that was meant, or an empty text."""
    absent = [name for name in keys.required + keys.optional if name not in node.entries]
    taken = set()
    for name, key in node.keys.items():
        if name in keys.known:
            continue
        elsewhere, known = keys.elsewhere.get(name), keys.meant.get(name)
        known = known if known in absent else None
        cure = f"did you mean `{known}`?" if known else did_you_mean(name, absent)
        meant = known or likely(name, absent)
        before = findings.gaps
        findings.refuse("SH102", f"{keys.what} has no key `{name}`", key, elsewhere or cure)
        if elsewhere:
            continue
        if meant and meant not in taken:
            taken.add(meant)
            findings.gaps = before
            yield name, meant
        else:
            yield name, ""


def list_items(node: Node, what: str, findings: Findings) -> list[Node] | None:
    """Give the items of a list node."""
    if isinstance(node, ListNode):
        return node.items
    is_block = isinstance(node, MapNode) and not node.source.line(node.start[0]).startswith("{", node.start[1] - 1)
    cure = "begin each item with `- `" if is_block else "write it in `[` and `]`"
    findings.refuse("SH020", f"`{what}` takes a list, not {literals.shape(node)}", node, cure)
    return None


def table(node: Node | None, what: str, findings: Findings) -> Iterator[tuple[str, Node, ScalarNode]]:
    """Give the entries of a mapping with free keys: each name, its value, the node of the name."""
    if isinstance(node, MapNode):
        for name, inner in node.entries.items():
            yield name, inner, node.keys[name]
    elif node is not None:
        findings.refuse("SH020", f"`{what}` takes a mapping, not {literals.shape(node)}", node)


def identifier(node: Node, what: str, findings: Findings) -> str | None:
    """Give a text that may name a rule, a step, a rule set or a kind."""
    found = literals.text(node, what, findings)
    if found is None or NAME.fullmatch(found):
        return found
    findings.refuse("SH103", f"`{found}` is not a name", node, "names have letters, digits, `_`, `-` and `.`")
    return None


def names(node: Node, what: str, findings: Findings) -> tuple[str, ...]:
    """Give a list of names."""
    found = (identifier(item, what, findings) for item in list_items(node, what, findings) or [])
    return tuple(name for name in found if name is not None)


def one_or_more_names(node: Node, what: str, findings: Findings) -> tuple[str, ...]:
    """Give one name, or the names of a list that is not empty."""
    if not isinstance(node, ListNode):
        found = identifier(node, what, findings)
        return () if found is None else (found,)
    if not node.items:
        findings.refuse("SH111", f"`{what}` is empty", node, "name at least one")
    return names(node, what, findings)
