"""Raw payloads in a test: a file, or a value where it stands, read by the normalizers that read those of a cloud."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import Event, State, checked
from selfheal_rules.mapping import PayloadMapping
from selfheal_rules.normalize import Reading, normalize_payload, read_items
from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.vocabulary import Vocabulary

LINES = ".jsonl"
"""The ending of a file that has one payload a line."""


@frozen(eq=False, repr=False)
class Payloads:
    """Reads payloads; files are looked for in a folder, and mappings are asked before all other sources."""

    folder: Path
    mappings: tuple[PayloadMapping, ...]
    findings: Findings
    are_whole: bool = True
    """Whether every mapping could be loaded: without one, what a payload says is not known."""

    def read(
        self, node: Node, source: str | None, received: datetime, time: datetime | None, vocabulary: Vocabulary
    ) -> tuple[Event | State, ...]:
        """
        Give the items of a payload of the kinds a vocabulary has, all at `time`, or at the times they say.

        What cannot be read, and what says nothing a rule could use, is a finding.
        """
        try:
            said = tuple(self._said(node, source, received, vocabulary))
            known = [
                item if time is None else evolve(item, time=time) for item in said if item.kind in vocabulary.kinds
            ]
            if known:
                return tuple(checked(item, vocabulary) for item in known)
        except (EventError, ValueError) as error:
            self._refuse(node, str(error).splitlines()[0])
        except OSError as error:
            self._refuse(node, (error.strerror or str(error)).lower())
        else:
            kinds = ", ".join(dict.fromkeys(f"`{item.kind}`" for item in said))
            self._refuse(node, f"it says {kinds or 'nothing'}, which no rule set has a use for")
        return ()

    def _said(
        self, node: Node, source: str | None, received: datetime, vocabulary: Vocabulary
    ) -> Iterator[Event | State]:
        text = b"" if not isinstance(node, ScalarNode) else (self.folder / node.text).read_bytes()
        if isinstance(node, ScalarNode) and node.text.endswith(LINES):
            yield from self._lines(text, vocabulary)
            return
        yield from normalize_payload(
            json.loads(text) if isinstance(node, ScalarNode) else bare(node),
            received=received,
            vocabulary=vocabulary,
            source=source,
            mappings=self.mappings,
        )

    def _lines(self, text: bytes, vocabulary: Vocabulary) -> Iterator[Event | State]:
        for read in read_items(text.splitlines(), vocabulary=vocabulary, mappings=self.mappings):
            if isinstance(read, Reading):
                yield read.item
            elif read.kind == "malformed":
                message = f"line {read.line}: {read.message}"
                raise EventError(message)

    def _refuse(self, node: Node, why: str) -> None:
        if self.are_whole:
            cure = "`selfheal events FILE` shows what payloads say"
            self.findings.refuse("SH415", f"the payload gives no item: {why}", node, cure)


def bare(node: Node) -> Any:  # noqa: ANN401 - any JSON value
    """Give a node as any JSON reader would have it."""
    if isinstance(node, ListNode):
        return [bare(item) for item in node.items]
    if isinstance(node, MapNode):
        return {name: bare(inner) for name, inner in node.entries.items()}
    if isinstance(node.value, str) and node.value.startswith("$$"):
        return node.value[1:]
    return node.value
