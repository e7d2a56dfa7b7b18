"""What a case says must be so: exactly, completely, at every step, and it is said what is not."""

from datetime import timedelta
from pathlib import Path

import pytest

from selfheal_rules.testing.results import Result
from tests.suites import RULES, result_of, results_of, said

LOST = "event: lost, with: {host: c1}"
MORE_AND_LESS = [
    ("[]", "1 decided and not expected"),
    ("[{do: notify, target: c1}, {do: notify}]", "1 expected and not decided"),
    ("[{do: notify, target: c2}]", "1 expected and not decided, 1 decided and not expected"),
    ("[{do: noop}]", "1 expected and not decided, 1 decided and not expected"),
    ("[{rule: small/drain}]", "1 expected and not decided, 1 decided and not expected"),
    ("[{do: notify, attempt: 2}]", "1 expected and not decided, 1 decided and not expected"),
    ("[{do: notify, with: {text: lost c2}}]", "1 expected and not decided, 1 decided and not expected"),
    ("[{do: notify, by: limit}]", "1 expected and not decided, 1 decided and not expected"),
    ("[{do: notify, status: shadowed}]", "1 expected and not decided, 1 decided and not expected"),
    ("[{do: notify, at: 1s}]", "1 expected and not decided, 1 decided and not expected"),
]


@pytest.mark.parametrize(
    "wanted",
    ["{do: notify}", "{target: c1}", "{rule: tell}", "{rule: small/tell}", "{attempt: 1}", "{by: mode}", "{at: 0s}",
     "{with: {text: lost c1}}", "{status: allowed}", "{do: notify, target: c1, rule: tell, with: {}}"],
)  # fmt: skip
def test_what_is_not_said_may_be_anything(tmp_path: Path, wanted: str) -> None:
    """An item fits a decision that is as it says, whatever else that is."""
    assert [] == said(result_of(tmp_path, f"{{t: 0s, {LOST}, expect: [{wanted}]}}"))


@pytest.mark.parametrize(("wanted", "title"), MORE_AND_LESS)
def test_nothing_is_too_much_and_nothing_is_missing(tmp_path: Path, wanted: str, title: str) -> None:
    """A decision nobody expects, and an item that fits none, are failures."""
    result = result_of(tmp_path, f"{{t: 0s, {LOST}, expect: {wanted}}}")
    assert ("failed", [title]) == (result.ending, [failure.title for failure in result.failures])


def test_values_are_of_their_type(tmp_path: Path) -> None:
    """1 and true are two values, as they are to the engine."""
    step = "{{t: 0s, event: lost, with: {{host: c1, size: 1}}, expect: [{{with: {{size: {}}}}}]}}"
    assert "passed" == result_of(tmp_path, step.format("1")).ending
    assert ["failed", "failed"] == [result_of(tmp_path, step.format(one)).ending for one in ("true", "1.0")]


def test_each_item_has_a_decision_of_its_own(tmp_path: Path) -> None:
    """Of two items that fit one decision, one takes another where it can: the order of items does not matter."""
    post = "post: [{event: lost, with: {host: c1}}, {event: lost, with: {host: c2}}]"
    for wanted in ("[{do: notify}, {target: c1}]", "[{target: c1}, {do: notify}]", "[{target: c2}, {do: notify}]"):
        assert [] == said(result_of(tmp_path, f"{{t: 0s, {post}, expect: {wanted}}}"))


def test_the_order_matters_where_it_is_asked_for(tmp_path: Path) -> None:
    """With `ordered` each list stands in the order of its decisions."""
    post = "post: [{event: lost, with: {host: c1}}, {event: lost, with: {host: c2}}]"
    wanted = "ordered: true, expect: [{{target: {}}}, {{target: {}}}]"
    assert [] == said(result_of(tmp_path, f"{{t: 0s, {post}, {wanted.format('c1', 'c2')}}}"))
    wrong = result_of(tmp_path, f"{{t: 0s, {post}, {wanted.format('c2', 'c1')}}}")
    assert "decided in another order" == wrong.failures[0].title
    assert "- {target: c2} (line 5)" == wrong.failures[0].lines[0]


def test_a_step_without_lists_leaves_its_decisions_to_the_next(tmp_path: Path) -> None:
    """What was decided since the last step that spoke of decisions is what the next one speaks of."""
    steps = f"{{t: 0s, {LOST}}}\n{{t: 1s, event: lost, with: {{host: c2}}, expect: [{{target: c1}}, {{target: c2}}]}}"
    assert [] == said(result_of(tmp_path, steps))


def test_no_decision_goes_unnoticed(tmp_path: Path) -> None:
    """What no step speaks of fails the case at its end."""
    result = result_of(tmp_path, f"{{t: 0s, expect: []}}\n{{t: 1s, {LOST}}}")
    assert "decided and expected nowhere" == result.failures[0].title.partition(":")[0]
    assert "+ {do: notify, target: c1, rule: tell" == result.failures[0].lines[0].partition(", step")[0]


def test_what_is_given_counts_from_the_first_step_on(tmp_path: Path) -> None:
    """What follows from what held before is expected by the first step that speaks of decisions."""
    given = "    given: [{state: alarm, since: 20s, with: {host: c1}}]\n"
    steps = "{t: 9s999ms, expect: []}\n{t: 10s, expect: [{do: compute.disable_service, at: 10s}]}"
    assert [] == said(result_of(tmp_path, steps, more=given))


def test_timers_come_in_their_turn_before_the_inputs_of_a_step(tmp_path: Path) -> None:
    """A step of a minute lets everything be decided that comes due within it, and then gives its inputs."""
    steps = (
        "{t: 0s, state: alarm, with: {host: c1}}\n"
        "{t: 1m, event: lost, with: {host: c1}, ordered: true,"
        " expect: [{do: compute.disable_service, at: 30s}, {do: notify, at: 1m}]}"
    )
    assert [] == said(result_of(tmp_path, steps))


ALARMS = "{t: 0s, each: {h: [c1, c2, c3]}, state: alarm, with: {host: $h}}\n"


def test_what_waits_and_what_is_refused_have_lists_of_their_own(tmp_path: Path) -> None:
    """A third host is held by the limit, and suppressed once its alarm is gone."""
    steps = (
        ALARMS
        + "{t: 30s, each: {h: [c1, c2]}, expect: [{target: $h}], held: [{target: c3, by: limit, status: held}]}\n"
        + "{t: 40s, state: alarm, with: {host: c3}, cleared: true, suppressed: [{target: c3, by: withdrawn}]}"
    )
    assert [] == said(result_of(tmp_path, steps))


def test_a_decision_in_another_list_is_told_so(tmp_path: Path) -> None:
    """Where an item fits but for its list, the verdict says why it is not in that one."""
    steps = ALARMS + "{t: 30s, expect: [{target: c1}, {target: c2}, {target: c3}]}"
    failure = result_of(tmp_path, steps).failures[0]
    assert "1 expected and not decided, 1 decided and not expected" == failure.title
    expected = "    expected under `expect`, got held by limit: 2 targets acted on of late, 2 may be"
    assert expected == failure.lines[2]


def test_states_are_asked_for(tmp_path: Path) -> None:
    """`holds` finds a state by some of its fields, and misses one that does not hold."""
    steps = (
        "{t: 0s, post: [{state: alarm, with: {host: c1}}, {state: power, with: {host: c1, power: 'off'}}],"
        " holds: [{state: dead, with: {host: c1}}, {state: dead, with: {host: c2}, cleared: true}, {state: power}]}"
    )
    assert [] == said(result_of(tmp_path, steps))
    wrong = "{t: 0s, state: alarm, with: {host: c1}, holds: [{state: alarm, with: {host: c2}}, {state: dead}]}"
    assert [
        "state alarm does not hold", "- {state: alarm, with: {host: c2}}", "+ {state: alarm, with: {host: c1}}",
        "state dead does not hold", "- {state: dead, with: {}}",
    ] == said(result_of(tmp_path, wrong))  # fmt: skip
    wrong = "{t: 0s, state: alarm, with: {host: c1}, holds: [{state: alarm, cleared: true}]}"
    assert ["state alarm holds, and should not", "- {state: alarm, with: {}} cleared"] == said(
        result_of(tmp_path, wrong)
    )[:2]


def test_what_becomes_of_an_input_is_asked_for(tmp_path: Path) -> None:
    """`disposition` is what must become of an input; a late one is stale, a repeated one a duplicate."""
    steps = (
        "{t: 0s, event: beat, with: {host: c1}, disposition: matched}\n"
        "{t: 20m, post: [{event: beat, id: a, with: {host: c1}}, {event: beat, id: a, with: {host: c1},"
        " disposition: duplicate}, {event: beat, at: 1m, with: {host: c1}, disposition: stale}]}"
    )
    assert [] == said(result_of(tmp_path, steps))
    wrong = result_of(tmp_path, "{t: 0s, event: beat, with: {host: c1}, disposition: unmatched}")
    assert ["{event: beat, with: {host: c1}} became something else", "- unmatched", "+ matched"] == said(wrong)


def test_results_answer_the_latest_decision_that_fits(tmp_path: Path) -> None:
    """A result says of which decision it is; one of none ends the case."""
    steps = ALARMS.replace(", c2, c3", "") + (
        "{t: 30s, expect: [{target: c1}]}\n"
        "{t: 40s, result: done, do: compute.disable_service, target: c1, disposition: matched}"
    )
    assert [] == said(result_of(tmp_path, steps))
    wrong = result_of(tmp_path, "{t: 40s, result: done, do: notify, target: c1}")
    expected = [
        "the case cannot go on: nothing of the kind was decided before",
        "{result: done, do: notify, target: c1}",
    ]
    assert expected == said(wrong)


def test_people_may_speak(tmp_path: Path) -> None:
    """Controls stop, and let go on; what the engine refuses ends the case."""
    steps = (
        "{t: 0s, control: pause, subject: 'target:c*', who: ann, why: work}\n"
        "{t: 1s, state: alarm, with: {host: c1}}\n{t: 31s, held: [{by: pause}]}\n"
        "{t: 60s, control: resume, subject: 'target:c*', expect: [{target: c1}]}"
    )
    assert [] == said(result_of(tmp_path, steps))
    wrong = said(result_of(tmp_path, "{t: 0s, control: policy, subject: 'no policy'}"))
    assert wrong[0].startswith("the case cannot go on: the policy cannot be taken")


def test_people_are_asked(tmp_path: Path) -> None:
    """A vote names the decision it is about."""
    policy = "    policy: {mode: enforce, autonomy: [{grade: approve, for: 10m}]}\n"
    steps = (
        ALARMS.replace(", c2, c3", "") + "{t: 30s, held: [{target: c1, by: approval, status: needs_approval}]}\n"
        "{t: 1m, control: ACT, do: compute.disable_service, target: c1, who: ann, LIST: [{target: c1}]}"
    )
    for act, where in (("approve", "expect"), ("refuse", "suppressed")):
        assert [] == said(result_of(tmp_path, steps.replace("ACT", act).replace("LIST", where), more=policy))


@pytest.mark.parametrize(
    ("doubt", "lines"),
    [
        ("{rule: drain, target: c1, failed: for, miss: 10s}", []),
        ("{rule: drain, target: c1}", []),
        ("{rule: drain, failed: for, miss: 10s}", []),
        ("{rule: tell}", ["- failed: anything", "+ failed: again"]),
        ("{rule: drain, target: c1, failed: for, miss: 9s}", ["- miss: 9s", "+ miss: 10s"]),
        ("{rule: drain, target: c1, failed: for, miss: 9}", ["- miss: 9", "+ miss: 10s"]),
        ("{rule: small/drain, target: c1, failed: within}", ["- failed: within", "+ failed: for"]),
        ("{rule: tell, target: c1}", ["- failed: anything", "+ failed: again"]),
    ],
)
def test_why_a_rule_did_not_fire_is_asked_for(tmp_path: Path, doubt: str, lines: list[str]) -> None:
    """`why_not` fails where the rule fired, or did not for another reason or by another miss."""
    post = "post: [{state: alarm, with: {host: c1}}, {event: lost, with: {host: c1}}]"
    result = result_of(tmp_path, f"{{t: 0s, {post}, expect: [{{do: notify}}]}}\n{{t: 20s, why_not: {doubt}}}")
    assert lines == said(result)[1:]
    assert bool(lines) is bool(result.failures and result.failures[0].answers)


def test_what_is_missing_is_explained(tmp_path: Path) -> None:
    """Of a decision that did not come the report says why its rule did not fire."""
    result = result_of(tmp_path, ALARMS + "{t: 20s, expect: [{do: compute.disable_service, target: c1}]}")
    (answer,) = result.failures[0].answers
    assert ("drain", "c1", "for", timedelta(seconds=10)) == (answer.rule, answer.target, answer.failed, answer.miss)


def test_of_several_rules_of_one_name_each_is_explained(tmp_path: Path) -> None:
    """Where two rule sets call a rule alike, a failure explains both, and `why_not` asks which is meant."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "rules.yaml").write_text(RULES.replace("ruleset: small", "ruleset: large"), "utf-8")
    steps = "    steps:\n      - {t: 20s, expect: [{rule: drain, target: c1}]}\n"
    (missed,) = results_of(tmp_path, f"  - name: missed\n{steps}", head="rulesets: [., other]\n")
    assert [("drain", "c1")] * 2 == [(one.rule, one.target) for one in missed.failures[0].answers]
    steps = "    steps:\n      - {t: 20s, why_not: {rule: drain, target: c1}}\n"
    (asked,) = results_of(tmp_path, f"  - name: asked\n{steps}", head="rulesets: [., other]\n")
    assert ["several rules are called `drain`: `small/drain`, `large/drain`"] == said(asked)


def test_rules_no_site_could_enforce_are_not_enforced(tmp_path: Path) -> None:
    """Where every site would refuse to enforce the rules, a test does not either, and says why."""
    foreign = RULES.replace("compute.disable_service", "acme.drain")
    steps = ALARMS.replace(", c2, c3", "") + "{t: 30s, expect: [{status: shadowed}]}"
    for more in ("", "    policy: enforce\n"):
        result = result_of(tmp_path, steps, foreign, more)
        assert [] == said(result)
        assert "nothing is `allowed`, only `shadowed`" == result.notes[0].partition(":")[0]


def test_a_case_can_be_skipped(tmp_path: Path) -> None:
    """A case with `skip` is not run, and says why."""
    result = result_of(tmp_path, f"{{t: 0s, {LOST}, expect: []}}", more="    skip: not today\n")
    assert ("skipped", ("not today",), ()) == (result.ending, result.notes, result.failures)


def _names(results: list[Result]) -> list[tuple[str, str]]:
    return [(result.name, result.ending) for result in results]


def test_a_matrix_makes_a_case_of_each_combination(tmp_path: Path) -> None:
    """Lists are combined, rows are taken one by one; values may be anything."""
    cases = (
        "  - name: combined\n    matrix: {h: [c1, c2], at: [0s, 5s]}\n"
        "    steps: [{t: $at, event: lost, with: {host: $h}, expect: [{target: $h, at: $at}]}]\n"
        "  - name: rows\n    matrix: [{p: 5s, said: [{target: c1}]}, {p: 6s, said: []}]\n    params: {patience: $p}\n"
        "    steps: [{t: 0s, state: alarm, with: {host: c1}}, {t: 5s, expect: $said}]\n"
    )
    assert [
        "combined [h=c1, at=0s]", "combined [h=c1, at=5s]", "combined [h=c2, at=0s]", "combined [h=c2, at=5s]",
        "rows [p=5s, said=c1]", "rows [p=6s, said=]",
    ] == [name for name, ending in _names(results_of(tmp_path, cases)) if ending == "passed"]  # fmt: skip


def test_inputs_and_expectations_are_repeated(tmp_path: Path) -> None:
    """`each` repeats a block, `repeat` a moment with its number; what mentions neither stands once."""
    steps = (
        "{t: 0s, each: [{h: c1, s: 1}, {h: c2, s: 2}], event: lost, with: {host: $h, size: $s},"
        " expect: [{target: $h, with: {size: $s}}]}\n"
        "{repeat: {from: 1m, every: 30s, times: 3, as: n}, post: [{event: lost, with: {host: 'h${n}', size: $n}}],"
        " expect: [{target: 'h${n}', with: {size: $n}}]}\n"
        "{t: 3m, post: [{each: {h: [a, b]}, event: lost, with: {host: '$$${h}'}}],"
        " expect: [{each: {h: [a, b]}, target: '$$${h}'}]}"
    )
    assert [] == said(result_of(tmp_path, steps))


def test_what_mentions_a_value_alone_is_expected_once_for_it(tmp_path: Path) -> None:
    """However often a step gives it: twice within a minute is one decision a host, and not one an input."""
    steps = (
        "{repeat: {every: 10s, times: 2, as: n}, each: {h: [c1, c2]}, event: beat, with: {host: $h},"
        " expect: [{do: noop, target: $h}]}"
    )
    assert [] == said(result_of(tmp_path, steps))


def test_settings_params_and_policies_of_a_case_stand_before_those_of_the_file(tmp_path: Path) -> None:
    """What a case says holds for it; what it does not say, as the file says it."""
    head = "params: {patience: 10s}\nmax_age: 1m\npolicy: shadow\nstart: 2026-05-01T00:00:00Z\n"
    cases = (
        "  - name: file\n    steps:\n      - {t: 0s, state: alarm, with: {host: c1}}\n"
        "      - {t: 10s, expect: [{status: shadowed}]}\n"
        "      - {t: 2m, event: beat, at: 59s, with: {host: c1}, disposition: stale}\n"
        "  - name: case\n    params: {patience: 20s}\n    policy: enforce\n    start: 2026-06-01T00:00:00Z\n"
        "    steps:\n"
        "      - {t: 0s, state: alarm, with: {host: c1}}\n      - {t: 20s, expect: [{status: allowed, at: 20s}]}\n"
    )
    found = results_of(tmp_path, cases, head=head)
    assert [("file", "passed"), ("case", "passed")] == _names(found)
    assert ["2026-05-01", "2026-06-01"] == [one.case.start.date().isoformat() for one in found]
