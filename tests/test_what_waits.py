"""What waits for others takes little room, and is let go of once nobody can meet it, under the same rules or others."""

import pytest

import selfheal_rules as sr
from selfheal_rules.match.memory import ROOM
from tests.semantics.rig import beat, fail, load, rule

LOOK = "[{do: look, target: $p.note}]"
PAIR = rule("{all: [{as: p, event: beat}, {as: q, event: fail}], same: [note], within: 10s}", LOOK, name="pair")
ORDER = rule("{sequence: [{as: p, event: beat}, {as: q, event: fail}], same: [note], within: 10s}", LOOK, name="order")
THREE = rule("{as: p, event: beat, count: {at_least: 3, within: 10s, by: [note]}}", LOOK, name="three")
VALUES = rule("{as: p, event: beat, count: {at_least: 3, within: 10s, by: [note], distinct: n}}", LOOK, name="values")
OTHER = rule("{as: p, event: fail, where: {n: 99}}", LOOK, name="other")


def _held(engine: sr.Engine) -> int:
    """Count the events and samples an engine holds, the ids of what came left out."""
    memory = engine._memory
    kept = sum(len(one) for some in (memory.recent, memory.waiting, memory.groups, memory.lone) for one in some)
    return kept + sum(len(bucket) for exchange in memory.exchanges for bucket in exchange.values())


@pytest.mark.parametrize("rules", [PAIR, ORDER, THREE, VALUES], ids=["all", "sequence", "count", "distinct"])
@pytest.mark.parametrize("changed", [False, True], ids=["same rules", "other rules"])
def test_what_nobody_can_meet_any_more_is_let_go_of(rules: str, *, changed: bool) -> None:
    """Also where another rule was changed since: what is kept of this one goes on growing old."""
    engine = sr.Engine(sr.compile_rules(load(rules + OTHER)), max_age=beat(1).time - beat(0).time)
    engine.post(beat(0, note="first"))
    if changed:
        other = sr.compile_rules(load(rules + OTHER.replace("99", "98")))
        engine = sr.Engine.restore(other, engine.snapshot())
    for number in range(1, 40 * ROOM):
        engine.post(beat(number, note=f"h{number}", n=number))
        engine.post(fail(number, note=f"g{number}", n=0))
    assert 8 * ROOM > _held(engine)


def test_one_sample_is_all_there_is_of_its_group() -> None:
    """A group that needs more has no tally before its second; then it counts both, and the first is in its reasons."""
    engine = sr.Engine(sr.compile_rules(load(THREE)))
    for number in range(5):
        engine.post(beat(1, note=f"h{number}"))
    assert (0, 5) == _groups(engine)
    engine.post(beat(2, note="h0"))
    assert (1, 4) == _groups(engine)
    (decision,) = engine.post(beat(3, note="h0"))
    assert [1.0, 2.0, 3.0] == [(one.time - beat(0).time).total_seconds() for one in decision.because[0].because]


@pytest.mark.parametrize("again", [False, True], ids=["running", "restored"])
def test_a_lone_sample_grows_old(*, again: bool) -> None:
    """[2, 16] One that has left the window is none: the next is alone anew; across a restore and other rules, too."""
    engine = sr.Engine(sr.compile_rules(load(THREE)))
    engine.post(beat(0, note="h"))
    for at in (10, 11):
        if again:
            program = sr.compile_rules(load(THREE + OTHER.replace("99", str(at))))
            engine = sr.Engine.restore(program, engine.snapshot())
        assert not engine.post(beat(at, note="h"))
    assert (1, 0) == _groups(engine)
    assert 1 == len(engine.post(beat(19.999999, note="h")))


def _groups(engine: sr.Engine) -> tuple[int, int]:
    """Count the groups that have a tally, and those that are one sample."""
    memory = engine._memory
    return sum(map(len, memory.tallies)), sum(map(len, memory.lone))
