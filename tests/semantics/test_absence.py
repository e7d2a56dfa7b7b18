"""Sentences 8, 13 and 14: `none` and `unless`."""

import pytest

from tests.semantics.rig import Play, beat, disk, fail, node, rule, state, until

QUIET = rule("{all: [{as: p, event: beat}, {none: [{event: fail, where: {host: $p.host}}], within: 3s}]}")


def test_none_over_events_looks_back(play: Play) -> None:
    """[13] It means «not in the last W»: what is exactly W old does not count."""
    assert ["", "matched", "blocked"] == play(QUIET, until(0), fail(4), beat(6.999999))
    assert ["", "matched", "matched fence a@7"] == play(QUIET, until(0), fail(4), beat(7))
    assert ["", "matched", "matched fence a@6"] == play(QUIET, until(0), fail(4, host="b"), beat(6))


def test_none_over_events_is_unknown_until_the_window_was_watched(play: Play) -> None:
    """[14] Unknown blocks; from `started + W` on it is known."""
    assert ["", "blocked"] == play(QUIET, until(0), beat(2.999999))
    assert ["", "matched fence a@3"] == play(QUIET, until(0), beat(3))


def test_none_over_events_in_a_level_condition_fires_by_a_timer(play: Play) -> None:
    """[14] It becomes true when the last event leaves the window."""
    level = rule("{all: [{as: p, state: node}, {none: [{event: fail, where: {host: $p.host}}], within: 3s}]}")
    assert ["matched", "matched", "fence a@4"] == play(level, node(0), fail(1), until(9))
    assert ["matched", "fence a@3"] == play(level, node(0), until(9))


def test_what_was_seen_is_known_before_the_window_was_watched(play: Play) -> None:
    """[14] Negated again, an event that came is no unknown; that none came is not known yet, and blocks."""
    came = rule("{all: [{as: p, event: beat}, {none: [{none: [{event: fail}], within: 5s}]}]}")
    assert ["matched", "matched fence a@2"] == play(came, fail(1), beat(2))
    assert ["unmatched", "blocked"] == play(came, node(1), beat(2))
    level = rule("{all: [{as: p, state: node}, {none: [{all: [{state: disk}, {none: [{event: fail}], within: 5s}]}]}]}")
    assert ["matched", "matched", "matched fence a@2"] == play(level, disk(0), node(1), fail(2))


def test_none_over_a_state_means_now(play: Play) -> None:
    """[13] A state that no longer holds does not count, and one whose `for` is not over neither."""
    alone = rule("{all: [{as: p, event: beat}, {none: [{state: node, for: 3s, where: {host: $p.host}}]}]}")
    assert ["matched", "matched fence a@2"] == play(alone, node(0), beat(2))
    assert ["matched", "blocked"] == play(alone, node(0), beat(3))
    assert ["matched", "matched", "matched fence a@5"] == play(alone, node(0), node(4, gone=True), beat(5))


def test_any_one_item_blocks(play: Play) -> None:
    """[13] Each item of `unless` blocks by itself."""
    two = rule("{as: p, event: beat, unless: [{state: node}, {state: disk}]}")
    assert ["matched", "blocked"] == play(two, disk(0), beat(1))
    assert ["matched", "blocked"] == play(two, node(0), beat(1))


def test_a_group_in_a_negative_is_some_combination(play: Play) -> None:
    """[13] All of it must be there, joined, for it to block."""
    both = rule(
        "{as: p, event: beat, unless: [{all: [{as: q, state: node, where: {host: $p.host}}, {state: disk}],"
        " same: [host]}]}"
    )
    assert ["matched", "matched fence a@1"] == play(both, node(0), beat(1))
    assert ["matched", "matched", "matched fence a@1"] == play(both, node(0), disk(0, host="b"), beat(1))
    assert ["matched", "matched", "blocked"] == play(both, node(0), disk(0), beat(1))


def test_same_reaches_into_none_but_not_into_unless(play: Play) -> None:
    """[16] The patterns of a `none` item are joined to those beside it."""
    joined = rule("{all: [{as: p, event: beat}, {none: [{state: node}]}], same: [host]}")
    assert ["matched", "matched fence a@1"] == play(joined, node(0, host="b"), beat(1))
    assert ["matched", "blocked"] == play(joined, node(0), beat(1))
    apart = rule("{all: [{as: p, event: beat}], same: [host], unless: [{state: node}]}")
    assert ["matched", "blocked"] == play(apart, node(0, host="b"), beat(1))


def test_none_inside_a_negative_is_negated_again(play: Play) -> None:
    """[8] It blocks where a node stands that has no disk; an unknown disk is no disk for certain."""
    nested = rule(
        "{as: p, event: beat, unless: [{all: [{as: q, state: node, where: {host: $p.host}},"
        " {none: [{state: disk, where: {host: $q.host, n: 1}}]}]}]}"
    )
    assert ["matched", "blocked"] == play(nested, node(0), beat(1))
    assert ["matched", "matched", "matched fence a@1"] == play(nested, node(0), disk(0, n=1), beat(1))
    assert ["matched", "unmatched", "blocked"] == play(nested, node(0), disk(0, n=2), beat(1))
    assert ["matched", "unmatched", "blocked"] == play(nested, node(0), disk(0), beat(1))


def test_what_the_match_binds_does_not_block_it(play: Play) -> None:
    """[9] Neither its events nor its states count against it."""
    again = rule("{all: [{as: p, event: beat}, {none: [{event: beat}], within: 3s}]}")
    assert ["", "matched fence a@5", "blocked"] == play(again, until(0), beat(5), beat(6))
    other = rule("{as: p, state: node, unless: [{state: node}]}")
    assert ["matched fence a@0"] == play(other, node(0))


ENDING = rule(
    "{sequence: [{as: p, event: beat}, {none: [{event: fail, where: {host: $p.host}}], within: 3s}], within: 9s}"
)


def test_none_at_the_end_of_a_sequence_waits(play: Play) -> None:
    """[13] The match is judged at `t_prev + W`; an event exactly then does not block it."""
    assert ["matched", "fence a@3"] == play(ENDING, beat(0), until(9))
    assert ["matched", "matched fence a@3"] == play(ENDING, beat(0), fail(3))
    assert ["matched", "matched", ""] == play(ENDING, beat(0), fail(2.999999), until(9))
    assert ["matched", "matched", ""] == play(ENDING, beat(0), fail(0), until(9))


def test_what_came_before_does_not_count_in_a_forward_none(play: Play) -> None:
    """[13] An event before the item it looks from is not after it."""
    assert ["matched", "matched", "fence a@4"] == play(ENDING, fail(1), beat(1), until(9))


def test_a_late_part_is_judged_at_once_where_the_wait_is_over(play: Play) -> None:
    """[13] The wait is reckoned from the event, not from its arrival."""
    assert ["", "", "matched fence a@9"] == play(ENDING, until(0), until(9), beat(5))
    assert ["", "", "matched", "blocked"] == play(ENDING, until(0), until(9), fail(6), beat(5))


def test_a_forward_none_is_unknown_before_the_start(play: Play) -> None:
    """[13] Where the engine began to watch after the item before, it blocks."""
    assert ["", "blocked"] == play(ENDING, until(9), beat(5))


def test_a_forward_none_is_unknown_where_what_came_is_forgotten(play: Play) -> None:
    """[13] A state that says late when it began asks further back than `max_age` and the `within`: that blocks."""
    level = rule("{sequence: [{as: p, state: node}, {none: [{event: fail}], within: 3s}], within: 4s}")
    inputs = [until(0), fail(2), until(16)]
    assert ["", "matched", "", "matched"] == play(level, *inputs, node(1), max_age=10)
    assert ["", "matched", "", "matched"] == play(level, *inputs, node(1.999999), max_age=10)
    assert ["", "matched", "", "matched fence a@16"] == play(level, *inputs, node(2), max_age=10)
    longer = level.replace("state: node", "state: node, for: 2s")
    assert ["", "matched", "", "matched"] == play(longer, *inputs, node(1, host="b"), max_age=10)
    assert ["", "matched", "", "matched fence b@16"] == play(longer, *inputs, node(2, host="b"), max_age=10)


def test_a_none_between_is_unknown_where_what_came_is_forgotten(play: Play) -> None:
    """[13] Reckoned from where it begins to look: the later of the item before, and the `within` before the next."""
    between = rule(
        "{sequence: [{as: p, state: node}, {none: [{event: fail}]}, {state: disk}], same: [host], within: 4s}"
    )
    inputs = [until(0), node(1), fail(1.5), until(16)]
    assert ["", "matched", "matched", "", "matched"] == play(between, *inputs, disk(2), max_age=10)
    assert ["", "matched", "matched", "", "matched"] == play(between, *inputs, disk(5.999999), max_age=10)
    assert ["", "matched", "matched", "", "matched fence a@16"] == play(between, *inputs, disk(6), max_age=10)


def test_the_longest_for_of_a_sequence_reaches_back_further(play: Play) -> None:
    """[13] A state that stands an hour after it began asks what came then: so much longer it is known."""
    held = rule("{sequence: [{as: p, state: node, for: 60s}, {none: [{event: fail}], within: 3s}], within: 4s}")
    assert ["matched", "fence a@60"] == play(held, node(0), until(99), max_age=10)
    assert ["matched", "matched", ""] == play(held, node(0), fail(2), until(99), max_age=10)


def test_none_between_two_items(play: Play) -> None:
    """[13] It spans from the one to the other, both exclusive, or as far as its own `within`."""
    between = rule(
        "{sequence: [{as: p, event: beat}, {none: [{event: boom}]}, {as: q, event: fail}], within: 9s}"
    ) + rule("{state: disk}", "[{conclude: boom, with: {host: a}}]", name="c")
    assert ["matched", "matched fence a@2"] == play(between, beat(0), fail(2))
    assert ["matched", "matched", "blocked"] == play(between, beat(0), disk(1), fail(2))
    assert ["matched", "matched", "matched fence a@2"] == play(between, disk(0), beat(1), fail(2))
    short = between.replace("{none: [{event: boom}]}", "{none: [{event: boom}], within: 2s}")
    assert ["matched", "matched", "blocked"] == play(short, beat(0), disk(1.999999), fail(5))
    assert ["matched", "matched", "matched fence a@5"] == play(short, beat(0), disk(2), fail(5))


def test_a_state_that_stops_standing_ends_the_wait(play: Play) -> None:
    """[13] Parts that are no events must still stand when the match is judged."""
    waits = rule(
        "{sequence: [{all: [{as: p, event: beat}, {state: node}]}, {none: [{event: fail}], within: 3s}], within: 9s}"
    )
    assert ["matched", "matched", "fence a@4"] == play(waits, node(0), beat(1), until(9))
    assert ["matched", "matched", "matched", ""] == play(waits, node(0), beat(1), node(2, gone=True), until(9))


def test_none_over_a_state_in_a_sequence_means_now(play: Play) -> None:
    """[13] Only over events does it look forward."""
    now = rule("{sequence: [{as: p, event: beat}, {none: [{state: disk}]}, {event: fail}], within: 9s}")
    assert ["matched", "matched", "blocked"] == play(now, disk(0), beat(1), fail(2))
    assert ["matched", "matched", "matched", "matched fence a@3"] == play(
        now, beat(0), disk(1), disk(2, gone=True), fail(3)
    )


def test_none_over_a_state_in_a_sequence_asks_nothing_of_the_past(play: Play) -> None:
    """[13] What holds now is known, however long ago the item before it was, and whoever saw it."""
    old = rule("{sequence: [{as: p, state: node}, {none: [{state: disk}]}, {event: beat}], same: [host]}")
    assert ["matched", "matched fence a@11"] == play(old, node(0), beat(11), max_age=10)
    assert ["", "matched", "matched fence a@6"] == play(old, until(5), node(0), beat(6), max_age=10)


@pytest.mark.parametrize("middle", ["{none: [{state: disk}]}", "{none: [{all: [{none: [{none: [{state: disk}]}]}]}]}"])
@pytest.mark.parametrize(
    "shape", ["[{as: p, state: node}, %s, {state: probe}]", "[{as: p, state: node}, {state: probe}, %s]"]
)
def test_none_over_a_state_in_a_sequence_of_states_goes_and_comes_back(play: Play, shape: str, middle: str) -> None:
    """[12] A level match is blocked as long as the state holds, wherever the `none` stands: as in an `all`."""
    when = f"{{sequence: {shape % middle}, same: [host]}}"
    said = rule(when, "[{conclude: trouble, with: {host: $p.host}}]", name="c")
    said += rule("{as: q, state: trouble}", "[{do: one, target: $q.host}]")
    inputs = [node(0), state("probe", 20), disk(21), disk(22, gone=True)]
    assert ["matched", "matched one a@20", "matched", "matched one a@22"] == play(said, *inputs, max_age=10)
    assert ["matched", "matched", "matched", "matched fence a@9"] == play(
        rule(when), node(0), disk(1), state("probe", 2), disk(9, gone=True)
    )


def test_none_over_a_state_in_a_sequence_takes_back_what_was_concluded(play: Play) -> None:
    """[22] What an event led to goes, for good, when the state it was to respect begins to hold."""
    said = rule(
        "{sequence: [{as: p, event: beat}, {event: fail}, {none: [{state: disk}]}], same: [host], within: 9s}",
        "[{conclude: trouble, with: {host: $p.host}, ttl: 50s}]",
        name="c",
    ) + rule("{none: [{state: trouble}], for: 5s}", "[{do: one, target: x}]")
    inputs = [until(0), beat(1), fail(2), disk(3), disk(4, gone=True), until(60)]
    assert ["", "matched", "matched", "matched", "matched", "one x@8"] == play(said, *inputs)


def test_a_level_sequence_waits_too(play: Play) -> None:
    """[13] Of states alone: true from `t_prev + W` on, as long as its parts stand."""
    level = rule("{sequence: [{as: p, state: node}, {none: [{event: fail}], within: 3s}]}")
    assert ["matched", "fence a@3"] == play(level, node(0), until(9))
    assert ["matched", "matched", ""] == play(level, node(0), fail(1), until(9))


def test_a_count_in_a_negative_is_judged_leniently(play: Play) -> None:
    """[14] A falling bound that is not known yet blocks."""
    few = rule("{as: p, event: beat, unless: [{event: fail, where: {host: $p.host}, count: {at_most: 0, within: 3s}}]}")
    assert ["", "blocked", "matched", "matched fence a@4"] == play(few, until(0), beat(1), fail(3), beat(4))


def test_probe_of_two_sources(play: Play) -> None:
    """[9] One source's state may block the other's: they are two states."""
    lone = rule("{as: p, state: probe, unless: [{state: probe, where: {host: $p.host}}]}")
    inputs = [state("probe", 0, source="m1"), state("probe", 1, source="m2")]
    assert ["matched fence a@0", "matched"] == play(lone, *inputs)


def test_blocked_for_one_rule_and_taken_by_another(play: Play) -> None:
    """[12] An event that is blocked for one rule and fires another, which has nothing to join, is `matched`."""
    free = rule("{all: [{as: p, event: fail}]}", name="one", then="[{do: page, target: $p.host}]")
    blocked = rule("{all: [{as: p, event: fail, where: {n: 1}}], unless: [{state: node, where: {host: $p.host}}]}")
    assert ["matched", "matched page a@1", "matched page a@2"] == play(free + blocked, node(0), fail(1, n=1), fail(2))
