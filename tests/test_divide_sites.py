"""Rules are matched in partitions and decided where their guards count: what is told is what one engine tells."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import pytest

from tests.divided import FIXED
from tests.generate.sites import Site, site, zoned
from tests.sites import COUNTS, Course, course, differs

SIZE, BLOCKS, SOME = 3, 10, 3
"""Sound sites in one block, how many blocks run by themselves, and how many every day; `--cases` asks for more."""
FIRST = 450
"""From where on in each thousand seeds are taken: with these, every kind of guard has something to say."""
PLACES = {"host": "level"}
"""What is promised of the streams of `zoned`."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Cut the seeds asked for into blocks."""
    if "block" in metafunc.fixturenames:
        asked, whole = map(metafunc.config.getoption, ("--cases", "--whole"))
        metafunc.parametrize("block", range((BLOCKS if whole else SOME) if asked is None else -(-asked // SIZE)))


def _courses(block: int, draw: Callable[[int], Site], size: int = SIZE) -> Iterator[tuple[int, Course]]:
    drawn = ((seed, course(draw(seed))) for seed in range(block * 1000 + FIRST, block * 1000 + 1000))
    yield from islice(((seed, found) for seed, found in drawn if found is not None), size)


def _broken(
    block: int, draw: Callable[[int], Site], within: Mapping[str, str], size: int = SIZE, again: int = 0
) -> str:
    for seed, found in _courses(block, draw, size):
        for count in COUNTS:
            why = differs(found, count, within, again)
            if why:
                return f"seed {seed}: {why}"
    return ""


def test_a_site_over_partitions_decides_as_one_engine(block: int) -> None:
    """With 1, 2, 3 and 5 partitions, under a policy or none: every verdict, reason, order and time is the same."""
    found = _broken(block, site, {})
    assert not found, found


def test_a_stage_by_zone_decides_as_one_engine(block: int) -> None:
    """Where guards go by what a host is in for good, they are divided by that, and decide the same."""
    found = _broken(block, zoned, PLACES)
    assert not found, found


def test_a_snapshot_of_a_site_changes_nothing(block: int) -> None:
    """Partitions that are restored now and then, in the middle of episodes, go on as if nothing had been."""
    found = _broken(block, site, {}, size=1, again=5) or _broken(block, zoned, PLACES, size=1, again=5)
    assert not found, found


@pytest.mark.whole
def test_what_is_tried_is_worth_it() -> None:
    """Such cases count: many decisions are of rules that are matched and decided apart, by many a guard."""
    apart: Counter[str] = Counter()
    staged = 0
    for block in range(BLOCKS):
        for _, found in _courses(block, site, 6):
            stages = found.program.stages(FIXED, policy=found.policy)
            handed = {rule for stage in stages for rule in stage.decided}
            apart.update(one.verdict.guard for one in found.decisions if (one.ruleset, one.rule) in handed)
        for _, found in _courses(block, zoned, 6):
            staged += any(stage.lead for stage in found.program.stages(FIXED, within=PLACES))
    assert apart.total() > 50
    assert {"mode", "kill_switch", "pause", "protected", "min_healthy", "approval", "maintenance"} < set(apart)
    assert staged > 8
