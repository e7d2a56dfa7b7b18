"""The contracts of plug-ins: our own keep them, and whatever breaks a promise is caught by the test of that promise."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, ClassVar, cast
from unittest import SkipTest

import pytest

from selfheal_rules.actions import CATALOGUE, ActionType
from selfheal_rules.conformance import (
    ActionContract,
    ExecutorContract,
    JournalContract,
    LeaseContract,
    SourceContract,
    asked,
)
from selfheal_rules.decide.decision import Decision, Outcome, OutcomeStatus
from selfheal_rules.diagnostics import ExecutorError, RuleSetError
from selfheal_rules.execute import Recording
from selfheal_rules.execute.executor import Executor
from selfheal_rules.integrations.steady import Steady
from selfheal_rules.integrations.tail import Tail
from selfheal_rules.journal import Journal
from selfheal_rules.journal.coordinated import CoordinatedLease
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.journal.journal import Lease
from selfheal_rules.journal.sql import SqlJournal
from selfheal_rules.serve.sources import Setting, Source
from tests.calls import alarm
from tests.serve.rig import program

# Our own


@pytest.mark.parametrize("action", [*CATALOGUE.values()], ids=lambda one: one.name)
def test_every_action_of_the_catalogue_keeps_the_contract(action: ActionType) -> None:
    """What it says of itself holds in the language of rules."""
    contract = ActionContract()
    contract.action = action
    for promise in (one for one in dir(contract) if one.startswith("test_")):
        getattr(contract, promise)()


class TestRecording(ExecutorContract):
    """The executor that writes decisions to a file."""

    action, target = "compute.stop_server", "8d1c"

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.file = tmp_path / "decisions"

    def executor(self, *, dry: bool) -> Recording | None:
        """It writes nothing down in a dry run, for it knows none."""
        return None if dry else Recording(self.file, [self.action])

    def world(self) -> bytes:
        """Read the file."""
        return self.file.read_bytes() if self.file.exists() else b""


class TestFileLease(LeaseContract):
    """The lease of a journal in a file: who holds it lives, so nobody takes it by force."""

    breaks = False

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def lease(self) -> Lease:
        """Give it to another holder."""
        return FileJournal(self.folder / "journal").lease()


class TestSqlLease(LeaseContract):
    """The lease of a journal in a database."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def lease(self) -> Lease:
        """Give it to another holder."""
        return SqlJournal(f"sqlite:///{self.folder}/journal.db").lease()


class TestCoordinatedLease(LeaseContract):
    """A lock of tooz; that of a file cannot be broken."""

    breaks = False

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def lease(self) -> Lease:
        """Give it to another holder."""
        return CoordinatedLease(f"file://{self.folder}")


class TestFileJournal(JournalContract):
    """A journal in a file."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def journal(self) -> Journal:
        """Open it."""
        return FileJournal(self.folder / "journal")


class TestSqlJournal(TestFileJournal):
    """A journal in a database."""

    def journal(self) -> Journal:
        """Open it."""
        return SqlJournal(f"sqlite:///{self.folder}/journal.db")


class Ended(Steady):
    """A tail whose file is closed with it, as the end of its process does."""

    def __init__(self, tail: Tail) -> None:
        """Have it read in a thread."""
        super().__init__("tail", tail.step)
        self._tail = tail

    def stop(self) -> None:
        """End."""
        super().stop()
        self._tail.close()


class TestTail(SourceContract):
    """The source that reads a file which grows."""

    vocabulary = program().vocabulary

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.file = tmp_path / "alarms"
        self.position = tmp_path / "alarms.position"
        self.file.touch()

    def source(self, setting: Setting) -> Source:
        """Make it over the file of this test."""
        return Ended(Tail(str(self.file), setting.intake, setting.reader, self.position))

    def send(self, number: int) -> None:
        """Write a line."""
        with self.file.open("ab") as file:
            file.write(alarm(f"compute{number}", "2026-11-22T16:30:00Z").rstrip(b"\n") + b"\n")

    def let_go(self) -> int:
        """Count the lines before the place that was noted."""
        noted = json.loads(self.position.read_text("utf-8")) if self.position.exists() else {}
        return self.file.read_bytes()[: cast("int", noted.get("offset", 0))].count(b"\n")


# What breaks a promise


class Switch:
    """An executor that keeps everything, and what each of its faults breaks."""

    actions: tuple[str, ...] = ("compute.stop_server",)

    def __init__(self, acts: list[str], *faults: str, dry: bool = False, cancelled: Event | None = None) -> None:
        """Have faults."""
        self.acts, self.faults, self.dry, self.cancelled = acts, faults, dry, cancelled
        self.idempotent: Any = "sometimes" if "undecided" in faults else True
        if "unknown" in faults:
            self.actions = ("compute.stop_server", "acme.other")

    def execute(self, decision: Decision) -> Outcome:
        """Carry it out, but for the faults."""
        if self.cancelled and "deaf" not in self.faults:
            self.cancelled.wait(5)
            return self._told(decision, "unconfirmed", "it was cancelled")
        if "away" in self.faults:
            message = "away: s3cret" if "leaks" in self.faults else "away"
            raise ExecutorError(message, retryable="gives up" not in self.faults)
        if decision.target == "running" and "blind" not in self.faults:
            return self._told(decision, "refused", "" if "mute" in self.faults else "it runs")
        if self.dry and "wet" not in self.faults:
            return self._told(decision, "dry_run", "" if "mute" in self.faults else "POST /stop")
        key = decision.idempotency_key
        if "lazy" not in self.faults and ("twice" in self.faults or key not in self.acts):
            self.acts.append(key)
        if "leaks" in self.faults:
            logging.getLogger("switch").debug("with s3cret")
        return self._told(decision, "dry_run" if self.dry else "done", "stopped")

    def _told(self, decision: Decision, status: OutcomeStatus, detail: str) -> Outcome:
        return Outcome(decision.id, status, datetime.now(UTC), detail, attempt=decision.attempt)


class Switching(ExecutorContract):
    """The contract over a switch with faults."""

    action, target, refused, secrets = "compute.stop_server", "8d1c", "running", ("s3cret",)
    given: ClassVar = {}

    def __init__(self, *faults: str) -> None:
        """Begin with nothing done."""
        self.faults, self.acts = faults, list[str]()

    def executor(self, *, dry: bool) -> Executor:
        """Give a switch."""
        return Switch(self.acts, *self.faults, dry=dry)

    def world(self) -> tuple[str, ...]:
        """Give what was done."""
        return tuple(self.acts)

    def failing(self) -> AbstractContextManager[object]:
        """Have every switch be away."""
        return self._away()

    @contextmanager
    def _away(self) -> Iterator[None]:
        before = self.faults
        self.faults = (*before, *(() if "never away" in before else ("away",)))
        yield
        self.faults = before

    def waiting(self) -> tuple[Executor, Callable[[], object]]:
        """Give one that waits."""
        ended = Event()
        return Switch(self.acts, *self.faults, cancelled=ended), ended.set


PROMISES = [one for one in dir(ExecutorContract) if one.startswith("test_")]
BROKEN = {
    "undecided": "test_its_actions_are_known",
    "unknown": "test_its_actions_are_known",
    "lazy": "test_it_acts_once_under_one_key",
    "twice": "test_it_acts_once_under_one_key",
    "leaks": "test_it_acts_once_under_one_key",
    "wet": "test_a_dry_run_changes_nothing_and_says_what",
    "mute": "test_a_dry_run_changes_nothing_and_says_what",
    "blind": "test_what_does_not_hold_is_refused",
    "gives up": "test_a_failure_says_whether_a_retry_helps",
    "never away": "test_a_failure_says_whether_a_retry_helps",
    "deaf": "test_what_is_cancelled_ends",
}
"""Fault → the test that finds it."""


@pytest.mark.parametrize("promise", PROMISES)
def test_one_that_keeps_all_passes(promise: str) -> None:
    """None of the tests fails for a sound executor."""
    getattr(Switching(), promise)()


@pytest.mark.parametrize(("fault", "promise"), BROKEN.items(), ids=str)
def test_each_fault_is_found(fault: str, promise: str) -> None:
    """A contract whose tests cannot fail would promise nothing."""
    with pytest.raises(AssertionError):
        getattr(Switching(fault), promise)()


def test_what_a_contract_does_not_know_is_skipped() -> None:
    """Nothing is taken for kept that was not tried."""

    class Bare(ExecutorContract):
        action, target = "compute.stop_server", "8d1c"

        def executor(self, *, dry: bool) -> Executor | None:
            return None if dry else Switch([])

    for promise in (
        "test_a_dry_run_changes_nothing_and_says_what",
        "test_what_does_not_hold_is_refused",
        "test_a_failure_says_whether_a_retry_helps",
        "test_what_is_cancelled_ends",
    ):
        with pytest.raises(SkipTest):
            getattr(Bare(), promise)()


class _Deaf:
    """A lease that lets everybody in."""

    def acquire(self, *, by_force: bool = False) -> None:
        """Take nothing."""

    def check(self) -> None:
        """Find nothing."""

    def release(self) -> None:
        """Give nothing back."""


@pytest.mark.parametrize("promise", ["test_one_holds_it", "test_one_that_lost_it_is_told"])
def test_a_lease_that_lets_everybody_in_is_found(promise: str) -> None:
    """Two that act at once would fence twice."""

    class Open(LeaseContract):
        def lease(self) -> Lease:
            return _Deaf()

    with pytest.raises(AssertionError):
        getattr(Open(), promise)()


@pytest.mark.parametrize("promise", [one for one in dir(JournalContract) if one.startswith("test_")])
def test_a_journal_that_forgets_is_found(promise: str, tmp_path: Path) -> None:
    """One that begins anew each time it is opened has no token that grows, and nothing to read back."""
    opened: list[int] = []

    class Fresh(JournalContract):
        def journal(self) -> Journal:
            opened.append(1)
            return FileJournal(tmp_path / f"journal{len(opened)}")

    with pytest.raises(AssertionError):
        getattr(Fresh(), promise)()


def test_a_source_that_lets_go_at_once_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it acknowledged before the journal had it would be lost with the process."""
    monkeypatch.setattr("selfheal_rules.conformance.sources.SOON", 3.0)

    class Hasty(TestTail):
        def let_go(self) -> int:
            return self.file.read_bytes().count(b"\n")

    contract = Hasty()
    contract.file, contract.position = tmp_path / "alarms", tmp_path / "position"
    contract.file.touch()
    contract.setup_method()
    with pytest.raises(AssertionError, match="does not let go"):
        contract.test_it_lets_go_once_the_journal_has_it()
    contract.teardown_method()


def test_an_order_is_the_same_each_time() -> None:
    """A key is made of what is asked; what an action does not take is told."""
    first, again = (asked("compute.stop_server", "8d1c") for _ in range(2))
    assert (first.id, first.token) == (again.id, again.token)
    assert first.id != asked("compute.stop_server", "8d1d").id
    with pytest.raises(RuleSetError):
        asked("compute.stop_server", "8d1c", {"nothing": "x"})
