"""Options of the suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the differential run and the crash harness be as long as somebody has time for."""
    parser.addoption("--cases", type=int, default=None, help="how many generated cases the differential test tries")
    parser.addoption("--crashes", type=int, default=60, help="how many processes the crash harness ends")
