"""What a condition is made of once every `any` is decided: plain conjunctions."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import TypeAlias

from attrs import define, field

from selfheal_rules.model import Condition, Formula, Group, Operand, Pattern, Reference, RuleSet, Term
from selfheal_rules.values import microseconds
from tests.reference.leaves import Path


@define(eq=False)
class Node:
    """A group of one alternative: each `any` inside has become the one branch taken."""

    group: Group
    items: "list[Part]"

    @property
    def is_sequence(self) -> bool:
        """Whether its items stand one after the other."""
        return self.group.logic == "sequence"


@define(eq=False)
class Absence:
    """A `none` group, or one item of an `unless`: nothing of it may have a match."""

    items: tuple[Condition, ...]
    within: Operand | None
    is_unless: bool


Part: TypeAlias = Pattern | Formula | Node | Absence


def expand(condition: Condition) -> list[Part]:
    """Give every way to decide the `any` groups of a condition, in the order they are written."""
    if isinstance(condition, Pattern | Formula):
        return [condition]
    if condition.logic == "none":
        return [Node(condition, [Absence(condition.items, condition.within, is_unless=False)])]
    if condition.logic == "any":
        return [Node(condition, [part]) for item in condition.items for part in expand(item)]
    return [Node(condition, list(parts)) for parts in product(*(expand(item) for item in condition.items))]


def patterns_in(part: Part) -> list[Pattern]:
    """Give the positive patterns of a part, in order."""
    if isinstance(part, Pattern):
        return [part]
    return [pattern for item in part.items for pattern in patterns_in(item)] if isinstance(part, Node) else []


def formulas_in(part: Part) -> list[Formula]:
    """Give the formulas that must be true."""
    if isinstance(part, Formula):
        return [part]
    return [formula for item in part.items for formula in formulas_in(item)] if isinstance(part, Node) else []


def nodes_in(part: Part) -> list[Node]:
    """Give the groups of a part, outermost first."""
    return [part, *(node for item in part.items for node in nodes_in(item))] if isinstance(part, Node) else []


def is_counted(pattern: Pattern) -> bool:
    """Whether its rows are groups."""
    return pattern.count is not None or pattern.aggregate is not None


def is_event(pattern: Pattern) -> bool:
    """Whether it binds single events."""
    return pattern.form == "event" and not is_counted(pattern)


@define(eq=False)
class Shared:
    """A field that is equal in these patterns (and in those of the negatives beside them)."""

    path: Path
    aliases: list[str]


@define(eq=False)
class Span:
    """
    How far a `none` in a sequence looks: from the item before it to the one after, and no further than `within`.

    `reach` is the `within` of the sequence: nothing that long before the item after is looked at. `held` is the longest
    `for` of the items: so much later than they began they may stand.
    """

    before: list[str]
    after: list[str]
    within: int | None
    reach: int | None
    held: int

    @property
    def look(self) -> int:
        """For how long what came is known, beside `max_age`."""
        return max(self.within or 0, self.reach or 0) + self.held


@define(eq=False)
class Negative:
    """One thing that must not be, with what it shares with the match around it."""

    alternatives: "list[Alternative]"
    span: Span | None
    is_outermost_unless: bool
    over_events: bool


@define(eq=False)
class Alternative:
    """One conjunction: what must be there, what must be equal, in order or close together, and what must not be."""

    number: int
    top: Part
    rules: RuleSet
    strict: bool
    inherited: list[Shared]
    pairs: list[tuple[Reference, Reference]]
    outer: Mapping[str, Pattern]
    look_back: int | None = None
    patterns: list[Pattern] = field(init=False)
    nodes: list[Node] = field(init=False)
    shared: list[Shared] = field(init=False)
    negatives: list[Negative] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Gather the parts once."""
        self.patterns = patterns_in(self.top)
        self.nodes = nodes_in(self.top)
        own = [self._share(node, one.field) for node in self.nodes for one in node.group.same if one.field]
        passed = [Shared(one.path, [*one.aliases, *self.aliases]) for one in self.inherited]
        self.shared = own + passed
        self.pairs = self.pairs + [one.pair for node in self.nodes for one in node.group.same if one.pair]
        self.negatives = list(self._negatives(self.top, passed, []))

    def _share(self, node: Node, path: Path) -> Shared:
        return Shared(path, [pattern.alias for pattern in patterns_in(node)])

    @property
    def aliases(self) -> list[str]:
        """The names it binds, in order."""
        return [pattern.alias for pattern in self.patterns]

    @property
    def formulas(self) -> list[Term]:
        """The expressions that must be true."""
        return [formula.term for formula in formulas_in(self.top)]

    @property
    def is_instant(self) -> bool:
        """Whether a match exists in one turn only."""
        return any(is_event(pattern) for pattern in self.patterns)

    @property
    def is_timed(self) -> bool:
        """Whether a window over events, or over the beginnings of states, is anywhere in it."""
        counts = [one.count or one.aggregate for one in self.patterns]
        inside = (one for negative in self.negatives for one in negative.alternatives)
        return any(one.within for one in counts if one) or any(one.reads_events() or one.is_timed for one in inside)

    @property
    def held(self) -> int | None:
        """For how long a match must have been one, in microseconds."""
        group = self.nodes[0].group if self.nodes else None
        return self.micros(group.held) if group and group.held else None

    def micros(self, operand: Operand) -> int:
        """Give a written duration."""
        return microseconds(self.rules.duration(operand))

    def windows(self, alias: str) -> list[int]:
        """Give every `within` around a pattern, that of the negative it stands in included."""
        around = [node for node in self.nodes if alias in {one.alias for one in patterns_in(node)}]
        found = [self.micros(node.group.within) for node in around if node.group.within]
        return found + ([self.look_back] if self.look_back is not None else [])

    def _negatives(self, part: Part, shared: list[Shared], order: list[Part]) -> Iterator[Negative]:
        if isinstance(part, Absence):
            yield from self._absence(part, shared, order)
        if not isinstance(part, Node):
            return
        inside = shared + [self._share(part, one.field) for one in part.group.same if one.field]
        for item in part.items:
            yield from self._negatives(item, inside, self._order(part, order))
        for unwanted in part.group.unless:
            yield from self._items(Absence((unwanted,), None, is_unless=True), [], None, outermost=part is self.top)

    def _order(self, node: Node, order: list[Part]) -> list[Part]:
        """Give the sequence its items stand in: a `none` stands where its group does."""
        return node.items if node.is_sequence else order if node.group.logic == "none" else []

    def _absence(self, absence: Absence, shared: list[Shared], order: list[Part]) -> Iterator[Negative]:
        holder = next(
            (one for one in order if absence is one or (isinstance(one, Node) and absence in one.items)), None
        )
        span = self._span(order, holder, absence) if holder is not None else None
        yield from self._items(absence, shared, span, outermost=False)

    def _items(
        self, absence: Absence, shared: list[Shared], span: Span | None, *, outermost: bool
    ) -> Iterator[Negative]:
        for item in absence.items:
            back = self.micros(absence.within) if absence.within and span is None else None
            inner = [
                Alternative(number, part, self.rules, not self.strict, shared, self.pairs, self.scope, back)
                for number, part in enumerate(expand(item))
            ]
            over_events = any(one.reads_events() for one in inner)
            yield Negative(inner, span if over_events else None, outermost, over_events)

    @property
    def scope(self) -> dict[str, Pattern]:
        """What each name in reach is bound by."""
        return {**self.outer, **{pattern.alias: pattern for pattern in self.patterns}}

    def group_of(self, pattern: Pattern) -> list[Path]:
        """Give the fields that tell the groups of a counted pattern apart: `by`, then what else is joined."""
        counted = pattern.count or pattern.aggregate
        by = list(dict.fromkeys(counted.by)) if counted else []
        return by + sorted({path for path, _ in self._joins(pattern)} - set(by))

    def _joins(self, pattern: Pattern) -> Iterator[tuple[Path, str]]:
        """Give each field of the pattern that is joined, with each name it is joined to (its own, if to none)."""
        alias = pattern.alias
        number = ("count",) if pattern.count else ("value",) if pattern.aggregate else None
        for leaf in pattern.where:
            if leaf.operator == "is" and isinstance(leaf.operand, Reference):
                yield leaf.path, leaf.operand.alias
        for one in self.shared:
            yield from ((one.path, other) for other in one.aliases if alias in one.aliases)
        for pair in self.pairs:
            for here, there in (pair, pair[::-1]):
                if here.alias == alias and here.path != number:
                    yield here.path, there.alias

    def may_be_empty(self, pattern: Pattern) -> bool:
        """Whether other patterns (that are not counts) give the whole group, so that a group of nothing exists."""
        known = {alias for alias, one in self.scope.items() if not is_counted(one)}
        given = {path for path, alias in self._joins(pattern) if alias in known}
        return is_counted(pattern) and all(path in given for path in self.group_of(pattern))

    def reads_events(self) -> bool:
        """Whether single events are looked for anywhere in it."""
        inside = (one for negative in self.negatives for one in negative.alternatives)
        return any(is_event(pattern) for pattern in self.patterns) or any(one.reads_events() for one in inside)

    def _span(self, order: list[Part], holder: Part, absence: Absence) -> Span | None:
        place = next(at for at, one in enumerate(order) if one is holder)
        before = [[one.alias for one in patterns_in(item)] for item in order[:place] if patterns_in(item)]
        after = [[one.alias for one in patterns_in(item)] for item in order[place + 1 :] if patterns_in(item)]
        if not before:
            return None
        sequence = next(node for node in self.nodes if node.items is order)
        within = self.micros(absence.within) if absence.within else None
        reach = self.micros(sequence.group.within) if sequence.group.within else None
        held = max((self.micros(one.held) for one in self.patterns if one.held), default=0)
        return Span(before[-1], after[0] if after else [], within, reach, held)


def alternatives_of(condition: Condition, rules: RuleSet, outer: Mapping[str, Pattern]) -> list[Alternative]:
    """Give the alternatives of an outermost condition, in which the names of `outer` may be used."""
    return [
        Alternative(number, part, rules, strict=True, inherited=[], pairs=[], outer=outer)
        for number, part in enumerate(expand(condition))
    ]


def all_alternatives(alternatives: list[Alternative]) -> Iterator[Alternative]:
    """Give alternatives and, behind each, those of its negatives."""
    for one in alternatives:
        yield one
        for negative in one.negatives:
            yield from all_alternatives(negative.alternatives)
