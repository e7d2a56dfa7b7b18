"""Sentences 18 to 21: keys, once and again, order."""

from tests.semantics.rig import Play, beat, disk, fail, node, rule, until

HIGH = "{as: p, state: node, where: {level: high}}"
SLOW = "[{do: fence, target: $p.host, confirm: {event: fail, where: {host: $p.host}, within: 9s}}]"


def test_a_level_condition_fires_when_it_becomes_true(play: Play) -> None:
    """[19] And again for the key only after it was false."""
    inputs = [node(0, level="high"), node(1, level="high", n=1), node(2, level="low"), node(3, level="high")]
    assert ["matched fence a@0", "matched", "matched", "matched fence a@3"] == play(rule(HIGH), *inputs)


def test_a_second_match_of_a_true_key_does_not_fire(play: Play) -> None:
    """[19] The level of the key is what rises, not that of the match."""
    any_disk = rule("{as: p, state: disk}")
    assert ["matched fence a@0", "matched"] == play(any_disk, disk(0, "d1"), disk(1, "d2"))
    assert ["matched fence a@0", "matched fence b@1"] == play(any_disk, disk(0, "d1"), disk(1, "d2", host="b"))


def test_the_same_rows_do_not_fire_twice(play: Play) -> None:
    """[19] A match that fired, was blocked and is free again has had its firing."""
    level = rule("{as: p, state: node, unless: [{state: disk, where: {host: $p.host}}]}")
    inputs = [node(0), disk(1), disk(2, gone=True), node(3, gone=True), node(4)]
    expected = ["matched fence a@0", "matched", "matched", "matched", "matched fence a@4"]
    assert expected == play(level, *inputs)


def test_a_count_fires_as_it_rises(play: Play) -> None:
    """[19] And again once it has fallen."""
    often = rule("{as: p, event: beat, count: {at_least: 2, within: 4s, by: [host]}}")
    inputs = [beat(0), beat(1), beat(2), beat(5.5), beat(5.6, host="b"), beat(5.7, host="b")]
    expected = ["matched", "matched fence a@1", "matched", "matched fence a@5.5", "matched", "matched fence b@5.7"]
    assert expected == play(often, *inputs)


def test_a_key_of_several_counts_fires_with_the_first_of_them(play: Play) -> None:
    """[19] The key is true until the last has fallen."""
    often = rule("{as: p, event: beat, count: {at_least: 2, within: 4s, by: [host, n]}}")
    inputs = [beat(0, n=1), beat(1, n=1), beat(2, n=2), beat(3, n=2), beat(7, n=1), beat(8, n=1)]
    expected = ["matched", "matched fence a@1", "matched", "matched", "matched", "matched fence a@8"]
    assert expected == play(often, *inputs)


def test_instant_matches_of_one_turn_are_one_firing(play: Play) -> None:
    """[19] The key fires once, however many matches an event completes."""
    pair = rule("{all: [{event: beat}, {as: p, event: fail}], within: 9s}")
    assert ["matched", "matched", "matched fence a@2"] == play(pair, beat(0), beat(1), fail(2))


def test_a_rule_does_not_fire_while_its_episode_is_open(play: Play) -> None:
    """[20] What it sees meanwhile is evidence, and has had its firing."""
    slow = rule("{as: p, event: beat}", SLOW)
    inputs = [beat(0), beat(1), beat(2, host="b"), fail(3), beat(4)]
    assert ["matched fence a@0", "matched", "matched fence b@2", "matched", "matched fence a@4"] == play(slow, *inputs)


def test_an_absorbed_level_does_not_fire_when_the_episode_closes(play: Play) -> None:
    """[20] It would have to be false first."""
    slow = rule(HIGH, SLOW)
    inputs = [
        node(0, level="high"),
        node(1, level="low"),
        node(2, level="high"),
        fail(3),
        node(4, level="low"),
        node(5, level="high"),
    ]
    expected = ["matched fence a@0", "matched", "matched", "matched", "matched", "matched fence a@5"]
    assert expected == play(slow, *inputs)


def test_the_key_is_what_the_rule_says(play: Play) -> None:
    """[18] `key`, else the target of the first `do`."""
    by_name = rule("{as: p, state: disk}", more="key: [$p.name, $p.host]")
    assert ["matched fence a@0", "matched fence a@1"] == play(by_name, disk(0, "d1"), disk(1, "d2"))


def test_firings_of_one_turn_come_in_order(play: Play) -> None:
    """[21] Greater priority first, then the order of the rules, then the key."""
    rules = (
        rule("{as: p, event: beat}", "[{do: one, target: $p.host}]", name="x")
        + rule("{as: p, event: beat}", "[{do: two, target: $p.host}]", name="y", more="priority: 2")
        + rule("{as: p, event: beat}", "[{do: three, target: $p.host}]", name="z")
    )
    assert ["matched two a@0 one a@0 three a@0"] == play(rules, beat(0))
    keyed = rule("{as: p, state: node, for: 3s}")
    assert ["matched", "matched", "fence a@3 fence b@3"] == play(keyed, node(0, host="b"), node(0), until(3))


def test_conclusions_settle_before_anything_fires(play: Play) -> None:
    """[21] What is concluded in a turn blocks in the same turn."""
    rules = rule("{as: p, event: beat, unless: [{state: trouble, where: {host: $p.host}}]}") + rule(
        "{as: q, event: beat, where: {n: 1}}", "[{conclude: trouble, with: {host: $q.host}, ttl: 5s}]", name="c"
    )
    assert ["matched", "blocked", "matched fence a@5"] == play(rules, beat(0, n=1), beat(1), beat(5, n=0))


def test_a_rule_may_ask_whether_the_engine_caused_it(play: Play) -> None:
    """[30] Its own decisions are events."""
    rules = rule("{as: q, event: beat}", "[{do: restart, target: $q.host}]", name="c") + rule(
        "{all: [{as: p, event: fail}], unless:"
        " [{all: [{event: selfheal.decision, where: {action: restart, target: a}}], within: 3s}]}"
    )
    assert ["", "matched restart a@4", "blocked", "matched fence a@7"] == play(
        rules, until(0), beat(4), fail(6), fail(7)
    )


def test_a_ladder_reacts_to_an_escalation(play: Play) -> None:
    """[30] Episodes are states a rule can see."""
    rules = rule(
        "{as: q, event: beat}", "[{do: restart, target: $q.host, confirm: {event: fail}, timeout: 3s}]", name="c"
    ) + rule(
        "{as: p, state: selfheal.episode, where: {rule: c, status: escalated}}", "[{do: fence, target: $p.target}]"
    )
    assert ["matched restart a@0", "fence a@3"] == play(rules, beat(0), until(9))


def test_a_rule_set_starts_with_what_is_true_of_nothing(play: Play) -> None:
    """[3] The first advance is a turn in which conditions without any positive pattern may be true."""
    calm = rule("{none: [{state: node}]}", "[{do: notify}]")
    assert ["notify null@0", "matched", "matched"] == play(calm, until(0), node(1), node(2, gone=True))
