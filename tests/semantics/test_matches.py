"""Sentences 9, 11 and 12: alternatives, joins, windows, sequences."""

from tests.semantics.rig import Play, beat, disk, fail, node, rule, until


def test_any_makes_alternatives(play: Play) -> None:
    """[9] Each true branch is a match of its own, and one firing for the key."""
    either = rule("{any: [{as: p, event: beat, where: {n: 1}}, {as: p, event: fail}]}")
    assert ["matched fence a@0", "matched fence a@1", "unmatched"] == play(either, beat(0, n=1), fail(1), beat(2, n=2))


def test_two_true_branches_fire_once(play: Play) -> None:
    """[19] One (rule, key) fires at most once in a turn."""
    either = rule("{any: [{as: p, event: beat, where: {n: 1}}, {as: p, event: beat}]}")
    assert ["matched fence a@0"] == play(either, beat(0, n=1))


def test_two_aliases_never_bind_the_same_item(play: Play) -> None:
    """[9] Neither one event nor one state, whatever its `since`."""
    events = rule("{all: [{as: p, event: beat}, {as: q, event: beat}], within: 9s}")
    assert ["matched", "matched fence a@1"] == play(events, beat(0), beat(1))
    states = rule("{all: [{as: p, state: disk}, {as: q, state: disk}], same: [host]}")
    assert ["matched", "matched", "matched fence a@2"] == play(states, disk(0, "d1"), disk(1, "d1"), disk(2, "d2"))


def test_same_joins_at_any_depth(play: Play) -> None:
    """[9] A nested group is joined too; a pair joins two fields by name."""
    nested = rule("{all: [{as: p, event: beat}, {all: [{event: fail}, {state: node}]}], same: [host], within: 9s}")
    assert ["matched", "matched", "matched", "matched fence a@3"] == play(
        nested, node(0), beat(1), fail(2, host="b"), fail(3)
    )
    pair = rule("{all: [{as: p, state: node}, {as: q, state: disk}], same: [{p.host: q.host}]}")
    assert ["matched", "matched", "matched fence a@2"] == play(pair, node(0), disk(1, host="b"), disk(2, "d2"))


def test_a_missing_join_field_joins_nothing(play: Play) -> None:
    """[8] Missing is equal to nothing, not to missing either."""
    pair = rule("{all: [{as: p, event: beat}, {event: fail}], same: [n], within: 9s}")
    assert ["matched", "matched"] == play(pair, beat(0), fail(1))


def test_within_of_a_nested_group_bounds_its_events_alone(play: Play) -> None:
    """[11] The outer window is for all, the inner one for those inside."""
    nested = rule("{all: [{as: p, event: beat}, {all: [{event: fail}, {event: fail}], within: 2s}], within: 9s}")
    assert ["matched", "matched", "matched"] == play(nested, beat(0), fail(1), fail(3))
    assert ["matched", "matched", "matched fence a@2"] == play(nested, beat(0), fail(1), fail(2))
    assert ["matched", "matched", "matched"] == play(nested, beat(0), fail(8), fail(9))


def test_an_event_without_within_matches_as_it_comes(play: Play) -> None:
    """[11] A state that comes later does not meet it."""
    alone = rule("{all: [{as: p, event: beat}, {state: node}]}")
    assert ["matched", "matched"] == play(alone, beat(0), node(1))
    assert ["matched", "matched fence a@1"] == play(alone, node(0), beat(1))


def test_a_new_state_meets_an_event_within_the_window(play: Play) -> None:
    """[11] Where no event is new, the instant of the turn counts as one of the times."""
    waiting = rule("{all: [{as: p, event: beat}, {state: node}], within: 3s}")
    assert ["matched", "matched fence a@2"] == play(waiting, beat(0), node(2))
    assert ["matched", "matched"] == play(waiting, beat(0), node(3))


def test_a_state_takes_part_only_while_it_stands(play: Play) -> None:
    """[11] One that is gone, or has not held for long enough, does not."""
    held = rule("{all: [{as: p, event: beat}, {state: node, for: 3s}]}")
    assert ["matched", "matched", "matched fence a@3"] == play(held, node(0), beat(2), beat(3))
    assert ["matched", "matched", "matched"] == play(held, node(0), node(4, gone=True), beat(5))


def test_states_are_read_as_of_now(play: Play) -> None:
    """[12] A late event meets what holds now, not what held at its time."""
    alone = rule("{all: [{as: p, event: beat}, {state: node, where: {level: high}}]}")
    assert ["matched", "matched", "matched"] == play(alone, node(0, level="high"), node(5, level="low"), beat(1))
    assert ["unmatched", "matched", "matched fence a@5"] == play(
        alone, node(0, level="low"), node(5, level="high"), beat(1)
    )


ORDER = rule("{sequence: [{as: p, event: beat}, {as: q, event: fail}], same: [host], within: 5s}")


def test_a_sequence_is_in_order_of_time(play: Play) -> None:
    """[13] Also where the first comes late; at equal times the order of arrival decides."""
    assert ["matched", "matched fence a@1"] == play(ORDER, beat(0), fail(1))
    assert ["matched", "matched"] == play(ORDER, fail(0), beat(1))
    assert ["matched", "matched fence a@1"] == play(ORDER, fail(1), beat(0))
    assert ["matched", "matched fence a@0"] == play(ORDER, beat(0), fail(0))
    assert ["matched", "matched"] == play(ORDER, fail(0), beat(0))


def test_a_state_stands_in_a_sequence_at_its_since(play: Play) -> None:
    """[11] Not at its last update, nor when its `for` is over."""
    after = rule("{sequence: [{as: p, event: beat}, {state: node, where: {level: high}}], within: 9s}")
    assert ["matched", "matched", "matched"] == play(after, node(0, level="high"), beat(1), node(2, level="high"))
    assert ["matched", "matched fence a@2"] == play(after, beat(1), node(2, level="high"))
    before = rule("{sequence: [{state: node, where: {level: high}}, {as: p, event: beat}], within: 9s}")
    assert ["matched", "matched", "matched fence a@2"] == play(
        before, node(0, level="high"), node(1, level="high"), beat(2)
    )


def test_groups_stand_in_a_sequence_as_a_whole(play: Play) -> None:
    """[13] Every part of one item comes before every part of the next."""
    grouped = rule("{sequence: [{all: [{as: p, event: beat}, {event: beat}]}, {event: fail}], within: 9s}")
    assert ["matched", "matched", "matched fence a@2"] == play(grouped, beat(0), beat(1), fail(2))
    assert ["matched", "matched", "matched"] == play(grouped, beat(0), fail(1), beat(2))


def test_a_match_with_an_event_is_judged_once(play: Play) -> None:
    """[12] Blocked then, it is not revived when what blocked it goes."""
    once = rule("{as: p, event: beat, unless: [{state: node, where: {host: $p.host}}]}")
    assert ["matched", "blocked", "matched", ""] == play(once, node(0), beat(1), node(2, gone=True), until(9))


def test_a_match_of_states_is_judged_all_the_time(play: Play) -> None:
    """[12] It fires when what blocked it goes."""
    level = rule("{as: p, state: disk, unless: [{state: node, where: {host: $p.host}}]}")
    assert ["matched", "matched", "matched fence a@2"] == play(level, node(0), disk(1), node(2, gone=True))


def test_several_kinds_under_one_alias(play: Play) -> None:
    """[9] An alias may name several kinds."""
    both = rule("{as: p, event: [beat, fail]}")
    assert ["matched fence a@0", "matched fence a@1"] == play(both, beat(0), fail(1))
