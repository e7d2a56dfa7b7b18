"""A failing case made small: hypothesis draws again what a seed drew, and then less and less of it."""

from collections.abc import Iterable
from contextlib import suppress

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.database import ExampleDatabase, choices_to_bytes

from tests import compare
from tests.generate.cases import Case, cases, numbers


class Drawn(ExampleDatabase):
    """Remembers the draws of one case, among those that are still to be made smaller."""

    def __init__(self, drawn: list[int]) -> None:
        """Remember these."""
        super().__init__()
        self.drawn = choices_to_bytes(drawn)

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """Give the draws; what stands under the plain key of a test, hypothesis takes for small already."""
        return [self.drawn] if key.endswith(b".secondary") else []

    def save(self, key: bytes, value: bytes) -> None:
        """Remember nothing more."""

    def delete(self, key: bytes, value: bytes) -> None:
        """Forget nothing."""


def smallest(seed: int, holds: compare.Property) -> str:
    """Give the smallest case hypothesis finds from that of a seed, and what is wrong with it."""
    found: list[str] = []

    @settings(
        database=Drawn(numbers(seed)),
        phases=(Phase.reuse, Phase.shrink),
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def every(case: Case) -> None:
        rules = compare.loaded(case)
        said = compare.told(case, rules, holds) if rules else ""
        if said:
            found[:] = [said]
        assert not said

    with suppress(AssertionError):
        every()
    return found[0] if found else ""
