"""YAML texts of this repository by what they are, and what they say as plain values."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.nodes import ListNode, MapNode, Node
from selfheal_rules.parse.yaml_nodes import compose
from selfheal_rules.source import Source
from tests.chunks import read_chunks

Document: TypeAlias = Any
"""What JSON can hold."""

Place: TypeAlias = tuple[Any, ...]
"""The names and numbers that lead to a value."""

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_HEAD = "selfheal: 1\nruleset: example\n"


def plain(node: Node | None) -> Document:
    """Give a tree of nodes as any JSON reader would have it."""
    if isinstance(node, MapNode):
        return {name: plain(inner) for name, inner in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return node.value if node else None


def said(text: str) -> Document:
    """Give what a YAML text says."""
    return plain(compose(Source("text.yaml", text), Findings()))


def _whole(text: str) -> str | None:
    """Give a block of a page as a rule set; None where it is something else, or a piece of one."""
    if text.startswith("- "):
        return f"{_HEAD}rules:\n{text}"
    if text.startswith("selfheal: "):
        return text
    return None


def rule_sets() -> Iterator[tuple[str, str]]:
    """Give every sound rule set of the repository: shipped, in fixtures, in pages."""
    for path in sorted(ROOT.glob("rulesets/*/rules.yaml")):
        yield path.parent.name, path.read_text("utf-8")
    for folder in ("check", "parse"):
        yield from ((str(one), one.source.text) for one in read_chunks(folder) if folder == "check" or not one.expected)
    for page in sorted(ROOT.glob("docs/**/*.md")):
        for number, block in enumerate(_BLOCK.findall(page.read_text("utf-8"))):
            text = _whole(block)
            if text and page.name not in {"errors.md", "tutorial.md"}:  # a mistake is what they show
                yield f"{page.stem} {number}", text


def mappings() -> Iterator[tuple[str, str]]:
    """Give every sound mapping: of fixtures and of its page."""
    yield from ((str(one), one.source.text) for one in read_chunks("mapping") if not one.expected)
    for number, block in enumerate(_BLOCK.findall((ROOT / "docs" / "mappings.md").read_text("utf-8"))):
        if block.startswith("selfheal_mapping: "):
            yield f"mappings {number}", block


def vocabularies() -> Iterator[tuple[str, str]]:
    """Give every vocabulary of the package."""
    for path in sorted(ROOT.glob("selfheal_rules/vocabularies/*.yaml")):
        yield path.stem, path.read_text("utf-8")


def places(document: Document, path: Place = ()) -> Iterator[Place]:
    """Give the place of every value in a document."""
    listed = enumerate(document) if isinstance(document, list) else ()
    for name, inner in document.items() if isinstance(document, dict) else listed:
        yield (*path, name)
        yield from places(inner, (*path, name))
