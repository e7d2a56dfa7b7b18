"""A batch is taken whole, or not at all, and as its inputs one by one would be."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from selfheal_rules import Engine, EventError, compile_rules
from selfheal_rules.events import Event, State
from tests import compare
from tests.generate.cases import case
from tests.generate.rules import dump

CASES = 24


@pytest.mark.parametrize("seed", range(CASES))
def test_a_batch_is_its_inputs_one_by_one(seed: int) -> None:
    """Steps, dispositions and what is remembered are the same."""
    one = case(seed)
    rules = compare.loaded(one)
    if rules is None:
        pytest.skip("these rules do not pass the checks")
    items = [item for item in one.items if isinstance(item, Event | State)]
    single, batch = (Engine(compile_rules(*rules), max_age=one.max_age, max_ahead=one.max_ahead) for _ in range(2))
    expected = [single.post(item) for item in items]
    actual = [step for at in range(0, len(items), 7) for step in batch.post_all(items[at : at + 7])]
    assert [(step.disposition, *step) for step in expected] == [(step.disposition, *step) for step in actual]
    assert [*single.states()] == [*batch.states()]


class Foreign(Event):
    """What looks like an event."""


RULE = {"id": "beats", "when": {"as": "b", "event": "beat"}, "then": [{"do": "noop", "target": "$b.host"}]}
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
FOREIGN: tuple[Any, ...] = (
    SimpleNamespace(kind="beat", time=MOMENT),
    Foreign("f", "beat", "m", MOMENT, {"host": "a"}),
    Event("n", "nothing.known", "m", MOMENT, {}),
    Event("x", "beat", "m", MOMENT, {"host": "elsewhere"}),
    None,
)


@pytest.mark.parametrize("refused", FOREIGN, ids=lambda one: type(one).__name__)
def test_a_batch_with_one_misfit_is_not_taken_at_all(refused: Any) -> None:  # noqa: ANN401 - anything but an input
    """The inputs before it are as if they had not been given: the first of them can still come."""
    rules = compare.loaded(evolve(case(0), texts=(dump("generated", [RULE]),)))
    engine, good = Engine(compile_rules(*(rules or ()))), Event("e", "beat", "m", MOMENT, {"host": "a"})
    with pytest.raises(EventError):
        engine.post_all([good, refused])
    assert ["matched", "duplicate"] == [engine.post(good).disposition for _ in range(2)]


@pytest.mark.parametrize("at_once", [True, False])
def test_what_is_of_another_century_moves_no_clock(at_once: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    """[3] Whoever sets nothing loses no item that comes after one of the year 2099; `None` believes any clock."""
    rules = compare.loaded(evolve(case(0), texts=(dump("generated", [RULE]),))) or ()
    times = (MOMENT, MOMENT.replace(year=2099), MOMENT + timedelta(minutes=1), MOMENT + timedelta(days=366))
    items = [Event(f"e{number}", "beat", "m", time, {"host": "a"}) for number, time in enumerate(times)]
    program = compile_rules(*rules)
    believing = Engine(program, max_ahead=None)
    for engine, expected in ((Engine(program), "ahead matched matched"), (believing, "matched stale stale")):
        steps = engine.post_all(items) if at_once else [engine.post(item) for item in items]
        assert ["matched", *expected.split()] == [step.disposition for step in steps]


HELD = {"id": "held", "when": {"as": "p", "state": "node", "for": "3s"}, "then": [{"do": "noop", "target": "$p.host"}]}


def test_time_passes_by_the_events_of_a_batch_that_no_part_takes() -> None:
    """What a timer leads to is said of the event that let it run out."""
    rules = compare.loaded(evolve(case(0), texts=(dump("generated", [HELD, RULE]),)))
    times = [MOMENT + timedelta(seconds=second) for second in range(6)]
    held = State("node", "m", MOMENT, {"host": "a"})
    events = [Event(f"e{at}", "fail" if at != 4 else "beat", "m", time, {"host": "a"}) for at, time in enumerate(times)]
    single, batch = (Engine(compile_rules(*(rules or ()))) for _ in range(2))
    for engine in (single, batch):
        engine.post(held)
    expected = [single.post(event) for event in events]
    actual = batch.post_all(events)
    assert [0, 0, 0, 1, 1, 0] == [len(step) for step in actual]
    assert [(step.disposition, *step) for step in expected] == [(step.disposition, *step) for step in actual]
