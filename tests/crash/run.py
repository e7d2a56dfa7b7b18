"""Many lives, one after the other, and what is held against a life that nothing ended."""

import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from attrs import define, field

from selfheal_rules.engine import Engine
from selfheal_rules.journal import Entry, Record
from selfheal_rules.journal.items import Input, decided, input_of, snapshot_of
from selfheal_rules.journal.record import INPUTS
from selfheal_rules.journal.recovery import Course
from selfheal_rules.journal.text import read
from tests.crash.process import STREAM, Killer, Point, live, opened
from tests.crash.world import LENGTH, program, stream
from tests.journal.rig import enforcing, told

OVER = ("file", "once", "sqlite", "file")
"""What is run, in turns."""

LIVES = 20
"""How many processes one run of the stream is cut into."""

LONG = 0.002
"""About as many seconds as a commit takes."""

FULL = 100
"""With fewer points, runs over what is not named first are a quarter as long."""

_LEFT = frozenset({"unconfirmed", "refused"})

WRONG = 20
"""After so many differences nobody needs more."""


@define
class Harness:
    """A stream, what an undisturbed run of it leaves behind, and a count of the processes that were ended."""

    seed: int
    folder: Path
    over: str
    inputs: int = LENGTH
    items: list[Input] = field(init=False)
    whole: Path = field(init=False)
    size: int = 0
    calls: int = 0
    statements: int = 0
    ended: int = 0
    told: list[Any] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        """Run once without an end; the child writes down how much there is to be ended at."""
        self.items = stream(self.seed)[: self.inputs]
        self.whole = self.folder / "whole"
        self.whole.mkdir(parents=True)
        assert not self.process(self.whole, Point()), "the undisturbed run did not come to its end"
        self.size, self.calls, self.statements = json.loads((self.whole / "counts.json").read_text())
        self.told = told(self.records(self.whole))

    def records(self, folder: Path) -> list[Record]:
        """Read a journal, every record held against the one before."""
        with opened(folder, self.over) as journal:
            return list(journal.records())

    def process(self, folder: Path, point: Point) -> bool:
        """Run one process; gives whether it was ended at its point. Any other end is a failure."""
        pid = os.fork()
        if not pid:
            _child(folder, self.items, point, self.over)
        status = os.waitpid(pid, 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and point != Point():
            self.ended += 1
            return True
        assert status == 0, f"a process at {point} failed"
        return False

    def point(self, draw: Random) -> Point:
        """Draw where the next life ends: half of them inside a write or a statement, the others around a call."""
        if self.statements and draw.random() < 0.8:
            delay = draw.choice((0.0, draw.uniform(0, LONG)))
            return Point(statement=draw.randrange(1, self.statements * 2 // LIVES), delay=delay)
        if draw.random() < 0.5:
            return Point(byte=draw.randrange(self.size * 2 // LIVES))
        return Point(call=draw.randrange(1, self.calls * 2 // LIVES), after=draw.random() < 0.5)

    def run(self, number: int, lives: int) -> list[str]:
        """Run the stream through so many processes that are ended, and one that is not; gives what is wrong then."""
        folder = self.folder / f"run-{number}"
        folder.mkdir()
        draw = Random(f"{self.seed} {number}")
        for _ in range(lives):
            self.process(folder, self.point(draw))
        self.process(folder, Point())
        return list(differences(self, folder))


def _child(folder: Path, items: Sequence[Input], point: Point, over: str) -> None:
    code = 1
    try:
        killer = Killer(point)
        killer.stand()
        live(folder, items, over, killer)
        (folder / "counts.json").write_text(json.dumps([killer.written, killer.calls, killer.statements]))
        code = 0
    except BaseException:  # noqa: BLE001 - the child must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def done(folder: Path) -> list[str]:
    """Give the keys executors were called for, in order; a call that was ended inside its write is none."""
    lines = (folder / "done.jsonl").read_text().splitlines()
    return [json.loads(line)["idempotency_key"] for line in lines if line.endswith("}")]


def differences(harness: Harness, folder: Path) -> list[str]:
    """
    Say what a run that was ended again and again left behind that an undisturbed one does not.

    Who cannot be asked twice leaves an outcome `unconfirmed`, and what it locked stays locked: from there on the
    inputs are others, so what followed is held against an engine that takes the same inputs in one go. So they are
    where executors work beside the healer, and an outcome comes when it comes.
    """
    found = harness.records(folder)
    keys, expected = done(folder), done(harness.whole)
    wrong = [] if len(keys) == len(set(keys)) else ["a key was executed twice"]
    wrong += _first_difference(_decided(found), [record.data for record in found if record.type == "decision"])
    if harness.over in {"once", "beside"}:
        begin = _until_unconfirmed(told(found)) if harness.over == "once" else []
        wrong += _first_difference(harness.told[: len(begin)], begin)
        wrong += _first_difference(
            *([one[2] for one in said if one[0] in STREAM] for said in (harness.told, told(found)))
        )
        return wrong + _unaccounted(found, keys)
    wrong += _first_difference(harness.told, told(found)) + _first_difference(expected, keys)
    return wrong + _first_difference(_engines(harness.records(harness.whole)), _engines(found))


def _first_difference(expected: Sequence[Any], actual: Sequence[Any]) -> list[str]:
    for number, (one, other) in enumerate(zip(expected, actual, strict=False), 1):
        if one != other:
            return [f"number {number} is {other!r}, not {one!r}"]
    return [] if len(expected) == len(actual) else [f"there are {len(actual)}, not {len(expected)}"]


def _decided(found: Sequence[Record]) -> list[Any]:
    """Give the decisions of an engine that nothing ended, over the inputs that were recorded."""
    course = Course(enforcing(program()))
    taken = [record for record in found if record.type in INPUTS]
    entries: list[Entry] = []
    for record in taken:
        entries += [decided(decision, record.inputs) for decision in course.apply(input_of(record))]
    return [read(entry.data) for entry in entries]


def _until_unconfirmed(said: Sequence[Any]) -> list[Any]:
    """Give what was recorded before the first outcome of which nobody knows."""
    unknown = (number for number, one in enumerate(said) if one[0] == "outcome" and one[2]["status"] == "unconfirmed")
    return [*said[: next(unknown, len(said))]]


def _unaccounted(found: Sequence[Record], keys: Sequence[str]) -> list[str]:
    """Name the decisions that were neither executed nor called unconfirmed, or refused as too old by then."""
    outcomes = [record.data for record in found if record.type == "outcome"]
    open_ = {f"{one['decision_id']}/{one['attempt']}" for one in outcomes if one["status"] in _LEFT}
    asked = [record.data["key"] for record in found if record.type == "intent"]
    return [f"{key} was lost" for key in asked if key not in {*keys, *open_}]


def _engines(found: Sequence[Record]) -> list[Any]:
    """Give what the engine of each snapshot knows and waits for; their bytes may differ by what is shared in memory."""
    blobs = [snapshot_of(record) for record in found if record.type == "snapshot"]
    engines = [Engine.restore(program(), blob) for blob in blobs]
    return [(engine.now, engine.next_deadline(), engine.states()) for engine in engines]


def survive(points: int, seed: int, over: Sequence[str], inputs: int = LENGTH) -> dict[str, Any]:
    """End so many processes, and give the counts and all that was wrong."""
    wrong: list[str] = []
    with TemporaryDirectory() as folder:
        harnesses: dict[str, Harness] = {}
        for place, name in enumerate(dict.fromkeys(over)):
            length = inputs if points >= FULL or not place else inputs // 4
            harnesses[name] = Harness(seed, Path(folder) / str(place), name, length)
        first, ended, number = harnesses[over[0]], 0, 0
        while ended < points and len(wrong) < WRONG:
            harness = harnesses[over[number % len(over)]]
            lives = min(LIVES, points - ended)
            wrong += [f"run {number} over {harness.over}: {what}" for what in harness.run(number, lives)]
            ended, number = sum(one.ended for one in harnesses.values()), number + 1
        counts = {name: harness.ended for name, harness in harnesses.items()}
        told = {"decisions": len(done(first.whole)), "records": len(first.told)}
        return {"ended": ended, "over": counts, **told, "wrong": wrong}
