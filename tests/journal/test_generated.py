"""Recovery under rules and streams nobody has thought of."""

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import Engine
from selfheal_rules.healer import Healer
from selfheal_rules.journal.items import Input
from tests import compare
from tests.engines import program_of
from tests.generate.cases import Case, case
from tests.generate.streams import Advance, Answer
from tests.journal.rig import file_journal, told
from tests.journal.test_recovery import Ended, Ending

CASES, BATCH = 24, 4


def _given(one: Case, engine: Engine) -> Iterator[Input]:
    """Give the inputs of a case, each answer as the outcome of the decision it answers; what is refused is left out."""
    decisions: list[Decision] = []
    for item in one.items:
        given: Input | None = item.time if isinstance(item, Advance) else None
        if isinstance(item, Answer) and decisions:
            asked = decisions[-1 - item.back % len(decisions)]
            given = Outcome(asked.id, item.status, item.time, attempt=asked.attempt)
        elif not isinstance(item, Advance | Answer):
            given = item
        with suppress(EventError):
            if given is not None:
                decisions += engine.advance(given) if isinstance(given, datetime) else engine.post(given)
                yield given


def _run(folder: Path, engine: Engine, inputs: list[Input], appends: int | None) -> None:
    journal: Any = file_journal(folder, rotate=3_000)
    one = Healer(engine, journal if appends is None else Ending(journal, appends, after=appends % 2 == 1), every=10)
    with closing(one.journal):
        one.take()
        for first in range(one.journal.inputs, len(inputs), BATCH):
            one.take(inputs[first : first + BATCH])


@pytest.mark.parametrize("seed", range(CASES))
def test_random_rules_are_gone_on_with(tmp_path: Path, seed: int) -> None:
    """A run that ends at random writes, and begins again each time, records what a run without an end records."""
    one = case(1_000 + seed)
    rules = compare.loaded(one)
    if rules is None:
        pytest.skip("the rules of this seed are none")
    program = program_of(*rules)

    def fresh() -> Engine:
        return Engine(program, max_age=one.max_age, max_ahead=one.max_ahead)

    inputs = list(_given(one, fresh()))
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    _run(tmp_path / "whole", fresh(), inputs, None)
    draw = Random(seed)
    for _ in range(100):
        with suppress(Ended):
            _run(tmp_path / "parts", fresh(), inputs, draw.randint(2, 5))
            break
    assert told(file_journal(tmp_path / "whole").records()) == told(file_journal(tmp_path / "parts").records())
