"""What was allowed and is not done yet is not done once anything forbids it, wherever the word of that comes from."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import define
from hypothesis import example, given, settings
from hypothesis import strategies as st

from selfheal_rules.compile import compile_rules
from selfheal_rules.decide import Control, Decision, Outcome
from selfheal_rules.diagnostics import JournalError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.execute import Executors
from selfheal_rules.healer import Healer
from selfheal_rules.journal.inbox import put
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.policy import Policy
from selfheal_rules.source import Source
from tests.guards.rig import DRAIN, FREE, LOST, at, load, rule
from tests.journal.rig import Hands, file_journal

PROGRAM = compile_rules(load(rule(LOST, DRAIN, "{maintenance: [$e.az], fails: open}")))
PLACED = (
    FREE
    + """topology: [{state: instance, within: [host]}]
maintenance: [{state: work, target: host, at_most: 1d, owner: ops, reason: r}]
stand_down: [{state: hand, target: host}, {event: touch, target: host, for: 1h}]
"""
)


def policy(more: str = "", mode: str = "enforce") -> Policy:
    """Give the policy of the site, with more in it."""
    return read_policy(Source("policy.yaml", PLACED.replace("mode: enforce", f"mode: {mode}") + more))


PROTECTED = "protected: [{target: h1, reason: the console}]\n"
SUGGESTED = PLACED.replace("grade: auto", "grade: suggest")


def said(act: str, subject: str = "", second: float = 5) -> Control:
    """Have ann say something."""
    until = at(900) if act == "stand_down" else None
    return Control(act, "ann", "smoke", at(second), subject, until)  # type: ignore[arg-type]


def state(kind: str, host: str = "h1", *, gone: bool = False) -> State:
    """Give an update of a state, or its clearing."""
    return State(kind, "m", at(5), {"host": host}, cleared=gone)


def lost(number: int, second: float) -> tuple[State, Event]:
    """Give a server on host h1 of zone z1, and its failure."""
    placed = State("instance", "m", at(0), {"instance": f"i{number}", "host": "h1"})
    return placed, Event(f"e{number}", "lost", "m", at(second), {"host": f"i{number}", "az": "z1"})


def healer(folder: Path, site: Policy | None = None, hands: Hands | None = None) -> Healer:
    """Give a healer over a journal, its executors of no time."""
    executors = Executors([hands], clock=lambda: at(5)) if hands else None
    return Healer(Engine(PROGRAM, policy=site or policy()), file_journal(folder), executors)


def refusals(folder: Path) -> list[str]:
    """Give why nothing was done."""
    outcomes = (one.data for one in file_journal(folder).records() if one.type == "outcome")
    return [one["detail"] for one in outcomes if one["status"] == "refused"]


IN_HAND = "a person has `h1` in hand: "
SINCE: dict[str, tuple[Any, str]] = {
    "protected": (said("policy", PLACED + PROTECTED), "`h1` is protected: the console"),
    "shadow": (said("policy", PLACED.replace("mode: enforce", "mode: shadow")), "decided, not to be carried out: "),
    "suggested": (said("policy", SUGGESTED), "decided, not to be carried out: "),
    "kill_switch": (said("policy", PLACED + "kill_switch: true\n"), "the site's policy has the kill switch on"),
    "kill": (said("kill"), "ann stopped everything: smoke"),
    "pause": (said("pause", "target:I1"), "ann paused `target:I1`: smoke"),
    "stand_down": (said("stand_down", "H1.example.org"), f"{IN_HAND}ann: smoke"),
    "touched": (Event("t1", "touch", "m", at(5), {"host": "h1"}), f"{IN_HAND}`touch`"),
    "in hand": (state("hand"), f"{IN_HAND}`hand`"),
    "maintenance": (state("work"), "`h1` is under `work` (ops: r)"),
    "a zone in maintenance": (state("work", "z1"), "`z1` is under `work` (ops: r)"),
}


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("name", SINCE)
def test_what_comes_before_the_act_forbids_it(tmp_path: Path, name: str, restart: bool) -> None:  # noqa: FBT001
    """Of the target, or of what it is in; it is recorded as refused, with the reason, and so over a restart."""
    word, why = SINCE[name]
    one = healer(tmp_path)
    assert ["allowed"] == [decision.verdict.status for decision in one.record(lost(1, 2))]
    if restart:
        one.close()
        one = healer(tmp_path)
    one.executors = Executors([hands := Hands()], clock=lambda: at(5))
    one.take([word])
    (found,) = refusals(tmp_path)
    assert ([], why) == (hands.calls, found[: len(why)])


@pytest.mark.parametrize(
    ("site", "why"),
    [
        (policy(PROTECTED), SINCE["protected"][1]),
        (policy(mode="shadow"), SINCE["shadow"][1]),
        (read_policy(Source("p.yaml", SUGGESTED)), SINCE["suggested"][1]),
    ],
)
def test_a_policy_given_at_the_start_forbids_what_the_one_before_let_through(
    tmp_path: Path, site: Policy, why: str
) -> None:
    """The process ended between the decision and the act."""
    one = healer(tmp_path)
    one.record(lost(1, 2))
    one.close()
    healer(tmp_path, site, hands := Hands()).take()
    (found,) = refusals(tmp_path)
    assert ([], why) == (hands.calls, found[: len(why)])


@pytest.mark.parametrize("name", [name for name, (word, _) in SINCE.items() if isinstance(word, Control)])
def test_a_note_between_two_acts_forbids_the_second(tmp_path: Path, name: str) -> None:
    """Whoever sees the first act go wrong keeps the second from being begun."""
    word = SINCE[name][0]

    @define
    class Seen(Hands):
        def execute(self, decision: Decision) -> Outcome:
            put(file_journal(tmp_path).inbox(), word, name)
            return super().execute(decision)

    one = healer(tmp_path, hands=(hands := Seen()))
    one.take([*lost(2, 2), *lost(1, 2)])
    assert (["disable_service i2#1"], 1) == (hands.calls, len(refusals(tmp_path)))


def test_what_is_over_and_forgotten_is_not_done(tmp_path: Path) -> None:
    """Nobody knows any more for whom it would be, so nobody can say that nothing forbids it."""
    one = healer(tmp_path)
    (decision,) = one.record(lost(1, 2))
    one.record([said("stand_down", "h9"), at(7_200)])
    assert "what it was decided for is over and forgotten" == one.course.engine.stopped(decision)


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder for one example."""
    with TemporaryDirectory() as name:
        yield Path(name)


WORDS: dict[str, Any] = {name: word for name, (word, _) in SINCE.items() if name not in {"pause", "touched"}} | {
    "free": said("policy", PLACED),
    "resume": said("resume"),
    "release": said("release", "h1"),
    "out of hand": state("hand", gone=True),
    "worked on no longer": state("work", gone=True),
    "zone worked on no longer": state("work", "z1", gone=True),
    "later": at(9),
}


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(sorted(WORDS)), max_size=5), st.booleans())
@example(["kill", "protected", "resume"], False)
def test_what_is_carried_out_is_what_would_be_allowed_now(words: list[str], restart: bool) -> None:  # noqa: FBT001
    """Whatever was said since: what waits and what is asked for at last have the same fate."""
    with folder() as here:
        one = healer(here)
        one.record([*lost(1, 2), *lost(2, 2)[:1]])
        if restart:
            one.close()
            one = healer(here)
        one.executors = Executors([hands := Hands()], clock=lambda: at(9))
        decisions = one.take([*(WORDS[name] for name in words), lost(2, 9)[1]])
        (asked,) = [decision for decision in decisions if decision.target == "i2"]
        both = ["disable_service i1#1", "disable_service i2#1"]
        assert (both if asked.verdict.status == "allowed" else []) == hands.calls
        one.close()


@pytest.mark.parametrize("given", [None, policy(), policy(mode="shadow")])
def test_the_host_it_runs_on_is_protected_under_every_policy(tmp_path: Path, given: Policy | None) -> None:
    """[G23] The one it begins with, the one people say, the one of a note, and the one it goes on with elsewhere."""
    one = Healer(Engine(PROGRAM, policy=given), file_journal(tmp_path), host="h1")
    one.take([*lost(1, 1), said("policy", PLACED, 2)])
    assert ["rejected"] == [decision.verdict.status for decision in one.take(lost(2, 3))]
    put(file_journal(tmp_path).inbox(), said("policy", FREE + PLACED.removeprefix(FREE), 4), "n")
    assert ["rejected"] == [decision.verdict.status for decision in one.take(lost(3, 5))]
    one.close()
    two = Healer(Engine(PROGRAM), file_journal(tmp_path), host="i4")
    assert ["rejected"] == [decision.verdict.status for decision in two.take(lost(4, 6))]
    text = two.course.engine.policy
    assert text is not None
    assert ["h1", "i4"] == [one.target for one in text.protected]


def test_a_policy_that_cannot_be_taken_is_refused_in_the_words_it_was_said_in(tmp_path: Path) -> None:
    """What is added to it comes after it was found to fit."""
    one = Healer(Engine(PROGRAM), file_journal(tmp_path), host="h1")
    put(file_journal(tmp_path).inbox(), said("policy", PLACED + "protected: [{target: h9}]\n"), "n")
    one.take()
    (note,) = one.inbox.aside()
    assert "policy of ann:9:13" in note.flaw
    with pytest.raises(JournalError):
        Healer(Engine(PROGRAM), file_journal(tmp_path))
