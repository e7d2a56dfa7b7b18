"""The history a journal tells: its inputs applied again, and what follows held against what it recorded."""

from collections import Counter, deque
from collections.abc import Callable
from typing import TypeAlias

from attrs import define, field

from selfheal_rules.decide import Step
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.journal.items import Input, snapshot_of
from selfheal_rules.journal.record import INPUTS, Record
from selfheal_rules.journal.recovery import Course, Replay
from selfheal_rules.report.history import History
from selfheal_rules.snapshot import program_of
from selfheal_rules.wording import number

SEEN = ("input", "decision")
"""What is missed where it is not on the page."""
Note: TypeAlias = Callable[[int, Event | State], None]


@define
class _Telling(Course):
    """A course that tells a history of all it goes through."""

    history: History = field(kw_only=True)
    note: Note = field(kw_only=True)
    number: int = 0

    def apply(self, given: Input) -> Step:
        """Apply an input, and tell it."""
        self.history.told(given)
        step = super().apply(given)
        if isinstance(given, Event | State) and step.disposition != "unmatched":
            self.note(self.number, given)
        self.history.take(step, self.engine.now)
        return step


@define
class Recorded:
    """
    A journal on its way into a history, record by record.

    It begins with the first snapshot that is there. Where rules change, it goes on under the new ones. `note` is told
    of each item that took part in something, and the number of its record.
    """

    history: History
    note: Note
    replay: Replay | None = None
    course: _Telling | None = None
    unseen: Counter[str] = field(factory=Counter)
    """Inputs and decisions before the first snapshot, by the type of their record: no engine can run them."""

    def take(self, record: Record) -> None:
        """
        Take a record.

        Raises:
            JournalError: where it holds no input, or a decision the inputs do not lead to.
            SnapshotError: where it holds a snapshot that cannot be gone on from.
        """
        if record.type == "snapshot":
            self._begin(record)
        elif self.replay is None or self.course is None:
            self.unseen["input" if record.type in INPUTS else record.type] += 1
            self.history.unseen = " and ".join(number(self.unseen[one], one) for one in SEEN if self.unseen[one])
        else:
            self.course.number = record.number
            self.replay.follow([record])
            self.history.stopped = self.course.engine.halted

    def _begin(self, record: Record) -> None:
        """Begin with a snapshot; one of the rules that run already says nothing new, once anything was taken."""
        if self.course is not None and self._goes_on(self.course.engine, record):
            return
        blob = snapshot_of(record)
        engine = Engine.restore(program_of(blob), blob)
        self.course = _Telling(engine, history=self.history, note=self.note)
        self.replay = Replay(self.course, missing=self.replay.missing if self.replay else deque())
        self.history.follow(engine)

    def _goes_on(self, engine: Engine, record: Record) -> bool:
        """Whether a snapshot is of what runs: before the first input there may be another policy in it."""
        return engine.now is not None and record.said("program") == engine.program.digest
