"""
What leads to what: the kinds rules read, the rules, what they conclude and do, and the guards in between.

One graph for every form of picture; nodes and arrows stand in the order of the rules that name them first.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from attrs import define, evolve, field, frozen

from selfheal_rules.actions import risk_of
from selfheal_rules.check.walk import steps_of
from selfheal_rules.explain.words import leaf, shown
from selfheal_rules.model import Conclude, Condition, Do, Group, Guard, Operand, Pattern, Rule, RuleSet, Test
from selfheal_rules.model import Literal as Given
from selfheal_rules.vocabulary import SELF_KINDS

Sort: TypeAlias = Literal["event", "state", "rule", "guards", "action"]
Bond: TypeAlias = Literal[
    "reads", "unless", "confirms", "healthy", "counts", "concludes", "clears", "guarded", "does", "else", "tells"
]  # fmt: skip


@frozen
class Node:
    """
    A kind, a rule, the guards of a rule, or an action.

    `ruleset` is that of a rule, of its guards, and of a kind it is the first to conclude; `mark` is the risk of an
    action, or `concluded` for such a kind. `lines` are more about it: the guards one by one.
    """

    id: str
    sort: Sort
    name: str
    ruleset: str = ""
    mark: str = ""
    lines: tuple[str, ...] = ()


@frozen
class Arrow:
    """What leads from one node to another, and a few words where there is more to say than that it does."""

    tail: str
    head: str
    bond: Bond
    label: str = ""


@frozen
class RuleGraph:
    """All nodes and arrows of some rule sets that run together."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]

    def of(self, ruleset: str) -> tuple[Node, ...]:
        """Give what belongs to a rule set; with an empty name, what belongs to none."""
        return tuple(node for node in self.nodes if node.ruleset == ruleset)

    @property
    def rulesets(self) -> tuple[str, ...]:
        """The names of the rule sets."""
        return tuple(dict.fromkeys(node.ruleset for node in self.nodes if node.ruleset))


def rule_graph(rulesets: Iterable[RuleSet]) -> RuleGraph:
    """Give the graph of rule sets that were checked."""
    drawing = _Drawing(tuple(rulesets))
    for ruleset in drawing.rulesets:
        for rule in ruleset.rules:
            drawing.add(ruleset, rule)
    return RuleGraph(tuple(drawing.nodes.values()), tuple(drawing.merged()))


def guard_text(guard: Guard) -> str:
    """Give a guard in one line, as it is written: `limit 2 per 10m`."""
    words = sorted(guard.settings, key=lambda word: word != guard.name)
    return " ".join(f"{word} {_setting(guard.settings[word])}" for word in words)


def _setting(value: Operand | tuple[Operand, ...] | Pattern) -> str:
    if isinstance(value, Pattern):
        leaves = ", ".join(map(leaf, value.where))
        return "|".join(value.kinds) + (f" where {leaves}" if leaves else "")
    return ", ".join(map(shown, value)) if isinstance(value, tuple) else shown(value)


@define
class _Drawing:
    """The graph as it grows, one rule after the other."""

    rulesets: tuple[RuleSet, ...]
    nodes: dict[tuple[str, ...], Node] = field(factory=dict)
    arrows: list[Arrow] = field(factory=list)

    def add(self, ruleset: RuleSet, rule: Rule) -> None:
        """Draw what a rule reads, itself, its guards, and what it leads to."""
        reads = [(self._kind(ruleset, name), bond, label) for name, bond, label in _read(rule)]
        own = self._node(("rule", ruleset.name, rule.id), "rule", rule.id, ruleset.name)
        self.arrows += [Arrow(kind, own, bond, label) for kind, bond, label in reads]
        gate = self._guards(ruleset, rule, own) if rule.guard else own
        acts = any(isinstance(step, Do) and risk_of(step.action) != "none" for step in steps_of(rule))
        for number, step in enumerate(steps_of(rule)):
            is_else = number >= len(rule.then)
            if isinstance(step, Conclude):
                self._conclude(ruleset, own, step)
            else:
                free = risk_of(step.action) == "none" and (acts or is_else)
                self._do(own if free else gate, step, _order(rule, number))
        self._tell(rule, own)

    def _node(self, key: tuple[str, ...], sort: Sort, name: str, ruleset: str = "", mark: str = "") -> str:
        if key not in self.nodes:
            self.nodes[key] = Node(f"n{len(self.nodes) + 1}", sort, name, ruleset, mark)
        return self.nodes[key].id

    def _kind(self, ruleset: RuleSet, name: str) -> str:
        return self._node(("kind", name), ruleset.vocabulary.kinds[name].form, name)

    def _guards(self, ruleset: RuleSet, rule: Rule, own: str) -> str:
        key = ("guards", ruleset.name, rule.id)
        gate = self._node(key, "guards", "guards", ruleset.name)
        self.nodes[key] = evolve(self.nodes[key], lines=tuple(map(guard_text, rule.guard)))
        self.arrows.append(Arrow(own, gate, "guarded"))
        for guard in rule.guard:
            for value in guard.settings.values():
                for name in value.kinds if isinstance(value, Pattern) else ():
                    self.arrows.append(Arrow(self._kind(ruleset, name), gate, "counts", f"for {guard.name}"))
        return gate

    def _conclude(self, ruleset: RuleSet, own: str, step: Conclude) -> None:
        kind, key = self._kind(ruleset, step.kind), ("kind", step.kind)
        if not self.nodes[key].mark:
            self.nodes[key] = evolve(self.nodes[key], mark="concluded", ruleset=ruleset.name)
        self.arrows.append(Arrow(own, kind, "clears" if step.cleared else "concludes"))

    def _do(self, gate: str, step: Do, order: tuple[Bond, str]) -> None:
        bond, label = order
        action = self._node(("action", step.action), "action", step.action, mark=f"risk_{risk_of(step.action)}")
        self.arrows.append(Arrow(gate, action, bond, label))

    def _tell(self, rule: Rule, own: str) -> None:
        """Draw what the engine says of a rule, where another reads it."""
        for reader in (one for ruleset in self.rulesets for one in ruleset.rules):
            for pattern, _, _ in _patterns_of(reader):
                for name in pattern.kinds if _is_about(pattern, rule) else ():
                    kind = SELF_KINDS.kinds[name].form
                    self.arrows.append(Arrow(own, self._node(("kind", name), kind, name), "tells"))

    def merged(self) -> Iterator[Arrow]:
        """Give each arrow once, with all that was said of it."""
        labels: dict[tuple[str, str, Bond], dict[str, None]] = {}
        for arrow in self.arrows:
            labels.setdefault((arrow.tail, arrow.head, arrow.bond), {})[arrow.label] = None
        for (tail, head, bond), said in labels.items():
            yield Arrow(tail, head, bond, ", ".join(label for label in said if label))


def _order(rule: Rule, number: int) -> tuple[Bond, str]:
    """Say whether a step is of `then` or of `else`, and which of several."""
    first, last = (0, len(rule.then)) if number < len(rule.then) else (len(rule.then), len(steps_of(rule)))
    return ("else" if first else "does"), (str(number - first + 1) if last - first > 1 else "")


def _read(rule: Rule) -> Iterator[tuple[str, Bond, str]]:
    for pattern, bond, label in _patterns_of(rule):
        yield from ((name, bond, label) for name in pattern.kinds)


def _patterns_of(rule: Rule) -> Iterator[tuple[Pattern, Bond, str]]:
    """Give each pattern of a rule with what it is there for."""
    yield from ((pattern, bond, "") for pattern, bond in _below(rule.when, "reads"))
    for step in steps_of(rule):
        if isinstance(step, Do) and step.confirm:
            yield from _awaited(step.confirm.condition, "confirms", step.action)
    if rule.outcome:
        yield from _awaited(rule.outcome.healthy, "healthy", "")


def _awaited(condition: Group, bond: Bond, label: str) -> Iterator[tuple[Pattern, Bond, str]]:
    """Give the patterns of what a step or an episode waits for, those that must find nothing marked so."""
    for pattern, found in _below(condition, bond):
        yield pattern, bond, " ".join(filter(None, (label, "if none" if found == "unless" else "")))


def _below(condition: Condition, bond: Bond) -> Iterator[tuple[Pattern, Bond]]:
    if isinstance(condition, Pattern):
        yield condition, bond
    elif isinstance(condition, Group):
        inner: Bond = "unless" if condition.logic == "none" else bond
        for item in condition.items:
            yield from _below(item, inner)
        for item in condition.unless:
            yield from _below(item, "unless")


def _is_about(pattern: Pattern, rule: Rule) -> bool:
    """Whether a pattern reads what the engine itself says, and may mean what it says of a rule."""
    actions = [step.action for step in steps_of(rule) if isinstance(step, Do)]
    if not (actions and all(name in SELF_KINDS.kinds for name in pattern.kinds)):
        return False
    meant = {"rule": [rule.id], "action": actions}
    return all(_may_be(leaf.operand, meant[leaf.path[0]]) for leaf in pattern.where if _names(leaf, meant))


def _names(test: Test, meant: Iterable[str]) -> bool:
    return test.path[0] in meant and test.operator in {"is", "in"}


def _may_be(operand: Operand | tuple[Operand, ...], names: list[str]) -> bool:
    wanted = operand if isinstance(operand, tuple) else (operand,)
    return any(not isinstance(one, Given) or one.value in names for one in wanted)
