"""Circumstances raise no false alarm: on generated rule sets and streams a sound engine decides the same under each."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby

import pytest
from attrs import evolve

from selfheal_rules.compile import compile_rules
from selfheal_rules.events import Event, State
from selfheal_rules.testing.cases import Also, Case, Input, Step
from selfheal_rules.testing.report import text
from selfheal_rules.testing.results import Result
from selfheal_rules.testing.runner import play
from selfheal_rules.testing.variants import reordered
from selfheal_rules.testing.verdicts import under
from selfheal_rules.values import FrozenMap
from tests.compare import loaded
from tests.generate import cases as generated
from tests.generate.streams import START

SEEDS = range(24)
TICK = timedelta(seconds=4)
"""Times are rounded to this, so that many inputs are of one time."""


def _rounded(time: datetime) -> datetime:
    return START + (time - START) // TICK * TICK


def _case(seed: int) -> Case | None:
    """Give a generated case as one of ours, each moment a step; None where its rules do not pass the checks."""
    one = generated.case(seed)
    rules = loaded(one)
    if not rules:
        return None
    items = [evolve(item, time=_rounded(item.time)) for item in one.items if isinstance(item, Event | State)]
    program = compile_rules(*rules)
    return Case(
        f"seed {seed}", program, tuple(_steps(items)), start=START, settings=FrozenMap({"max_age": one.max_age})
    )


def _steps(items: list[Event | State]) -> Iterator[Step]:
    now = START
    arrived = []
    for item in items:
        now = max(now, item.time) if item.time - now < timedelta(seconds=60) else now
        arrived.append((max(now, item.time), item))
        now = arrived[-1][0]
    for time, group in groupby(arrived, key=lambda one: one[0]):
        yield Step(time - START, tuple(Input(time - START, item) for _, item in group))


@pytest.mark.parametrize("name", ["crash_each_step", "duplicate_each_event", "reorder_ties"])
def test_no_circumstance_raises_a_false_alarm(name: Also) -> None:
    """Crashes, second deliveries and ties turned round change no decision of a sound engine."""
    found: list[str] = []
    moved = 0
    for seed in SEEDS:
        case = _case(seed)
        if case is None:
            continue
        moved += sum(reordered(step.inputs, case) != step.inputs for step in case.steps)
        played = play(case)
        failures, _ = under(name, case, played)
        found += [text(Result(case, "failed", (failure,), played)) for failure in failures]
    assert [] == found
    assert moved
