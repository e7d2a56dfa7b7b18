"""Sentences 20 and 26 to 30: steps, confirmation, retries, outcomes."""

from tests.semantics.rig import Play, answer, beat, disk, fail, node, rule, until

WAITS = "{do: one, target: $p.host, confirm: {state: node, where: {host: $p.host, level: low}, within: 5s}}"
PLAIN = "{do: two, target: $p.host}"


def test_steps_without_confirmation_follow_at_once(play: Play) -> None:
    """[26] They are confirmed when they are issued."""
    rules = rule("{as: p, event: beat}", f"[{PLAIN}, {{do: three, target: $p.host}}]")
    assert ["matched two a@0 three a@0"] == play(rules, beat(0))


def test_a_step_waits_until_the_one_before_is_confirmed(play: Play) -> None:
    """[26] By a state that comes, or that already holds."""
    rules = rule("{as: p, event: beat}", f"[{WAITS}, {PLAIN}]")
    assert ["matched one a@0", "matched two a@2"] == play(rules, beat(0), node(2, level="low"))
    assert ["matched", "matched one a@1 two a@1"] == play(rules, node(0, level="low"), beat(1))


def test_an_event_confirms_only_after_the_issue(play: Play) -> None:
    """[26] One that came before, or in the very turn, does not."""
    rules = rule(
        "{all: [{as: p, event: beat}, {event: fail}], within: 9s}",
        f"[{{do: one, target: $p.host, confirm: {{event: fail, where: {{host: $p.host}}, within: 5s}}}}, {PLAIN}]",
    )
    assert ["matched", "matched one a@1", "matched two a@2 one a@2"] == play(rules, beat(0), fail(1), fail(2))


def test_after_names_other_steps(play: Play) -> None:
    """[26] `after: []` waits for nothing."""
    free = rule("{as: p, event: beat}", f"[{WAITS}, {{do: two, target: $p.host, after: []}}]")
    assert ["matched one a@0 two a@0"] == play(free, beat(0))
    named = rule(
        "{as: p, event: beat}",
        "[{do: zero, target: $p.host, id: z}, " + WAITS + ", {do: two, target: $p.host, after: [z]}]",
    )
    assert ["matched zero a@0 one a@0 two a@0"] == play(named, beat(0))


def test_a_step_fails_at_its_deadline(play: Play) -> None:
    """[28] At the lesser of `within` and `timeout`; a confirmation before it counts, one at it does not."""
    rules = rule("{as: p, event: beat}", f"[{WAITS}, {PLAIN}]")
    assert ["matched one a@0", "matched two a@4.5"] == play(rules, beat(0), node(4.5, level="low"))
    assert ["matched one a@0", "matched"] == play(rules, beat(0), node(5, level="low"))
    shorter = rules.replace("within: 5s}}", "within: 5s}, timeout: 2s}")
    assert ["matched one a@0", "matched"] == play(shorter, beat(0), node(2, level="low"))


def test_retries_back_off_up_to_the_cap(play: Play) -> None:
    """[28] The same id, the next attempt; the waits double."""
    retried = WAITS.replace("within: 5s}}", "within: 1s}, retry: {times: 3, backoff: 2s, cap: 3s}}")
    rules = rule("{as: p, event: beat}", f"[{retried}]")
    assert ["matched one a@0", "one a#2@3 one a#3@7 one a#4@11"] == play(rules, beat(0), until(99))


def test_a_retry_looks_for_its_cause_until_something_destructive_is_confirmed(play: Play) -> None:
    """[27] Where the key is not true when it is due, the step has failed; behind a confirmed one it is issued."""
    retried = WAITS.replace("within: 5s}}", "within: 2s}, retry: {times: 1, backoff: 2s}}")
    rules = rule("{as: p, state: disk}", f"[{retried}]")
    gone = disk(1, gone=True)
    assert ["matched one a@0", "matched", ""] == play(rules, disk(0), gone, until(99))
    assert ["matched one a@0", "matched", "matched", "one a#2@4"] == play(rules, disk(0), gone, disk(3), until(99))
    assert ["matched one a@0", "matched", "", "matched one a@4"] == play(rules, disk(0), gone, until(4), disk(4))
    behind = rule("{as: p, state: disk}", f"[{PLAIN}, {retried}]")
    assert ["matched two a@0 one a@0", "matched", "one a#2@4"] == play(behind, disk(0), gone, until(99))


def test_a_failed_outcome_fails_the_step(play: Play) -> None:
    """[28] `refused` too; other outcomes change nothing."""
    retried = WAITS.replace("within: 5s}}", "within: 50s}, retry: {times: 1, backoff: 2s}}")
    rules = rule("{as: p, event: beat}", f"[{retried}]")
    assert ["matched one a@0", "matched", "one a#2@3"] == play(rules, beat(0), answer(1, "failed"), until(9))
    assert ["matched one a@0", "matched", "one a#2@3"] == play(rules, beat(0), answer(1, "refused"), until(9))
    assert ["matched one a@0", "matched", ""] == play(rules, beat(0), answer(1, "done"), until(9))


def test_an_outcome_of_nothing_known_is_unmatched(play: Play) -> None:
    """[28] A decision is known until `max_age` after its episode closed."""
    rules = rule("{as: p, event: beat}", f"[{PLAIN}]")
    assert ["matched two a@0", "matched"] == play(rules, beat(0), answer(9.999999, "done"), max_age=10)
    assert ["matched two a@0", "unmatched"] == play(rules, beat(0), answer(10, "done"), max_age=10)


ENDING = (
    "outcome: {healthy: {none: [{state: disk, where: {host: $p.host}}]}, within: 5s,"
    " else: [{do: last, target: $p.host}]}"
)


def test_a_healed_episode_closes(play: Play) -> None:
    """[28] Health is judged from the issue of the last step, before or at its limit."""
    rules = rule("{as: p, event: beat}", f"[{PLAIN}]", more=ENDING)
    inputs = [disk(0), beat(1), beat(2), disk(3, gone=True), beat(4)]
    assert ["matched", "matched two a@1", "matched", "matched", "matched two a@4"] == play(rules, *inputs)


def test_an_unhealed_episode_escalates_at_its_limit(play: Play) -> None:
    """[28] Its `else` steps are issued, and it closes when they are confirmed."""
    rules = rule("{as: p, event: beat}", f"[{PLAIN}]", more=ENDING)
    assert ["matched", "matched two a@1", "last a@6", "matched two a@10"] == play(
        rules, disk(0), beat(1), until(9), beat(10)
    )


def test_health_must_hold_for_its_time(play: Play) -> None:
    """[28] Its `for` is reckoned from the last step at the earliest."""
    rules = rule("{as: p, event: beat}", f"[{PLAIN}]", more=ENDING.replace("]}, within", "], for: 3s}, within"))
    assert ["matched two a@0", "matched", "", "matched two a@4"] == play(rules, beat(0), beat(1), until(3), beat(4))
    flapping = [beat(0), disk(1), disk(2.5, gone=True), until(5), until(9)]
    assert ["matched two a@0", "matched", "matched", "last a@5", ""] == play(rules, *flapping)


def test_a_failed_step_goes_to_else_at_once(play: Play) -> None:
    """[28] It does not wait for the limit of the outcome."""
    rules = rule("{as: p, event: beat}", f"[{WAITS.replace('5s', '1s')}]", more=ENDING)
    assert ["matched", "matched one a@1", "last a@2"] == play(rules, disk(0), beat(1), until(9))


LEVEL = "{as: p, state: disk}"


def test_an_episode_is_cancelled_when_its_cause_is_gone(play: Play) -> None:
    """[27] As long as nothing destructive was issued."""
    harmless = rule(LEVEL, "[" + WAITS.replace("do: one", "do: notify") + f", {PLAIN}]")
    inputs = [disk(0), disk(1, gone=True), node(2, level="low")]
    assert ["matched notify a@0", "matched", "matched"] == play(harmless, *inputs)
    destructive = rule(LEVEL, f"[{WAITS}, {PLAIN}]")
    assert ["matched one a@0", "matched", "matched two a@2"] == play(destructive, *inputs)


def test_an_episode_of_an_event_is_not_cancelled(play: Play) -> None:
    """[27] What happened is not undone."""
    harmless = rule(
        "{all: [{as: p, event: beat}, {state: disk}], same: [host]}",
        "[" + WAITS.replace("do: one", "do: notify") + f", {PLAIN}]",
    )
    inputs = [disk(0), beat(0), disk(1, gone=True), node(2, level="low")]
    assert ["matched", "matched notify a@0", "matched", "matched two a@2"] == play(harmless, *inputs)


def test_a_conclusion_among_the_steps_stands_for_its_ttl(play: Play) -> None:
    """[26] It is confirmed when it is issued, and rules see it in the next round of the same instant."""
    rules = rule("{as: p, event: beat}", f"[{{conclude: mark, with: {{host: $p.host}}, ttl: 3s}}, {PLAIN}]") + rule(
        "{as: q, state: mark}", "[{do: seen, target: $q.host}]", name="m"
    )
    assert ["matched two a@0 seen a@0"] == play(rules, beat(0))


def test_a_missing_target_is_rejected(play: Play) -> None:
    """[18] A decision is made, but its verdict says it cannot be carried out."""
    assert ["matched one null@0"] == play(rule("{as: p, event: beat}", "[{do: one, target: $p.note}]"), beat(0))


def test_an_empty_target_is_a_missing_one(play: Play) -> None:
    """[18] Nothing is called by an empty text."""
    rules = rule("{as: p, event: beat}", '[{do: one, target: $p.note}, {do: two, target: "${p.note}"}]')
    assert ["matched one null@0 two null@0"] == play(rules, beat(0, note=""))


def test_what_the_engine_says_always_names_a_target(play: Play) -> None:
    """[30] A step without one has an empty one, so that a negative joined by it is false of it, not unknown."""
    done = "{all: [{event: selfheal.decision, where: {target: $p.host}}], within: 9s}"
    busy = "{state: selfheal.episode, where: {rule: {not: t}, target: $p.host}}"
    rules = rule("{as: q, event: fail}", "[{do: page}]", name="c")
    rules += rule(f"{{all: [{{as: p, event: beat}}], unless: [{done}, {busy}]}}", name="t")
    assert ["", "matched page null@10", "matched fence a@11", "blocked"] == play(
        rules, until(0), fail(10), beat(11), beat(12)
    )


def test_texts_are_filled_in_from_the_opening_match(play: Play) -> None:
    """[26] What a state said when the rule fired is what a later step says."""
    rules = rule(LEVEL, f'[{WAITS}, {{do: two, target: "${{p.host}}-${{p.n}}"}}]', more="key: [$p.host, $p.n]")
    inputs = [disk(0, n=1), disk(1, n=2), node(2, level="low")]
    assert ["matched one a@0", "matched", "matched two a-1@2"] == play(rules, *inputs)


def test_deadlines_come_after_confirmations_of_the_same_instant(play: Play) -> None:
    """[21] What a timer makes true at the limit is in time."""
    held = WAITS.replace("level: low}", "level: low}, for: 5s")
    rules = rule("{as: p, event: beat}", f"[{held.replace('within: 5s', 'within: 6s')}, {PLAIN}]")
    assert ["matched one a@0", "matched", "two a@6"] == play(rules, beat(0), node(1, level="low"), until(9))
