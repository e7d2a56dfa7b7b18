"""What a rule does: conclusions, remediation steps, and how it is known that they helped."""

from attrs import evolve

from selfheal_rules.model import Conclude, Confirm, Do, Ending, Operand, Retry, Step
from selfheal_rules.parse import literals
from selfheal_rules.parse.conditions import Scope, read_outermost
from selfheal_rules.parse.fields import Fields, Keys, closed, keyed, names, table
from selfheal_rules.parse.findings import did_you_mean, likely
from selfheal_rules.parse.nodes import MapNode, Node
from selfheal_rules.values import FrozenMap

CONCLUDE = Keys("a conclusion", ("conclude",), ("with", "ttl", "cleared", "id", "after"))
_MEANT = FrozenMap({
    **dict.fromkeys(("params", "args", "parameters", "data"), "with"), **dict.fromkeys(("host", "on", "to"), "target"),
    **dict.fromkeys(("needs", "depends_on"), "after"), "name": "id", "verify": "confirm",
})  # fmt: skip
DO = Keys("a step", ("do",), ("target", "with", "id", "after", "confirm", "timeout", "retry"), meant=_MEANT)
RETRY = Keys("`retry`", ("times", "backoff"), ("cap", "jitter"))
ENDING = Keys("`outcome`", ("healthy", "within"), ("else",))
WORDS = ("do", "conclude")


def read_steps(fields: Fields, name: str, address: str, scope: Scope) -> tuple[Step, ...]:
    """Read the list of steps under a key."""
    fields.refuse_empty(name, "name at least one step")
    read = (_step(node, f"{address}.{name}[{at}]", scope) for at, node in enumerate(fields.items(name)))
    return tuple(step for step in read if step is not None)


def _step(node: Node, address: str, scope: Scope) -> Step | None:
    if not isinstance(node, MapNode):
        scope.findings.refuse("SH020", f"a step is a mapping, not {literals.shape(node)}", node, "write `{do: action}`")
        return None
    found = [word for word in WORDS if word in node.entries]
    if len(found) != 1:
        found, node = _meant(node, scope)
    if len(found) == 1:
        return _conclude(node, scope) if found == ["conclude"] else _do(node, address, scope)
    return None


def _meant(node: MapNode, scope: Scope) -> tuple[list[str], MapNode]:
    """Refuse a step without its word, and give the word that was meant, and the step with it."""
    misspelt = next((name for name in node.entries if likely(name, WORDS)), None)
    cures = [cure for name in node.entries if (cure := did_you_mean(name, WORDS)).startswith("did")]
    first = next(iter(node.entries), "")
    cure = cures[0] if cures else f"write `do: {first}`, and its values under `with`" if first else "write one of them"
    before = scope.findings.gaps
    place = node.keys.get(misspelt or "", node)
    scope.findings.refuse("SH110", "a step needs exactly one of `do` and `conclude`", place, cure)
    if misspelt is None or any(word in node.entries for word in WORDS):
        return [], node
    scope.findings.gaps = before
    return [likely(misspelt, WORDS)], node.renamed({misspelt: likely(misspelt, WORDS)})


def _conclude(node: MapNode, scope: Scope) -> Conclude:
    fields = keyed(node, CONCLUDE, scope.findings)
    return Conclude(
        fields.name("conclude"),
        _with(fields),
        ttl=fields.duration("ttl"),
        cleared=fields.boolean("cleared"),
        id=fields.name("id"),
        after=_after(fields),
        span=fields.span,
    )


def _do(node: MapNode, address: str, scope: Scope) -> Do:
    fields = keyed(node, DO, scope.findings)
    return Do(
        fields.name("do"),
        target=fields.marked("target", literals.scalar_content),
        params=_with(fields),
        id=fields.name("id"),
        after=_after(fields),
        confirm=_confirm(fields.node_of("confirm"), f"{address}.confirm", scope),
        timeout=fields.duration("timeout"),
        retry=_retry(closed(fields.node_of("retry"), RETRY, scope.findings)),
        span=fields.span,
    )


def _with(fields: Fields) -> FrozenMap:
    """Read the values of a step or conclusion by name."""
    findings = fields.findings
    rows = table(fields.node_of("with"), "with", findings)
    return FrozenMap({name: findings.marked(literals.content, inner, name) for name, inner, _ in rows})


def _after(fields: Fields) -> tuple[str, ...] | None:
    return fields.read("after", names) if fields.has("after") else None


def _confirm(node: Node | None, address: str, scope: Scope) -> Confirm | None:
    """Read a condition whose own `within` is the deadline of the step, not a window of events."""
    group = read_outermost(node, address, scope)
    return Confirm(evolve(group, within=None), group.within, span=group.span) if group else None


def _retry(fields: Fields | None) -> Retry | None:
    if fields is None:
        return None
    backoff = fields.duration("backoff")
    if backoff is None:
        return None
    jitter: Operand | None = fields.marked("jitter", literals.operand)
    return Retry(fields.integer("times", 1), backoff, cap=fields.duration("cap"), jitter=jitter, span=fields.span)


def read_ending(node: Node | None, address: str, scope: Scope) -> Ending | None:
    """Read the `outcome` of a rule."""
    fields = closed(node, ENDING, scope.findings)
    if fields is None:
        return None
    healthy = read_outermost(fields.node_of("healthy"), f"{address}.healthy", scope)
    within = fields.duration("within")
    steps = read_steps(fields, "else", address, scope) if fields.has("else") else ()
    for step in steps:
        if isinstance(step, Conclude):
            scope.findings.error("SH113", "`else` has steps alone", step.span, "write `{do: action}`")
    if healthy is None or within is None:
        return None
    return Ending(healthy, within, tuple(step for step in steps if isinstance(step, Do)), span=fields.span)
