"""The healer: what it records, what it carries out, and what it leaves to be carried out."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from selfheal_rules.decide import Control, Decision, Outcome, Step
from selfheal_rules.diagnostics import EventError, ExecutorError, JournalError, SnapshotError
from selfheal_rules.engine import Engine, Item
from selfheal_rules.execute import DryRun, Executors, Order, Recording
from selfheal_rules.healer import Healer
from selfheal_rules.journal import Entry, Record
from tests.generate.streams import moment
from tests.journal.rig import PROGRAM, Free, Hands, enforcing, file_journal, healer, program, told
from tests.journal.storages import Storage
from tests.semantics.rig import beat, fail, node, rule


def _types(records: list[Record]) -> str:
    return " ".join(record.type for record in records)


def _short(decision: Decision) -> str:
    return f"{decision.action.removeprefix('compute.')} {decision.target}"


def test_a_batch_is_recorded_then_what_it_led_to_then_each_call(storage: Storage) -> None:
    """Inputs, decisions, intent, outcome: each is on disk before the next begins."""
    hands = Hands()
    one = healer(storage.open(), hands)
    decisions = one.take([beat(0), fail(1), fail(2, host="b")])
    assert ["disable_service a", "disable_service b"] == [
        f"{decision.action.removeprefix('compute.')} {decision.target}" for decision in decisions
    ]
    assert ["disable_service a#1", "disable_service b#1"] == hands.calls
    expected = "journal program snapshot recovery event event event decision decision intent outcome intent outcome"
    assert expected == _types(list(storage.open().records()))


def test_a_decision_is_recorded_whole_with_the_input_it_follows_from(storage: Storage) -> None:
    """Everything `to_json` says is there, the reasons and the verdict among it."""
    one = healer(storage.open())
    (decision,) = one.take([beat(0), fail(1), beat(2)])
    (record,) = [record for record in storage.open().records() if record.type == "decision"]
    assert {"input": 2, **decision.to_json()} == record.data
    assert "allowed" == record.data["verdict"]
    assert ["fail"] == [because["kind"] for because in record.data["because"]]


def test_what_is_only_shadowed_is_not_carried_out(tmp_path: Path) -> None:
    """Without a policy every decision is recorded and no executor is called."""
    hands = Hands()
    one = healer(file_journal(tmp_path), hands, engine=Engine(PROGRAM))
    assert ["shadowed"] == [decision.verdict.status for decision in one.take([fail(1)])]
    assert ([], {}) == (hands.calls, one.course.waiting)


def test_time_is_an_input(tmp_path: Path) -> None:
    """What a timer led to is recorded behind the instant that let it come."""
    one = healer(file_journal(tmp_path))
    one.take([node(0, level="high")])
    assert ["lock_server a"] == [
        f"{decision.action.removeprefix('compute.')} {decision.target}" for decision in one.take([moment(5)])
    ][:1]
    found = told(file_journal(tmp_path).records())[-2:]
    assert [("time", 2), ("decision", 2)] == [(type_, number) for type_, number, _ in found]


def test_a_batch_with_a_misfit_is_refused_whole(tmp_path: Path) -> None:
    """Nothing of it is recorded, and the engine has not moved."""
    one = healer(file_journal(tmp_path))
    before = (tmp_path / "heal.jsonl").read_bytes()
    with pytest.raises(EventError, match="`beat`"):
        one.take([fail(1), beat(2, n="many")])
    assert (before, None) == ((tmp_path / "heal.jsonl").read_bytes(), one.course.engine.now)


def test_a_failure_is_an_outcome(tmp_path: Path) -> None:
    """An executor that says it failed has its step tried again by the rule, and its words are recorded."""
    hands = Hands(answers={"compute.lock_server": ExecutorError("no answer", retryable=True)})
    one = healer(file_journal(tmp_path), hands)
    one.take([node(0, level="high"), moment(5)])
    hands.answers.clear()
    one.take([moment(7)])
    one.take([beat(8, n=1)])
    assert ["lock_server a#1", "lock_server a#2", "notify a#1"] == hands.calls
    outcomes = [data for type_, _, data in told(file_journal(tmp_path).records()) if type_ == "outcome"]
    assert [("failed", "no answer", True)] == [(o["status"], o["detail"], o["retryable"]) for o in outcomes][:1]


def test_what_an_executor_breaks_off_with_is_not_written_down(tmp_path: Path) -> None:
    """Whether anything was done is then open, and the text of a stranger's error may hold a password."""
    hands = Hands(answers={"compute.disable_service": ConnectionError("https://admin:hunter2@bmc")})
    healer(file_journal(tmp_path), hands).take([fail(1)])
    (outcome,) = [data for type_, _, data in told(file_journal(tmp_path).records()) if type_ == "outcome"]
    assert ("unconfirmed", "the executor broke off with ConnectionError") == (outcome["status"], outcome["detail"])
    assert b"hunter2" not in (tmp_path / "heal.jsonl").read_bytes()


def test_what_nobody_carries_out_is_refused(tmp_path: Path) -> None:
    """An allowed decision whose action has no executor has an outcome that says so."""
    healer(file_journal(tmp_path), Hands(actions=("compute.lock_server",))).take([fail(1)])
    (outcome,) = [data for type_, _, data in told(file_journal(tmp_path).records()) if type_ == "outcome"]
    assert ("refused", "no executor carries out `compute.disable_service`") == (outcome["status"], outcome["detail"])


@pytest.mark.parametrize(("late", "expected"), [(600, ["disable_service a#1"]), (600.000001, [])])
def test_what_is_too_old_is_refused(tmp_path: Path, late: float, expected: list[str]) -> None:
    """What was decided longer ago than `patience` is not carried out: the host may be well by now."""
    hands = Hands()
    executors = Executors([hands], clock=lambda: moment(1 + late), patience=timedelta(seconds=600))
    Healer(enforcing(PROGRAM), file_journal(tmp_path), executors).take([fail(1)])
    assert expected == hands.calls


def test_only_what_is_allowed_reaches_an_executor() -> None:
    """Whoever begins anything else is refused by name."""
    (decision,) = Engine(PROGRAM).post(fail(1))
    hands = Hands()
    executors = Executors([hands], clock=lambda: moment(1))
    executors.begin(decision, Free(), again=False)
    (outcome,) = executors.outcomes()
    assert ("refused", "it is shadowed, and only what is allowed is carried out") == (outcome.status, outcome.detail)
    assert [] == hands.calls


def test_two_executors_for_one_action_are_refused() -> None:
    """Which of them would be called is not left to chance."""
    with pytest.raises(ValueError, match=r"two executors carry out `compute.lock_server`"):
        Executors([Hands(), Hands(actions=("compute.lock_server",))])


def test_without_executors_the_caller_carries_out(tmp_path: Path) -> None:
    """What is allowed waits until its outcome is posted, over a restart too."""
    one = healer(file_journal(tmp_path))
    (decision,) = one.take([fail(1)])
    one.close()
    two = healer(file_journal(tmp_path))
    assert [decision] == list(two.course.waiting.values())
    two.take([Hands().execute(decision)])
    assert {} == two.course.waiting
    two.close()
    assert {} == healer(file_journal(tmp_path)).course.waiting


def test_a_dry_run_says_so(tmp_path: Path) -> None:
    """It answers everything and does nothing."""
    one = Healer(
        enforcing(PROGRAM),
        file_journal(tmp_path),
        Executors([DryRun(("compute.disable_service",))], clock=lambda: moment(1)),
    )
    one.take([fail(1)])
    assert ["dry_run"] == [
        data["status"] for type_, _, data in told(file_journal(tmp_path).records()) if type_ == "outcome"
    ]


def test_a_recording_writes_each_decision_once(tmp_path: Path) -> None:
    """A key that is in its file is not written again, by whichever process; a torn line was never done."""
    decision = Order(enforcing(PROGRAM).post(fail(1))[0], 1)
    path = tmp_path / "done.jsonl"
    first = Recording(path, ["compute.disable_service"], lambda: moment(2))
    answers = [first.execute(decision), first.execute(decision)]
    first.close()
    path.write_bytes(path.read_bytes() + b'{"key": "torn')
    second = Recording(path, ["compute.disable_service"], lambda: moment(2))
    answers.append(second.execute(decision))
    second.close()
    assert (["done"] * 3, 1) == ([answer.status for answer in answers], len(path.read_text().splitlines()))


def test_a_recording_on_a_full_disk_failed(small_disk: Path) -> None:
    """Nothing half-written is left, and a retry can help."""
    engine = enforcing(PROGRAM)
    decisions: list[Decision] = []
    for at in range(200):
        decisions += engine.post(fail(at))
        engine.post(Outcome(decisions[-1].id, "done", moment(at)))
    recording = Recording(small_disk / "done.jsonl", ["compute.disable_service"], lambda: moment(2))
    with pytest.raises(ExecutorError, match="no space left on device") as raised:
        _execute_all(recording, decisions)
    recording.close()
    done = [json.loads(line)["idempotency_key"] for line in (small_disk / "done.jsonl").read_text().splitlines()]
    assert [decision.idempotency_key for decision in decisions[: len(done)]] == done
    assert (True, True) == (raised.value.retryable, len(done) > 20)


def _execute_all(recording: Recording, decisions: list[Decision]) -> None:
    for decision in decisions:
        recording.execute(Order(decision, 1))


def test_snapshots_are_taken_now_and_then(tmp_path: Path) -> None:
    """After so many inputs and when it is closed the engine is written down, so that little is applied again."""
    one = healer(file_journal(tmp_path), Hands(), every=3)
    for at in range(7):
        one.take([beat(at)])
    found = list(file_journal(tmp_path).records())
    assert [0, 3, 6] == [record.inputs for record in found if record.type == "snapshot"]
    one.close()
    two = healer(file_journal(tmp_path), Hands(), every=3)
    two.close()
    assert ["snapshot", "recovery"] == [record.type for record in file_journal(tmp_path).recent()]
    assert 0 == list(file_journal(tmp_path).recent())[-1].data["replayed"]


def test_settings_of_the_engine_outlive_it(tmp_path: Path) -> None:
    """What goes on is the engine that was begun, not one with other settings."""
    healer(file_journal(tmp_path), engine=enforcing(PROGRAM, max_age=timedelta(seconds=7))).close()
    assert timedelta(seconds=7) == healer(file_journal(tmp_path)).course.engine.max_age


OTHER = program(rule("{as: p, event: fail}", "[{do: compute.lock_server, target: $p.host}]"))


def test_other_rules_take_over_where_the_old_ones_ended(storage: Storage) -> None:
    """Closed or not: what old rules have seen is theirs, and their text and the new rules' stand in the journal."""
    hands = Hands()
    one = healer(storage.open(), hands)
    one.take([fail(1)])
    one.journal.close()
    for at in (2, 3):
        two = healer(storage.open(), hands, engine=enforcing(OTHER))
        two.take([fail(at)])
        two.journal.close()
    assert ["disable_service a#1", "lock_server a#1", "lock_server a#1"] == hands.calls
    programs = [record.data["digest"] for record in storage.open().records() if record.type == "program"]
    assert [PROGRAM.digest, OTHER.digest] == programs


def test_other_rules_wait_for_what_the_old_ones_allowed(tmp_path: Path) -> None:
    """A decision nobody has carried out is not forgotten because the rules changed."""
    one = healer(file_journal(tmp_path))
    one.take([fail(1)])
    one.close()
    with pytest.raises(JournalError, match=f"what program {PROGRAM.digest} allowed still waits"):
        healer(file_journal(tmp_path), engine=enforcing(OTHER))


class Changed(Engine):
    """Another version of the library, that says something else of the same inputs."""

    def post(self, item: Item) -> Step:
        """Post, and say it."""
        step = super().post(item)
        for decision in step:
            decision.target = "elsewhere"
        return step


def test_decisions_that_are_not_those_recorded_are_named(tmp_path: Path) -> None:
    """Where the same inputs give another decision, nobody goes on from there."""
    one = healer(file_journal(tmp_path))
    one.take([beat(0), fail(1)])
    one.journal.close()
    with pytest.raises(
        JournalError, match=r"record 7 at .* is a decision after input 2.*lead to another after input 2"
    ):
        healer(file_journal(tmp_path), engine=Changed(PROGRAM))


def test_a_snapshot_that_is_none_is_a_clear_error(tmp_path: Path) -> None:
    """Whether it is no text of the right kind, or no engine."""
    one = healer(file_journal(tmp_path))
    one.journal.append([Entry("snapshot", json.dumps({"program": PROGRAM.digest, "engine": "c29tZXRoaW5n"}))])
    one.journal.close()
    with pytest.raises(SnapshotError, match="this is no snapshot of an engine"):
        healer(file_journal(tmp_path))
    journal = file_journal(tmp_path)
    journal.append([Entry("snapshot", json.dumps({"program": PROGRAM.digest, "engine": "?"}))], journal.fence())
    with pytest.raises(JournalError, match=r"holds no snapshot: it is not Base64"):
        healer(file_journal(tmp_path))


STOP = Control("kill", "ann", "the network is being worked on", moment(2))


def test_what_was_allowed_before_everything_was_stopped_is_not_carried_out(tmp_path: Path) -> None:
    """[G18] Allowed and stopped in one batch: no executor is called, and who stopped it is recorded, over a restart."""
    hands = Hands()
    one = healer(file_journal(tmp_path), hands)
    one.take([fail(1), STOP])
    (outcome,) = [data for type_, _, data in told(file_journal(tmp_path).records()) if type_ == "outcome"]
    assert ("refused", "ann stopped everything: the network is being worked on") == (
        outcome["status"],
        outcome["detail"],
    )
    one.close()
    again = healer(file_journal(tmp_path), hands)
    assert ["held"] == [decision.verdict.status for decision in again.take([fail(3, host="b")])]
    again.take([Control("resume", "ann", "done", moment(4))])
    assert ["disable_service b#1"] == hands.calls


def test_the_program_is_recorded_with_its_text(tmp_path: Path) -> None:
    """Who reads the journal later can see by which rules it was decided."""
    healer(file_journal(tmp_path)).close()
    (data,) = [data for type_, _, data in told(file_journal(tmp_path).records()) if type_ == "program"]
    assert PROGRAM.digest == data["digest"]
    assert ["tests"] == [one["name"] for one in data["rulesets"]]
    assert PROGRAM.rulesets[0].span.source.text == data["rulesets"][0]["text"]


def test_a_decision_that_cannot_be_recorded_is_not_carried_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inputs are there, the decision is in nobody's hands; the next process makes it again and carries it out."""
    hands = Hands()
    journal = file_journal(tmp_path)
    one = healer(journal, hands)
    with monkeypatch.context() as patch:
        patch.setattr("selfheal_rules.healer.outputs", _full_disk)
        with pytest.raises(JournalError, match="no space"):
            one.take([fail(1)])
    assert [] == hands.calls
    one.journal.close()
    assert ["disable_service a"] == [re.sub("#.*", "", call) for call in _gone_on(tmp_path, hands)]


def test_who_failed_lets_go_all_the_same(storage: Storage) -> None:
    """Closing says that nothing more can be written, and the next one can begin in this very process."""
    one = healer(storage.open(), Hands())
    one.take([beat(0)])
    storage.open().fence()
    with pytest.raises(JournalError, match="stale"):
        one.take([beat(1)])
    with pytest.raises(JournalError, match="stale"):
        one.close()
    two = healer(storage.open(), Hands())
    two.take([beat(1)])
    two.close()


def _full_disk(*_: object) -> list[object]:
    message = "no space left on device"
    raise JournalError(message)


def _gone_on(folder: Path, hands: Hands) -> list[str]:
    healer(file_journal(folder), hands).take()
    return hands.calls
