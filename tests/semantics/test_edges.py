"""Edges the page states in passing, each with the number of its sentence."""

from datetime import timedelta

from selfheal_rules.compile import compile_rules
from selfheal_rules.engine import Engine
from tests.engines import Make
from tests.semantics.rig import Play, answer, beat, disk, load, node, rule, shown, until

WAITS = "{do: one, target: $p.host, confirm: {state: node, where: {host: $p.host, level: low}, within: 2s}"
CLOSES = rule("{as: p, event: beat}", "[{do: one, target: $p.host}]", name="c")


def test_a_fan_out_past_its_cap_is_overload() -> None:
    """[25] What the input led to is decided, and held; the next input is judged as ever."""
    each = rule(
        "{all: [{as: q, event: beat}, {as: d, state: disk}]}", "[{conclude: echo, with: {host: $q.host}}]", name="c"
    )
    engine = Engine(compile_rules(load(each + rule("{as: p, event: echo}"))), fan_out=2)
    for number in range(3):
        engine.post(disk(0, f"d{number}"))
    step = engine.post(beat(1))
    assert ("overload", ["held"]) == (step.disposition, [decision.verdict.status for decision in step])
    engine.post(disk(2, "d0", gone=True))
    step = engine.post(beat(3))
    assert ("matched", ["shadowed"]) == (step.disposition, [decision.verdict.status for decision in step])


def test_decisions_are_held_where_no_more_ids_can_be_remembered() -> None:
    """[5] From the first id past the cap until one is forgotten; nothing is dropped."""
    engine = Engine(compile_rules(load(rule("{as: p, event: beat}"))), remembered=2, max_age=timedelta(seconds=10))
    steps = [engine.post(beat(at)) for at in (0, 1, 2, 14)]
    found = [(step.disposition, *(decision.verdict.status for decision in step)) for step in steps]
    assert [("matched", "shadowed"), ("matched", "shadowed"), ("matched", "held"), ("matched", "shadowed")] == found


def test_an_episode_is_shown_until_max_age_after_it_closed(play: Play) -> None:
    """[30] Then its state is cleared, by a timer."""
    quiet = rule("{all: [{as: p, state: node}], unless: [{state: selfheal.episode, where: {rule: c}}]}")
    lines = play(CLOSES + quiet, beat(1), node(2), until(10.999999), until(11), max_age=10)
    assert ["matched one a@1", "matched", "", "fence a@11"] == lines


def test_every_negative_of_a_waiting_sequence_is_judged_at_its_end(play: Play) -> None:
    """[13] Not when its last part arrives."""
    waits = (
        "{sequence: [{as: p, event: beat}, {none: [{event: fail}], within: 3s}], within: 9s, unless: [{state: node}]}"
    )
    assert ["matched", "matched", ""] == play(rule(waits), beat(0), node(1), until(9))
    assert ["matched", "matched", "matched", "fence a@3"] == play(
        rule(waits), node(0), beat(0), node(1, gone=True), until(9)
    )


def test_a_step_may_fail_after_it_was_confirmed(play: Play) -> None:
    """[28] As long as its episode is open."""
    two = rule("{as: p, event: beat}", f"[{WAITS}}}, {{do: two, target: $p.host, confirm: {{event: fail}}}}]")
    lines = play(two, beat(0), node(1, level="low"), answer(2, "failed", back=1), beat(3))
    assert ["matched one a@0", "matched two a@1", "matched", "matched one a@3 two a@3"] == lines


def test_what_waits_to_be_tried_again_is_not_confirmed(play: Play) -> None:
    """[28] Its `confirm` is judged from the next attempt on, at once where it holds already."""
    tried = rule("{as: p, event: beat}", f"[{WAITS}, retry: {{times: 1, backoff: 3s}}}}, {{do: two, target: $p.host}}]")
    lines = play(tried, beat(0), until(2), node(3, level="low"), until(9))
    assert ["matched one a@0", "", "matched", "one a#2@5 two a@5"] == lines


def test_an_earlier_step_wins_over_a_later_one(make: Make) -> None:
    """[24] Where two steps of one rule say two things of one key."""
    says = "{conclude: trouble, with: {host: $p.host, note: NOTE}}"
    both = rule("{as: p, state: node}", f"[{says.replace('NOTE', 'fan')}, {says.replace('NOTE', 'disk')}]")
    driver = make(load(both), max_age=timedelta(seconds=10))
    driver.take(node(0))
    assert ['{"host":"a","note":"fan"}@0'] == shown(driver, "trouble", 1)


def test_a_rate_needs_two_samples_and_time_between_them(play: Play) -> None:
    """[16] Of one, or of two at one time, it is unknown, and blocks in a negative."""
    rising = rule("{all: [{as: p, event: beat, aggregate: {rate: n, at_least: 0, within: 9s, by: [host]}}]}")
    lines = play(rising, beat(0, n=1), beat(0, n=2), beat(1), beat(2, n=3))
    assert ["matched", "matched", "matched", "matched fence a@2"] == lines


def test_both_bounds_of_a_count_must_hold(play: Play) -> None:
    """[16] It is true between them, and anew when it comes back."""
    some = rule("{all: [{as: p, state: disk, count: {at_least: 1, at_most: 1, by: [host]}}]}")
    lines = play(some, disk(0), disk(1, "d2"), disk(2, gone=True), disk(3, "d2", gone=True))
    assert ["matched fence a@0", "matched", "matched fence a@2", "matched"] == lines


def test_a_state_or_an_outcome_too_far_ahead_changes_nothing(play: Play) -> None:
    """[3] As an event; the state is not stored, and time does not move."""
    held = rule("{as: p, state: node, for: 3s}")
    assert ["matched", "ahead", "fence a@3"] == play(held, node(0), node(11, gone=True), until(5), max_ahead=10)
    assert ["matched one a@0", "ahead", "matched"] == play(
        CLOSES, beat(0), answer(11, "done"), answer(1, "done"), max_ahead=10
    )
