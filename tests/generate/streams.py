"""Random streams over the vocabulary of the random rules, with every way an input can be late, double or missing."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal, TypeAlias

from attrs import define, field, frozen

from selfheal_rules.events import Event, State
from selfheal_rules.values import Value
from tests.generate.chance import Chance
from tests.generate.rules import EVENTS, FIELDS, HOSTS, LEVELS, NOTES, STATES, TAGS

START = datetime(2026, 1, 1, tzinfo=UTC)
DISKS = ("d1", "d2", "d3")
LATE = (*(0,) * 18, *(1,) * 3, *(2,) * 3, *(4,) * 3, *(9,) * 3, *(25,) * 3, -30)
"""By how many seconds an item may be late; the last is one from the future."""

PRESENCE = (None, None, None, *(True,) * 16, False)
"""Whether a field has a value: it is missing, it has, it is null."""

VALUES: dict[str, tuple[Value, ...]] = {
    "n": (0, 1, 2, 3), "x": (0, 0.5, 1, 1.0, 2.5, 2, 1e308), "level": LEVELS, "note": NOTES,
}  # fmt: skip


Status: TypeAlias = Literal["done", "failed", "refused"]
STATUSES: tuple[Status, ...] = ("done", "failed", "refused", "failed")


@frozen(repr=False)
class Advance:
    """Let time pass."""

    time: datetime

    def __repr__(self) -> str:
        """Write what is done; when, is said beside it."""
        return "advance"


@frozen(repr=False)
class Answer:
    """An outcome of the n-th decision so far (counted from the last), where there is one."""

    back: int
    status: Status
    time: datetime

    def __repr__(self) -> str:
        """Write what is said of which decision; when, is said beside it."""
        return f"outcome {self.status}" + (f" back={self.back}" if self.back else "")


Input: TypeAlias = Event | State | Advance | Answer


def moment(seconds: float) -> datetime:
    """Give an instant of the streams."""
    return START + timedelta(seconds=seconds)


@define
class Stream(Chance):
    """One stream while it is written."""

    now: int = 0
    count: int = 0
    written: list[Input] = field(factory=list)

    def next(self) -> None:
        """Write one more input, at the same time as the one before or a little later; or nothing, which is simplest."""
        self.now += self.pick((0, 0, 0, 0, 1, 1, 1, 1, 2, 3))
        shape = self.pick(self.SHAPES)
        self.written += [shape(self)] if shape else []

    def last(self) -> None:
        """Let time pass at the end, perhaps."""
        self.written += [Advance(moment(self.now + late)) for late in self.pick(((), (), (), (3,), (8,), (40,)))]

    def _again(self) -> Input:
        events = [item for item in self.written if isinstance(item, Event)]
        if not events:
            return self._event()
        old = self.pick(events)
        return Event(old.id, old.kind, old.source, self._time(), old.fields)

    def _advance(self) -> Input:
        return Advance(moment(self.now + self.pick((0, 1, 2, 5))))

    def _answer(self) -> Input:
        return Answer(self.below(4), self.pick(STATUSES), moment(self.now))

    def _time(self) -> datetime:
        return moment(max(0, self.now - self.pick(LATE)))

    def _event(self) -> Input:
        self.count += 1
        kind = self.pick(EVENTS)
        return Event(f"e{self.count}", kind, self.pick(("m1", "m1", "m2")), self._time(), self._fields(kind))

    def _state(self) -> Input:
        kind = self.pick((STATES[0], *STATES))
        return State(kind, self.pick(("m1", "m2")), self._time(), self._fields(kind))

    def _cleared(self) -> Input:
        kind = self.pick((STATES[0], *STATES))
        fields: dict[str, Value] = {"name": self.pick(DISKS)} if kind == "disk" else {"host": self.pick(HOSTS)}
        return State(kind, self.pick(("m1", "m2")), self._time(), fields, cleared=True)

    def _fields(self, kind: str) -> dict[str, Value]:
        found: dict[str, Value] = {"host": self.pick((HOSTS[0], HOSTS[0], HOSTS[0], HOSTS[1], HOSTS[1], HOSTS[2]))}
        if kind == "disk":
            found["name"] = self.pick(DISKS)
        for name in FIELDS[kind][1:]:
            presence = self.pick(PRESENCE)
            if presence is not None:
                found[name] = self._value(name) if presence else None
        return found

    def _value(self, name: str) -> Value:
        if name == "tags":
            return tuple(self.sample(TAGS, self.below(3)))
        if name == "seen":
            return moment(self.now - self.pick((0, 1, 2, 3, 5)) + self.pick((0, 0, 0, 0.000001)))
        return self.pick(VALUES[name])

    SHAPES: ClassVar = (
        None, *(_state,) * 36, *(_event,) * 37, *(_cleared,) * 9, *(_advance,) * 6, *(_answer,) * 6, *(_again,) * 6,
    )  # fmt: skip
    """What an input may be; what stands several times is as much likelier."""
