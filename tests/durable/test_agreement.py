"""The engine on durable-rules decides what the native one and the reference do, on generated rules and streams."""

import pytest
from attrs import evolve

from selfheal_rules.compile import compile_rules
from selfheal_rules.engine import Engine
from tests import compare
from tests.durable.agreement import first_difference, swapping_changes_nothing
from tests.durable.rig import Asked
from tests.generate.cases import case
from tests.generate.rules import dump
from tests.test_roads import TOGETHER, scattered

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


@pytest.mark.parametrize("place", range(len(TOGETHER)))
def test_rules_that_close_as_they_open_ask_it_as_well(asked: Asked, place: int) -> None:
    """Where native events take a way of their own to one rule, those of this matcher ask for what waits, and agree."""
    rules = compare.loaded(evolve(case(0), texts=(dump("generated", list(TOGETHER[place])),)))
    program = compile_rules(*(rules or ()))
    for seed in range(3):
        native, other = Engine(program), Engine(program, matcher="durable")
        expected, actual = ([engine.post(event) for event in scattered(seed)] for engine in (native, other))
        assert [(step.disposition, *step) for step in expected] == [(step.disposition, *step) for step in actual]
    assert ("same" in str(TOGETHER[place])) == (asked.lookups > 0)
