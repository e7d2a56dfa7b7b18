"""What is remembered for how long, and what is forgotten: sentences 1, 5, 13, 17, 19, 22 where they meet."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from selfheal_rules.diagnostics import EventError
from tests.engines import Make
from tests.semantics.rig import Play, answer, beat, disk, fail, load, node, rule, shown, until

BRANCHES = "{any: [{as: p, state: node, for: 3s}, {as: p, state: node, where: {level: high}}]}"


def test_what_is_refused_changes_nothing(make: Make) -> None:
    """[1] An item that does not fit its kind raises, and time has not moved."""
    driver = make(load(rule("{as: p, state: node, for: 3s}")), max_age=timedelta(seconds=60))
    driver.take(node(0))
    with pytest.raises(EventError) as raised:
        driver.take(node(9, n="many"))
    seen = driver.take(until(3))
    assert ("n", 1) == (raised.value.field, len(seen.decisions) if seen else 0)


def test_an_event_whose_id_was_forgotten_is_a_new_one(play: Play) -> None:
    """[5] It fires again, though its evidence is spelt alike."""
    one = rule("{as: p, event: beat}")
    lines = play(one, beat(0, id="x"), beat(10, id="x"), beat(11, id="x"), max_age=10)
    assert ["matched fence a@0", "duplicate", "matched fence a@11"] == lines


def test_two_branches_with_one_evidence_fire_once(play: Play) -> None:
    """[19] What fired by one branch does not fire again by another."""
    inputs = [node(0, level="high"), node(1, level="low"), until(9)]
    assert ["matched fence a@0", "matched", ""] == play(rule(BRANCHES), *inputs)


def test_two_branches_with_one_evidence_conclude_an_event_once(play: Play) -> None:
    """[22] Both would say the same under the same id."""
    said = "[{conclude: echo, with: {host: $p.host}}]"
    twice = rule(BRANCHES.replace("for: 3s", "where: {n: 1}"), said, name="c") + rule(
        "{all: [{as: q, event: echo, count: {at_least: 2, within: 9s, by: [host]}}]}", "[{do: one, target: $q.host}]"
    )
    assert ["matched"] == play(twice, node(0, level="high", n=1))


def test_another_pick_is_another_match(play: Play) -> None:
    """[17] When the picked row goes, the next is picked, and what follows is said anew."""
    picked = rule(
        "{all: [{as: q, state: node}, {as: p, state: disk, pick: {max: 'p.n'}}]}",
        "[{conclude: echo, with: {host: $p.host}}]",
        name="c",
    ) + rule("{as: r, event: echo}", "[{do: one, target: $r.host}]")
    inputs = [disk(0, "d1", n=2), disk(0, "d2", host="b", n=1), node(1), disk(2, "d1", gone=True)]
    assert ["matched", "matched", "matched one a@1", "matched one b@2"] == play(picked, *inputs)


BETWEEN = "{sequence: [{as: p, state: node}, {none: [{event: fail}]}, {event: beat}], within: 4s}"


def test_a_none_between_looks_no_further_back_than_the_sequence(play: Play) -> None:
    """[13] After a state that began long ago, only the last W before the next item counts."""
    assert ["matched", "matched", "blocked"] == play(rule(BETWEEN), node(0), fail(5), beat(8.999999))
    assert ["matched", "matched", "matched fence a@9"] == play(rule(BETWEEN), node(0), fail(5), beat(9))


def test_a_forward_none_is_judged_once(play: Play) -> None:
    """[13] In a level match too: what comes late changes nothing."""
    level = rule(
        "{sequence: [{as: p, state: node}, {none: [{event: fail}], within: 3s}]}",
        "[{conclude: trouble, with: {host: $p.host}, ttl: 1s}]",
        name="c",
    )
    level += rule("{as: q, state: trouble, for: 5s}", "[{do: one, target: $q.host}]")
    assert ["matched", "", "matched", "one a@8"] == play(level, node(0), until(4), fail(2), until(9))
    assert ["matched", "matched", "", ""] == play(level, node(0), fail(2), until(4), until(9))


def test_what_a_step_concludes_again_takes_the_place_of_what_it_concluded(make: Make) -> None:
    """[24] A state that is set twice with one time opens two episodes in one instant: the later says what is marked."""
    mark = "{conclude: mark, with: {host: $p.host, note: $p.note}, ttl: 3s}"
    marking = rule("{as: p, state: node}", f"[{mark}, {{do: noop}}]")
    driver = make(load(marking), max_age=timedelta(seconds=10))
    for item in (until(20), node(0, note="fan"), node(8, gone=True), node(0, note="disk full")):
        driver.take(item)
    assert ['{"host":"a","note":"disk full"}@20'] == shown(driver, "mark", 21)


def test_what_comes_back_in_one_instant_concludes_an_event_once(play: Play) -> None:
    """[22] The same evidence at the same time has the same id: said already. Later it is said anew."""
    joined = "{all: [{as: q, state: disk}, {event: fail, where: {host: $q.host}, count: {less_than: 1, within: 3s}}]}"
    rules = rule(joined, "[{conclude: echo, with: {host: $q.host}}]", name="c") + rule(
        "{as: p, event: echo, count: {at_least: 2, within: 9s, by: [host]}}"
    )
    inputs = [until(0), disk(9), disk(9, host="b")]
    assert ["", "matched", "matched", "matched"] == play(rules, *inputs, disk(9))
    assert ["", "matched", "matched", "matched fence a@10"] == play(rules, *inputs, disk(10))


def test_an_outcome_speaks_of_the_later_of_two_episodes_with_one_id(play: Play) -> None:
    """[28] What is said of an attempt of the earlier one does nothing to the later."""
    tried = "{do: one, target: $p.host, confirm: {event: fail, within: 2s}, retry: {times: 1, backoff: 1s}}"
    inputs = [beat(0, id="x"), until(3), beat(12, id="x"), answer(12, "failed", back=1), until(13.5)]
    lines = play(rule("{as: p, event: beat}", f"[{tried}]"), *inputs, max_age=10)
    assert ["matched one a@0", "one a#2@3", "matched one a@12", "unmatched", ""] == lines


def test_each_outage_has_ids_of_its_own(make: Make) -> None:
    """[29] A heartbeat that stops twice is decided on twice, under two ids."""
    silent = rule("{all: [{as: p, state: node}, {event: beat, count: {less_than: 1, within: 3s}}], same: [host]}")
    driver = make(load(silent), max_age=timedelta(seconds=5))
    for item in (node(0), beat(1), until(9), beat(20), until(40)):
        driver.take(item)
    assert (2, 2) == (len(driver.decisions), len({decision.id for decision in driver.decisions}))


def test_a_support_that_lapses_as_its_match_returns_is_a_new_one(play: Play) -> None:
    """[23] Gone at the end of its `ttl` is gone: what holds from then on began then."""
    quiet = rule(
        "{all: [{as: p, state: disk}, {none: [{event: fail}], within: 3s}]}",
        "[{conclude: trouble, with: {host: $p.host, n: $p.n}, ttl: 3s}]",
        name="c",
    )
    lasting = quiet + rule("{as: q, state: trouble, for: 6s}", "[{do: one, target: $q.host}]")
    assert ["matched", "matched", "one a@9"] == play(lasting, disk(0, n=1), fail(5), until(20))


def test_the_ground_of_a_match_that_waited_may_go_too(play: Play) -> None:
    """[22] A match behind a forward `none` supports like any other instant one."""
    waited = rule(
        "{sequence: [{as: p, event: beat}, {state: disk}, {none: [{event: fail}], within: 2s}], within: 9s}",
        "[{conclude: trouble, with: {host: $p.host}, ttl: 50s}]",
        name="c",
    ) + rule("{as: q, state: trouble, for: 9s}", "[{do: one, target: $q.host}]")
    assert ["matched", "matched", "one a@12"] == play(waited, beat(0), disk(1), until(20))
    assert ["matched", "matched", "", "matched", ""] == play(
        waited, beat(0), disk(1), until(5), disk(6, gone=True), until(20)
    )


def test_every_sentence_that_needs_no_guard_has_a_test() -> None:
    """Each number from 1 to 31 stands in the docstring of a test of this folder."""
    texts = [path.read_text() for path in sorted(Path(__file__).parent.glob("test_*.py"))]
    found = {int(number) for text in texts for number in re.findall(r'"""\[(\d+)\]', text)}
    assert set(range(1, 32)) == found
