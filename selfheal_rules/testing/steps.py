"""The steps of a case, from YAML: when, what is given, what must be decided."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import cast

from attrs import define, field

from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import Fields, closed, keyed, list_items
from selfheal_rules.parse.findings import Findings, did_you_mean
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.parse.suite import HOLDS, INPUT_WORDS, STEP, WHY_NOT
from selfheal_rules.testing.cases import LISTS, Held, Input, Step, Wanted, WhyNot
from selfheal_rules.testing.expand import Variables, each, fill, mentions, moments, offset, rows, without
from selfheal_rules.testing.items import Items, read_fields
from selfheal_rules.testing.programs import Known
from selfheal_rules.testing.wanted import read_wanted, refuse_unknown
from selfheal_rules.testing.words import word
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import Kind

FAILED = (
    "where", "missing", "same", "within", "for", "count", "aggregate", "sequence", "test", "pick", "none", "unless",
    "any", "key", "held", "stale", "duplicate", "ahead", "episode", "again", "after",
)  # fmt: skip
"""Why a rule may not fire, as `Answer.failed` has it; the name of a guard is one, too."""


@define(eq=False, repr=False)
class Steps:
    """Reads the steps of one case in their order."""

    items: Items
    variables: Variables
    findings: Findings = field(init=False)
    now: timedelta = field(factory=timedelta, init=False)

    def __attrs_post_init__(self) -> None:
        """Tell findings to whoever reads the items."""
        self.findings = self.items.findings

    def read(self, nodes: list[Node]) -> tuple[Step, ...]:
        """Read them; one that has no moment is left out."""
        found = [self._step(node) for node in nodes]
        return tuple(step for step in found if step is not None)

    def _step(self, node: Node) -> Step | None:
        if not isinstance(node, MapNode):
            closed(node, STEP, self.findings)
            return None
        fields = keyed(without(node, *INPUT_WORDS), self.items.beside(node, STEP), self.findings)
        times = moments(fields, self.variables)
        repeated = rows(fields.node_of("each"), "each", self.variables, self.findings)
        if not times:
            return None
        if times[0].at < self.now:
            message, place = "time does not go back", fields.node_of("t") or node
            self.findings.refuse("SH413", message, place, "give steps in the order of their times")
        self.now = times[-1].at  # from a step that goes back, too: one mistake is one finding
        inputs: list[Input] = []
        for time in times:
            for row in repeated:
                inputs += self._inputs(node, fields, {**self.variables, **time.counted, **row}, time.at)
        repeated = [{**time.counted, **row} for time in times for row in repeated]
        wanted = self._wanted(fields, repeated)
        step = Step(
            self.now, tuple(inputs), wanted, fields.boolean("ordered"), tuple(self._holds(fields, repeated)),
            tuple(self._why_not(fields, repeated)), span=node.span,
        )  # fmt: skip
        self._refuse_idle(step, node, fields)
        return step

    def _refuse_idle(self, step: Step, node: MapNode, fields: Fields) -> None:
        posts = any(name in INPUT_WORDS or name == "post" for name in node.entries)
        if step.wanted is None and not (posts or fields.has("holds") or fields.has("why_not")):
            self.findings.refuse("SH417", "a step gives something, or looks at something", node, "add `expect: []`")

    def _inputs(self, node: MapNode, fields: Fields, variables: Variables, at: timedelta) -> Iterator[Input]:
        """Give what a step posts: the one input whose words stand in it, then the items of `post`."""
        own = [name for name in node.entries if name in INPUT_WORDS]
        if own:
            alone = without(node, *(name for name in node.entries if name not in INPUT_WORDS))
            yield from self.items.read(fill(alone, variables, self.findings), at)
        for item in self._items(fields, "post", variables):
            for one in each(item, variables, self.findings):
                yield from self.items.read(one, at)

    def _items(self, fields: Fields, name: str, variables: Variables) -> list[Node]:
        """Give the items of a list, which a variable may stand for as a whole."""
        node = fields.node_of(name)
        filled = fill(node, variables, self.findings) if isinstance(node, ScalarNode) else node
        return [] if filled is None else list_items(filled, name, self.findings) or []

    # What must be

    def _wanted(self, fields: Fields, repeated: list[dict[str, Node]]) -> tuple[Wanted, ...] | None:
        """Give what a step expects of decisions; None where it has none of the three lists."""
        found: list[Wanted] = []
        for side in LISTS:
            for node in self._several(fields, side, repeated):
                read = read_wanted(node, side, self.items.known, self.findings)
                found += [] if read is None else [read]
        return tuple(found) if any(fields.has(side) for side in LISTS) else None

    def _several(self, fields: Fields, name: str, repeated: list[dict[str, Node]]) -> Iterator[Node]:
        """Give the items of a list; one that has variables of its step in it, once for all they stand for."""
        names = dict.fromkeys(one for row in repeated for one in row)
        node = fields.node_of(name)
        alone = name == "why_not" and isinstance(node, MapNode)
        for item in [cast("Node", node)] if alone else self._items(fields, name, self.variables):
            said = [name for name in names if mentions(item, {name})]
            rows_of = {tuple(id(row[name]) for name in said): row for row in repeated} if said else {(): {}}
            for row in rows_of.values():
                variables: Mapping[str, Node] = {**self.variables, **row}
                yield from each(item, variables, self.findings)

    def _holds(self, fields: Fields, repeated: list[dict[str, Node]]) -> Iterator[Held]:
        for node in self._several(fields, "holds", repeated):
            found = read_held(node, self.items.known, self.findings)
            if found is not None:
                yield found

    def _why_not(self, fields: Fields, repeated: list[dict[str, Node]]) -> Iterator[WhyNot]:
        for node in self._several(fields, "why_not", repeated):
            found = read_why_not(node, self.items.known, self.findings)
            if found is not None:
                yield found


def read_why_not(node: Node, known: Known, findings: Findings) -> WhyNot | None:
    """Read one item of `why_not`: a rule, and why it did not fire."""
    fields = closed(node, WHY_NOT, findings)
    if fields is None:
        return None
    rule = fields.text("rule")
    refuse_unknown(fields, "rule", rule, known.rules)
    target = fields.node_of("target")
    aimed = None if target is None else literals.plain(target, "target", findings)
    failed = word(fields, "failed", (*FAILED, *known.guards), "") or ""
    return WhyNot(rule, aimed, failed, _miss(fields), span=fields.span)


def _miss(fields: Fields) -> timedelta | float | None:
    node = fields.node_of("miss")
    if node is None or isinstance(node, ListNode | MapNode) or isinstance(node.value, str):
        return offset(fields, "miss", {})
    found = literals.amount(node, "miss", fields.findings)
    value = getattr(found, "value", None)
    return None if value is None else float(value)


def read_held(node: Node, known: Known, findings: Findings) -> Held | None:
    """Read one item of `holds`: a state, and the fields it must have."""
    fields = closed(node, HOLDS, findings)
    name, place = (fields.name("state"), fields.node_of("state")) if fields else ("", None)
    kind: Kind | None = known.vocabulary.kinds.get(name)
    if fields is None or place is None or not name:
        return None
    if kind is None or kind.form != "state":
        states = [one.name for one in known.vocabulary.kinds.values() if one.form == "state"]
        findings.refuse("SH414", f"no rule set knows the state `{name}`", place, did_you_mean(name, states))
        return None
    return Held(name, _partial(fields, kind), fields.boolean("cleared"), span=fields.span)


def _partial(fields: Fields, kind: Kind) -> FrozenMap:
    """Read the fields a state must have; each is one of its kind."""
    node = fields.node_of("with")
    for name, key in node.keys.items() if isinstance(node, MapNode) else ():
        if name not in kind.fields:
            message = f"`{kind.name}` has no field `{name}`"
            fields.findings.refuse("SH414", message, key, did_you_mean(name, kind.fields))
    return read_fields(node, kind, fields.findings)
