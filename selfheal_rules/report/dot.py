"""A graph of rules in DOT, the language of Graphviz."""

from collections.abc import Iterable

from selfheal_rules.report.graph import Arrow, Node, RuleGraph
from selfheal_rules.wording import clean

_HEAD = (
    'graph [rankdir=LR, fontname="Helvetica", fontsize=12, nodesep=0.25, ranksep=0.7, bgcolor=white]',
    'node [fontname="Helvetica", fontsize=11, style=filled, margin="0.16,0.08"]',
    'edge [fontname="Helvetica", fontsize=10, color="#55646d", fontcolor="#37474f"]',
)
_LOOKS = {
    "event": 'shape=oval, fillcolor="#dff1fd", color="#0b6aa2"',
    "state": 'shape=box, style="filled,rounded", fillcolor="#e6f4e1", color="#3c7a2a"',
    "concluded": 'shape=box, style="filled,rounded", fillcolor="#e6f4e1", color="#3c7a2a", penwidth=2.5',
    "rule": 'shape=box, fillcolor="#ece7fb", color="#5b3fb5"',
    "guards": 'shape=octagon, fillcolor="#fdf0cf", color="#a86a00"',
    "risk_none": 'shape=cds, fillcolor="#eceff1", color="#55646d"',
    "risk_low": 'shape=cds, fillcolor="#ffe9d6", color="#b4570f"',
    "risk_high": 'shape=cds, fillcolor="#fde3e1", color="#b3261e", penwidth=2.5',
}
_LINES = {"concludes": "penwidth=2.2", "clears": "penwidth=2.2", "reads": "", "guarded": "", "does": "", "else": ""}
_ESCAPES = {ord("&"): "&amp;", ord("\\"): "\\\\", ord('"'): '\\"', ord("\n"): " "}
_UNSAID = {"reads", "guarded", "does", "concludes"}


def dot(graph: RuleGraph) -> str:
    """Write the graph; kinds and actions stand outside, each rule set in a cluster of its own."""
    lines = ["digraph selfheal {", *(f"  {line}" for line in _HEAD), *(f"  {_node(node)}" for node in graph.of(""))]
    for number, name in enumerate(graph.rulesets, 1):
        lines += _cluster(number, name, graph.of(name))
    return "\n".join([*lines, *(f"  {_arrow(arrow)}" for arrow in graph.arrows), "}", ""])


def _cluster(number: int, name: str, nodes: Iterable[Node]) -> list[str]:
    head = f'    graph [label="{_text(name)}", style=rounded, color="#9aa7b0"]'
    return [f"  subgraph cluster_{number} {{", head, *(f"    {_node(node)}" for node in nodes), "  }"]


def _node(node: Node) -> str:
    text = "\\n".join(map(_text, node.lines or (node.name,)))
    return f'{node.id} [label="{text}", {_LOOKS[node.mark or node.sort]}]'


def _arrow(arrow: Arrow) -> str:
    said = " ".join(filter(None, ("" if arrow.bond in _UNSAID else arrow.bond, _text(arrow.label))))
    look = [f'label="{said}"'] if said else []
    look += [line for line in [_LINES.get(arrow.bond, "style=dashed")] if line]
    return f"{arrow.tail} -> {arrow.head}" + (f" [{', '.join(look)}]" if look else "")


def _text(text: str) -> str:
    """Write a text that stands inside quotes; Graphviz reads entities in it, and words behind a backslash."""
    return clean(text).translate(_ESCAPES)
