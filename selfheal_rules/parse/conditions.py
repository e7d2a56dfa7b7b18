"""What a rule waits for: patterns, their leaves, counts and aggregates, and the groups around them."""

from typing import Literal as OneOf
from typing import TypeVar, get_args

from attrs import define

from selfheal_rules.model import (
    Aggregate,
    Bound,
    Comparison,
    Condition,
    Count,
    Formula,
    Group,
    Logic,
    Measure,
    Operand,
    Pattern,
    Pick,
    Reference,
    Same,
    Term,
    Test,
)
from selfheal_rules.parse import literals
from selfheal_rules.parse.expression import parse_expression
from selfheal_rules.parse.fields import Fields, Keys, closed, keyed, one_or_more_names
from selfheal_rules.parse.findings import Findings, did_you_mean, likely
from selfheal_rules.parse.leaves import read_leaves
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import Form

Word = TypeVar("Word", bound=str)

LOGIC: tuple[Logic, ...] = get_args(Logic)
COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)
MEASURES: tuple[Measure, ...] = get_args(Measure)
BEST: tuple[OneOf["max", "min"], ...] = ("max", "min")
WORDS = ("event", "state", *LOGIC, "test")

_PATTERN = ("as", "event", "state", "where", "for", "count", "aggregate", "pick")
_AROUND = ("same", "within", "unless")
_OUTSIDE = "write it beside the `all` around the pattern"
_BESIDE = FrozenMap({**dict.fromkeys(_AROUND, _OUTSIDE), "within": f"{_OUTSIDE}, or in its `count`"})
_MEANT = FrozenMap({
    **dict.fromkeys(("alias", "name", "id"), "as"), **dict.fromkeys(("filter", "match", "fields", "if"), "where"),
    **dict.fromkeys(("since", "duration", "held"), "for"),
})  # fmt: skip
PATTERN = Keys("a pattern", (), _PATTERN, _BESIDE, _MEANT)
LONE_PATTERN = Keys("a pattern", (), (*_PATTERN, *_AROUND), meant=_MEANT)
GROUP = Keys("a group", (), (*LOGIC, *_AROUND, "for"))
FORMULA = Keys("a test", (), ("test",))
LONE_FORMULA = Keys("a test", (), ("test", *_AROUND))
_COUNTED = FrozenMap({
    **dict.fromkeys(("over", "per", "window", "for"), "within"), "group_by": "by", "unique": "distinct",
    "gte": "at_least", "gt": "more_than", "lte": "at_most", "lt": "less_than",
})  # fmt: skip
COUNT = Keys("`count`", (), (*COMPARISONS, "within", "by", "distinct"), meant=_COUNTED)
AGGREGATE = Keys("`aggregate`", (), (*MEASURES, *COMPARISONS, "within", "by"), meant=_COUNTED)
PICK = Keys("`pick`", (), ("max", "min"))


@define(eq=False, repr=False)
class Scope:
    """
    The rule being read: where findings go, and how many patterns without a name it has so far.

    `nameless` tells that something is no condition, so that a name the rule uses may have been meant to stand there.
    """

    findings: Findings
    unnamed: int = 0
    nameless: bool = False

    def next_alias(self) -> str:
        """Give the next alias no author can write."""
        self.unnamed += 1
        return f"#{self.unnamed}"


def read_outermost(node: Node | None, address: str, scope: Scope) -> Group | None:
    """Read a whole condition; one pattern or test is wrapped into an `all` that has the keys around it."""
    word, node = _word(node, scope)
    if word is None or not isinstance(node, MapNode):
        scope.nameless |= node is not None
        return None
    if word in LOGIC:
        return _group(node, word, address, scope)
    fields = keyed(node, LONE_FORMULA if word == "test" else LONE_PATTERN, scope.findings)
    inner: Condition = _formula(fields, address) if word == "test" else _pattern(fields, address, scope)
    return _around("all", (inner,), fields, address, scope)


def read_condition(node: Node, address: str, scope: Scope) -> Condition:
    """Read one item of a group."""
    word, meant = _word(node, scope)
    if word is None or not isinstance(meant, MapNode):
        return _unknown(node, address, scope)
    if word in LOGIC:
        return _group(meant, word, address, scope)
    if word == "test":
        return _formula(keyed(meant, FORMULA, scope.findings), address)
    return _pattern(keyed(meant, PATTERN, scope.findings), address, scope)


def _unknown(node: Node, address: str, scope: Scope) -> Pattern:
    """Give a pattern of no kind for what is no condition: whatever is said of it may be right."""
    entries = node.entries if isinstance(node, MapNode) else {}
    name = entries.get("as")
    scope.nameless |= not isinstance(name, ScalarNode)
    alias = name.text if isinstance(name, ScalarNode) else scope.next_alias()
    where = read_leaves(entries.get("where"), f"{address}.where", scope.findings)
    return Pattern(alias, "state", (), where, span=node.span, address=address, unsure=True)


def _word(node: Node | None, scope: Scope) -> tuple[str | None, Node | None]:
    """Give the one word that says what kind of condition stands here, and the condition with the word in it."""
    if node is None:
        return None, None
    if not isinstance(node, MapNode):
        cure = 'write `{state: kind}`, `{event: kind}`, `{all: [...]}` or `{test: "..."}`'
        scope.findings.refuse("SH020", f"a condition is a mapping, not {literals.shape(node)}", node, cure)
        return None, node
    found = [word for word in WORDS if word in node.entries]
    if len(found) == 1:
        return found[0], node
    if found:
        cure = "write one of them; a group of several conditions is `all: [...]`"
        message = f"a condition is one of `{found[0]}` and `{found[1]}`, not both"
        scope.findings.refuse("SH110", message, node.keys[found[1]], cure)
        return None, node
    return _meant_word(node, scope)


def _meant_word(node: MapNode, scope: Scope) -> tuple[str | None, Node]:
    """Refuse a condition without a word, and give the word that was meant, and the condition with it."""
    misspelt = next((name for name in node.entries if likely(name, WORDS)), None)
    cures = [cure for name in node.entries if (cure := did_you_mean(name, WORDS)).startswith("did")]
    cure = cures[0] if cures else _named(node) or "known: " + ", ".join(f"`{word}`" for word in WORDS)
    before = scope.findings.gaps
    place = node.keys.get(misspelt or "", node)
    scope.findings.refuse("SH110", "a condition says what it waits for", place, cure)
    if misspelt is None:
        return None, node
    scope.findings.gaps = before
    return likely(misspelt, WORDS), node.renamed({misspelt: likely(misspelt, WORDS)})


def _named(node: MapNode) -> str:
    """Give the cure for a kind under a word of another language."""
    for word in ("kind", "type", "alert", "alarm", "fact"):
        inner = node.entries.get(word)
        if isinstance(inner, ScalarNode):
            return f"write `state: {inner.text}` for what holds, `event: {inner.text}` for what happens"
    return ""


def _items(fields: Fields, name: str, address: str, scope: Scope) -> tuple[Condition, ...]:
    node = fields.node_of(name)
    scope.nameless |= not (isinstance(node, ListNode) and node.items)
    fields.refuse_empty(name, "name at least one condition, or leave it out")
    nodes = enumerate(fields.items(name))
    return tuple(read_condition(node, f"{address}.{name}[{at}]", scope) for at, node in nodes)


def _group(node: MapNode, word: str, address: str, scope: Scope) -> Group:
    fields = keyed(node, GROUP, scope.findings)
    return _around(word, _items(fields, word, address, scope), fields, address, scope)


def _around(word: str, items: tuple[Condition, ...], fields: Fields, address: str, scope: Scope) -> Group:
    logic: Logic = next(known for known in LOGIC if known == word)
    return Group(
        logic,
        items,
        same=_same(fields),
        within=fields.duration("within"),
        held=fields.duration("for") if fields.has(word) else None,
        unless=_items(fields, "unless", address, scope) if fields.has("unless") else (),
        span=fields.span,
        address=address,
    )


def _same(fields: Fields) -> tuple[Same, ...]:
    findings, found = fields.findings, []
    for node in fields.items("same"):
        with findings.kept():
            if isinstance(node, MapNode):
                found += [_pair(left, right, node, findings) for left, right in node.entries.items()]
            else:
                found.append(Same(literals.field_path(node, "same", findings), span=node.span))
    return tuple(found)


def _pair(left: str, right: Node, node: MapNode, findings: Findings) -> Same:
    first = _end(left, node.keys[left], findings)
    named = literals.text(right, left, findings)
    second = _end(named, right, findings) if named is not None else None
    return Same(pair=(first, second) if first and second else None, span=node.keys[left].span)


def _end(name: str, place: Node, findings: Findings) -> Reference | None:
    found = literals.reference("$" + name.removeprefix("$"), place.span)
    if isinstance(found, Reference):
        return found
    findings.refuse("SH106", f"`{name}` names no field of a pattern", place, "write `{alias.field: alias.field}`")
    return None


def _formula(fields: Fields, address: str) -> Formula:
    inner = fields.node.entries["test"]
    term: Term = fields.findings.marked(expression, inner, "test")
    text = inner.text if isinstance(inner, ScalarNode) else ""
    return Formula(term, text, span=inner.span, address=address)


def expression(node: Node, what: str, findings: Findings) -> Term | None:
    """Read a scalar that holds an expression."""
    text = literals.text(node, what, findings)
    if text is None:
        return None
    term, found = parse_expression(text, node.span)
    findings.found += found
    return term


def _pattern(fields: Fields, address: str, scope: Scope) -> Pattern:
    findings = scope.findings
    form = _form(fields)
    alias = fields.read("as", literals.alias)
    said = (fields.node_of(name) for name in fields.strange if not fields.has("as"))
    may_name = any(isinstance(node, ScalarNode) and isinstance(node.value, str) for node in said)
    scope.nameless |= may_name or (fields.has("as") and not alias)
    before = findings.gaps
    kinds = fields.read(form, one_or_more_names) or ()
    count = _count(closed(fields.node_of("count"), COUNT, findings), f"{address}.count")
    aggregate = _aggregate(closed(fields.node_of("aggregate"), AGGREGATE, findings), f"{address}.aggregate")
    unsure = findings.gaps > before or fields.may_lack("count", "aggregate")
    return Pattern(
        alias or scope.next_alias(),
        form,
        kinds,
        where=read_leaves(fields.node_of("where"), f"{address}.where", findings),
        held=fields.duration("for"),
        count=count,
        aggregate=aggregate,
        pick=_pick(closed(fields.node_of("pick"), PICK, findings)),
        span=fields.span,
        address=address,
        unsure=unsure,
    )


def _form(fields: Fields) -> Form:
    return "event" if fields.has("event") else "state"


def _bounds(fields: Fields) -> tuple[Bound, ...]:
    bounds = []
    for comparison in COMPARISONS:
        found: Operand | None = fields.marked(comparison, literals.amount)
        if found is not None:
            bounds.append(Bound(comparison, found, span=found.span))
    if not fields.strange and not any(fields.has(comparison) for comparison in COMPARISONS):
        cure = "add `at_least`, `more_than`, `at_most` or `less_than`"
        fields.findings.refuse("SH112", f"{fields.what} is compared with nothing", fields.node, cure)
    return tuple(bounds)


def _count(fields: Fields | None, address: str) -> Count | None:
    if fields is None:
        return None
    return Count(
        _bounds(fields),
        within=fields.duration("within"),
        by=fields.paths("by"),
        distinct=fields.read("distinct", literals.field_path) or None,
        span=fields.span,
        address=address,
    )


def _aggregate(fields: Fields | None, address: str) -> Aggregate | None:
    measure = _only_word(fields, MEASURES) if fields else None
    if fields is None or measure is None:
        return None
    of: tuple[str, ...] | tuple[Test, ...]
    if measure == "percent_of":
        of = read_leaves(fields.node_of(measure), f"{address}.percent_of", fields.findings)
    else:
        of = fields.read(measure, literals.field_path) or ()
    return Aggregate(
        measure,
        of,
        _bounds(fields),
        within=fields.duration("within"),
        by=fields.paths("by"),
        span=fields.span,
        address=address,
    )


def _pick(fields: Fields | None) -> Pick | None:
    best = _only_word(fields, BEST) if fields else None
    inner = fields.node_of(best) if fields and best else None
    if fields is None or best is None or inner is None:
        return None
    term: Term = fields.findings.marked(expression, inner, best)
    return Pick(best, term, inner.text if isinstance(inner, ScalarNode) else "", span=inner.span)


def _only_word(fields: Fields, words: tuple[Word, ...]) -> Word | None:
    """Give the one of these words that is a key here."""
    found = [word for word in words if fields.has(word)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"`{word}`" for word in words)
    fields.findings.refuse("SH110", f"{fields.what} needs exactly one of {listed}", fields.node, "write one of them")
    return None
