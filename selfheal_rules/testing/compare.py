"""Decisions held against what a test expects of them: each item must fit one, each decision one item."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from attrs import frozen

from selfheal_rules.decide.decision import Decision
from selfheal_rules.testing.cases import LISTS, SIDES, Side, Wanted
from selfheal_rules.values import Value


def side_of(decision: Decision) -> Side:
    """Give the list of a step that speaks of a decision."""
    return next(side for side in LISTS if decision.verdict.status in SIDES[side])


def told(decision: Decision, word: str, start: datetime) -> Value:
    """Give what a decision says under a word of a test."""
    match word:
        case "do":
            return decision.action
        case "by":
            return decision.verdict.guard
        case "status":
            return decision.verdict.status
        case "with":
            return decision.params
        case "at":
            return decision.time - start
        case _:
            return getattr(decision, word)


def fits(wanted: Wanted, decision: Decision, start: datetime) -> bool:
    """Whether a decision is as an item says, its list left aside."""
    return not any(misfits(wanted, decision, start))


def misfits(wanted: Wanted, decision: Decision, start: datetime) -> Iterator[str]:
    """Give the words of an item that do not fit."""
    for word, value in wanted.words.items():
        said = told(decision, word, start)
        is_named = word == "rule" and value == f"{decision.ruleset}/{decision.rule}"
        if not (is_named or same(value, said)):
            yield word


def same(wanted: Value, said: Value) -> bool:
    """Whether a value is as wanted: of a mapping what is named, of all else everything; 1, 1.0 and true differ."""
    if isinstance(wanted, Mapping):
        return isinstance(said, Mapping) and all(name in said and same(wanted[name], said[name]) for name in wanted)
    if isinstance(wanted, tuple):
        return isinstance(said, tuple) and len(wanted) == len(said) and all(map(same, wanted, said))
    return type(wanted) is type(said) and bool(wanted == said)


@frozen
class Difference:
    """What is wrong with the decisions of a step; `nearest` pairs what is missing with what was decided instead."""

    missing: tuple[Wanted, ...]
    extra: tuple[Decision, ...]
    nearest: tuple[tuple[Wanted, Decision], ...]
    disordered: tuple[tuple[Wanted, Decision], ...] = ()
    """Where all are there, and not in the order that is asked for: each item with what stands in its place."""

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.missing or self.extra or self.disordered)


def difference(
    wanted: Sequence[Wanted], made: Sequence[Decision], start: datetime, *, ordered: bool = False
) -> Difference:
    """Hold decisions against items, each with one of the other; where `ordered`, each list in its order."""
    pairs = _paired(wanted, made, start)
    missing = tuple(one for at, one in enumerate(wanted) if at not in pairs)
    used = set(pairs.values())
    extra = tuple(one for at, one in enumerate(made) if at not in used)
    disordered = _disordered(wanted, made, start) if ordered and not (missing or extra) else ()
    return Difference(missing, extra, tuple(_nearest(missing, extra, start)), disordered)


def _agree(wanted: Wanted, decision: Decision, start: datetime) -> bool:
    return wanted.side == side_of(decision) and fits(wanted, decision, start)


def _paired(wanted: Sequence[Wanted], made: Sequence[Decision], start: datetime) -> dict[int, int]:
    """Give each item the decision that is its: as many as can have one, found by augmenting paths."""
    suits = [[at for at, one in enumerate(made) if _agree(item, one, start)] for item in wanted]
    owner: dict[int, int] = {}
    for item in range(len(wanted)):
        _place(item, suits, owner, set())
    return {item: at for at, item in owner.items()}


def _place(item: int, suits: list[list[int]], owner: dict[int, int], tried: set[int]) -> bool:
    for at in suits[item]:
        if at in tried:
            continue
        tried.add(at)
        if at not in owner or _place(owner[at], suits, owner, tried):
            owner[at] = item
            return True
    return False


def _disordered(
    wanted: Sequence[Wanted], made: Sequence[Decision], start: datetime
) -> tuple[tuple[Wanted, Decision], ...]:
    found: list[tuple[Wanted, Decision]] = []
    for side in LISTS:
        items = [one for one in wanted if one.side == side]
        decided = [one for one in made if side_of(one) == side]
        pairs = zip(items, decided, strict=True)
        found += [(item, decision) for item, decision in pairs if not fits(item, decision, start)]
    return tuple(found)


def _nearest(
    missing: tuple[Wanted, ...], extra: tuple[Decision, ...], start: datetime
) -> Iterator[tuple[Wanted, Decision]]:
    """Pair what is missing with the decision most like it, as long as they have an action or a target in common."""
    left = list(extra)
    for item in missing:
        scored = [(_likeness(item, decision, start), -at) for at, decision in enumerate(left)]
        best, at = max(scored, default=(0, 0))
        if best > 0:
            yield item, left.pop(-at)


_WEIGHTS = {"target": 4, "do": 4, "rule": 2, "step": 2}


def _likeness(wanted: Wanted, decision: Decision, start: datetime) -> int:
    wrong = set(misfits(wanted, decision, start))
    right = [word for word in wanted.words if word not in wrong]
    same_side = wanted.side == side_of(decision)
    return sum(_WEIGHTS.get(word, 1) for word in right) + same_side if {"do", "target"} & {*right} else 0
