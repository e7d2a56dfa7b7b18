"""What people say while a healer runs: taken once, before anything else, and never what stops it."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import define

from selfheal_rules.decide import Control, Decision, Outcome
from selfheal_rules.diagnostics import JournalError
from selfheal_rules.engine import Engine
from selfheal_rules.execute import Executors
from selfheal_rules.guard.ledger import SAID
from selfheal_rules.healer import Healer
from selfheal_rules.journal import Journal
from selfheal_rules.journal.inbox import LARGEST, MOST, Inbox, put
from selfheal_rules.journal.recovery import engine_of
from selfheal_rules.journal.spool import Spool
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source
from tests.generate.streams import moment
from tests.journal.rig import FREE, PROGRAM, Hands, enforcing, file_journal, healer
from tests.journal.storages import Storage
from tests.semantics.rig import beat, fail

ASKED = read_policy(Source("policy.yaml", FREE.replace("grade: auto", "grade: approve, for: 30m, action: compute.*")))


def said(act: str, second: float = 5, subject: str = "", **more: Any) -> Control:  # noqa: ANN401 - of a control
    """Have ann say something."""
    return Control(act, "ann", "she looked", moment(second), subject, **more)  # type: ignore[arg-type]


def tell(journal: Journal, *controls: Control) -> None:
    """Put what somebody says into the inbox of a journal."""
    for number, control in enumerate(controls):
        put(journal.inbox(), control, str(number))


def controls(journal: Journal) -> list[str]:
    """Give what of it is in the journal."""
    return [
        f"{one.data['act']} {one.data.get('subject', '')}".rstrip()
        for one in journal.records()
        if one.type == "control"
    ]


def asking(journal: Journal, hands: Hands | None = None) -> Healer:
    """Give a healer at a site that wants each action approved."""
    return healer(journal, hands, engine=Engine(PROGRAM, policy=ASKED))


def statuses(decisions: list[Decision]) -> list[str]:
    """Give verdicts."""
    return [one.verdict.status for one in decisions]


def test_a_decision_is_approved_from_outside(storage: Storage) -> None:
    """It waits, is approved by a note, is carried out at the next turn, and the journal has who and why."""
    hands = Hands()
    one = asking(storage.open(), hands)
    (asked,) = one.take([fail(1)])
    tell(storage.open(), said("approve", 5, asked.id))
    assert ["allowed"] == statuses(one.take())
    assert (["disable_service a#1"], []) == (hands.calls, one.inbox.notes())
    (record,) = [record for record in storage.open().records() if record.type == "control"]
    assert ("approve", asked.id, "ann", "she looked") == tuple(record.data[n] for n in ("act", "subject", "who", "why"))
    assert 32 == len(record.data["id"])


def test_a_note_waits_for_the_next_healer(storage: Storage) -> None:
    """Where none runs, what was said first is taken first by whoever comes, before anything is carried out."""
    one = healer(storage.open())
    one.take([fail(1)])
    one.close()
    tell(storage.open(), said("kill", 2))
    hands = Hands()
    two = healer(storage.open(), hands)
    two.take()
    assert ([], ["kill"]) == (hands.calls, controls(storage.open()))
    (outcome,) = [one.data for one in storage.open().records() if one.type == "outcome"]
    assert ("refused", "ann stopped everything: she looked") == (outcome["status"], outcome["detail"])


@define
class Failing:
    """An inbox whose notes cannot be taken away: as a process leaves it that ends right before that."""

    inbox: Any

    def notes(self) -> Any:  # noqa: ANN401 - notes
        """Give them."""
        return self.inbox.notes()

    def remove(self, name: str) -> None:
        """Break off."""
        raise JournalError(name)


def test_a_note_that_is_still_there_is_not_taken_twice(storage: Storage) -> None:
    """The process ended between the journal and the inbox; what was lifted meanwhile is not stopped again."""
    one = healer(storage.open())
    tell(storage.open(), said("kill", 2))
    one.inbox = cast("Inbox", Failing(one.inbox))
    with pytest.raises(JournalError):
        one.take()
    one.close()
    two = healer(storage.open())
    two.take([said("resume", 3)])
    assert (["kill", "resume"], ()) == (controls(storage.open()), two.course.engine.stops())
    assert [] == two.inbox.notes()


def test_an_engine_tells_a_repetition_by_its_id() -> None:
    """`duplicate`, over a snapshot too; what has no id is taken as often as it comes."""
    engine = enforcing(PROGRAM)
    kill = said("kill", 1, id="k")
    assert ["matched", "duplicate"] == [engine.post(kill).disposition for _ in range(2)]
    engine.post(said("resume", 2))
    again = Engine.restore(PROGRAM, engine.snapshot())
    assert ("duplicate", ()) == (again.post(kill).disposition, again.stops())
    assert ["matched", "matched"] == [again.post(said("kill", 3)).disposition for _ in range(2)]


def test_of_very_many_the_first_are_forgotten() -> None:
    """Ids are kept for the latest thousand."""
    engine = enforcing(PROGRAM)
    for number in range(1_001):
        engine.post(said("pause", number, f"target:t{number}", id=f"n{number}"))
    assert "duplicate" == engine.post(said("pause", 2_000, "target:t1", id="n1")).disposition
    assert "matched" == engine.post(said("pause", 2_000, "target:t0", id="n0")).disposition


def test_a_kill_is_heard_between_two_calls(storage: Storage) -> None:
    """Whoever sees the first act go wrong stops the second, though both were allowed at one instant."""
    journal = storage.open()

    @define
    class Seen(Hands):
        def execute(self, decision: Decision) -> Outcome:
            tell(journal, said("kill", 3))
            return super().execute(decision)

    hands = Seen()
    one = healer(storage.open(), hands)
    assert ["allowed", "allowed"] == statuses(one.take([fail(1), fail(2, host="b")]))[:2]
    assert ["disable_service a#1"] == hands.calls


@pytest.mark.parametrize(
    ("control", "why"),
    [
        (said("pause", 3, "action:compute.*"), "ann paused `action:compute.*`: she looked"),
        (said("pause", 3, "rule:tests/each"), "ann paused `rule:tests/each`: she looked"),
        (said("stand_down", 3, "a", until=moment(90)), "a person has `a` in hand: ann: she looked"),
        (said("pause", 3, "target:b"), ""),
    ],
)
def test_what_is_paused_is_not_begun(tmp_path: Path, control: Control, why: str) -> None:
    """What was allowed before, and waits for its turn, is refused when it comes; what is not covered goes."""
    one = healer(file_journal(tmp_path))
    one.take([fail(1), control])
    one.executors = Executors([hands := Hands()], clock=lambda: moment(5))
    one.take()
    details = [record.data["detail"] for record in file_journal(tmp_path).records() if record.type == "outcome"]
    assert ([why], [] if why else ["disable_service a#1"]) == (details, hands.calls)


SOME = "2026-01-01T00:00:00Z"
BAD = {
    "empty": ("", "it is not JSON"),
    "no JSON": ("stop!", "it is not JSON"),
    "deep": ("[" * 100_000, "it is not JSON"),
    "a list": ("[]", "it is not a JSON object"),
    "a stranger": ('{"act": "explode", "who": "a", "why": "b", "time": "2026-01-01T00:00:00Z"}', "is not one of"),
    "nobody": ('{"act": "kill", "why": "b", "time": "2026-01-01T00:00:00Z"}', "this is no control"),
    "no zone": ('{"act": "kill", "who": "a", "why": "b", "time": "2026-01-01T00:00:00"}', "time"),
    "numbers": ('{"act": "kill", "who": 1, "why": "b", "time": "2026-01-01T00:00:00Z"}', "`who` of a control is 1"),
    "more": ('{"act": "kill", "who": "a", "why": "b", "time": "2026-01-01T00:00:00Z", "x": 1}', "this is no control"),
    "a policy": (json.dumps(said("policy", 1, "mode: strict").to_json()), "the policy cannot be taken"),
    "signs that are none": (json.dumps({"act": "a\0\ud800ł", "who": "a", "why": "b", "time": SOME}), "is not one of"),
    "long": (json.dumps({"act": "a" * 100_000, "who": "a", "why": "b", "time": SOME}), "is not one of"),
    "a list for a subject": (
        '{"act": "approve", "who": "a", "why": "b", "time": "2026-01-01T00:00:00Z", "subject": [1]}',
        "`subject` of a control is [1], of type list",
    ),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_cannot_be_taken_is_put_aside_with_the_reason(storage: Storage, bad: tuple[str, str]) -> None:
    """It stops neither the healer nor what was said after it, and is not looked at again."""
    text, why = bad
    inbox = storage.open().inbox()
    one = healer(storage.open())
    inbox.put("20000101-first", text)
    tell(storage.open(), said("pause", 2, "target:b"))
    one.take([beat(3)])
    assert (["pause target:b"], []) == (controls(storage.open()), inbox.notes())
    (aside,) = inbox.aside()
    assert ("20000101-first", text, True) == (aside.name, aside.text, why in aside.flaw), aside.flaw
    one.take([beat(4)])
    assert ([aside], 1) == (inbox.aside(), len(controls(storage.open())))


def test_what_is_no_note_at_all_is_put_aside(tmp_path: Path) -> None:
    """A folder, a pipe, no text, too much, or not to be read; a name that begins with a dot is of nobody yet."""
    one = healer(file_journal(tmp_path))
    folder = tmp_path / "heal.jsonl.inbox"
    (folder / "folder").mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    (folder / "latin").write_bytes(b'{"act": "kill", "who": "J\xf6rg"}')
    (folder / "much").write_bytes(b" " * (LARGEST + 1))
    (folder / "gone").symlink_to(folder / "nowhere")
    (folder / ".half").write_text("{")
    one.take([beat(1)])
    flaws = {note.name: note.flaw for note in one.inbox.aside()}
    assert {
        "folder": "it is no file",
        "gone": "it is no file",
        "latin": "it is not UTF-8",
        "much": "it has more than 1,048,576 bytes",
        "pipe": "it is no file",
    } == flaws
    assert ([], True) == (one.inbox.notes(), (folder / ".half").exists())


def test_a_note_of_a_clock_that_is_ahead_waits(storage: Storage) -> None:
    """An approval is taken when its time is believed; what has less done holds at once, without moving time."""
    engine = Engine(PROGRAM, policy=ASKED, max_ahead=timedelta(seconds=60))
    one = healer(storage.open(), Hands(), engine=engine)
    (asked,) = one.take([fail(1)])
    tell(storage.open(), said("pause", 3_000, "target:b"), said("approve", 100, asked.id))
    assert ([], moment(1)) == (one.take(), one.course.engine.now)
    assert (["pause target:b"], 1) == (controls(storage.open()), len(one.inbox.notes()))
    assert ["allowed"] == statuses([*one.take([moment(50)]), *one.take()])
    assert ["pause target:b", f"approve {asked.id}"] == controls(storage.open())


def test_an_approval_that_comes_too_late_approves_nothing(storage: Storage) -> None:
    """It lay in the inbox of nobody, or came after the end: the decision expires before it is heard."""
    one = asking(storage.open(), hands := Hands())
    (asked,) = one.take([fail(1)])
    tell(storage.open(), said("approve", 1_801, asked.id))
    assert ["suppressed"] == statuses(one.take())
    assert [] == hands.calls


def test_a_policy_is_taken_from_the_inbox_and_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy on its way through a healer is parsed when it is admitted, and not again when it is applied."""
    reads: list[str] = []

    def counted(source: Source) -> Any:  # noqa: ANN401 - a policy
        reads.append(source.name)
        return read_policy(source)

    monkeypatch.setattr("selfheal_rules.guard.binding.read_policy", counted)
    one = healer(file_journal(tmp_path))
    one.take([said("policy", 1, FREE.replace("mode: enforce", ""))])
    assert ["policy of ann"] == reads
    tell(file_journal(tmp_path), said("policy", 2, FREE))
    one.take()
    assert ["policy of ann"] * 2 == reads
    assert ["allowed"] == statuses(one.take([fail(3)]))


def test_a_control_is_held_against_the_policy_that_comes_before_it(tmp_path: Path) -> None:
    """Other rules without their report are refused where the batch itself has the policy ask for one."""
    one = healer(file_journal(tmp_path))
    entry = f"{{ruleset: tests, mode: enforce, revision: {PROGRAM.revisions['tests']!r}, backtest: f}}"
    wanting = f"{FREE}require_backtest: true\nrulesets: [{entry}]\n"
    before = (tmp_path / "heal.jsonl").read_bytes()
    with pytest.raises(Exception, match="without the report of their backtest"):
        one.take([said("policy", 1, wanting), said("rules", 2, PROGRAM.digest)])
    assert before == (tmp_path / "heal.jsonl").read_bytes()
    tell(file_journal(tmp_path), said("policy", 1, wanting))
    with pytest.raises(Exception, match="without the report of their backtest"):
        one.take([said("rules", 2, PROGRAM.digest)])
    assert ["policy"] == [one.split()[0] for one in controls(file_journal(tmp_path))]


def test_an_inbox_that_cannot_be_read_stops_the_healer(tmp_path: Path) -> None:
    """Nobody could stop it otherwise: the error says where and why, and nothing was carried out."""
    one = healer(file_journal(tmp_path), hands := Hands())
    (tmp_path / "heal.jsonl.inbox").write_text("")
    with pytest.raises(JournalError, match=r"inbox `.*heal.jsonl.inbox` cannot be read: not a directory"):
        one.take([fail(1)])
    assert [] == hands.calls


def test_a_note_that_cannot_be_written_is_not_half_there(small_disk: Path) -> None:
    """A full disk is said, and leaves nothing in the inbox."""
    spool = Spool(small_disk / "heal.jsonl.inbox")
    spool.put("first", "x" * 1_000)
    with pytest.raises(JournalError, match="cannot be written: no space left on device"):
        spool.put("second", "x" * 100_000)
    assert ["first"] == [note.name for note in spool.notes()]
    assert ["first"] == os.listdir(small_disk / "heal.jsonl.inbox")  # noqa: PTH208 - the hidden ones as well


def test_an_engine_is_told_from_the_journal_alone(storage: Storage) -> None:
    """Without the rules at hand, and without writing: what awaits approval, who agreed, and what is stopped."""
    one = asking(storage.open())
    asked = one.take([fail(1), fail(2, host="b"), said("pause", 3, "target:b")])
    before = storage.lines()
    found = engine_of(storage.open())
    requests = found.approval_requests()
    assert ([asked[0].id, asked[1].id], [1, 1]) == ([r.decision.id for r in requests], [r.quorum for r in requests])
    assert (["needs_approval", "held"], ["target:b"]) == (
        [r.decision.verdict.status for r in requests], [control.subject for control in found.stops()],
    )  # fmt: skip
    assert (moment(1), moment(1_801)) == (requests[0].asked, requests[0].expires)
    assert before == storage.lines()
    one.take([said("approve", 4, asked[1].id), said("refuse", 4, asked[0].id)])
    assert [{"ann": "she looked"}] == [r.agreed for r in engine_of(storage.open()).approval_requests()]


def test_nothing_is_told_of_an_empty_journal(storage: Storage) -> None:
    """It says so."""
    with pytest.raises(JournalError, match="nothing is in the journal yet"):
        engine_of(storage.open())


def test_the_lease_can_be_looked_at(storage: Storage) -> None:
    """Whether a healer runs is told without getting into its way."""
    assert not storage.open().is_held()
    one = healer(storage.open())
    assert storage.open().is_held()
    one.take([beat(1)])
    one.close()
    assert not storage.open().is_held()


def test_a_quorum_is_what_the_policy_asks_for_now(storage: Storage) -> None:
    """A policy that comes while people are asked changes how many have to agree, and not until when."""
    one = asking(storage.open())
    one.take([fail(1)])
    two = FREE.replace("grade: auto", "grade: approve, for: 1h, quorum: 2, action: compute.*")
    one.take([said("policy", 2, two)])
    (request,) = one.course.engine.approval_requests()
    assert (2, moment(1_801)) == (request.quorum, request.expires)
    assert {"quorum": 2, "agreed": {}} == {name: request.to_json()[name] for name in ("quorum", "agreed")}


FEW = 9


def test_very_many_notes_are_taken_one_after_the_other(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer at a time than there are ids an engine keeps, so that none is taken twice after a crash."""
    assert SAID >= 2 * MOST
    for module in ("spool", "sql"):
        monkeypatch.setattr(f"selfheal_rules.journal.{module}.MOST", FEW)
    one = healer(storage.open())
    for number in range(FEW + 3):
        one.inbox.put(f"n{number:04}", json.dumps(said("pause", 1, f"target:t{number}").to_json()))
    assert FEW == len(one.inbox.notes())
    one.inbox = cast("Inbox", Failing(one.inbox))
    with pytest.raises(JournalError):
        one.take()
    one.close()
    two = healer(storage.open())
    two.take()
    assert 3 == len(two.inbox.notes()) + len(two.course.engine.stops()) - FEW
    two.take()
    assert ([], FEW + 3) == (two.inbox.notes(), len(controls(storage.open())))
