"""
People approve, refuse and stop from one process, while the healer in another is ended again and again.

`python -m tests.crash.spoken --points 100 --over sqlite` ends so many healers; each is told one thing first.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from attrs import define, field

from selfheal_rules.cli import main
from selfheal_rules.engine import Engine
from selfheal_rules.events import State
from selfheal_rules.execute import Executors, Recording
from selfheal_rules.healer import Healer
from selfheal_rules.journal.sql import SqlJournal
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source
from tests.crash.process import Killer, Once, Point, opened
from tests.crash.run import done
from tests.crash.world import ACTIONS, HOSTS, START, program
from tests.journal.rig import FREE

ASKED = read_policy(Source("policy.yaml", FREE.replace("grade: auto", "grade: approve, for: 30m, action: compute.*")))
MOST_CALLS, MOST_STATEMENTS = 48, 110
"""About as many as a life has that begins, is told one thing, and carries it out."""


@define
class Spoken:
    """A journal in which as many decisions await approval as there are hosts, and what was said of them."""

    folder: Path
    over: str
    draw: Random
    ended: int = 0
    said: dict[str, str] = field(factory=dict)
    """By decision: `approve` or `refuse`."""

    def healer(self, killer: Killer) -> Healer:
        """Begin a healer; one that is asked over `once` cannot be asked twice."""
        journal = opened(self.folder, self.over)
        if isinstance(journal, SqlJournal):
            killer.watch(journal.database.engine)
        path = self.folder / "done.jsonl"
        hand = Once(path) if self.over == "once" else Recording(path, ACTIONS, lambda: START)
        return Healer(Engine(program(), policy=ASKED), journal, Executors([hand], clock=lambda: START), every=20)

    def begin(self) -> list[str]:
        """Have servers of all hosts fail, and give what is to be agreed to."""
        one = self.healer(Killer(Point()))
        late = START.replace(second=10)
        batch = [State("service", "m", START, {"host": host, "up": False}) for host in HOSTS]
        decisions = one.take([*batch, late])
        one.close()
        return [decision.id for decision in decisions]

    def life(self, point: Point, words: list[str] | None) -> None:
        """Run a healer in a process of its own; once it holds the lease it is told something, and takes it."""
        (told, tell), (heard, hear) = os.pipe(), os.pipe()
        pid = os.fork()
        if not pid:
            self._child(point, told, hear)
        os.close(told)
        os.close(hear)
        alive = os.read(heard, 1) == b"."
        if words is not None:
            self._say(words)
        with suppress(BrokenPipeError):
            os.write(tell, b".")
        if alive:
            os.read(heard, 1)
        os.close(tell)
        os.close(heard)
        self.ended += os.WIFSIGNALED(os.waitpid(pid, 0)[1])

    def _child(self, point: Point, told: int, hear: int) -> None:
        code = 1
        try:
            killer = Killer(point)
            killer.stand()
            one = self.healer(killer)
            os.write(hear, b".")
            os.read(told, 1)
            one.take()
            os.write(hear, b".")
            code = 0
        finally:
            os._exit(code)

    def _say(self, words: list[str]) -> None:
        act, *rest = words
        when = ["--who", "ann", "--why", "a drill", "--time", START.replace(second=20).isoformat()]
        where = f"sqlite:///{self.folder / 'heal.db'}" if self.over == "sqlite" else str(self.folder / "heal.jsonl")
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as errors:
            code = main([act, where, *rest, *when])
        assert code == 0, errors.getvalue()

    def point(self) -> Point:
        """Draw where a life ends."""
        if self.over == "sqlite":
            delay = self.draw.choice((0.0, self.draw.uniform(0, 0.002)))
            return Point(statement=self.draw.randrange(1, MOST_STATEMENTS), delay=delay)
        return Point(call=self.draw.randrange(1, MOST_CALLS), after=self.draw.random() < 0.5)

    def run(self, points: int) -> list[str]:
        """End so many healers, and say what is wrong then."""
        asked = self.begin()
        for id_ in asked[: min(points, len(asked) - 2)]:
            self.said[id_] = act = self.draw.choice(("approve", "approve", "refuse"))
            self.life(self.point(), [act, id_[:8]])
        self.life(Point(), None)
        return list(self.wrong())

    def wrong(self) -> Iterator[str]:
        """Name what was done twice, or though nobody agreed, or is lost, and what is recorded twice or lies there."""
        with opened(self.folder, self.over) as journal:
            records, inbox = list(journal.records()), journal.inbox()
        keys = [key.partition("/")[0] for key in done(self.folder)]
        unknown = [one.data["decision_id"] for one in records if one.data.get("status") == "unconfirmed"]
        agreed = [id_ for id_, act in self.said.items() if act == "approve"]
        yield from (f"{key} was executed twice" for key in keys if keys.count(key) > 1)
        yield from (f"{key} was executed, and nobody agreed" for key in keys if key not in agreed)
        yield from (f"{id_} was approved and not executed" for id_ in agreed if id_ not in {*keys, *unknown})
        heard = [(one.data["subject"].partition(" ")[0], one.data["act"]) for one in records if one.type == "control"]
        if sorted(heard) != sorted(self.said.items()):
            yield f"what was said is recorded as {heard}"
        if inbox.notes() or inbox.aside():
            yield "something is left in the inbox"


def speak(points: int, seed: int, over: str) -> dict[str, Any]:
    """End so many healers, over as many journals as it takes."""
    wrong: list[str] = []
    told = ended = number = 0
    with TemporaryDirectory() as folder:
        while told < points:
            place = Path(folder) / str(number)
            place.mkdir()
            spoken = Spoken(place, over, Random(f"{seed} {number}"))
            wrong += [f"run {number}: {what}" for what in spoken.run(points - told)]
            told, ended, number = told + len(spoken.said), ended + spoken.ended, number + 1
    return {"told": told, "ended": ended, "wrong": wrong}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.crash.spoken", description="speak to healers that are ended")
    parser.add_argument("--points", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--over", choices=("file", "once", "sqlite"), default="file")
    chosen = parser.parse_args()
    found = speak(chosen.points, chosen.seed, chosen.over)
    sys.stdout.write(json.dumps(found) + "\n")
    sys.exit(bool(found["wrong"]))
