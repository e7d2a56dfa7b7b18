"""What tests can cover of rules: each rule, leaf, window, guard, outcome and step, and each way it can go."""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias, TypeGuard

from attrs import field, frozen

from selfheal_rules.check.walk import steps_of
from selfheal_rules.model import (
    Aggregate,
    Confirm,
    Count,
    Do,
    Ending,
    Group,
    Parameter,
    Pattern,
    Rule,
    RuleSet,
    Test,
)
from selfheal_rules.model import (
    Literal as Written,
)
from selfheal_rules.source import Span
from selfheal_rules.testing.edits import Path, pieces
from selfheal_rules.testing.mutants import TICK, Mutant, scaled
from selfheal_rules.testing.truths import Leaf, leaves

Sort: TypeAlias = Literal["rules", "leaves", "windows", "guards", "outcomes"]
SORTS: tuple[Sort, ...] = ("rules", "leaves", "windows", "guards", "outcomes")


@frozen
class Point:
    """One way one part of a rule can go, such as that a leaf is false; `what` names the part, `way` the way."""

    sort: Sort
    ruleset: str
    rule: str
    what: str
    way: str
    number: int
    """Tells parts of one name apart."""
    span: Span = field(eq=False, repr=False)

    def __str__(self) -> str:
        """Say it, as of one that was never seen."""
        return f"{self.span}: {self.what} of `{self.rule}` {self.way}"


@frozen(eq=False)
class Points:
    """All that tests can cover of rule sets, in the order it is written."""

    all: tuple[Point, ...]
    leaves: tuple[tuple[Leaf, tuple[Point, ...]], ...]
    windows: tuple[tuple[Mutant, Point], ...]

    @classmethod
    def of(cls, rulesets: Iterable[RuleSet]) -> "Points":
        """Find them."""
        found: list[Point] = []
        judged: list[tuple[Leaf, tuple[Point, ...]]] = []
        edges: list[tuple[Mutant, Point]] = []
        for ruleset in rulesets:
            for rule in ruleset.rules:
                found.append(Point("rules", ruleset.name, rule.id, "rule", FIRED, 0, rule.span))
                every = tuple(leaves(ruleset, rule))
                for number, leaf in enumerate(every):
                    name = f"leaf `{_called(leaf, every)}`"
                    own = tuple(
                        Point("leaves", ruleset.name, rule.id, name, f"was never {way}", number, leaf.span)
                        for way in leaf.needs()
                    )
                    judged.append((leaf, own))
                    found += own
                edges += _windows(ruleset, rule)
                found += _guards(ruleset, rule)
                found += _outcomes(ruleset, rule)
        found += [point for _, point in edges]
        return cls(tuple(found), tuple(judged), tuple(edges))


def _called(leaf: Leaf, every: Iterable[Leaf]) -> str:
    """Call a leaf by its field, and by its operator where another asks something of the same field."""
    if isinstance(leaf.part, Test) and sum(one.span == leaf.span for one in every) > 1:
        return f"{leaf.text}: {leaf.part.operator}"
    return leaf.text


FIRED = "never fired"
ALLOWED, HELD = "never let a step through", "never held one back"
HEALED, ELSE = "was never healthy", "was never given up"
DECIDED, AGAIN = "was never decided", "was never tried again"
INSIDE, ON, OUTSIDE = (
    "could be 1 ms shorter (inside of its edge)", "could be 1 ms longer (on its edge)",
    "could be twice as long (outside of its edge)",
)  # fmt: skip
_EDGES = ((INSIDE, scaled(1, -TICK)), (ON, scaled(1, TICK)), (OUTSIDE, scaled(2)))


def _windows(ruleset: RuleSet, rule: Rule) -> Iterator[tuple[Mutant, Point]]:
    """Give each window with a mutant for each edge: an edge is covered where a case fails under its mutant."""
    for number, (path, word, span) in enumerate(_durations(rule)):
        for way, change in _EDGES:
            mutant = Mutant(ruleset.name, rule.id, way, path, change, span, "", "")
            yield mutant, Point("windows", ruleset.name, rule.id, f"`{word}`", way, number, span)


def _has_window(piece: object) -> TypeGuard[Group | Count | Aggregate | Confirm | Ending]:
    """Whether the length of a window says something: a count that is always true only makes a conclusion linger."""
    if isinstance(piece, Count):
        return [(one.comparison, getattr(one.operand, "value", None)) for one in piece.bounds] != [("at_least", 0)]
    return isinstance(piece, Group | Aggregate | Confirm | Ending)


def _durations(rule: Rule) -> Iterator[tuple[Path, str, Span]]:
    for path, piece in pieces(rule):
        if isinstance(piece, Group | Pattern) and isinstance(piece.held, Written | Parameter):
            yield (*path, "held"), "for", piece.held.span
        if _has_window(piece) and isinstance(piece.within, Written | Parameter):
            yield (*path, "within"), "within", piece.within.span


def _guards(ruleset: RuleSet, rule: Rule) -> Iterator[Point]:
    for number, guard in enumerate(rule.guard):
        for way in (ALLOWED, HELD):
            yield Point("guards", ruleset.name, rule.id, f"guard `{guard.name}`", way, number, guard.span)


def step_name(rule: Rule, number: int) -> str:
    """Give the name decisions have for a step, counted through `then` and `else`."""
    return steps_of(rule)[number].id or str(number)


def _outcomes(ruleset: RuleSet, rule: Rule) -> Iterator[Point]:
    """Give how episodes can end, and the rungs of the ladder: every step, and every step that may come again."""
    if rule.outcome:
        for way in (HEALED, ELSE)[: 1 + bool(rule.outcome.otherwise)]:
            yield Point("outcomes", ruleset.name, rule.id, "outcome", way, 0, rule.outcome.span)
    for number, step in enumerate(steps_of(rule)):
        if isinstance(step, Do):
            name = step_name(rule, number)
            for way in (DECIDED, AGAIN)[: 1 + bool(step.retry)]:
                yield Point("outcomes", ruleset.name, rule.id, f"step `{name}`", way, number, step.span)
