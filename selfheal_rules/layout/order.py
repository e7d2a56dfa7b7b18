"""
The order of keys, put right in the text itself: what stands above a key goes with it, whatever is written there.

Every exchange keeps the length of the mapping it is made in, so that all places around it stay right; mappings inside
others are put in order first.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from attrs import frozen

from selfheal_rules.parse.nodes import ListNode, MapNode, Node, Position
from selfheal_rules.source import Span

ORDER = (
    "selfheal", "ruleset", "description", "metadata", "vocabulary", "types", "sources", "events",
    "states", "params", "rules",
    "id", "type", "default", "required", "doc", "origin", "secret", "priority",
    "as", "event", "state", "test", "where", "count", "aggregate", "pick",
    "all", "any", "sequence", "none", "same",
    "do", "conclude", "target", "with", "ttl", "cleared", "after", "confirm", "timeout", "retry",
    "avg", "min", "max", "sum", "rate", "percent_of", "at_least", "more_than", "at_most", "less_than", "distinct",
    "healthy", "within", "for", "by", "unless",
    "when", "key", "then", "guard", "outcome", "else",
    "fields",
    "times", "backoff", "cap", "jitter",
)  # fmt: skip
"""Every key with a place of its own, in whatever mapping it stands; one mapping never has two orders."""

OPAQUE = frozenset({"where", "with", "metadata", "types", "same", "percent_of", "guard", "type"})
"""What stands below these is the author's: names, values, and what is read in the order it is written."""

TABLES = frozenset({"sources", "events", "states", "params", "fields"})
"""Mappings whose keys are names, and whose values are mappings again."""

Slice: TypeAlias = tuple[int, int]


def in_order(text: str, root: Node, comments: Sequence[Span]) -> str:
    """Give a text with the keys of its mappings in order; `root` and `comments` are what it was read into."""
    places = _Places.of(text, comments)
    signs = list(text)
    for node in _mappings(root, is_table=False):
        _sort(node, signs, places)
    return "".join(signs)


def _mappings(node: Node, *, is_table: bool) -> Iterator[MapNode]:
    """Give the mappings whose keys have an order, those inside others first."""
    if isinstance(node, ListNode):
        for item in node.items:
            yield from _mappings(item, is_table=False)
    elif isinstance(node, MapNode):
        for name, inner in node.entries.items():
            if is_table or name not in OPAQUE:
                yield from _mappings(inner, is_table=not is_table and name in TABLES)
        if not is_table:
            yield node


@frozen(eq=False, repr=False)
class _Places:
    """The lines, where each begins, and where comments stand."""

    lines: tuple[str, ...]
    starts: tuple[int, ...]
    comments: tuple[int, ...]

    @classmethod
    def of(cls, text: str, comments: Sequence[Span]) -> "_Places":
        """Measure a text."""
        starts, lines = [0], tuple(text.splitlines(keepends=True))
        for line in lines:
            starts.append(starts[-1] + len(line))
        return cls(lines, tuple(starts), tuple(starts[one.line - 1] + one.column - 1 for one in comments))

    def after(self, line: int, column: int) -> int:
        """Give the last line of what ends on a line, with the comments below it that begin at a column or later."""
        end = below = line
        while below < len(self.lines) and (not (said := self.lines[below].lstrip()) or said.startswith("#")):
            below += 1
            if said and len(self.lines[below - 1]) - len(said) >= column:
                end = below
            elif said:
                break
        return end

    def offset(self, place: Position) -> int:
        """Give how far from the beginning a place is."""
        return self.starts[place[0] - 1] + place[1] - 1


def _sort(node: MapNode, signs: list[str], places: _Places) -> None:
    names = list(node.entries)
    wanted = sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    if wanted == names:
        return
    is_flow = signs[places.offset(node.start)] == "{"
    slices = _flow(node, places) if is_flow else _block(node, places)
    if slices:
        _exchange(signs, slices, [names.index(name) for name in wanted], 0 if is_flow else _indent(node))


def _indent(node: MapNode) -> int:
    return next(iter(node.keys.values())).start[1] - 1


def _exchange(signs: list[str], slices: Sequence[Slice], order: Sequence[int], indent: int) -> None:
    """Put slices in another order, what stands between them staying; the first `indent` signs of a first line stay."""
    texts = ["".join(signs[start:stop]) for start, stop in slices]
    if indent:
        texts = _dashed(_opened(texts, order), order, indent)
    ordered = [texts[at] for at in order]
    between = ["".join(signs[one[1] : other[0]]) for one, other in pairwise(slices)]
    whole = "".join(text for pair in zip(ordered, [*between, ""], strict=True) for text in pair)
    signs[slices[0][0] : slices[-1][1]] = whole


def _opened(texts: list[str], order: Sequence[int]) -> list[str]:
    """Let no empty line begin a mapping: those above the entry that will be first go above the one that was."""
    key = texts[order[0]]
    empty = key[: len(key) - len(key.lstrip())].rpartition("\n")
    if order[0] == 0 or not empty[1]:
        return texts
    found = list(texts)
    found[order[0]], found[0] = key[len(empty[0]) + 1 :], empty[0] + "\n" + texts[0]
    return found


def _dashed(texts: list[str], order: Sequence[int], indent: int) -> list[str]:
    """Let the entry that will be first begin as the first did, perhaps behind a dash, and that one as others do."""
    first, last = texts[0], texts[order[0]]
    if order[0] == 0 or not first[:indent].strip():
        return texts
    lead, key = _split(last)
    found = list(texts)
    found[0] = " " * indent + first[indent:]
    found[order[0]] = first[:indent] + key[indent:]
    found[order[1]] = lead + found[order[1]]
    return found


def _split(text: str) -> tuple[str, str]:
    """Part the lines above a key from those of the key and its value: above the first key there is no place."""
    lines = text.splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#"))
    return "".join(lines[:at]), "".join(lines[at:])


def _flow(node: MapNode, places: _Places) -> list[Slice]:
    """Give the entries of a mapping in braces; none where a comment stands among them."""
    start, stop = places.offset(node.start), places.offset(node.end)
    if any(start <= comment < stop for comment in places.comments):
        return []
    keys = node.keys
    return [(places.offset(keys[name].start), places.offset(inner.end)) for name, inner in node.entries.items()]


def _block(node: MapNode, places: _Places) -> list[Slice]:
    """
    Give the lines of each entry, with the comments above it, and those below that are set in further than its key.

    There are none where lines are shared.
    """
    lines = [key.start[0] for key in node.keys.values()]
    ends = [_last_line(inner, node.keys[name].start[0]) for name, inner in node.entries.items()]
    if len(set(lines)) < len(lines):
        return []
    ends = [places.after(end, _indent(node) + 1) for end in ends]
    firsts = [lines[0], *(end + 1 for end in ends[:-1])]
    return [(places.starts[first - 1], places.starts[end]) for first, end in zip(firsts, ends, strict=True)]


def _last_line(node: Node, line: int) -> int:
    """Give the last line a value stands on; a block of text ends where the next line begins."""
    last, column = node.end
    return max(line, last - (column == 1 and last > node.start[0]))
