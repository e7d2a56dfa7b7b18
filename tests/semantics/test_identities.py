"""Sentence 29: what ids are made of."""

import hashlib
import json
from datetime import timedelta

from selfheal_rules.values import microseconds
from tests.engines import Make
from tests.generate.streams import moment
from tests.semantics.rig import FENCE, beat, disk, fail, load, node, rule, until


def digest(*values: object) -> str:
    """Give `H` as the page of the language defines it, in a script's own words."""
    text = json.dumps(list(values), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def at(seconds: float) -> int:
    """Give an instant in microseconds."""
    return microseconds(moment(seconds))


def test_an_episode_is_named_by_what_opened_it(make: Make) -> None:
    """[29] Rule set, rule, key and evidence sorted by alias; the decision by episode, step and target."""
    driver = make(
        load(rule("{all: [{as: q, event: fail}, {as: p, event: beat}], within: 9s}")), max_age=timedelta(seconds=60)
    )
    driver.take(beat(0, id="x", source="m1"))
    driver.take(node(0))
    seen = driver.take(fail(1, id="y", source="m2"))
    assert seen is not None
    evidence = [["p", "event", "m1", "x"], ["q", "event", "m2", "y"]]
    episode = digest("tests", "r", ["a"], evidence)
    assert (episode, digest(episode, "0", "a")) == (seen.decisions[0].episode, seen.decisions[0].id)


def test_a_state_is_named_by_kind_key_and_since(make: Make) -> None:
    """[29] Not by its last update."""
    driver = make(load(rule("{as: p, state: disk, for: 3s}")), max_age=timedelta(seconds=60))
    driver.take(disk(0, "d1"))
    driver.take(disk(1, "d1", n=2))
    seen = driver.take(until(3))
    assert seen is not None
    episode = digest("tests", "r", ["a"], [["p", "state", "disk", ["d1"], at(0)]])
    assert episode == seen.decisions[0].episode


def test_a_count_is_named_by_group_and_since(make: Make) -> None:
    """[29] The group values, and the instant its bounds became true."""
    counted = rule("{all: [{as: p, event: beat, count: {at_least: 2, within: 9s, by: [host, n]}}]}")
    driver = make(load(counted), max_age=timedelta(seconds=60))
    driver.take(beat(0, n=7))
    seen = driver.take(beat(1, n=7))
    assert seen is not None
    assert digest("tests", "r", ["a"], [["p", "count", ["a", 7], at(1)]]) == seen.decisions[0].episode


def test_a_step_with_an_id_is_named_by_it(make: Make) -> None:
    """[29] A step keeps its id when others are put before it; a retry keeps the decision's."""
    text = rule(
        "{as: p, event: beat}",
        FENCE.replace("host}", "host, id: f, confirm: {event: fail}, timeout: 1s, retry: {times: 1, backoff: 1s}}"),
    )
    driver = make(load(text), max_age=timedelta(seconds=60))
    first = driver.take(beat(0))
    again = driver.take(until(2))
    assert first is not None
    assert again is not None
    assert digest(first.decisions[0].episode, "f", "a") == first.decisions[0].id
    assert (first.decisions[0].id, 2) == (again.decisions[0].id, again.decisions[0].attempt)
