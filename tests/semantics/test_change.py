"""Sentence 31: what outlives a change of rules."""

from tests.semantics.rig import Play, beat, disk, fail, node, rule, state, until

HELD = rule("{as: p, state: node, for: 10s}")
PAIR = rule("{all: [{as: p, event: beat}, {event: fail}], same: [host], within: 9s}", name="pair")
OTHER = rule("{as: p, event: boom}", "[{do: one, target: $p.host}]", name="other")
CHANGED = "{as: p, state: node, where: {host: [a, b]}}"


def test_a_rule_that_is_the_same_keeps_its_memories_and_timers(play: Play) -> None:
    """[31] Whatever is put beside it, before it, or in another order."""
    inputs = [node(0), beat(1), OTHER + PAIR + HELD, fail(5), until(20)]
    assert ["matched", "matched", "matched fence a@5", "fence a@10"] == play(HELD + PAIR, *inputs)


def test_the_same_rule_does_not_fire_again(play: Play) -> None:
    """[31] Its evidence has fired, its key is true."""
    plain = rule("{as: p, state: node, unless: [{state: disk}]}")
    inputs = [node(0), plain + OTHER, node(1, n=1), disk(2), disk(3, gone=True)]
    assert ["matched fence a@0", "matched", "matched", "matched"] == play(plain, *inputs)


def test_a_changed_rule_forgets_its_events(play: Play) -> None:
    """[31] What came before the change does not complete a match of it, and is not counted."""
    later = PAIR.replace("9s", "8s")
    assert ["matched", "matched", "matched fence a@3"] == play(PAIR, beat(0), later, fail(1), beat(3))
    counted = rule("{as: p, event: beat, count: {at_least: 2, within: 9s, by: [host]}}")
    again = counted.replace("9s", "8s")
    assert ["matched", "matched", "matched fence a@3"] == play(counted, beat(0), again, beat(1), beat(3))


def test_a_rule_of_other_parameters_is_another(play: Play) -> None:
    """[31] Its digest covers the kinds it names and what it is set to, and not what it does not use."""
    inputs = [node(0), HELD.replace("10s", "12s"), until(20)]
    assert ["matched", "fence a@12"] == play(HELD, *inputs)


def test_what_holds_already_counts_as_already_true(play: Play) -> None:
    """[31] No burst: a changed or a new rule fires again only after its condition was false."""
    plain = rule("{as: p, state: node}")
    inputs = [node(0), rule(CHANGED), node(1, n=1), node(2, gone=True), node(3)]
    assert ["matched fence a@0", "matched", "matched", "matched fence a@3"] == play(plain, *inputs)
    added = rule(CHANGED, "[{do: two, target: $p.host}]", name="new")
    inputs[1] = plain + added
    assert ["matched fence a@0", "matched", "matched", "matched fence a@3 two a@3"] == play(plain, *inputs)


def test_what_is_blocked_at_the_change_may_fire_later(play: Play) -> None:
    """[31] It was not true; and once true, it has not fired."""
    blocked = rule("{as: p, state: node, unless: [{state: disk}]}")
    added = blocked.replace("[{state: disk}]", "[{state: disk}, {state: probe}]")
    assert ["matched", "matched", "matched fence a@2"] == play(blocked, disk(0), node(1), added, disk(2, gone=True))


def test_a_for_of_a_changed_rule_runs_from_the_latest_update(play: Play) -> None:
    """[31] So long it has held for certain; what that makes true at once counts as already true."""
    longer = HELD.replace("10s", "15s")
    assert ["matched", "matched", "fence a@18"] == play(HELD, node(0), node(3, n=1), longer, until(30))
    assert ["matched", "fence a@10", ""] == play(HELD, node(0), until(20), longer, until(30))


def test_a_negative_over_events_is_unknown_anew(play: Play) -> None:
    """[14] A changed rule has watched since the change; one that is the same, since the start."""
    quiet = rule("{all: [{as: p, state: node}, {none: [{event: fail}], within: 5s}]}")
    assert ["", "matched fence a@8"] == play(quiet, until(0), OTHER + quiet, node(8))
    assert ["", "", "matched", "fence a@11"] == play(OTHER, until(0), until(6), OTHER + quiet, node(8), until(20))
    few = rule("{as: p, state: node}", "[{do: noop}]", name="n") + rule(
        "{all: [{as: p, state: node}, {event: fail, count: {at_most: 0, within: 5s}}]}"
    )
    assert ["matched noop null@0", "", "fence a@11"] == play(
        rule("{as: p, state: node}", "[{do: noop}]", name="n"), node(0), until(6), few, until(20)
    )


SAYS = rule("{as: q, state: node}", "[{conclude: trouble, with: {host: $q.host}}]", name="says")
ACTS = rule("{as: p, state: trouble}")


def test_what_a_changed_rule_still_concludes_goes_on(play: Play) -> None:
    """[31] It held without a break; what it no longer concludes is gone, and cancels nothing but by that."""
    same = SAYS.replace("{as: q, state: node}", "{as: q, state: node, where: {host: [a, b]}}")
    less = SAYS.replace("{as: q, state: node}", "{as: q, state: node, where: {host: b}}")
    inputs = [node(0), until(1)]
    assert ["matched fence a@0", "", ""] == play(SAYS + ACTS, *inputs, same + ACTS, until(9))
    again = [less + ACTS, until(2), SAYS + ACTS, node(3, gone=True), node(3)]
    assert ["matched fence a@0", "", "", "matched", "matched fence a@3"] == play(SAYS + ACTS, *inputs, *again)


def test_what_a_changed_rule_concluded_of_events_is_gone(play: Play) -> None:
    """[31] Its `ttl` notwithstanding: the rule was part of the reason."""
    said = rule("{as: q, event: beat}", "[{conclude: trouble, with: {host: $q.host}, ttl: 60s}]", name="says")
    asks = rule("{all: [{as: p, event: fail}, {state: trouble, where: {host: $p.host}}]}")
    assert ["matched", "matched fence a@2"] == play(said + asks, beat(0), asks + said, fail(2))
    assert ["matched", "matched"] == play(said + asks, beat(0), said.replace("60s", "61s") + asks, fail(2))


WAITS = "{do: one, target: $p.host, confirm: {state: node, where: {host: $p.host, level: low}, within: 9s}}"
SLOW = rule("{as: p, event: beat}", f"[{WAITS}, {{do: two, target: $p.host}}]")


def test_an_open_episode_keeps_its_steps_to_the_end(play: Play) -> None:
    """[31] Also where its rule is gone, or was changed."""
    for others in (OTHER, SLOW.replace("do: two", "do: three")):
        assert ["matched one a@0", "matched two a@2"] == play(SLOW, beat(0), others, node(2, level="low"))
        assert ["matched one a@0", "matched two a@3"] == play(
            SLOW, beat(0), others, others + PAIR, node(3, level="low")
        )


def test_an_open_episode_meets_its_deadlines(play: Play) -> None:
    """[31] A step that waits is tried again, then given up, as it was written."""
    tried = WAITS.replace("within: 9s}", "within: 2s}, retry: {times: 1, backoff: 1s}")
    steps = rule(
        "{as: p, event: beat}",
        f"[{tried}]",
        more="outcome: {healthy: {state: disk}, within: 20s, else: [{do: last, target: $p.host}]}",
    )
    assert ["matched one a@0", "one a#2@3 last a@5"] == play(steps, beat(0), OTHER, until(30))


def test_a_changed_rule_does_not_fire_while_an_episode_of_its_key_is_open(play: Play) -> None:
    """[31] The episode is that of the rule, whatever the rule says now."""
    others = SLOW.replace("do: two", "do: three")
    inputs = [beat(0), others, beat(1), beat(1, host="b"), node(2, level="low"), beat(3)]
    assert ["matched one a@0", "matched", "matched one b@1", "matched two a@2", "matched one a@3 three a@3"] == play(
        SLOW, *inputs
    )
    simple = rule("{as: p, event: beat}", "[{do: three, target: $p.host}]")
    inputs[1] = simple
    assert ["matched one a@0", "matched", "matched three b@1", "matched two a@2", "matched three a@3"] == play(
        SLOW, *inputs
    )


def test_a_withdrawn_cause_cancels_no_episode_of_a_rule_that_is_gone(play: Play) -> None:
    """[31] Its frozen steps go on: what it was opened by is no longer watched."""
    harmless = "{do: notify, target: $p.host, confirm: {state: probe, where: {host: $p.host}, within: 9s}}"
    level = rule("{as: p, state: node}", f"[{harmless}, {{do: two, target: $p.host}}]")
    inputs = [node(0), OTHER, node(1, gone=True), state("probe", 2)]
    assert ["matched notify a@0", "unmatched", "matched two a@2"] == play(level, *inputs)


def test_what_confirms_a_step_at_the_change_comes_with_the_next_step(play: Play) -> None:
    """[31] The restore decides nothing; what follows for open episodes is given when time moves on."""
    says = rule("{as: q, state: disk}", "[{conclude: trouble, with: {host: $q.host}}]", name="says")
    waits = WAITS.replace("state: node", "state: trouble").replace(", level: low", "")
    slow = rule("{as: p, event: beat}", f"[{waits}, {{do: two, target: $p.host}}]")
    inputs = [disk(0), beat(1), until(2), says + slow, until(3)]
    assert ["unmatched", "matched one a@1", "", "two a@2"] == play(slow, *inputs)
