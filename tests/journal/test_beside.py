"""Executors beside the healer: who acts slowly holds up nobody else, and what is promised of acting holds as ever."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import define, field

from selfheal_rules.decide import Control, Decision, Outcome
from selfheal_rules.diagnostics import JournalError
from selfheal_rules.execute import Executor, Executors
from selfheal_rules.healer import Healer
from selfheal_rules.journal import Journal
from tests.generate.streams import moment
from tests.journal.rig import PROGRAM, Free, Hands, enforcing, file_journal, told
from tests.semantics.rig import beat, fail, node

PATIENCE = 20.0


@define
class Slow:
    """An executor that is at it until it is let go."""

    actions: tuple[str, ...] = ("compute.disable_service",)
    idempotent: bool = False
    let_go: threading.Event = field(factory=threading.Event)
    begun: threading.Semaphore = field(factory=lambda: threading.Semaphore(0))
    calls: list[str] = field(factory=list)
    breaks_off: bool = False

    def execute(self, decision: Decision) -> Outcome:
        """Say that it has begun, and wait."""
        self.calls.append(f"{decision.action.removeprefix('compute.')} {decision.target}")
        self.begun.release()
        assert self.let_go.wait(PATIENCE)
        if self.breaks_off:
            raise SystemExit
        return Outcome(decision.id, "done", decision.time, attempt=decision.attempt)

    def has_begun(self) -> bool:
        """Wait until it has."""
        return self.begun.acquire(timeout=PATIENCE)


@define
class Beside:
    """A healer whose executors have threads of their own."""

    journal: Journal
    executors: tuple[Executor, ...]
    workers: int = 4
    ended: threading.Semaphore = field(factory=lambda: threading.Semaphore(0))
    healer: Healer = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Wire them."""
        executors = Executors(self.executors, clock=lambda: moment(0), workers=self.workers, ended=self.ended.release)
        self.healer = Healer(enforcing(PROGRAM), self.journal, executors)

    def ends(self) -> bool:
        """Wait until somebody has ended, and take what became of it."""
        found = self.ended.acquire(timeout=PATIENCE)
        self.healer.take()
        return found

    def types(self) -> list[str]:
        """Give the types of the records."""
        return [one.type for one in self.journal.records() if one.type in {"event", "decision", "intent", "outcome"}]

    def statuses(self) -> list[str]:
        """Give the outcomes."""
        return [data["status"] for type_, _, data in told(self.journal.records()) if type_ == "outcome"]


@pytest.fixture
def slow() -> Iterator[Slow]:
    """Give an executor that is let go at the end, whatever happens."""
    found = Slow()
    yield found
    found.let_go.set()


def test_who_acts_slowly_keeps_nobody_from_deciding(tmp_path: Path, slow: Slow) -> None:
    """While one is at it, inputs are recorded, decided and carried out by others; its outcome comes as an input."""
    one = Beside(file_journal(tmp_path), (slow, Hands(("compute.lock_server",))))
    one.healer.take([fail(1)])
    assert slow.has_begun()
    assert ["event", "decision", "intent"] == one.types()
    decisions = one.healer.take([node(2, host="b", level="high"), moment(8)])
    assert ["compute.lock_server"] == [decision.action for decision in decisions][:1]
    assert one.ends()
    assert (["done"], ["disable_service a"]) == (one.statuses()[:1], slow.calls)
    slow.let_go.set()
    assert one.ends()
    assert ["done", "done"] == one.statuses()
    assert {} == one.healer.course.waiting


def test_one_executor_has_one_decision_at_a_time_in_their_order(tmp_path: Path, slow: Slow) -> None:
    """The second is begun, and recorded as begun, once the first has ended."""
    one = Beside(file_journal(tmp_path), (slow,))
    one.healer.take([fail(1, host="a"), fail(2, host="b")])
    assert slow.has_begun()
    one.healer.take([beat(3)])
    assert (1, ["disable_service a"]) == (one.types().count("intent"), slow.calls)
    slow.let_go.set()
    assert one.ends()
    assert one.ends()
    assert ["disable_service a", "disable_service b"] == slow.calls
    assert ["intent", "event", "outcome", "intent", "outcome"] == one.types()[-5:]


@pytest.mark.parametrize(("host", "workers"), [("a", 4), ("b", 1)])
def test_one_target_and_all_workers_are_waited_for(tmp_path: Path, slow: Slow, host: str, workers: int) -> None:
    """Another executor does not begin on the target of the first, nor where all the threads there may be are taken."""
    hands = Hands(("compute.lock_server",))
    one = Beside(file_journal(tmp_path), (slow, hands), workers)
    one.healer.take([fail(1, host="a")])
    assert slow.has_begun()
    one.healer.take([node(2, host=host, level="high"), moment(8)])
    assert ([], ["disable_service a"]) == (hands.calls, slow.calls)
    slow.let_go.set()
    assert one.ends()
    assert one.ends()
    assert [f"lock_server {host}#1"] == hands.calls


def test_what_was_begun_by_a_process_that_ended_is_called_again_where_it_may_be(tmp_path: Path, slow: Slow) -> None:
    """Several may be under way: who may be asked twice is, and of the other nobody knows."""
    sure = Slow(("compute.lock_server",), idempotent=True)
    one = Beside(file_journal(tmp_path), (slow, sure))
    one.healer.take([node(0, host="b", level="high"), moment(6), fail(7)])
    assert (True, True) == (slow.has_begun(), sure.has_begun())
    one.healer.journal.close()  # as a process that ends
    sure.let_go.set()
    two = Beside(file_journal(tmp_path), (slow, sure))
    assert 2 == len(two.healer.course.mark["called"])
    two.healer.take()
    assert two.ends()
    assert two.ends()
    assert ["done", "unconfirmed"] == sorted(two.statuses())
    assert (["lock_server b"] * 2, ["disable_service a"]) == (sure.calls, slow.calls)


def test_nobody_is_called_for_one_who_was_taken_over_from(tmp_path: Path, slow: Slow) -> None:
    """[G20] The lease is looked at right before a thread begins."""
    old = Beside(file_journal(tmp_path), (slow,))
    old.healer.take([beat(0)])
    (decision,) = old.healer.course.apply(fail(1))
    lease = file_journal(tmp_path).lease()
    lease.acquire(by_force=True)
    lease.release()
    Beside(file_journal(tmp_path), (Hands(),))
    assert old.healer.executors is not None
    with pytest.raises(JournalError, match="lost"):
        old.healer.executors.begin(decision, old.healer.journal, again=False)
    with pytest.raises(JournalError, match="lost"):
        old.healer.take()
    assert ([], ()) == (slow.calls, old.healer.executors.running)


def test_what_waits_is_refused_where_people_stop_it_meanwhile(tmp_path: Path, slow: Slow) -> None:
    """A kill switch that came while the executor was busy is heard before it is called again."""
    one = Beside(file_journal(tmp_path), (slow,))
    one.healer.take([fail(1, host="a"), fail(2, host="b")])
    assert slow.has_begun()
    one.healer.take([Control("kill", "ann", "smoke", moment(3))])
    slow.let_go.set()
    assert one.ends()
    assert one.ends()
    assert ["done", "refused"] == one.statuses()
    assert ["disable_service a"] == slow.calls


def test_who_ends_its_thread_leaves_it_open(tmp_path: Path, slow: Slow) -> None:
    """Whatever an executor raises, its outcome is recorded, and the next decision is begun."""
    slow.breaks_off = True
    slow.let_go.set()
    one = Beside(file_journal(tmp_path), (slow,))
    one.healer.take([fail(1, host="a"), fail(2, host="b")])
    assert one.ends()
    assert one.ends()
    assert ["unconfirmed", "unconfirmed"] == one.statuses()


def test_in_the_caller_s_thread_whatever_ends_it_goes_through() -> None:
    """Without workers an interrupt from the keyboard is none of an executor's outcomes."""
    (decision,) = enforcing(PROGRAM).post(fail(1))
    hands = Hands(answers={"compute.disable_service": KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        Executors([hands], clock=lambda: moment(0)).begin(decision, Free(), again=False)


def test_who_is_closed_begins_nothing(tmp_path: Path, slow: Slow) -> None:
    """What was begun ends, and what waits is left to the next process."""
    one = Beside(file_journal(tmp_path), (slow,))
    one.healer.take([fail(1, host="a"), fail(2, host="b")])
    assert slow.has_begun()
    assert one.healer.executors is not None
    one.healer.executors.close()
    slow.let_go.set()
    assert one.ends()
    assert (["disable_service a"], 1) == (slow.calls, len(one.healer.course.waiting))
    one.healer.close()
    two = Beside(file_journal(tmp_path), (Hands(),))
    two.healer.take()
    assert two.ends()
    assert ["done", "done"] == two.statuses()
