"""Every sentence is asked of all implementations."""

import pytest

from tests.durable.conftest import NEEDED
from tests.engines import Make, durable, native, oracle
from tests.semantics.rig import Play, player


@pytest.fixture(
    params=[native, oracle, pytest.param(durable, marks=NEEDED)],
    ids=["native", "reference", "durable"],
)
def make(request: pytest.FixtureRequest) -> Make:
    """Give the maker of an engine."""
    found: Make = request.param
    return found


@pytest.fixture
def play(make: Make) -> Play:
    """Give the function that plays inputs to a new engine: a line for each input."""
    return player(make)
