"""Every sentence is asked of both implementations."""

import pytest

from tests.engines import Make, native, oracle
from tests.semantics.rig import Play, player


@pytest.fixture(params=[native, oracle], ids=["native", "reference"])
def make(request: pytest.FixtureRequest) -> Make:
    """Give the maker of an engine."""
    found: Make = request.param
    return found


@pytest.fixture
def play(make: Make) -> Play:
    """Give the function that plays inputs to a new engine: a line for each input."""
    return player(make)
