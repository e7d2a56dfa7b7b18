"""What of a long table is tried every day; all of it is with `--whole`, as `.ci/run` has it."""

from collections.abc import Iterable
from typing import Any

import pytest

WHOLE = pytest.mark.whole


def some(values: Iterable[Any], one_in: int) -> list[Any]:
    """Mark all but one in so many values as those of the whole run."""
    return [one if at % one_in == 0 else pytest.param(one, marks=WHOLE) for at, one in enumerate(values)]
