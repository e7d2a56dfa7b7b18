"""The engine on durable-rules decides what the native one and the reference do, on generated rules and streams."""

import pytest

from tests import compare
from tests.durable.agreement import first_difference, swapping_changes_nothing
from tests.durable.rig import Asked
from tests.generate.cases import case

SIZE = 20
"""Cases in one block."""

BLOCKS = 4
"""How many blocks run by themselves; `--cases` asks for more."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Cut the seeds asked for into blocks."""
    if "first" in metafunc.fixturenames:
        cases = metafunc.config.getoption("--cases") or BLOCKS * SIZE
        metafunc.parametrize("first", range(0, cases, SIZE))


def _broken(first: int, holds: compare.Property, every: int = 1) -> list[str]:
    found = []
    for seed in range(first, first + SIZE, every):
        one = case(seed)
        rules = compare.loaded(one)
        said = holds(one, rules) if rules else ""
        found += [f"seed {seed}: {said}"] if said else []
    return found


def test_native_durable_and_reference_agree(asked: Asked, first: int) -> None:
    """Every input has the same disposition, decisions and states in all three, and both engines name one deadline."""
    assert [] == _broken(first, first_difference)
    assert asked.answers


def test_a_snapshot_is_restored_under_the_other_matcher(asked: Asked, first: int) -> None:
    """Restored under the other matcher before every input, an engine goes on as one that was never stopped."""
    assert [] == _broken(first, swapping_changes_nothing, every=5)
    assert asked.lookups
