"""
Strict YAML 1.2 core as nodes that know where they stand; the only importer of yaml.

PyYAML gives events; everything they mean is decided here: which plain scalars are numbers, that keys are texts and
stand once, that nothing is tagged, anchored or merged. The C parser and the pure one give the same nodes.
"""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml
from attrs import define, field

from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, Position, ScalarNode
from selfheal_rules.parse.scalars import resolve
from selfheal_rules.parse.sorts import BEGINNINGS
from selfheal_rules.parse.syntax import Failure, tell
from selfheal_rules.source import Source, Span

DEPTH = 40
"""The deepest nesting read; nothing an author writes comes near it."""

SIZE = 16_000_000
"""The longest text read, in characters."""

BYTE_ORDER_MARK = "\ufeff"

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")

Loader: TypeAlias = type[Any]
LOADER: Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in use: PyYAML's C one where it was built."""


def _at(mark: Any) -> Position:  # noqa: ANN401 - the two parsers have a class of marks each
    return mark.line + 1, mark.column + 1


_DISPUTED = re.compile(r"\t|[|>][-+0-9]*#")
"""A tab where a space belongs, a comment that touches a block mark: the C parser takes them, the pure one does not."""


class _Unreadable(Exception):  # noqa: N818 - never leaves this file
    """The text cannot be read further; the finding says why."""


class _Disputed(yaml.YAMLError):
    """The C parser has taken what the pure one may refuse."""


def compose(source: Source, findings: Findings, loader: Loader = LOADER) -> Node | None:
    """Read a source as one YAML document; None where it is none, or is empty."""
    if not _is_readable(source, findings):
        return None
    before = len(findings.found)
    if _DISPUTED.search(source.text):
        loader = yaml.SafeLoader
    try:
        return _document(source, findings, loader)
    except yaml.YAMLError:
        del findings.found[before:]  # what a file that breaks off says must not depend on how PyYAML was built
    try:
        return _document(source, findings, yaml.SafeLoader)
    except yaml.YAMLError as error:
        _refuse_syntax(source, findings, error)
    return None


def comments(source: Source) -> Iterator[Span]:
    """Give every comment of a YAML text from its `#` to the end of its line; none of a text that is not YAML."""
    try:
        covered = _scalars(source)
    except yaml.YAMLError:
        return
    for number, line in enumerate(source.lines, 1):
        for found in _HASH.finditer(line):
            if not any(start <= found.end() < stop for start, stop in covered.get(number, ())):
                yield Span(source, number, found.end(), number, len(line) + 1)
                break


_HASH = re.compile(r"(?:^|(?<=\s))#")
_ENDLESS = 1 << 30


def _scalars(source: Source) -> dict[int, list[Position]]:
    """Give the columns scalars cover, by line; the first line of a block scalar holds its mark, and no text."""
    covered: dict[int, list[Position]] = {}
    for event in yaml.parse(source.text.removeprefix(BYTE_ORDER_MARK), yaml.SafeLoader):
        if isinstance(event, yaml.ScalarEvent) and (event.value or event.style):
            (line, column), (last, end) = _at(event.start_mark), _at(event.end_mark)
            if event.style in {"|", ">"}:
                line, column = line + 1, 1
            for number in range(line, last + 1):
                stop = end if number == last else _ENDLESS
                covered.setdefault(number, []).append((column if number == line else 1, stop))
    return covered


def _document(source: Source, findings: Findings, loader: Loader) -> Node | None:
    builder = _Builder(source, findings, is_pure=loader is yaml.SafeLoader)
    parser = loader(source.text.removeprefix(BYTE_ORDER_MARK))
    try:
        while (event := parser.get_event()) is not None:
            builder.take(event)
    except _Unreadable:
        return None
    finally:
        parser.dispose()
    root = builder.root
    if root is None or (isinstance(root, ScalarNode) and root.value is None and not root.faulty):
        findings.error("SH014", "the file says nothing", Span(source, 1, 1, 1, 1), f"begin it: {BEGINNINGS}")
        return None
    return root


def _is_readable(source: Source, findings: Findings) -> bool:
    """Refuse what the two parsers would refuse differently, before either sees it."""
    if len(source.text) > SIZE:
        findings.error("SH013", f"the file is longer than {SIZE} characters", Span(source, 1, 1, 1, 1), "split it")
        return False
    wrong = _FORBIDDEN.search(source.text, 1 if source.text.startswith(BYTE_ORDER_MARK) else 0)
    if wrong:
        before = source.text[: wrong.start()]
        line, column = before.count("\n") + 1, wrong.start() - before.rfind("\n")
        message = f"the character U+{ord(wrong[0]):04X} has no place in a YAML file"
        span = Span(source, line, column, line, column + 1)
        findings.error("SH003", message, span, "in double quotes it can be written as an escape")
    return wrong is None


def _refuse_syntax(source: Source, findings: Findings, error: yaml.YAMLError) -> None:
    mark, begun = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = _at(mark) if mark else (1, 1)
    problem = getattr(error, "problem", None) or "the text cannot be read"
    failure = Failure(problem, getattr(error, "context", None) or "", at, _at(begun) if begun else at)
    told = tell(failure, source)
    related = (_point(source, told.related),) if told.related else ()
    findings.error("SH002", f"this is not YAML: {told.message}", _point(source, told.at), told.cure, related)


def _point(source: Source, place: Position) -> Span:
    line, column = place
    return Span(source, line, column, line, column + 1)


@define(eq=False, repr=False, weakref_slot=False)
class _Builder:
    """Builds the tree event by event, without recursion: no nesting can exhaust the stack."""

    source: Source
    findings: Findings
    is_pure: bool
    root: Node | None = None
    documents: int = 0
    last: Position = (1, 1)  # where the event before ended: the two parsers disagree on where nothing stands
    open: list[ListNode | MapNode] = field(factory=list)
    awaited: list[ScalarNode | None] = field(factory=list)  # per open node the key whose value comes next
    bracketed: list[bool] = field(factory=list)  # per open node whether a bracket or brace will close it

    def take(self, event: yaml.Event) -> None:
        """Add what one event says."""
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
            self.last = node.end
            self._add(node)
            return
        if isinstance(event, yaml.MappingStartEvent):
            self._begin(event, MapNode(self.source, _at(event.start_mark), _at(event.end_mark)))
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin(event, ListNode(self.source, _at(event.start_mark), _at(event.end_mark)))
        elif isinstance(event, yaml.CollectionEndEvent):
            self.last = self._finish(event)
            return
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._count_document(event)
        self.last = _at(event.end_mark)

    def _scalar(self, event: yaml.ScalarEvent) -> ScalarNode:
        text, plain = event.value, not event.style
        if plain and "?" in text and not self.is_pure and self.bracketed and self.bracketed[-1]:
            raise _Disputed  # in brackets a `?` inside a text is a key's mark to the pure parser
        start = end = self.last
        if text or not plain:
            start, end = _at(event.start_mark), _at(event.end_mark)
        value, trap = resolve(text) if plain else (text, None)
        node = ScalarNode(self.source, start, end, value, text, plain)
        if trap:
            code, message, cure = trap
            self.findings.refuse(code, message, node, cure)
            node.faulty = True
        if event.tag is not None or event.anchor is not None:
            self._refuse_marks(event, node)
        return node

    def _add(self, node: Node) -> None:
        if not self.open:
            self.root = self.root or node
            return
        parent = self.open[-1]
        if isinstance(parent, ListNode):
            parent.items.append(node)
            return
        key = self.awaited[-1]
        if key is None:
            self.awaited[-1] = self._key(node)
            return
        self.awaited[-1] = None
        self._set(parent, key, node)

    def _set(self, parent: MapNode, key: ScalarNode, node: Node) -> None:
        if key.faulty:
            parent.faulty = True
        first = parent.keys.setdefault(key.text, key)
        if first is key:
            parent.entries[key.text] = node
            return
        message = f"key `{key.text}` stands twice, first on line {first.span.line} and again here"
        self.findings.refuse("SH004", message, key, "keep one of the two", (first.span,))

    def _key(self, node: Node) -> ScalarNode:
        if not isinstance(node, ScalarNode):
            self.findings.refuse("SH008", "a key is a text, not a list or mapping", node, "write a text before the `:`")
            return ScalarNode(
                self.source, node.start, node.end, "", f"#{len(self.findings.found)}", plain=False, faulty=True
            )
        if node.plain and node.text == "<<":
            self.findings.refuse("SH007", "merge keys are not read", node, "write the entries out, or use `params`")
            node.faulty = True
        elif not isinstance(node.value, str):
            cure = f'write "{node.text}" in quotes'
            self.findings.refuse("SH008", f"key `{node.text}` is not a text", node, cure)
            node.faulty = True
        return node

    def _begin(self, event: yaml.CollectionStartEvent, node: ListNode | MapNode) -> None:
        if event.tag is not None or event.anchor is not None:
            self._refuse_marks(event, node)
        self._add(node)
        self.open.append(node)
        self.awaited.append(None)
        self.bracketed.append(bool(event.flow_style))
        if len(self.open) > DEPTH:
            self.findings.error("SH013", f"this is nested deeper than {DEPTH} levels", node.span, "take it apart")
            raise _Unreadable

    def _finish(self, event: yaml.CollectionEndEvent) -> Position:
        node = self.open.pop()
        self.awaited.pop()
        if self.bracketed.pop():
            node.end = _at(event.end_mark)
        else:
            last = node.items[-1] if isinstance(node, ListNode) else next(reversed(node.entries.values()), node)
            node.end = last.end
        return node.end

    def _alias(self, event: yaml.AliasEvent) -> None:
        node = ScalarNode(self.source, _at(event.start_mark), _at(event.end_mark), None, f"*{event.anchor}", plain=True)
        message = f"`*{event.anchor}` is an alias, and aliases are not read"
        cure = f'write "*{event.anchor}" in quotes for the text, or use `params` for a value that stands often'
        self.findings.refuse("SH006", message, node, cure)
        node.faulty = True
        self._add(node)

    def _refuse_marks(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, node: Node) -> None:
        if event.anchor is not None:
            message = f"`&{event.anchor}` is an anchor, and anchors are not read"
            self.findings.refuse("SH006", message, node, "use `params` for a value that stands often")
        if event.tag is not None:
            if not self.is_pure:
                raise _Disputed  # `!:!` is a tag to one parser, and nothing to the other
            message = f"`{event.tag}` is a tag, and tags are not read"
            self.findings.refuse("SH005", message, node, "leave the tag out; quotes make a text")
        node.faulty = True

    def _count_document(self, event: yaml.DocumentStartEvent) -> None:
        self.documents += 1
        line, column = _at(event.start_mark)
        span = Span(self.source, line, column, line, column + 1)
        if event.version or event.tags:
            self.findings.error("SH015", "`%` directives are not read", span, "leave it out: files are YAML 1.2")
        if self.documents > 1:
            self.findings.error("SH009", "a second document begins here", span, "write one document a file")
            raise _Unreadable
