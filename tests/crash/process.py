"""One life of the healer's process, and the ways in which it is ended."""

import json
import os
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import sqlalchemy as sa
from attrs import define, frozen

from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.execute import Executors, Recording
from selfheal_rules.healer import Healer
from selfheal_rules.journal import Journal
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.journal.items import Input
from selfheal_rules.journal.sql import SqlJournal
from tests.crash.world import ACTIONS, START, program
from tests.journal.rig import enforcing

BATCH, EVERY, ROTATE = 100, 1_000, 700_000
STREAM = ("event", "state", "time")
"""The types of the inputs that come from outside."""
CALLS = ("write", "fsync", "fdatasync", "ftruncate", "pwrite", "rename", "open", "close")


@frozen
class Point:
    """
    Where a process ends; None: not at all.

    At a byte of all it writes, before or after one of its calls, or so many seconds into a statement of its database.
    """

    byte: int | None = None
    call: int | None = None
    after: bool = False
    statement: int | None = None
    delay: float = 0.0


@define
class Killer:
    """Stands between the process and its disk, and ends it at a point."""

    point: Point
    written: int = 0
    calls: int = 0
    statements: int = 0

    def stand(self) -> None:
        """Take the place of the calls of `os` that reach a disk."""
        for name in CALLS:
            setattr(os, name, self._guarded(name, getattr(os, name)))

    def _guarded(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - those of the call
            self.calls += 1
            if self.calls == self.point.call and not self.point.after:
                end()
            if name == "write":
                self._cut(call, *arguments)
            found = call(*arguments, **named)
            if self.calls == self.point.call:
                end()
            return found

        return guarded

    def watch(self, engine: sa.Engine) -> None:
        """Hear of every statement and every commit before it is done."""
        sa.event.listen(engine, "before_cursor_execute", self._stated)
        sa.event.listen(engine, "commit", self._stated)

    def _stated(self, *_: object) -> None:
        """End at once, or while the database is at it: its driver lets other threads run meanwhile."""
        self.statements += 1
        if self.statements == self.point.statement:
            if not self.point.delay:
                end()
            threading.Timer(self.point.delay, end).start()

    def _cut(self, call: Callable[..., Any], file: int, block: bytes) -> None:
        """End inside a write, at the very byte."""
        size = len(block)
        if self.point.byte is not None and self.written <= self.point.byte < self.written + size:
            call(file, bytes(block)[: self.point.byte - self.written])
            end()
        self.written += size


def end() -> NoReturn:
    """End this process as a power cut would, as far as a process can tell."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@define
class Once:
    """An executor that cannot be asked twice; it writes down that it was called, and knows nothing of it later."""

    path: Path
    actions: Sequence[str] = ACTIONS
    idempotent: bool = False

    def execute(self, decision: Decision) -> Outcome:
        """Write the key down."""
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        os.write(file, json.dumps({"idempotency_key": decision.idempotency_key}).encode().join((b"\n", b"\n")))
        os.close(file)
        return Outcome(decision.id, "done", decision.time, attempt=decision.attempt)


def opened(folder: Path, over: str) -> Journal:
    """Open the journal of a run: in a file, in a database of SQLite, or on a server, under the name of the folder."""
    if over in {"file", "once", "beside"}:
        return FileJournal(folder / "heal.jsonl", rotate=ROTATE)
    if over == "sqlite":
        return SqlJournal(f"sqlite:///{folder / 'heal.db'}", ttl=0)
    return SqlJournal(over, name=str(folder)[-64:], ttl=0)


def live(folder: Path, stream: Sequence[Input], over: str, killer: Killer) -> None:
    """Live one life: go on where the one before ended, to the end of the stream. Time is what the engine has seen."""
    healers: list[Healer] = []
    journal = opened(folder, over)
    if isinstance(journal, SqlJournal):
        killer.watch(journal.database.engine)

    def clock() -> datetime:
        return healers[0].course.engine.now or START

    path = folder / "done.jsonl"
    hands = (
        [Recording(path, [action], clock) for action in ACTIONS]
        if over == "beside"
        else [Once(path) if over == "once" else Recording(path, ACTIONS, clock)]
    )
    executors = Executors(hands, clock=clock, workers=2 if over == "beside" else 0)
    healer = Healer(enforcing(program()), journal, executors, every=EVERY)
    healers.append(healer)
    healer.take()
    taken = sum(record.type in STREAM for record in journal.records())
    for first in range(taken, len(stream), BATCH):
        healer.take(stream[first : first + BATCH])
    while healer.course.waiting:
        healer.take()
    healer.close()
