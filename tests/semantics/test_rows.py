"""Sentences 14 to 17 and 19: since, `for`, counts, aggregates and picks."""

import pytest

from tests.generate.streams import moment
from tests.semantics.rig import Play, beat, disk, fail, node, rule, state, until

HIGH = "{as: p, state: node, where: {level: high}, for: 3s}"


def test_an_update_that_leaves_the_pattern_true_does_not_restart_for(play: Play) -> None:
    """[15] Other fields may change meanwhile; a break restarts it."""
    inputs = [node(0, level="high", n=1), node(2, level="high", n=2)]
    assert ["matched", "matched", "fence a@3"] == play(rule(HIGH), *inputs, until(9))
    broken = [node(0, level="high"), node(1, level="low"), node(2, level="high")]
    assert ["matched", "matched", "matched", "fence a@5"] == play(rule(HIGH), *broken, until(9))


def test_for_counts_from_the_time_of_the_update(play: Play) -> None:
    """[19] A late update has held since its own time, which may be long enough at once."""
    assert ["", "matched", "fence a@6"] == play(rule(HIGH), until(5), node(3, level="high"), until(9))
    assert ["", "matched fence a@9"] == play(rule(HIGH), until(9), node(3, level="high"))


def test_for_counts_from_the_instant_at_which_time_made_the_pattern_true(play: Play) -> None:
    """[15] A leaf that ages into truth begins the row then."""
    old = rule("{as: p, state: node, where: {seen: {at_least: 2s}}, for: 3s}")
    assert ["unmatched", "fence a@5"] == play(old, node(1, seen=moment(0)), until(9))


def test_for_around_a_group_holds_the_same_rows(play: Play) -> None:
    """[15] Another row that takes over begins anew; `unless` stands outside."""
    pair = rule("{all: [{as: p, state: node}, {as: q, state: disk}], same: [host], for: 3s}")
    assert ["matched", "matched", "fence a@4"] == play(pair, node(0), disk(1), until(9))
    swapped = [node(0), disk(1, "d1"), disk(3, "d2"), disk(3, "d1", host="b")]
    assert ["matched", "matched", "matched", "matched", "fence a@6"] == play(pair, *swapped, until(9))


def test_unless_beside_a_group_for_does_not_restart_it(play: Play) -> None:
    """[15] What it blocked fires as soon as it is gone, where the group has held long enough."""
    held = rule("{all: [{as: p, state: node}], for: 3s, unless: [{state: disk, where: {host: $p.host}}]}")
    lines = play(held, node(0), disk(1), until(4), disk(5, host="b"))
    assert ["matched", "matched", "", "matched fence a@5"] == lines


def test_none_inside_a_group_for_restarts_it(play: Play) -> None:
    """[15] Negatives inside the group are part of what must have held."""
    held = rule("{all: [{as: p, state: node}, {none: [{state: disk, where: {host: $p.host}}]}], for: 3s}")
    lines = play(held, node(0), disk(1), disk(2, host="b"), until(9))
    assert ["matched", "matched", "matched", "fence a@5"] == lines


THREE = rule("{all: [{as: p, event: beat, count: {at_least: 3, within: 5s, by: [host]}}]}")


def test_a_count_is_taken_by_group(play: Play) -> None:
    """[16] Each group has its own; an event without the group's field is in none."""
    inputs = [beat(0), beat(1, host="b"), beat(2), beat(3)]
    assert ["matched", "matched", "matched", "matched fence a@3"] == play(THREE, *inputs)


def test_a_count_window_is_half_open(play: Play) -> None:
    """[16] What is exactly W old is not counted."""
    assert ["matched", "matched", "matched"] == play(THREE, beat(0), beat(2), beat(5))
    assert ["matched", "matched", "matched fence a@5"] == play(THREE, beat(0.000001), beat(2), beat(5))


def test_a_count_fires_again_only_after_it_was_false(play: Play) -> None:
    """[19] It is a level condition, and its `since` makes it another row."""
    inputs = [beat(0), beat(1), beat(2), beat(3), until(9), beat(10), beat(11), beat(12)]
    expected = ["matched", "matched", "matched fence a@2", "matched", "", "matched", "matched", "matched fence a@12"]
    assert expected == play(THREE, *inputs)


def test_a_count_over_states_counts_what_holds(play: Play) -> None:
    """[16] Rows count before their `for` is over, and no longer once they are gone."""
    two = rule("{all: [{as: p, state: disk, count: {at_least: 2, by: [host]}}]}")
    assert ["matched", "matched fence a@1"] == play(two, disk(0, "d1"), disk(1, "d2"))
    assert ["matched", "matched", "matched"] == play(two, disk(0, "d1"), disk(1, "d1", gone=True), disk(2, "d2"))


def test_a_count_of_beginnings_counts_what_is_over(play: Play) -> None:
    """[16] With `within` it counts what began, whether it still holds or not, and in its own window."""
    two = rule("{all: [{as: p, state: node, count: {at_least: 2, within: 5s, by: [host]}}]}")
    flapping = [node(0), node(1, gone=True), node(2)]
    assert ["matched", "matched", "matched fence a@2"] == play(two, *flapping)
    assert ["matched", "matched", "matched"] == play(two, node(0), node(1, gone=True), node(5))
    assert ["matched", "matched"] == play(two, node(0), node(1))


def test_at_most_over_events_is_unknown_until_the_window_was_watched(play: Play) -> None:
    """[14] It becomes true by a timer, and fires then."""
    few = rule("{all: [{as: q, state: node}, {as: p, event: beat, count: {at_most: 0, within: 5s}}], same: [host]}")
    assert ["matched", "", "fence a@6"] == play(few, node(1), until(5.999999), until(9))


def test_a_group_that_only_joins_give_may_be_empty(play: Play) -> None:
    """[16] Its count is 0 where nothing fills it; with `by` alone there is no such group."""
    none = rule("{all: [{as: p, state: node}, {state: disk, count: {less_than: 1}}], same: [host]}")
    assert ["matched fence a@0", "matched", "matched"] == play(none, node(0), disk(1), node(2, n=1))
    grouped = rule("{all: [{as: p, state: disk, count: {less_than: 1, by: [host]}}]}")
    assert ["unmatched"] == play(grouped, node(0))


AGGREGATES = [
    ("avg: n, at_least: 2", (1, 3), True), ("avg: n, more_than: 2", (1, 3), False),
    ("min: n, at_most: 1", (1, 3), True), ("min: n, at_least: 2", (1, 3), False),
    ("max: n, at_least: 3", (1, 3), True), ("max: n, at_least: 4", (1, 3), False),
    ("sum: n, at_least: 4", (1, 3), True), ("sum: n, at_least: 5", (1, 3), False),
    ("sum: n, at_least: 3", (None, 3), True), ("avg: n, at_least: 3", (None, 3), True),
    ("rate: n, at_least: 2", (1, 3), True), ("rate: n, more_than: 2", (1, 3), False),
    ("rate: n, at_least: 0", (None, 3), False),
    ("percent_of: {n: 3}, at_least: 50", (1, 3), True), ("percent_of: {n: 3}, more_than: 50", (1, 3), False),
    ("percent_of: {n: 3}, at_least: 50", (None, 3), True),
]  # fmt: skip


@pytest.mark.parametrize(("aggregate", "values", "expected"), AGGREGATES)
def test_aggregate(play: Play, aggregate: str, values: tuple[int | None, ...], *, expected: bool) -> None:
    """[16] Every measure on both sides of its bound; missing values are left out, but for the share."""
    text = rule(f"{{all: [{{as: p, event: beat, aggregate: {{{aggregate}, within: 2s, by: [host]}}}}]}}")
    lines = play(text, node(-9), beat(0, n=values[0]), beat(1, n=values[1]))
    assert expected == any("fence" in line for line in lines)


def test_an_aggregate_over_nothing_is_unknown(play: Play) -> None:
    """[16] Unknown never fires, and blocks in a negative."""
    blocked = rule(
        "{as: p, event: beat, unless: [{state: disk, where: {host: $p.host}, aggregate: {max: n, at_least: 5}}]}"
    )
    assert ["blocked", "matched", "matched fence a@2"] == play(blocked, beat(0), disk(1, n=4), beat(2))


PICK = rule("{all: [{as: q, event: beat}, {as: p, state: disk, pick: {max: 'p.n'}}], within: 5s}")


def test_pick_takes_the_greatest_then_the_least_key(play: Play) -> None:
    """[17] Ties go to the least canonical key; a row without a value is no candidate."""
    rows = [disk(0, "d2", host="b", n=3), disk(0, "d1", host="a", n=3), disk(0, "d0", host="c")]
    assert ["matched", "matched", "matched", "matched fence a@1"] == play(PICK, *rows, beat(1))


def test_no_candidate_is_no_match(play: Play) -> None:
    """[17] Where no row has a value, nothing is picked, and nothing fires."""
    assert ["matched", "matched"] == play(PICK, disk(0, "d1"), beat(1))


def test_a_later_better_row_is_no_new_match(play: Play) -> None:
    """[17] What was picked is kept while it fits."""
    picked = rule(
        "{all: [{as: q, state: node}, {as: p, state: disk, pick: {max: 'p.n'}}]}",
        more="key: [$q.host]",
        then="[{do: fence, target: $q.host}]",
    )
    assert ["matched", "matched fence a@1", "matched"] == play(picked, node(0), disk(1, "d1", n=1), disk(2, "d2", n=2))
    assert ["matched", "matched fence a@0", "matched"] == play(PICK, disk(0, "d1", n=1), beat(0), disk(1, "d2", n=9))


def test_pick_least(play: Play) -> None:
    """[17] `min` picks the least."""
    least = rule("{all: [{as: q, event: fail}, {as: p, state: disk, pick: {min: 'p.n'}}]}")
    rows = [disk(0, "d1", host="a", n=3), disk(0, "d2", host="b", n=1)]
    assert ["matched", "matched", "matched fence b@1"] == play(least, *rows, fail(1))


@pytest.mark.parametrize(("measure", "fires"), [("max", True), ("min", True), ("sum", False), ("avg", False)])
def test_the_greatest_of_great_numbers_is_one_of_them(play: Play, measure: str, *, fires: bool) -> None:
    """[16] A sum that no float holds is unknown, and so is an average; found by seed 1001597 of old."""
    great = rule(
        f"{{all: [{{as: p, state: node}}, {{as: q, state: probe, aggregate: {{{measure}: x, more_than: 1}}}}]}}"
    )
    probes = [state("probe", 0, source=source, x=1e308) for source in ("m1", "m2")]
    assert fires == ("fence a@1" in " ".join(play(great, *probes, node(1))))


@pytest.mark.parametrize("order", [0, 1])
def test_a_group_of_nothing_is_found_by_the_fields_of_two_patterns(play: Play, order: int) -> None:
    """[16] Whichever of the two comes last."""
    few = "{as: c, event: beat, where: {host: $p.host, level: $q.level}, count: {at_most: 0, within: 3s}}"
    both = rule(f"{{all: [{{as: p, state: node}}, {{as: q, state: probe}}, {few}]}}")
    items = [node(11 + order), state("probe", 12 - order, level="high")]
    assert ["", "", "matched", "matched fence a@12"] == play(both, until(0), until(10), *items[:: 1 - 2 * order])
    blocked = [beat(10, level="high"), *items[:: 1 - 2 * order]]
    assert ["", "matched", "matched", "matched", "fence a@13"] == play(both, until(0), *blocked, until(20))
