"""Sentences 5 to 7: repetition, dispositions and values."""

from tests.semantics.rig import Play, beat, disk, fail, node, rule, state, until

ONE = rule("{as: p, event: beat, where: {n: {at_least: 1}}}")


def test_repetition_is_tested_of_what_a_pattern_takes(play: Play) -> None:
    """[5] The same source and id again is a duplicate; what no pattern takes is unmatched each time."""
    assert ["matched fence a@0", "duplicate"] == play(ONE, beat(0, id="x", n=1), beat(1, id="x", n=1))
    assert ["unmatched", "matched fence a@1"] == play(ONE, beat(0, id="x", n=0), beat(1, id="x", n=1))


def test_the_same_id_of_another_source_is_another_event(play: Play) -> None:
    """[5] Repetition is judged by source and id together."""
    inputs = [beat(0, id="x", n=1, source="m1"), beat(1, id="x", n=1, source="m2")]
    assert ["matched fence a@0", "matched fence a@1"] == play(ONE, *inputs)


def test_an_id_is_remembered_from_arrival_for_max_age(play: Play) -> None:
    """[5] After arrival plus `max_age` it is forgotten."""
    first = beat(0, id="x", n=1)
    assert ["matched fence a@0", "duplicate"] == play(ONE, first, beat(10, id="x", n=1), max_age=10)
    assert ["matched fence a@0", "matched fence a@10"] == play(ONE, first, beat(10.000001, id="x", n=1), max_age=10)


def test_what_is_delivered_again_is_a_duplicate_until_it_is_stale(play: Play) -> None:
    """[5] No instant lies between the two at which one event would be two."""
    first = beat(0, id="x", n=1)
    assert ["matched fence a@0", "", "duplicate"] == play(ONE, first, until(10), first, max_age=10)
    assert ["matched fence a@0", "", "stale"] == play(ONE, first, until(10.000001), first, max_age=10)


def test_a_duplicate_is_told_before_a_stale_one(play: Play) -> None:
    """[5] Repetition is asked first, age second."""
    inputs = [until(10), beat(5, id="x", n=1), until(18), beat(5, id="x", n=1)]
    assert ["", "matched fence a@10", "", "duplicate"] == play(ONE, *inputs, max_age=10)


def test_a_state_is_matched_where_a_row_came_went_or_changed(play: Play) -> None:
    """[5] A state no pattern sees is stored and unmatched."""
    high = rule("{as: p, state: node, where: {level: high}, for: 99s}")
    inputs = [
        node(0, level="low"), node(1, level="high"), node(2, level="high"), node(3, level="low"), node(4, level="low"),
        node(5, gone=True), disk(6),
    ]  # fmt: skip
    assert ["unmatched", "matched", "matched", "matched", "unmatched", "unmatched", "unmatched"] == play(high, *inputs)


def test_a_blocked_event_says_so(play: Play) -> None:
    """[12] An event whose matches were all blocked is `blocked`."""
    blocked = rule("{as: p, event: beat, unless: [{state: node, where: {host: $p.host}}]}")
    assert ["matched", "blocked", "matched fence b@1"] == play(blocked, node(0), beat(0), beat(1, host="b"))


def test_an_event_is_not_blocked_where_one_rule_lets_it_through(play: Play) -> None:
    """[12] Only where all matches were blocked."""
    rules = rule("{as: p, event: beat, unless: [{state: node}]}", name="x") + rule("{as: p, event: beat}", name="y")
    assert ["matched", "matched fence a@1"] == play(rules, node(0), beat(1))


def test_an_event_that_fires_one_rule_and_is_blocked_in_another_is_matched(play: Play) -> None:
    """[12] Whichever of the two is judged first, and though one asks no more than the event itself."""
    blocked = "{sequence: [{as: p, event: beat}, {event: beat}], within: 3s, unless: [{state: node}]}"
    rules = rule(blocked, "[{conclude: trouble, with: {host: $p.host}, ttl: 1s}]", name="c") + rule(
        "{as: p, event: beat, where: {n: 1}}"
    )
    lines = play(rules, node(0), beat(1, n=1), beat(2, n=1), beat(3))
    assert ["matched", "matched fence a@1", "matched fence a@2", "blocked"] == lines


def test_an_event_that_completes_nothing_is_matched(play: Play) -> None:
    """[12] A part of a match still open is no blocked one."""
    pair = rule("{all: [{as: p, event: beat}, {event: fail}], within: 5s, unless: [{state: node}]}")
    assert ["matched", "matched", "blocked"] == play(pair, node(0), beat(0), fail(1))


def test_a_forgotten_id_that_comes_again_is_not_blocked_by_what_once_was(play: Play) -> None:
    """[12] Only matches judged in the turn of the event count; that one of its id was blocked before does not."""
    pair = rule("{all: [{as: p, event: beat}, {event: fail}], within: 3s, unless: [{state: node}]}")
    inputs = [node(0), beat(1, id="x"), fail(2), beat(12, id="x"), fail(13)]
    assert ["matched", "matched", "blocked", "matched", "blocked"] == play(pair, *inputs, max_age=10)


def test_equality_coerces_nothing_and_numbers_are_one_family(play: Play) -> None:
    """[7] A float that equals an integer is equal in a leaf."""
    one = rule("{as: p, event: beat, where: {x: 1}}")
    assert ["matched fence a@0", "matched fence a@1"] == play(one, beat(0, x=1), beat(1, x=1.0))


def test_joins_tell_integers_from_floats(play: Play) -> None:
    """[7] 1 and 1.0 are different values of a join."""
    pair = rule("{all: [{as: p, event: beat}, {event: fail}], same: [x], within: 9s}")
    assert ["matched", "matched", "matched fence a@2"] == play(pair, beat(0, x=1), fail(1, x=1.0), fail(2, x=1))


def test_an_equality_with_another_item_is_a_join(play: Play) -> None:
    """[7] `field: $alias.field` tells 1 from 1.0 too, `not` and orders do not."""
    joined = rule("{all: [{as: p, event: beat}, {event: fail, where: {x: $p.x}}], within: 9s}")
    assert ["matched", "matched"] == play(joined, beat(0, x=1), fail(1, x=1.0))
    other = rule("{all: [{as: p, event: beat}, {event: fail, where: {x: {not: $p.x}}}], within: 9s}")
    assert ["matched", "matched", "matched fence a@2"] == play(other, beat(0, x=1), fail(1, x=1.0), fail(2, x=2))


def test_distinct_tells_integers_from_floats(play: Play) -> None:
    """[7] Two spellings of one number are two values."""
    counted = rule("{all: [{as: p, event: beat, count: {at_least: 2, within: 9s, distinct: x, by: [host]}}]}")
    assert ["matched", "matched", "matched fence a@2"] == play(counted, beat(0, x=1), beat(1, x=1), beat(2, x=1.0))


def test_a_source_may_be_part_of_the_key(play: Play) -> None:
    """[6] Two sources speak of two states where `source` is in the key."""
    both = rule("{all: [{as: p, state: probe}, {as: q, state: probe}], same: [host]}")
    assert ["matched", "matched fence a@1"] == play(
        both, state("probe", 0, source="m1"), state("probe", 1, source="m2")
    )
    assert ["matched", "matched"] == play(both, state("probe", 0, source="m1"), state("probe", 1, source="m1"))


def test_null_is_a_missing_field(play: Play) -> None:
    """[7] `exists` tells, and no other leaf is true of it."""
    missing = rule("{as: p, event: beat, where: {note: {exists: false}}}")
    assert ["matched fence a@0", "matched fence a@1", "unmatched"] == play(
        missing, beat(0), beat(1, note=None), beat(2, note="")
    )
