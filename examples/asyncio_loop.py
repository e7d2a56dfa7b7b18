"""
An engine inside an asyncio service: one task feeds a queue, one owns the engine and sleeps until a timer is due.

All calls to the engine come from one task, so no lock is needed. Here the clock runs a thousand times as fast and the
feed replays the example stream; a service passes `lambda: datetime.now(UTC)`, `speed=1`, and feeds the queue from its
consumer. Run it from the root of the repository.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import selfheal_rules as sr
from selfheal_rules.normalize import Reading, read_items

Item = sr.Event | sr.State
RULES = "rulesets/compute-host-failure"
STREAM = Path("examples/events/compute-host-failure.jsonl")
SPEED = 1000.0


async def heal(
    engine: sr.Engine,
    queue: "asyncio.Queue[Item | None]",
    act: Callable[[sr.Decision], None],
    clock: Callable[[], datetime],
    speed: float = 1.0,
) -> None:
    """Post what the queue gives and let time pass when a timer is due, until the queue gives None."""
    while True:
        due = engine.next_deadline()
        wait = None if due is None else max(0.0, (due - clock()).total_seconds()) / speed
        try:
            item = await asyncio.wait_for(queue.get(), wait)
        except TimeoutError:
            step = engine.advance(clock())
        else:
            if item is None:
                return
            step = engine.post(item)
        for decision in step:
            act(decision)


async def feed(
    items: Sequence[Item], queue: "asyncio.Queue[Item | None]", clock: Callable[[], datetime], speed: float
) -> None:
    """Put each item into the queue once its time has come, and None after the last."""
    for item in items:
        await asyncio.sleep(max(0.0, (item.time - clock()).total_seconds()) / speed)
        await queue.put(item)
    await queue.put(None)


def fast_clock(start: datetime, speed: float) -> Callable[[], datetime]:
    """Give a clock that begins at `start` and runs `speed` times as fast as the loop's."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    return lambda: start + timedelta(seconds=(loop.time() - begun) * speed)


def show(decision: sr.Decision) -> None:
    """Print a decision where a service would hand it on."""
    print(decision.time, decision.verdict.status, decision.action, decision.target, "by", decision.rule)


def recorded(program: sr.Program) -> list[Item]:
    """Give the items of the example stream."""
    with STREAM.open("rb") as lines:
        found = read_items(lines, vocabulary=program.vocabulary)
        return [read.item for read in found if isinstance(read, Reading)]


async def main() -> None:
    """Replay the example, in about a second."""
    program = sr.compile_rules(sr.load_rules(RULES))
    items = recorded(program)
    queue: asyncio.Queue[Item | None] = asyncio.Queue(maxsize=1000)
    clock = fast_clock(items[0].time, SPEED)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed(items, queue, clock, SPEED))
        tasks.create_task(heal(sr.Engine(program), queue, show, clock, SPEED))


if __name__ == "__main__":
    asyncio.run(main())
