"""Rule sets from YAML: what a whole file says."""

from collections.abc import Mapping
from pathlib import Path

from selfheal_rules.diagnostics import Report
from selfheal_rules.model import ANY_KIND, ANY_PARAMETER, Group, Reference, Rule, RuleSet
from selfheal_rules.parse import literals
from selfheal_rules.parse.conditions import Scope, read_outermost
from selfheal_rules.parse.fields import Fields, Keys, closed, table
from selfheal_rules.parse.files import nodes_of
from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.guards import read_guards
from selfheal_rules.parse.nodes import MapNode, Node
from selfheal_rules.parse.params import lost_params, read_params, site_values
from selfheal_rules.parse.steps import read_ending, read_steps
from selfheal_rules.parse.vocabulary import DECLARATIONS, check_version, named_vocabularies, read_declarations
from selfheal_rules.source import Source
from selfheal_rules.values import FrozenMap

RULE_SET = Keys(
    "a rule set",
    ("selfheal", "ruleset", "rules"),
    ("description", "metadata", "vocabulary", *DECLARATIONS, "params"),
    meant=FrozenMap({"name": "ruleset", "version": "selfheal", "doc": "description", "parameters": "params"}),
)
_MEANT = FrozenMap({
    **dict.fromkeys(("if", "on", "condition", "conditions", "trigger", "match"), "when"),
    **dict.fromkeys(("do", "action", "actions", "steps"), "then"),
    **dict.fromkeys(("name", "rule"), "id"), "description": "doc", "healthy": "outcome", "guards": "guard",
})  # fmt: skip
_INSIDE = FrozenMap(dict.fromkeys(("same", "within", "unless", "for"), "write it inside `when`"))
RULE = Keys("a rule", ("id", "when", "then"), ("doc", "key", "priority", "guard", "outcome"), _INSIDE, _MEANT)


def parse_rules(
    source: Source, *, values: Mapping[str, object] | None = None, folder: Path | None = None
) -> tuple[RuleSet | None, Report]:
    """
    Read a rule set, and say everything that is wrong with it.

    What is given can be checked further: a rule with a finding in it stands apart from the others, as `unread`, and
    nothing of it is compiled. `values` are what the site sets its parameters to; `folder` is where vocabulary files
    are looked for. Nothing is given where the text is no rule set, or one of another version of the language.
    """
    findings = Findings()
    fields = closed(nodes_of(source, findings), RULE_SET, findings)
    found = _rule_set(fields, values or {}, folder) if fields else None
    return found, findings.report()


def _rule_set(fields: Fields, values: Mapping[str, object], folder: Path | None) -> RuleSet | None:
    findings = fields.findings
    is_ours = check_version(fields, "selfheal")
    name = fields.name("ruleset")
    below = named_vocabularies(fields, folder)
    vocabulary, lost = read_declarations(fields, name, below.vocabulary)
    params = read_params(fields, vocabulary.types)
    rules, unread = _rules(fields.items("rules"), findings)
    set_values = site_values(fields, params, values)
    description, metadata = fields.text("description"), _metadata(fields)
    if not is_ours:
        return None
    return RuleSet(
        name,
        rules,
        vocabulary,
        params=params,
        values=set_values,
        description=description,
        metadata=metadata,
        span=fields.span,
        unread=unread,
        lost=below.lost | lost | lost_params(fields, params) | _elsewhere(fields),
        faults=findings.report().findings,
    )


def _elsewhere(fields: Fields) -> frozenset[str]:
    """Give any name where something may be declared that nobody looks for, or that has another shape."""
    if any(isinstance(fields.node_of(name), MapNode) for name in fields.strange):
        return frozenset({ANY_KIND, ANY_PARAMETER})
    shapes = {ANY_KIND: DECLARATIONS, ANY_PARAMETER: ("params",)}
    is_read = {name: isinstance(fields.node_of(name), MapNode | None) for name in (*DECLARATIONS, "params")}
    return frozenset(one for one, names in shapes.items() if not all(is_read[name] for name in names))


def _metadata(fields: Fields) -> FrozenMap:
    found = table(fields.node_of("metadata"), "metadata", fields.findings)
    return FrozenMap({name: literals.plain(inner, name, fields.findings) for name, inner, _ in found})


def _rules(nodes: list[Node], findings: Findings) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """Read all rules, and give the sound ones, in which neither reading nor YAML has a finding, and the others."""
    wrong_lines = {finding.span.line for finding in findings.found}
    sound: list[Rule] = []
    unread: list[Rule] = []
    for at, node in enumerate(nodes):
        before = len(findings.found)
        rule = _rule(node, at, Scope(findings))
        if rule is None:
            continue
        lines = range(rule.span.line, rule.span.end_line + 1)
        is_sound = len(findings.found) == before and (not wrong_lines or wrong_lines.isdisjoint(lines))
        (sound if is_sound else unread).append(rule)
    return tuple(sound), tuple(unread)


def _rule(node: Node, at: int, scope: Scope) -> Rule | None:
    before = scope.findings.gaps
    fields = closed(node, RULE, scope.findings)
    if fields is None:
        return None
    name = fields.name("id")
    address = f"rules[{name or at}]"
    when = read_outermost(fields.node_of("when"), f"{address}.when", scope)
    then = read_steps(fields, "then", address, scope)
    guard = read_guards(fields.items("guard"), address, scope)
    outcome = read_ending(fields.node_of("outcome"), f"{address}.outcome", scope)
    key = _key(fields) if fields.has("key") else None
    doc, priority = fields.text("doc"), fields.integer("priority")
    when = when or Group("all", (), span=fields.span)
    nameless = scope.nameless or not fields.has("when")
    return Rule(
        name, when, then, doc=doc, key=key, priority=priority, guard=guard, outcome=outcome, span=fields.span,
        nameless=nameless, torn=scope.findings.gaps > before,
    )  # fmt: skip


def _key(fields: Fields) -> tuple[Reference, ...]:
    found = []
    for node in fields.items("key"):
        operand = literals.operand(node, "key", fields.findings)
        if isinstance(operand, Reference):
            found.append(operand)
        elif operand is not None:
            fields.findings.refuse("SH106", "a key is made of fields", node, "write `[$alias.field]`")
    fields.refuse_empty("key", "name the fields the rule fires by, or leave it out")
    return tuple(found)
