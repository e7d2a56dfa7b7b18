"""
How YAML is written: two spaces a level, lists set in, braces as their author chose.

The only importer of ruamel.yaml, which keeps comments, blank lines and quotes where they are.
"""

import re
from io import StringIO
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, PlainScalarString, SingleQuotedScalarString

from selfheal_rules.parse.scalars import resolve
from selfheal_rules.parse.yaml_nodes import comments
from selfheal_rules.source import Source, says

Tree: TypeAlias = Any
"""What ruamel.yaml reads a text into."""

_ENDLESS = 1 << 20
_DASHES = re.compile(r"^(?:\s|-(?=\s))*")
_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


def styled(text: str) -> str:
    """Give a text in this style."""
    yaml = _yaml()
    tree = yaml.load(text)
    _unquote(tree)
    written = StringIO()
    yaml.dump(tree, written)
    return _spaced(written.getvalue(), _belonging(text))


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _ENDLESS
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.emitter.brace_single_entry_mapping_in_flow_sequence = True
    yaml.representer.add_representer(type(None), _null)
    return yaml


def _null(representer: Any, _: None) -> Any:  # noqa: ANN401 - ruamel.yaml's own
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _unquote(tree: Tree) -> None:
    """Take off quotes that say nothing: around words that are read as the same text without them."""
    entries = tree.items() if isinstance(tree, CommentedMap) else enumerate(tree)
    for name, value in list(entries):
        if isinstance(value, CommentedMap | CommentedSeq):
            _unquote(value)
        elif isinstance(value, DoubleQuotedScalarString | SingleQuotedScalarString) and _is_plain(value):
            tree[name] = PlainScalarString(value)


def _is_plain(text: str) -> bool:
    return bool(_SAFE.fullmatch(text)) and resolve(str(text)) == (str(text), None)


def _belonging(text: str) -> list[int]:
    """
    Give, for each comment, how many lines above it what it belongs to stands, counting those that say something.

    It is 0 for one that belongs to what stands below, or behind something: all but those that are set in further than
    the line below them.
    """
    lines, found = text.splitlines(), []
    for span in comments(Source("", text)):
        column, above = span.column - 1, lines[: span.line - 1]
        is_alone = not lines[span.line - 1][:column].strip()
        said = [line for line in reversed(above) if says(line)]
        is_first = bool(said) and said[0].rstrip().endswith(":")  # of what a key begins, wherever its list is set in
        is_end = is_alone and not is_first and column > len(_indent(lines[span.line :]))
        levels = [_level(line) for line in said]
        found.append(next((n for n, level in enumerate(levels, 1) if level <= column), 0) if is_end else 0)
    return found


def _spaced(text: str, belonging: list[int]) -> str:
    """Set comments in as what they belong to, or two spaces behind; leave no spaces at ends, nor two empty lines."""
    lines, spans = text.splitlines(), tuple(comments(Source("", text)))
    known = belonging if len(belonging) == len(spans) else [0] * len(spans)
    for span, back in reversed(tuple(zip(spans, known, strict=True))):
        before, comment = lines[span.line - 1][: span.column - 1].rstrip(), lines[span.line - 1][span.column - 1 :]
        if before:
            lines[span.line - 1] = f"{before}  {comment}"
            continue
        above = [line for line in reversed(lines[: span.line - 1]) if says(line)]
        indent = " " * _level(above[back - 1]) if 0 < back <= len(above) else _indent(lines[span.line :])
        lines[span.line - 1] = indent + comment
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n") + "\n"


def _indent(below: list[str]) -> str:
    """Give the indent of the first line that says something, comments already set in."""
    line = next((line for line in below if line.strip()), "")
    return line[: len(line) - len(line.lstrip())]


def _level(line: str) -> int:
    """Give the column what a line says begins at, behind the dashes of lists."""
    return len(line) - len(_DASHES.sub("", line))
