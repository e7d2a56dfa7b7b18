"""A case that holds is played again under other circumstances; a library that has a fault there is found out."""

from pathlib import Path
from typing import Any

import pytest

from selfheal_rules.diagnostics import MatcherError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.testing import runner, variants
from selfheal_rules.testing.cases import ALSO
from selfheal_rules.testing.results import Result
from selfheal_rules.testing.runner import Moment, play
from selfheal_rules.testing.variants import VARIANTS
from tests.suites import RULES, result_of, said, suite_of

BEATS = (
    "{t: 0s, post: [{event: beat, with: {host: c1}}, {state: alarm, with: {host: c1}}]}\n"
    "{t: 5s, event: beat, with: {host: c1}, expect: [{do: noop, target: c1}]}\n"
    "{t: 30s, expect: [{target: c1, rule: drain}]}"
)


def _under(name: str, folder: Path, steps: str = BEATS, rules: str = RULES) -> Result:
    return result_of(folder, steps, rules, more=f"    also: [{name}]\n")


@pytest.mark.parametrize("name", ALSO)
def test_a_sound_engine_decides_the_same(tmp_path: Path, name: str) -> None:
    """Nothing is told of a case whose decisions are the same, but for an engine that is not there."""
    found = _under(name, tmp_path)
    assert [] == said(found)
    assert "passed" == found.ending


def test_a_policy_holds_across_a_crash(tmp_path: Path) -> None:
    """A policy without a file of its own, and one that somebody brought meanwhile, are those of the next engine."""
    text = "selfheal_policy: 1, policy: other, mode: shadow"
    steps = (
        "{t: 0s, event: lost, with: {host: c1}, expect: [{status: allowed}]}\n"
        f"{{t: 1s, control: policy, subject: '{{{text}}}'}}\n"
        "{t: 2s, event: lost, with: {host: c1}, expect: [{status: shadowed}]}"
    )
    more = "    also: [crash_each_step]\n    policy: {mode: enforce, autonomy: [{grade: auto}]}\n"
    assert [] == said(result_of(tmp_path, steps, more=more))


class Forgetful(Engine):
    """An engine that forgets what it has seen as it is restored, and which events it has had."""

    @classmethod
    def restore(cls, program: Any, _: bytes, matcher: str = "native", *, policy: Any = None) -> Any:  # noqa: ANN401 - as in Engine
        """Give one that has seen nothing."""
        return cls(program, policy=policy, matcher=matcher)

    def post(self, item: Any) -> Any:  # noqa: ANN401 - as in Engine
        """Take every event for a new one."""
        self._memory.seen.clear()
        return super().post(item)


@pytest.mark.parametrize("name", ["crash_each_step", "duplicate_each_event"])
def test_an_engine_that_forgets_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What a restart forgets, and what a second delivery leads to, is shown with what would have been decided."""
    monkeypatch.setattr(runner, "Engine", Forgetful)
    found = _under(name, tmp_path)
    (failure,) = found.failures
    assert (f"decisions differ under {name}", name) == (failure.title, failure.variant)
    line = '{do: noop, target: c1, rule: twice, step: "0", status: allowed, by: mode, at: '
    assert line in failure.lines[0]
    assert failure.played != found.played


TWO = (
    "{t: 0s, post: [{event: beat, with: {host: c1}}, {event: beat, with: {host: c2}}, {event: lost, with: {host: c3}}]}"
)


def _order(case: Any) -> list[str]:  # noqa: ANN401 - a case
    played = play(case, VARIANTS["reorder_ties"])
    return [one.item.fields["host"] for one in played if isinstance(one.item, Event | State)]


def _case(folder: Path, steps: str, rules: str = RULES, more: str = "") -> Any:  # noqa: ANN401 - a case
    lines = "".join(f"      - {line}\n" for line in steps.splitlines())
    return suite_of(folder, f"  - name: example\n{more}    steps:\n{lines}", rules).cases[0]


def test_what_cannot_matter_changes_places(tmp_path: Path) -> None:
    """Inputs of one time that no rule brings together are given the other way round."""
    assert ["c3", "c2", "c1"] == _order(_case(tmp_path, TWO))


def test_what_one_rule_brings_together_keeps_its_order(tmp_path: Path) -> None:
    """Two events of one key, and all that a limit counts, come as they are written."""
    beats = TWO.replace("c2", "c1")
    assert ["c3", "c1", "c1"] == _order(_case(tmp_path, beats))
    alarms = "{t: 0s, post: [{state: alarm, with: {host: c1}}, {state: alarm, with: {host: c2}}]}"
    assert ["c1", "c2"] == _order(_case(tmp_path, alarms))
    free = RULES.replace("    guard: [{limit: 2, per: 10m}]\n", "")
    assert ["c2", "c1"] == _order(_case(tmp_path, alarms, free))


def test_what_a_site_counts_keeps_its_order(tmp_path: Path) -> None:
    """Under a policy with guards over all rules nothing changes places."""
    policy = "    policy: {mode: enforce, autonomy: [{grade: auto}], guards: [{max_in_flight: 1}]}\n"
    assert ["c1", "c2", "c3"] == _order(_case(tmp_path, TWO, more=policy))


def test_other_times_and_other_inputs_keep_their_order(tmp_path: Path) -> None:
    """What a person says, and what happened at another time, stands where it stood."""
    steps = (
        "{t: 1m, post: [{event: beat, with: {host: c1}}, {control: pause, subject: 'target:x'},"
        " {event: beat, with: {host: c2}}, {event: beat, at: 30s, with: {host: c3}}]}"
    )
    assert ["c1", "c2", "c3"] == _order(_case(tmp_path, steps))


def test_two_actions_on_one_target_keep_their_order(tmp_path: Path) -> None:
    """Where two rules act on one thing in one step, it matters which comes first: that step stays as it is."""
    rules = RULES.replace("do: noop", "do: compute.enable_service").replace("at_least: 2", "at_least: 1")
    told = 'do: notify, target: $lost.host, with: {text: "lost ${lost.host}", size: $lost.size}'
    rules = rules.replace(told, "do: compute.disable_service, target: $lost.host")
    steps = (
        "{t: 0s, post: [{event: beat, with: {host: c1}}, {event: lost, with: {host: c1}}],"
        " expect: [{do: compute.enable_service}], held: [{by: lock}]}"
    )
    assert [] == said(_under("reorder_ties", tmp_path, steps, rules))


def test_an_order_that_matters_after_all_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decisions that hang on the order of ties are shown."""
    monkeypatch.setattr(variants, "_are_apart", lambda *_: True)
    steps = (
        "{t: 0s, each: {h: [c1, c2, c3]}, state: alarm, with: {host: $h}}\n"
        "{t: 30s, expect: [{target: c1}, {target: c2}], held: [{target: c3}]}"
    )
    rules = RULES.replace(", for: $params.patience", "")
    steps = steps.replace("with: {host: $h}}\n{t: 30s, ", "with: {host: $h}, ")
    (failure,) = _under("reorder_ties", tmp_path, steps, rules).failures
    assert "decisions differ under reorder_ties" == failure.title


def test_an_engine_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is missing the case passes, and says what was left out."""

    def missing(*_: object, **settings: Any) -> Engine:  # noqa: ANN401 - as in Engine
        if settings["matcher"] == "durable":
            message = "matcher `durable` cannot be used here"
            raise MatcherError(message)
        return Engine(*_, **settings)  # type: ignore[arg-type]  # what the runner gives

    monkeypatch.setattr(runner, "Engine", missing)
    found = _under("durable_engine", tmp_path)
    assert ("passed", ("durable_engine was left out: matcher `durable` cannot be used here",)) == (
        found.ending,
        found.notes,
    )


def test_what_cannot_go_on_under_a_circumstance_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer to what was not decided there fails the case under that name."""
    monkeypatch.setattr(runner, "Engine", Forgetful)
    steps = (
        "{t: 0s, event: beat, with: {host: c1}}\n{t: 5s, event: beat, with: {host: c1}, expect: [{do: noop}]}\n"
        "{t: 6s, result: done, do: noop}"
    )
    found = _under("crash_each_step", tmp_path, steps)
    assert (
        "the case cannot go on under crash_each_step: nothing of the kind was decided before" == found.failures[0].title
    )


def test_a_case_that_fails_is_not_played_again(tmp_path: Path) -> None:
    """One failure is enough: circumstances are for cases that hold."""
    found = _under("crash_each_step", tmp_path, "{t: 0s, expect: [{do: noop}]}")
    assert [""] == [failure.variant for failure in found.failures]


def test_an_observer_sees_every_moment(tmp_path: Path) -> None:
    """Whoever looks on sees each call with the engine as it is then, and the end of each step."""
    seen: list[tuple[Any, ...]] = []

    class Watch:
        """Writes down what it sees."""

        def saw(self, engine: Engine, moment: Moment) -> None:
            """Note the time and the item."""
            seen.append((engine.now == moment.at, type(moment.item).__name__, len(moment.settled)))

        def ended(self, engine: Engine, step: int, number: int) -> None:
            """Note the step."""
            seen.append((len(engine.states("alarm")), step, number))

    play(_case(tmp_path, BEATS), observer=Watch())
    assert [
        (True, "NoneType", 0), (True, "Event", 0), (True, "State", 0), (1, 0, 3),
        (True, "NoneType", 0), (True, "Event", 1), (1, 1, 5), (True, "NoneType", 1), (1, 2, 6),
    ] == seen  # fmt: skip
