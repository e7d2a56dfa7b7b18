"""Decisions and items are matched as well as they can be: held against trying every way."""

from datetime import timedelta
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from selfheal_rules.decide.decision import ALLOWED, SHADOWED, Decision, Verdict
from selfheal_rules.decide.opening import Opening
from selfheal_rules.testing.cases import START, Side, Wanted
from selfheal_rules.testing.compare import difference, fits, same, side_of
from selfheal_rules.testing.writing import flow
from selfheal_rules.values import FrozenMap, microseconds
from tests.documents import said

HELD, GONE = Verdict("held", "limit", "so many"), Verdict("suppressed", "stale", "too old")
WORDS = {"do": ("fence", "notify"), "target": ("c1", "c2", None), "attempt": (1, 2), "by": ("mode", "limit")}


class _Opened:
    """Stands for how an episode began: what a decision reads of it."""

    rule, ruleset, id = "r", "small", "e"


def _decision(action: str, target: object, attempt: int, verdict: Verdict) -> Decision:
    opening: Any = _Opened()
    assert not isinstance(opening, Opening)
    return Decision(opening, "0", action, target, FrozenMap(), attempt, microseconds(START), verdict)


DECISIONS = st.builds(
    _decision, st.sampled_from(WORDS["do"]), st.sampled_from(WORDS["target"]), st.sampled_from((1, 2)),
    st.sampled_from((ALLOWED, SHADOWED, HELD, GONE)),
)  # fmt: skip
SIDES: tuple[Side, ...] = ("expect", "suppressed", "held")
ITEMS = st.builds(
    Wanted,
    st.fixed_dictionaries({}, optional={word: st.sampled_from(values) for word, values in WORDS.items()}).map(
        FrozenMap
    ),
    st.sampled_from(SIDES),
)


def _most(wanted: list[Wanted], made: list[Decision]) -> int:
    """Give how many items can have a decision of their own, by trying every way."""
    padded = [*made, *([None] * len(wanted))]
    return max(
        sum(one is not None and one_fits(item, one) for item, one in zip(wanted, order, strict=False))
        for order in permutations(padded, len(wanted))
    )


def one_fits(item: Wanted, decision: Decision) -> bool:
    """Whether an item and a decision are of one list, and fit."""
    return item.side == side_of(decision) and fits(item, decision, START)


@given(st.lists(ITEMS, max_size=4), st.lists(DECISIONS, max_size=4))
def test_as_many_are_matched_as_can_be(wanted: list[Wanted], made: list[Decision]) -> None:
    """What is left over is the least there can be, and each left over is one of those given."""
    found = difference(wanted, made, START)
    most = _most(wanted, made)
    assert (len(wanted) - most, len(made) - most) == (len(found.missing), len(found.extra))
    assert bool(found) is not (len(wanted) == len(made) == most)
    assert all(any(one is other for other in wanted) for one in found.missing)
    assert all(any(one is other for other in found.extra) for _, one in found.nearest)


@given(st.lists(DECISIONS, max_size=4), st.randoms(use_true_random=False))
def test_what_is_told_of_decisions_fits_them_in_any_order(made: list[Decision], chance: Any) -> None:  # noqa: ANN401 - a Random
    """Items that say all there is to say of decisions fit them, in any order unless one is asked for."""
    wanted = [
        Wanted(FrozenMap({"do": one.action, "target": one.target, "attempt": one.attempt}), side_of(one))
        for one in made
    ]
    assert not difference(wanted, made, START, ordered=True)
    chance.shuffle(wanted)
    assert not difference(wanted, made, START)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from((0.5, 1.0, "", "a", "on", "1", "c1", "x: y", "$h")),
    lambda inner: (
        st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.sampled_from(("a", "b")), inner, max_size=2).map(FrozenMap)
    ),
    max_leaves=6,
)


@given(VALUES, VALUES)
def test_a_value_is_as_wanted_by_its_type(wanted: Any, found: Any) -> None:  # noqa: ANN401 - any value
    """A value is as itself; nothing is taken for something of another type; mappings say part of what is there."""
    assert same(found, found)
    if not isinstance(found, FrozenMap | tuple):
        assert same(wanted, found) is (type(wanted) is type(found) and wanted == found)
    assert same(FrozenMap({"a": found}), FrozenMap({"a": found, "b": wanted}))
    assert not same(FrozenMap({"a": found, "b": wanted}), FrozenMap({"a": found}))


@given(st.dictionaries(st.sampled_from(("do", "target", "with")), VALUES, max_size=3))
def test_what_is_written_is_read_back(words: dict[str, Any]) -> None:
    """What a report writes can be copied into a file: YAML reads it as the value it was."""
    assert _plain(words) == said(flow(words))


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value


def test_durations_are_written_as_they_are_read() -> None:
    """A time after the start is a duration, one before it has a sign."""
    assert "{at: 1m30s, miss: -5s}" == flow({"at": timedelta(seconds=90), "miss": timedelta(seconds=-5)})
