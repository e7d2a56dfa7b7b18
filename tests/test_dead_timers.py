"""Timers that mean nothing any more are thrown away, and nobody can tell."""

from datetime import timedelta

import pytest

import selfheal_rules as sr
from selfheal_rules.match import timers
from tests import compare
from tests.generate.cases import case
from tests.semantics.rig import beat, load, node, rule

SEEDS = range(60)

FLAPPING = rule("{as: p, state: node, for: 1h}")
AGING = rule("{as: p, state: node, where: {seen: {more_than: 1h}}}")
FOLLOWING = rule("{as: p, event: beat}", "[{conclude: trouble, with: {host: $p.host}, ttl: 1h}]") + rule(
    "{as: p, state: node}", "[{conclude: trouble, with: {host: $p.host}, cleared: true}]", name="lifted"
)
HELD = rule(
    "{all: [{as: p, state: node}]}",
    "[{do: compute.disable_service, target: $p.host}]",
    more="guard: [{min_healthy: 1, of: {state: trouble}}]",
)


def test_throwing_timers_away_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few there are when it begins."""
    monkeypatch.setattr(timers, "FEW", 0)
    tried = 0
    for seed in SEEDS:
        one = case(seed)
        rules = compare.loaded(one)
        tried += rules is not None
        assert "" == (compare.first_difference(one, rules) if rules else ""), seed
    assert tried > len(SEEDS) // 2


@pytest.mark.parametrize("rules", [FLAPPING, AGING, FOLLOWING], ids=["for", "age", "ttl"])
def test_what_comes_and_goes_leaves_no_timers(rules: str) -> None:
    """A state that flaps, one that is told again and again, and conclusions that are cleared take no more room."""
    engine = sr.Engine(sr.compile_rules(load(rules)))
    for number in range(4 * timers.FEW):
        engine.post(beat(number))
        engine.post(node(number, n=number, seen=beat(number).time))
        engine.post(node(number, gone=rules is not AGING, seen=beat(number).time))
    assert timers.FEW >= len(engine._memory.timers)


def test_what_was_held_is_not_waited_for() -> None:
    """A step that is held and withdrawn, again and again, leaves none of the timers that would have people told."""
    engine = sr.Engine(sr.compile_rules(load(HELD)), max_age=timedelta(seconds=10))
    for number in range(8 * timers.FEW):
        engine.post(node(number))
        engine.post(node(number, gone=True))
    assert timers.FEW >= len(engine._memory.timers)
    engine.post(node(number))
    assert node(number).time + timedelta(hours=1) == engine.next_deadline()
