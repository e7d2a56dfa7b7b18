"""Native and reference agree on generated rule sets and streams; so do an engine and itself by other ways."""

import pytest

from tests import compare
from tests.generate.cases import case
from tests.independent import reordering_changes_nothing

SIZE = 50
"""Seeds in one block: enough that a block is worth a worker, few enough that a failure is found soon."""

BLOCKS = 80
"""How many blocks run by themselves; `--cases` asks for more."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Cut the seeds asked for into blocks."""
    if "block" in metafunc.fixturenames:
        asked = metafunc.config.getoption("--cases")
        count = BLOCKS if asked is None else -(-asked // SIZE)
        metafunc.parametrize("block", range(count))


def broken(block: int, holds: compare.Property, every: int = 1) -> tuple[list[str], int]:
    """Try a property on the cases of a block: give what is told of failing ones, and how many were sound."""
    found, sound = [], 0
    for seed in range(block * SIZE, (block + 1) * SIZE, every):
        one = case(seed)
        rules = compare.loaded(one)
        if rules is None:
            continue
        sound += 1
        if compare.fails(one, rules, holds):
            found.append(compare.told(one, rules, holds))
    return found, sound


def test_native_agrees_with_the_reference(block: int) -> None:
    """Every input has the same disposition, decisions and states, and no change comes before the deadline named."""
    found, sound = broken(block, compare.first_difference)
    assert [] == found[:1], found[0]
    assert sound > SIZE // 2


def test_post_is_advance_and_post(block: int) -> None:
    """Stopping at every deadline, and before every input, changes nothing."""
    found, _ = broken(block, compare.advancing_changes_nothing, every=8)
    assert [] == found[:1], found[0]


def test_a_snapshot_changes_nothing(block: int) -> None:
    """Whatever input an engine is restored before, it goes on as if nothing had been."""
    found, _ = broken(block, compare.restoring_changes_nothing, every=8)
    assert [] == found[:1], found[0]


def test_the_order_of_independent_inputs_changes_nothing(block: int) -> None:
    """Inputs of one time that no rule brings together may come in any order."""
    found, _ = broken(block, reordering_changes_nothing, every=8)
    assert [] == found[:1], found[0]
