"""Sentences 1 to 4: turns, time, windows and what comes too late."""

from datetime import timedelta

from tests.engines import Make
from tests.semantics.rig import Play, beat, disk, fail, load, node, rule, until

PAIR = rule("{all: [{as: p, event: beat}, {as: q, event: fail}], same: [host], within: 5s}")
HELD = rule("{as: p, state: node, where: {level: high}, for: 3s}")


def test_a_window_is_open_at_its_far_end(play: Play) -> None:
    """[2] An event exactly W after another is too late; a microsecond earlier it is not."""
    assert ["matched", "matched"] == play(PAIR, beat(0), fail(5))
    assert ["matched", "matched fence a@5"] == play(PAIR, beat(0.000001), fail(5))


def test_all_is_in_any_order(play: Play) -> None:
    """[4] The later of the two need not be the later pattern."""
    assert ["matched", "matched fence a@2"] == play(PAIR, fail(0), beat(2))


def test_a_state_cleared_exactly_at_the_end_of_its_for_did_hold(play: Play) -> None:
    """[2] Timers due settle before the input of the same instant."""
    cleared = [node(0, level="high"), node(3, gone=True)]
    assert ["matched", "matched fence a@3"] == play(HELD, *cleared)
    assert ["matched", "matched"] == play(HELD, node(0, level="high"), node(2.999999, gone=True))


def test_timers_fire_at_their_instant_not_at_the_next_input(play: Play) -> None:
    """[2] What was due before an input is decided at its own time."""
    assert ["matched", "unmatched fence a@3"] == play(HELD, node(0, level="high"), disk(9))


def test_timers_settle_in_order_of_their_instants(play: Play) -> None:
    """[2] Two states held at different times fire one after the other in one advance."""
    inputs = [node(1, host="b", level="high"), node(0, host="a", level="high")]
    assert ["matched", "matched", "fence a@3 fence b@4"] == play(HELD, *inputs, until(9))


def test_time_never_goes_back(play: Play) -> None:
    """[3] An advance into the past changes nothing; a late input is applied now."""
    assert ["matched", "", "", "fence a@3"] == play(HELD, node(0, level="high"), until(2), until(1), until(3))


def test_what_is_too_far_ahead_is_not_matched(play: Play) -> None:
    """[3] With `max_ahead`, an item further ahead changes nothing, and time does not move."""
    inputs = [beat(0), fail(10.000001), fail(4)]
    assert ["matched", "ahead", "matched fence a@4"] == play(PAIR, *inputs, max_ahead=10)
    assert ["matched", "matched", "matched fence a@10"] == play(PAIR, beat(0), fail(10), fail(4), max_ahead=10)


def test_a_late_event_still_joins(play: Play) -> None:
    """[4] The spread of a match is reckoned in the events' own times."""
    assert ["matched", "", "matched fence a@50"] == play(PAIR, beat(1), until(50), fail(3))
    assert ["matched", "", "matched"] == play(PAIR, beat(1), until(50), fail(6))


def test_a_late_event_joins_what_lies_in_a_narrower_window_of_others(play: Play) -> None:
    """[4] An event is kept for the widest window it shares with another, not for the narrowest around it."""
    near = "{all: [{event: beat, where: {n: 1}}, {event: beat, where: {n: 2}}], within: 2s}"
    rules = rule(f"{{all: [{{as: p, event: fail}}, {near}], within: 3s}}")
    lines = play(rules, beat(0, n=1), beat(1, n=2), until(7), rules, fail(2), max_age=5)
    assert ["matched", "matched", "", "matched fence a@7"] == lines
    assert "matched" == play(rules, beat(0, n=1), beat(1, n=2), until(8), rules, fail(3), max_age=5)[-1]


def test_a_late_event_takes_its_place_among_those_before_and_after_it(play: Play) -> None:
    """[4] What comes later finds those that are near it as if all had come in time."""
    pair = rule("{sequence: [{event: beat}, {as: p, event: fail}], within: 4s}")
    inputs = [beat(0), beat(10), beat(2), fail(11), fail(3)]
    expected = ["matched", "matched", "matched", "matched fence a@11", "matched fence a@11"]
    assert expected == play(pair, *inputs)


def test_an_event_older_than_max_age_is_stale(play: Play) -> None:
    """[4] Exactly `max_age` is not older; a stale event does nothing and is not remembered."""
    assert ["", "matched fence a@20"] == play(rule("{as: p, event: beat}"), until(20), beat(10), max_age=10)
    lines = play(rule("{as: p, event: beat}"), until(20), beat(9.999999, id="x"), beat(20, id="x"), max_age=10)
    assert ["", "stale", "matched fence a@20"] == lines


def test_counts_look_at_now_and_not_at_the_time_of_a_late_event(play: Play) -> None:
    """[4] `count` is judged over `(now−W, now]` only."""
    counting = rule("{all: [{as: p, event: beat, count: {at_least: 2, within: 5s, by: [host]}}]}")
    assert ["matched", "", "matched"] == play(counting, beat(1), until(8), beat(2))
    assert ["matched", "", "matched fence a@5"] == play(counting, beat(1), until(5), beat(2))


def test_a_state_update_applies_only_where_it_is_not_older(play: Play) -> None:
    """[4] Equal times apply in the order of arrival; older ones are stale."""
    high = rule("{as: p, state: node, where: {level: high}}")
    assert ["unmatched", "stale"] == play(high, node(5, level="low"), node(4, level="high"))
    assert ["unmatched", "matched fence a@5"] == play(high, node(5, level="low"), node(5, level="high"))


def test_a_clearing_leaves_a_mark_for_max_age(play: Play) -> None:
    """[4] Also the clearing of what was never set; once the mark is gone, an older update applies."""
    high = rule("{as: p, state: node, where: {level: high}}")
    inputs = [node(5, gone=True), node(4, level="high")]
    assert ["unmatched", "stale"] == play(high, *inputs, max_age=10)
    assert ["unmatched", "matched fence a@5"] == play(high, inputs[0], node(5, level="high"), max_age=10)
    later = play(high, inputs[0], until(14.999999), inputs[1], max_age=10)
    assert ["unmatched", "", "stale"] == later
    assert ["unmatched", "", "matched fence a@15"] == play(high, inputs[0], until(15), inputs[1], max_age=10)


def test_the_first_input_sets_the_start(make: Make) -> None:
    """[3] Nothing is due before anything was seen."""
    driver = make(load(HELD), max_age=timedelta(seconds=10))
    seen = driver.take(node(7, level="high"))
    assert seen is not None
    assert "matched" == seen.disposition
