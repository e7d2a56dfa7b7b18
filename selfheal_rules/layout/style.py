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
from selfheal_rules.source import Source

Tree: TypeAlias = Any
"""What ruamel.yaml reads a text into."""

_ENDLESS = 1 << 20
_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


def styled(text: str) -> str:
    """Give a text in this style."""
    yaml = _yaml()
    tree = yaml.load(text)
    _unquote(tree)
    written = StringIO()
    yaml.dump(tree, written)
    return _spaced(written.getvalue())


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


def _spaced(text: str) -> str:
    """Set comments in as what stands below them, or two spaces behind; leave no spaces at ends, nor two empty lines."""
    lines = text.splitlines()
    for span in reversed(tuple(comments(Source("", text)))):
        before, comment = lines[span.line - 1][: span.column - 1].rstrip(), lines[span.line - 1][span.column - 1 :]
        lines[span.line - 1] = (before + "  " if before else _indent(lines[span.line :])) + comment
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n") + "\n"


def _indent(below: list[str]) -> str:
    """Give the indent of the first line that says something, comments already set in."""
    line = next((line for line in below if line.strip()), "")
    return line[: len(line) - len(line.lstrip())]
