"""Sentences 22 to 25: supports, what wins, how long it stands."""

from datetime import timedelta

from tests.engines import Make
from tests.semantics.rig import Play, beat, disk, fail, load, node, rule, shown, state, until

NODES = rule("{as: p, state: node}", "[{conclude: trouble, with: {host: $p.host, n: $p.n}}]")
BEATS = rule("{as: p, event: beat}", "[{conclude: trouble, with: {host: $p.host, n: $p.n}, ttl: 3s}]")


def trouble(make: Make, rules: str, at: float, *items: object, kind: str = "trouble") -> list[str]:
    """Give what is concluded at an instant, after these inputs."""
    driver = make(load(rules), max_age=timedelta(seconds=600))
    for item in items:
        driver.take(item)  # type: ignore[arg-type]
    return shown(driver, kind, at)


def test_a_state_supports_while_it_holds(make: Make) -> None:
    """[22] When the ground goes, the conclusion goes."""
    assert ['{"host":"a"}@0'] == trouble(make, NODES, 9, node(0))
    assert [] == trouble(make, NODES, 9, node(0), node(1, gone=True))


def test_an_event_supports_for_its_ttl(make: Make) -> None:
    """[23] The support is gone at the very instant of its end."""
    assert ['{"host":"a"}@0'] == trouble(make, BEATS, 2.999999, beat(0))
    assert [] == trouble(make, BEATS, 3, beat(0))


def test_a_refresh_keeps_the_state_and_its_time(make: Make) -> None:
    """[22] A later event supports longer; what says the same changes nothing."""
    assert ['{"host":"a"}@0'] == trouble(make, BEATS, 4.5, beat(0), beat(2))
    assert ['{"host":"a","n":2}@2'] == trouble(make, BEATS, 4.5, beat(0), beat(2, n=2))


def test_a_condition_with_within_supports_for_its_ttl_after_it_was_true(make: Make) -> None:
    """[23] A count over events ends when the window empties, and its conclusion `ttl` later."""
    counted = rule(
        "{all: [{as: p, event: beat, count: {at_least: 2, within: 3s, by: [host]}}]}",
        "[{conclude: trouble, with: {host: $p.host}, ttl: 2s}]",
    )
    assert ['{"host":"a"}@1'] == trouble(make, counted, 4.999999, beat(0), beat(1))
    assert [] == trouble(make, counted, 5, beat(0), beat(1))


def test_a_condition_true_again_before_its_ttl_is_over_is_the_same_support(make: Make) -> None:
    """[23] What it said before is said no longer, though it would be stronger; found by seed 2002952 of old."""
    few = rule(
        "{all: [{as: q, state: probe, count: {less_than: 2, within: 6s}}, {as: p, state: disk}], same: [host]}",
        "[{conclude: trouble, with: {host: $p.host, level: $p.level, n: $p.n}, ttl: 4s}]",
    )
    moved = [until(0), until(10), disk(14, level="high", n=1), disk(28, host="b", level="high", n=2)]
    before, other = '{"host":"a","level":"high","n":1}@14', '{"host":"b","level":"high","n":2}@28'
    assert [before, other] == trouble(make, few, 29, *moved)
    back = [*moved, disk(30, level="low", n=3)]
    assert ['{"host":"a","level":"low","n":3}@30', other] == trouble(make, few, 31, *back)
    assert ['{"host":"a","level":"low","n":3}@30'] == trouble(make, few, 34, *back)
    gone = [*back, disk(35, gone=True)]
    assert ['{"host":"a","level":"low","n":3}@30'] == trouble(make, few, 38.999999, *gone)
    assert [] == trouble(make, few, 39, *gone)


def test_a_condition_true_again_after_its_ttl_begins_anew(make: Make) -> None:
    """[23] At the very end of the `ttl` the support is gone."""
    few = rule(
        "{all: [{as: q, state: probe, count: {less_than: 2, within: 6s}}, {as: p, state: disk}], same: [host]}",
        "[{conclude: trouble, with: {host: $p.host}, ttl: 4s}]",
    )
    moved = [until(0), until(10), disk(14), disk(28, host="b")]
    assert ['{"host":"a"}@14'] == trouble(make, few, 33, *moved, disk(31.999999))[:1]
    assert ['{"host":"a"}@32'] == trouble(make, few, 33, *moved, disk(32))[:1]


def test_the_support_of_an_event_goes_with_the_states_beside_it(make: Make) -> None:
    """[22] And does not come back with them."""
    beside = rule(
        "{all: [{as: p, event: beat}, {state: node}], same: [host], unless: [{state: disk, where: {host: $p.host}}]}",
        "[{conclude: trouble, with: {host: $p.host}, ttl: 9s}]",
    )
    assert ['{"host":"a"}@1'] == trouble(make, beside, 2, node(0), beat(1))
    assert [] == trouble(make, beside, 4, node(0), beat(1), node(2, gone=True), node(3))
    assert [] == trouble(make, beside, 4, node(0), beat(1), disk(2), disk(3, gone=True))
    assert ['{"host":"a"}@1'] == trouble(make, beside, 4, node(0), beat(1), node(2, n=1))


def test_an_event_that_blocks_later_takes_no_support_away(make: Make) -> None:
    """[22] Only negatives over states do."""
    quiet = rule(
        "{all: [{as: p, event: beat}, {none: [{event: fail}], within: 2s}]}",
        "[{conclude: trouble, with: {host: $p.host}, ttl: 9s}]",
    )
    assert ['{"host":"a"}@3'] == trouble(make, quiet, 5, until(0), beat(3), fail(4))


def test_each_match_is_a_support(make: Make) -> None:
    """[22] The conclusion stands until the last of them is gone."""
    disks = rule("{as: p, state: disk}", "[{conclude: trouble, with: {host: $p.host}}]")
    two = [disk(0, "d1"), disk(1, "d2")]
    assert ['{"host":"a"}@0'] == trouble(make, disks, 9, *two, disk(2, "d1", gone=True))
    assert [] == trouble(make, disks, 9, *two, disk(2, "d1", gone=True), disk(3, "d2", gone=True))


def test_the_greater_word_wins_and_the_next_shows_when_it_goes(make: Make) -> None:
    """[24] The whole record of one stands; its going is an update."""
    levels = rule("{as: p, state: disk}", "[{conclude: trouble, with: {host: $p.host, level: $p.level, n: $p.n}}]")
    two = [disk(0, "d1", level="low", n=1), disk(1, "d2", level="high")]
    assert ['{"host":"a","level":"high"}@1'] == trouble(make, levels, 9, *two)
    assert ['{"host":"a","level":"low","n":1}@2'] == trouble(make, levels, 9, *two, disk(2, "d2", gone=True))


def test_priority_wins_over_the_greater_word(make: Make) -> None:
    """[24] Then the word, then the order of the rules, then the newest."""
    one = rule(
        "{as: p, state: node}", "[{conclude: trouble, with: {host: $p.host, level: low}}]", name="x", more="priority: 1"
    )
    two = rule("{as: p, state: disk}", "[{conclude: trouble, with: {host: $p.host, level: high}}]", name="y")
    assert ['{"host":"a","level":"low"}@0'] == trouble(make, one + two, 9, node(0), disk(1))
    plain = one.replace("priority: 1", "priority: 0").replace("low", "high, n: 1")
    assert ['{"host":"a","level":"high","n":1}@1'] == trouble(make, plain + two, 9, disk(0), node(1))
    disks = rule("{as: p, state: disk}", "[{conclude: trouble, with: {host: $p.host, n: $p.n}}]")
    assert ['{"host":"a","n":2}@1'] == trouble(make, disks, 9, disk(0, "d1", n=1), disk(1, "d2", n=2))


CLEARS = BEATS.replace("ttl: 3s", "ttl: 90s") + rule(
    "{as: p, event: fail}", "[{conclude: trouble, with: {host: $p.host}, cleared: true}]", name="c"
)


def test_cleared_removes_every_support(make: Make) -> None:
    """[23] Of its key alone; a later event supports anew."""
    assert [] == trouble(make, CLEARS, 9, beat(0), beat(1), fail(2))
    assert ['{"host":"a"}@0'] == trouble(make, CLEARS, 9, beat(0), fail(2, host="b"))
    assert ['{"host":"a"}@3'] == trouble(make, CLEARS, 9, beat(0), fail(2), beat(3))


def test_what_was_cleared_does_not_return_while_its_match_goes_on(make: Make) -> None:
    """[23] A state that still holds is no new reason; one that begins again is."""
    clears = NODES + rule(
        "{as: p, event: fail}", "[{conclude: trouble, with: {host: $p.host}, cleared: true}]", name="c"
    )
    assert [] == trouble(make, clears, 9, node(0), fail(1), node(2, n=1))
    assert ['{"host":"a"}@3'] == trouble(make, clears, 9, node(0), fail(1), node(2, gone=True), node(3))


def test_a_concluded_event_is_posted_once(play: Play) -> None:
    """[22] For an instant match in its turn, for a level one when it becomes true."""
    chain = rule("{as: q, state: node}", "[{conclude: echo, with: {host: $q.host}}]", name="c") + rule(
        "{as: p, event: echo}"
    )
    assert ["matched fence a@0", "matched", "matched", "matched fence a@3"] == play(
        chain, node(0), node(1, n=1), node(2, gone=True), node(3)
    )


def test_rules_are_judged_level_by_level(play: Play) -> None:
    """[25] A chain of conclusions settles in the turn of its input, whatever the order of the file."""
    chain = (
        rule("{as: p, state: storm}")
        + rule("{as: q, state: trouble}", "[{conclude: storm, with: {host: $q.host}}]", name="b")
        + rule("{as: q, state: node}", "[{conclude: trouble, with: {host: $q.host}}]", name="c")
    )
    assert ["matched fence a@0"] == play(chain, node(0))


def test_a_conclusion_without_its_key_is_not_made(make: Make) -> None:
    """[22] Optional fields that are missing are left out."""
    assert ['{"host":"a"}@0'] == trouble(make, NODES, 9, node(0, n=None))


def test_a_change_of_the_ground_changes_the_conclusion(make: Make) -> None:
    """[22] A level match says what its rows say now."""
    assert ['{"host":"a","n":2}@5'] == trouble(make, NODES, 9, node(0, n=1), node(5, n=2))


def test_a_concluded_state_has_a_since_of_its_own(play: Play) -> None:
    """[22] What is concluded without a break has held without a break."""
    held = BEATS + rule("{as: p, state: trouble, for: 4s}", name="h")
    assert ["matched", "matched", "fence a@4"] == play(held, beat(0), beat(2, n=1), until(9))
    assert ["matched", "matched", ""] == play(held, beat(0), beat(3), until(9))


def test_posted_states_of_other_sources_are_left_alone(make: Make) -> None:
    """[24] What is posted and what is concluded are different kinds."""
    driver = make(load(NODES), max_age=timedelta(seconds=600))
    driver.take(state("probe", 0))
    assert [] == shown(driver, "trouble", 1)
