"""Whatever mistakes a rule set has, each is told at its line in one run."""

import json
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from selfheal_rules.check import check_rules
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.nodes import ListNode, MapNode, Node
from selfheal_rules.parse.yaml_nodes import compose
from selfheal_rules.source import Source
from tests.documents import Document, Place, rule_sets, said
from tests.faults import drawn, planted
from tests.generate.cases import case

GENERATED = range(40)


@cache
def _sound() -> tuple[Document, ...]:
    """Give the rule sets that have no finding: shipped ones, those of the pages and fixtures, generated ones."""
    texts = [text for _, text in rule_sets()] + [text for seed in GENERATED for text in case(seed).texts]
    found = []
    for text in texts:
        ruleset, report = parse_rules(Source("rules.yaml", text))
        if ruleset and ruleset.rules and not report.findings and not check_rules(ruleset).errors:
            found.append(said(text))
    return tuple(found)


def _line(source: Source, place: Place) -> int:
    """Give the line on which the key or item at a place is written."""
    node: Node | None = compose(source, Findings())
    line = 0
    for name in place:
        if isinstance(node, MapNode):
            line, node = node.keys[name].span.line, node.entries[name]
        elif isinstance(node, ListNode):
            node = node.items[name]
            line = node.span.line
    return line


@given(st.data())
def test_every_mistake_is_told_in_one_run(data: st.DataObject) -> None:
    """Of two to four mistakes planted in a sound rule set, one leaf perhaps, each is told by its code at its line."""
    document = data.draw(st.sampled_from(_sound()))
    ruleset, _ = parse_rules(Source("rules.yaml", json.dumps(document)))
    assert ruleset is not None
    chosen = drawn(document, ruleset, lambda bound: data.draw(st.integers(0, bound - 1)))
    wrong, places = planted(document, chosen)
    source = Source("rules.yaml", json.dumps(wrong, indent=1))
    read, report = parse_rules(source)
    assert read is not None
    found = {(finding.span.line, finding.code) for finding in (report + check_rules(read)).findings}
    missed = [
        (fault.name, place)
        for fault, place in zip(chosen, places, strict=True)
        if not any((_line(source, place), code) in found for code in fault.codes)
    ]
    assert [] == missed
