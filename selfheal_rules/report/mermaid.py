"""A graph of rules as a Mermaid flowchart, the form that code forges draw inside Markdown."""

from collections.abc import Iterator

from selfheal_rules.report.graph import Arrow, Node, RuleGraph
from selfheal_rules.wording import clean

_SHAPES = {
    "event": ("([", "])"),
    "state": ("(", ")"),
    "rule": ("[", "]"),
    "guards": ("{{", "}}"),
    "action": ("[[", "]]"),
}
_LINES = {"concludes": "==>", "clears": "==>", "reads": "-->", "guarded": "-->", "does": "-->", "else": "-->"}
_DOTTED = "-.->"
_SAID = {"reads": "", "guarded": "", "does": "", "concludes": "", "healthy": "healthy"}
_CLASSES = {
    "event": "fill:#dff1fd,stroke:#0b6aa2,color:#06283d",
    "state": "fill:#e6f4e1,stroke:#3c7a2a,color:#12300a",
    "concluded": "fill:#e6f4e1,stroke:#3c7a2a,color:#12300a,stroke-width:3px",
    "rule": "fill:#ece7fb,stroke:#5b3fb5,color:#1f1147",
    "guards": "fill:#fdf0cf,stroke:#a86a00,color:#3d2600",
    "risk_none": "fill:#eceff1,stroke:#55646d,color:#1b2327",
    "risk_low": "fill:#ffe9d6,stroke:#b4570f,color:#3f1d02",
    "risk_high": "fill:#fde3e1,stroke:#b3261e,color:#410e0b,stroke-width:3px",
}
"""Each with a text colour of its own, so that it reads on a light and on a dark page."""

_ENTITIES = {ord(char): f"#{ord(char)};" for char in '#&<>"`'}


def mermaid(graph: RuleGraph) -> str:
    """Write the graph; kinds and actions stand outside, each rule set in a frame of its own."""
    lines = ["flowchart LR", *(f"  {_node(node)}" for node in graph.of(""))]
    for number, name in enumerate(graph.rulesets, 1):
        lines += [f'  subgraph s{number}["{_text(name)}"]', *(f"    {_node(node)}" for node in graph.of(name)), "  end"]
    lines += [f"  {_arrow(arrow)}" for arrow in graph.arrows]
    return "\n".join([*lines, *_classes(graph), ""])


def _node(node: Node) -> str:
    left, right = _SHAPES[node.sort]
    text = "<br/>".join(map(_text, node.lines or (node.name,)))
    return f'{node.id}{left}"{text}"{right}'


def _arrow(arrow: Arrow) -> str:
    said = " ".join(filter(None, (_SAID.get(arrow.bond, arrow.bond), _text(arrow.label))))
    return f"{arrow.tail} {_LINES.get(arrow.bond, _DOTTED)}" + (f'|"{said}"|' if said else "") + f" {arrow.head}"


def _text(text: str) -> str:
    return clean(text).replace("\n", " ").translate(_ENTITIES)


def _classes(graph: RuleGraph) -> Iterator[str]:
    members: dict[str, list[str]] = {}
    for node in graph.nodes:
        members.setdefault(node.mark or node.sort, []).append(node.id)
    for name, style in _CLASSES.items():
        if name in members:
            yield f"  classDef {name} {style}"
            yield f"  class {','.join(members[name])} {name}"
