"""Two real processes on one journal: the one that was stopped, and the one that took over meanwhile."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from selfheal_rules.decide import Decision, Outcome
from selfheal_rules.execute import executor
from selfheal_rules.journal.opening import open_journal
from selfheal_rules.journal.sql import RowLease
from tests.calls import ROOT
from tests.journal.rig import Hands, healer
from tests.semantics.rig import fail

CHILD = """
import sys
import threading
from pathlib import Path
from selfheal_rules.diagnostics import JournalError
from selfheal_rules.journal.opening import open_journal
from tests.journal.rig import Hands, healer
from tests.semantics.rig import fail
hands = Hands()
one = healer(open_journal(sys.argv[1]), hands)
for number, _ in enumerate(sys.stdin):
    try:
        one.take([fail(number, id=f"f{number}")])
    except JournalError as error:
        print(error, flush=True)
    print(len(hands.calls), flush=True)
"""


@pytest.mark.parametrize("where", ["{}/heal.jsonl", "sqlite:///{}/heal.db"], ids=["file", "sqlite"])
def test_a_process_that_was_stopped_does_nothing_when_it_goes_on(tmp_path: Path, where: str) -> None:
    """[G20] It acted once; stopped, taken over from, and going on, it is told so, writes nothing and calls nothing."""
    name = where.format(tmp_path)
    command = [sys.executable, "-c", CHILD, name]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as child:  # type: ignore[call-overload]
        assert child.stdin
        assert child.stdout
        assert "1" == _asked(child)
        child.send_signal(signal.SIGSTOP)
        journal, hands = open_journal(name), Hands()
        lease = journal.lease()
        lease.acquire(by_force=True)
        lease.release()
        new = healer(journal, hands)
        new.take([fail(50)])
        count = len(list(journal.records()))
        child.send_signal(signal.SIGCONT)
        assert "is lost" in _asked(child)
        assert "1\n" == child.stdout.readline()
        child.stdin.close()
    assert (["disable_service a#1"], count) == (hands.calls, len(list(journal.records())))
    new.close()


def _asked(child: "subprocess.Popen[str]") -> str:
    assert child.stdin
    assert child.stdout
    child.stdin.write("go\n")
    child.stdin.flush()
    return child.stdout.readline().strip()


class Slow(Hands):
    """Takes as long to carry something out as the lease takes to be looked at once more."""

    def __init__(self, looked: threading.Event) -> None:
        """Wait for that."""
        super().__init__()
        self.looked, self.kept = looked, False

    def execute(self, decision: Decision) -> Outcome:
        """Carry it out meanwhile."""
        self.looked.clear()
        self.kept = self.looked.wait(30)
        return super().execute(decision)


def test_a_lease_is_kept_while_something_is_carried_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """[G20] However long that takes: whoever took over meanwhile would begin the next step beside it."""
    monkeypatch.setattr(executor, "PACE", 0.001)
    looked = threading.Event()
    check = RowLease.check

    def seen(self: RowLease) -> None:
        check(self)
        if threading.current_thread() is not threading.main_thread():
            looked.set()

    monkeypatch.setattr(RowLease, "check", seen)
    slow = Slow(looked)
    one = healer(open_journal(f"sqlite:///{tmp_path}/heal.db"), slow)
    one.take([fail(1)])
    assert (["disable_service a#1"], True) == (slow.calls, slow.kept)
    one.close()
