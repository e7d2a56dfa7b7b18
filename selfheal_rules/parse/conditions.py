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
from selfheal_rules.parse.findings import Findings, did_you_mean
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
    word = _word(node, scope)
    if word is None or not isinstance(node, MapNode):
        scope.nameless |= node is not None
        return None
    if word in LOGIC:
        return _group(node, word, address, scope)
    inner: Condition | None
    if word == "test":
        inner = _formula(node, LONE_FORMULA, address, scope)
    else:
        inner = _pattern(node, LONE_PATTERN, address, scope)
    around = Fields("a pattern", node, scope.findings)
    return _around("all", (inner,) if inner else (), around, address, scope)


def read_condition(node: Node, address: str, scope: Scope) -> Condition | None:
    """Read one item of a group."""
    word = _word(node, scope)
    if word is None or not isinstance(node, MapNode):
        return _unknown(node, address, scope)
    if word in LOGIC:
        return _group(node, word, address, scope)
    if word == "test":
        return _formula(node, FORMULA, address, scope)
    return _pattern(node, PATTERN, address, scope)


def _unknown(node: Node, address: str, scope: Scope) -> Condition | None:
    """Give a pattern of no kind for what has a name and is no condition: whatever is said of it may be right."""
    name = node.entries.get("as") if isinstance(node, MapNode) else None
    if isinstance(name, ScalarNode):
        return Pattern(name.text, "state", (), span=node.span, address=address)
    scope.nameless = True
    return None


def _word(node: Node | None, scope: Scope) -> str | None:
    """Give the one word that says what kind of condition stands here."""
    if node is None:
        return None
    if not isinstance(node, MapNode):
        cure = 'write `{state: kind}`, `{event: kind}`, `{all: [...]}` or `{test: "..."}`'
        scope.findings.refuse("SH020", f"a condition is a mapping, not {literals.shape(node)}", node, cure)
        return None
    found = [word for word in WORDS if word in node.entries]
    if len(found) == 1:
        return found[0]
    if found:
        cure = "write one of them; a group of several conditions is `all: [...]`"
        message = f"a condition is one of `{found[0]}` and `{found[1]}`, not both"
        scope.findings.refuse("SH110", message, node.keys[found[1]], cure)
        return None
    cures = [cure for name in node.entries if (cure := did_you_mean(name, WORDS)).startswith("did")]
    cure = cures[0] if cures else _named(node) or "known: " + ", ".join(f"`{word}`" for word in WORDS)
    scope.findings.refuse("SH110", "a condition says what it waits for", node, cure)
    return None


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
    read = (read_condition(node, f"{address}.{name}[{at}]", scope) for at, node in enumerate(fields.items(name)))
    return tuple(item for item in read if item is not None)


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
        if isinstance(node, MapNode):
            found += [same for left, right in node.entries.items() if (same := _pair(left, right, node, findings))]
        elif path := literals.field_path(node, "same", findings):
            found.append(Same(path, span=node.span))
    return tuple(found)


def _pair(left: str, right: Node, node: MapNode, findings: Findings) -> Same | None:
    first = _end(left, node.keys[left], findings)
    named = literals.text(right, left, findings)
    second = _end(named, right, findings) if named is not None else None
    return Same(pair=(first, second), span=node.keys[left].span) if first and second else None


def _end(name: str, place: Node, findings: Findings) -> Reference | None:
    found = literals.reference("$" + name.removeprefix("$"), place.span)
    if isinstance(found, Reference):
        return found
    findings.refuse("SH106", f"`{name}` names no field of a pattern", place, "write `{alias.field: alias.field}`")
    return None


def _formula(node: MapNode, keys: Keys, address: str, scope: Scope) -> Formula | None:
    fields = keyed(node, keys, scope.findings)
    inner = node.entries["test"]
    term = expression(inner, "test", scope.findings)
    if term is None:
        return None
    return Formula(term, fields.text("test"), span=inner.span, address=address)


def expression(node: Node, what: str, findings: Findings) -> Term | None:
    """Read a scalar that holds an expression."""
    text = literals.text(node, what, findings)
    if text is None:
        return None
    term, found = parse_expression(text, node.span)
    findings.found += found
    return term


def _pattern(node: MapNode, keys: Keys, address: str, scope: Scope) -> Pattern:
    findings = scope.findings
    fields = keyed(node, keys, findings)
    form = _form(fields)
    alias = fields.read("as", literals.alias)
    scope.nameless |= fields.may_lack("as") or (fields.has("as") and not alias)
    before = len(findings.found)
    count = _count(closed(fields.node_of("count"), COUNT, findings), f"{address}.count")
    aggregate = _aggregate(closed(fields.node_of("aggregate"), AGGREGATE, findings), f"{address}.aggregate")
    is_clear = len(findings.found) == before and not fields.may_lack("count", "aggregate")
    return Pattern(
        alias or scope.next_alias(),
        form,
        (fields.read(form, one_or_more_names) or ()) if is_clear else (),
        where=read_leaves(fields.node_of("where"), f"{address}.where", findings),
        held=fields.duration("for"),
        count=count,
        aggregate=aggregate,
        pick=_pick(closed(fields.node_of("pick"), PICK, findings)),
        span=fields.span,
        address=address,
    )


def _form(fields: Fields) -> Form:
    return "event" if fields.has("event") else "state"


def _bounds(fields: Fields) -> tuple[Bound, ...]:
    bounds = []
    for comparison in COMPARISONS:
        node = fields.node_of(comparison)
        found = literals.amount(node, comparison, fields.findings) if node is not None else None
        if found is not None:
            bounds.append(Bound(comparison, found, span=found.span))
    is_misspelt = not fields.node.entries.keys() <= COUNT.known | AGGREGATE.known
    if not is_misspelt and not any(fields.has(comparison) for comparison in COMPARISONS):
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
    term = expression(inner, best, fields.findings)
    return Pick(best, term, fields.text(best), span=inner.span) if term is not None else None


def _only_word(fields: Fields, words: tuple[Word, ...]) -> Word | None:
    """Give the one of these words that is a key here."""
    found = [word for word in words if fields.has(word)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"`{word}`" for word in words)
    fields.findings.refuse("SH110", f"{fields.what} needs exactly one of {listed}", fields.node, "write one of them")
    return None
