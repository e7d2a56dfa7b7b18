"""Timers that mean nothing any more are thrown away, and nobody can tell."""

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
