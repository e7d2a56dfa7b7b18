"""Random streams over the vocabulary of the random rules, with every way an input can be late, double or missing."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Literal, TypeAlias

from attrs import define, frozen

from selfheal_rules.events import Event, State
from selfheal_rules.values import Value
from tests.generate.rules import EVENTS, HOSTS, LEVELS, NOTES, STATES, TAGS

START = datetime(2026, 1, 1, tzinfo=UTC)


Status: TypeAlias = Literal["done", "failed", "refused"]
STATUSES: tuple[Status, ...] = ("done", "failed", "refused", "failed")


@frozen
class Advance:
    """Let time pass."""

    time: datetime


@frozen
class Answer:
    """An outcome of the n-th decision so far (counted from the last), where there is one."""

    back: int
    status: Status
    time: datetime


Input: TypeAlias = Event | State | Advance | Answer


def moment(seconds: float) -> datetime:
    """Give an instant of the streams."""
    return START + timedelta(seconds=seconds)


@define
class Stream:
    """One stream while it is written."""

    random: Random
    now: int = 0
    count: int = 0

    def take(self, length: int) -> list[Input]:
        """Write a stream of so many inputs."""
        found: list[Input] = []
        for _ in range(length):
            self.now += self.random.choice((0, 0, 0, 0, 1, 1, 1, 1, 2, 3))
            found.append(self._next(found))
        if self.random.random() < 0.5:
            found.append(Advance(moment(self.now + self.random.choice((3, 8, 40)))))
        return found

    def _next(self, before: list[Input]) -> Input:
        share = self.random.random()
        events = [item for item in before if isinstance(item, Event)]
        if share < 0.06 and events:
            old = self.random.choice(events)
            return Event(old.id, old.kind, old.source, self._time(), old.fields)
        if share < 0.12:
            return Advance(moment(self.now + self.random.choice((0, 1, 2, 5))))
        if share < 0.18:
            status = self.random.choice(STATUSES)
            return Answer(self.random.randint(0, 3), status, moment(self.now))
        return self._event() if share < 0.55 else self._state()

    def _time(self) -> datetime:
        late = self.random.choice((0, 0, 0, 0, 0, 0, 1, 2, 4, 9, 25))
        return moment(max(0, self.now - late) if self.random.random() < 0.97 else self.now + 30)

    def _event(self) -> Event:
        self.count += 1
        kind = self.random.choice(EVENTS)
        source = self.random.choice(("m1", "m1", "m2"))
        return Event(f"e{self.count}", kind, source, self._time(), self._fields(kind))

    def _state(self) -> State:
        kind = self.random.choice((*STATES, "node"))
        cleared = self.random.random() < 0.2
        source = self.random.choice(("m1", "m2"))
        fields = self._fields(kind)
        if cleared:
            fields = {
                name: fields[name] for name in ("name", "host") if name in fields and (kind, name) != ("disk", "host")
            }
        return State(kind, source, self._time(), fields, cleared=cleared)

    def _fields(self, kind: str) -> dict[str, Value]:
        choice = self.random.choice
        found: dict[str, Value] = {"host": choice((*HOSTS, *HOSTS[:2], HOSTS[0], HOSTS[0]))}
        if kind == "disk":
            found["name"] = choice(("d1", "d2", "d3"))
        rest: dict[str, Value] = {
            "n": choice((0, 1, 2, 3)),
            "x": choice((0, 0.5, 1, 1.0, 2.5, 2, 1e308)),
            "level": choice(LEVELS),
            "note": choice(NOTES),
            "tags": tuple(self.random.sample(TAGS, self.random.randint(0, 2))),
            "seen": moment(self.now - choice((0, 1, 2, 3, 5)) + choice((0, 0, 0, 0.000001))),
        }
        if kind == "probe":
            del rest["tags"], rest["seen"]
        for name, value in rest.items():
            share = self.random.random()
            if share < 0.8:
                found[name] = value
            elif share < 0.83:
                found[name] = None
        return found
