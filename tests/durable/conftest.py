"""These tests need the extra `durable`; where it is not installed, they say so."""

import importlib.util

import pytest

from selfheal_rules.match import joined
from selfheal_rules.match.durable import DurableMatcher
from tests.durable.rig import Asked

WHY = "durable-rules is not installed (extra `durable`: Python 3.12 or older, and a C compiler)"
NEEDED = pytest.mark.skipif(importlib.util.find_spec("durable_rules_engine") is None, reason=WHY)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what asks durable-rules, with the reason."""
    for item in items:
        if "asked" in getattr(item, "fixturenames", ()):
            item.add_marker(NEEDED)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Count what durable-rules is asked in a test."""
    found = Asked()

    class Counting(DurableMatcher):
        def partners(self, join: int, key: str) -> tuple[int, ...]:
            numbers = tuple(super().partners(join, key))
            found.lookups += 1
            found.answers += bool(numbers)
            return numbers

    monkeypatch.setitem(joined.MATCHERS, "durable", Counting)
    return found
