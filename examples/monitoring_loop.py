"""
A monitoring script around an engine: poll, post what came, let time pass, sleep until something is due.

The engine has no clock and no thread, so the loop owns both. Here the clock replays the example stream as fast as it
can; a real script passes `lambda: datetime.now(UTC)`, `time.sleep`, and a `poll` that asks its queue or its API. Run it
from the root of the repository.
"""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import selfheal_rules as sr
from selfheal_rules.normalize import Reading, read_items

Item = sr.Event | sr.State
RULES = "rulesets/compute-host-failure"
STREAM = Path("examples/events/compute-host-failure.jsonl")


def watch(
    engine: sr.Engine,
    poll: Callable[[], Iterable[Item] | None],
    act: Callable[[sr.Decision], None],
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    every: float = 15.0,
) -> None:
    """Poll every so many seconds, and be awake whenever a timer of the rules is due, until `poll` gives None."""
    while (items := poll()) is not None:
        for item in items:
            for decision in engine.post(item):
                act(decision)
        now = clock()
        for decision in engine.advance(now):
            act(decision)
        due = engine.next_deadline()
        sleep(every if due is None else min(every, max(0.0, (due - now).total_seconds())))


class Replay:
    """A recorded stream, and the clock it is replayed by: an item is there once its time has come."""

    def __init__(self, items: Iterable[Item]) -> None:
        """Start at the time of the first item."""
        self._items = deque(items)
        self.now = self._items[0].time

    def clock(self) -> datetime:
        """Give the time of the replay."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass without waiting for it."""
        self.now += timedelta(seconds=max(seconds, 0.001))

    def poll(self) -> list[Item] | None:
        """Give what has come since the last time; None at the end of the recording."""
        if not self._items:
            return None
        come = []
        while self._items and self._items[0].time <= self.now:
            come.append(self._items.popleft())
        return come


def show(decision: sr.Decision) -> None:
    """Print a decision where a real script would hand it on."""
    print(decision.time, decision.verdict.status, decision.action, decision.target, "by", decision.rule)


def main() -> None:
    """Replay the example."""
    program = sr.compile_rules(sr.load_rules(RULES))
    with STREAM.open("rb") as lines:
        found = read_items(lines, vocabulary=program.vocabulary)
        replay = Replay(read.item for read in found if isinstance(read, Reading))
    watch(sr.Engine(program), replay.poll, show, replay.clock, replay.sleep)


if __name__ == "__main__":
    main()
