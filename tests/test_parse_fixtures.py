"""Every finding of the reading stage stands on the line that is guilty of it, and no other is made."""

import pytest
import yaml

from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.parse.yaml_nodes import compose
from tests.chunks import DATA, Chunk, places, read_chunks

CHUNKS = read_chunks("parse")


@pytest.mark.parametrize("chunk", CHUNKS, ids=str)
def test_findings_stand_on_the_guilty_lines(chunk: Chunk) -> None:
    """The findings are those the fixture names, each on its line: none is missing and none is added."""
    _, report = parse_rules(chunk.source, folder=DATA)
    assert chunk.expected == places(report)


@pytest.mark.parametrize("chunk", [chunk for chunk in CHUNKS if not chunk.expected], ids=str)
def test_a_sound_text_gives_a_rule_set(chunk: Chunk) -> None:
    """Where nothing is found, there is a rule set."""
    ruleset, _ = parse_rules(chunk.source)
    assert ruleset is not None


def _drawn(node: Node | None) -> object:
    """Give a tree of nodes as plain tuples, every place in it."""
    if node is None:
        return None
    span = node.span
    place = (span.line, span.column, span.end_line, span.end_column)
    if isinstance(node, ScalarNode):
        return place, node.value, node.text, node.plain, node.faulty
    if isinstance(node, ListNode):
        return place, [_drawn(item) for item in node.items]
    assert isinstance(node, MapNode)
    return place, [(name, _drawn(node.keys[name]), _drawn(inner)) for name, inner in node.entries.items()]


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="PyYAML was built without its C parser")
@pytest.mark.parametrize("chunk", CHUNKS, ids=str)
def test_both_parsers_read_alike(chunk: Chunk) -> None:
    """The C parser and the pure one give the same nodes, spans and findings."""
    read = []
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        findings = Findings()
        read.append((_drawn(compose(chunk.source, findings, loader)), findings.report().render()))
    assert read[0] == read[1]
