"""What a YAML text is read into: scalars, lists and mappings that know where they stand."""

from collections.abc import Mapping
from typing import TypeAlias, Union

from attrs import define, evolve, field

from selfheal_rules.source import Source, Span

Position: TypeAlias = tuple[int, int]
"""Line and column, from 1; PyYAML's own marks are not kept, for a file has a hundred thousand of them."""


@define(eq=False, repr=False, weakref_slot=False)
class _Placed:
    """What all nodes have; `faulty` where something was said about the node already."""

    source: Source = field(repr=False)
    start: Position = field(repr=False)
    end: Position = field(repr=False)

    @property
    def span(self) -> Span:
        """Where the node stands: quotes and brackets included, no blank line after it."""
        return Span(self.source, *self.start, *self.end)


@define(eq=False, repr=False, weakref_slot=False)
class ScalarNode(_Placed):
    """A leaf: `value` by YAML 1.2 core, `text` as written; `plain` where it stands without quotes."""

    value: str | int | float | bool | None
    text: str
    plain: bool
    faulty: bool = False


@define(eq=False, repr=False, weakref_slot=False)
class ListNode(_Placed):
    """A list of nodes."""

    items: list["Node"] = field(factory=list)
    faulty: bool = False


@define(eq=False, repr=False, weakref_slot=False)
class MapNode(_Placed):
    """A mapping from texts to nodes; `keys` holds the node of each text."""

    entries: dict[str, "Node"] = field(factory=dict)
    keys: dict[str, ScalarNode] = field(factory=dict)
    faulty: bool = False

    def renamed(self, names: Mapping[str, str]) -> "MapNode":
        """Give the mapping with some keys under other names."""
        entries = {names.get(name, name): inner for name, inner in self.entries.items()}
        keys = {names.get(name, name): key for name, key in self.keys.items()}
        return evolve(self, entries=entries, keys=keys)


Node: TypeAlias = Union[ScalarNode, ListNode, MapNode]  # noqa: UP007 - a forward reference
