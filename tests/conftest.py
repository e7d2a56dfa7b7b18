"""Options of the suite."""

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, not whether the promise holds.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the differential run and the crash harness be as long as somebody has time for."""
    parser.addoption("--cases", type=int, default=None, help="how many generated cases the differential test tries")
    parser.addoption("--crashes", type=int, default=60, help="how many processes the crash harness ends")
