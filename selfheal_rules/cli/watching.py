"""Something is done again whenever one of its files changes."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

BETWEEN = 0.5
"""Seconds between two looks."""

Look: TypeAlias = Callable[[Iterable[Path]], Mapping[Path, int]]


def look(folders: Iterable[Path]) -> dict[Path, int]:
    """Give when each file in these folders, or each of these files, was last written."""
    found = {}
    for place in folders:
        for file in place.rglob("*") if place.is_dir() else [place]:
            try:
                found[file] = file.stat().st_mtime_ns
            except OSError:  # it went away as it was looked at
                continue
    return found


def watch(
    run: Callable[[], Iterable[Path]],
    *,
    seen: Look = look,
    wait: Callable[[float], None] = time.sleep,
    goes_on: Callable[[], bool] = lambda: True,
) -> None:
    """Run, and run again whenever a file changes, comes or goes in the places the last run has named."""
    places = [*run()]
    before = seen(places)
    while goes_on():
        wait(BETWEEN)
        now = seen(places)
        if now != before:
            places = [*run()]
            before = seen(places)
