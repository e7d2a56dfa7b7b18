"""
What it gives to divide a stream: two partitions in two processes against one engine.

`python -m benchmarks.split [--events N] [--rounds N]`. Each round runs one engine, then two partitions that read
streams of their own (as the partitions of a message queue are), then two that are handed every item over a pipe by a
process that divides. The machine is shared, so what is compared is the CPU time of the busiest process, which is what
bounds the stream; the time on the wall stands beside it. Every answer is checked against the script.
"""

import argparse
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import TypeAlias

import selfheal_rules as sr
from benchmarks.measure import Answer, program_of
from benchmarks.selection import workload_of
from benchmarks.workload import Workload
from selfheal_rules.compile.routes import partition_of
from selfheal_rules.compile.split import Stage
from selfheal_rules.events import Event

NAMES = ("W1-100", "W3-sequence")
BATCH = 500
"""Items in one message of the process that divides."""
FORK = multiprocessing.get_context("fork")
Round: TypeAlias = tuple[float, float, Answer]
"""CPU seconds of the busiest process, seconds on the wall, and what was decided."""
Told: TypeAlias = tuple[float, Answer]


def stage_of(program: sr.Program) -> Stage:
    """Give the one stage of a program all of whose rules are divided."""
    (stage,) = program.stages()
    assert not stage.is_global
    return stage


def divided(stage: Stage, items: Sequence[Event], count: int) -> tuple[list[Event], ...]:
    """Give the items of each partition, in order; what no rule reads goes to the first."""
    parts: tuple[list[Event], ...] = tuple([] for _ in range(count))
    homes: dict[str, int] = {}
    for item in items:
        key = stage.partition_key(item) or "" if stage.route(item.kind) else ""
        home = homes.get(key)
        if home is None:
            home = homes[key] = partition_of(key, count) if key else 0
        parts[home].append(item)
    return parts


def alone(program: sr.Program, workload: Workload) -> Round:
    """Run one engine over all."""
    began = time.perf_counter()
    busy, answer = _answer(sr.Engine(program), [workload.items])
    return busy, time.perf_counter() - began, answer


def side_by_side(program: sr.Program, workload: Workload) -> Round:
    """Run two partitions in two processes, each with its own part of the stream before it."""
    parts = divided(stage_of(program), workload.items, 2)
    ready = FORK.Barrier(3)
    return _timed(ready, [(_own, (program, part, ready)) for part in parts], lambda _: None)


def handed_out(program: sr.Program, workload: Workload) -> Round:
    """Run two partitions in two processes, and a third that divides the stream and sends each its items."""
    ready = FORK.Barrier(3)
    stage = stage_of(program)

    def send(pipes: list[Connection]) -> None:
        for at in range(0, len(workload.items), BATCH):
            for pipe, part in zip(pipes, divided(stage, workload.items[at : at + BATCH], 2), strict=True):
                pipe.send(part)
        for pipe in pipes:
            pipe.send(None)

    return _timed(ready, [(_handed, (program, ready))] * 2, send)


Worker: TypeAlias = tuple[Callable[..., None], tuple[object, ...]]


def _timed(ready: Barrier, workers: Sequence[Worker], send: Callable[[list[Connection]], None]) -> Round:
    pipes, processes = [], []
    for target, arguments in workers:
        here, there = FORK.Pipe()
        process = FORK.Process(target=target, args=(there, *arguments))
        process.start()
        pipes.append(here)
        processes.append(process)
    ready.wait()
    began, busy = time.perf_counter(), time.process_time()
    send(pipes)
    busy = time.process_time() - busy
    told: list[Told] = [pipe.recv() for pipe in pipes]
    taken = time.perf_counter() - began
    for process in processes:
        process.join()
    return max(busy, *(one for one, _ in told)), taken, sum((answer for _, answer in told), Counter())


def _own(pipe: Connection, program: sr.Program, part: list[Event], ready: Barrier) -> None:
    ready.wait()
    pipe.send(_answer(sr.Engine(program), [part]))


def _handed(pipe: Connection, program: sr.Program, ready: Barrier) -> None:
    ready.wait()
    pipe.send(_answer(sr.Engine(program), iter(pipe.recv, None)))


def _answer(engine: sr.Engine, batches: Iterator[Sequence[Event]] | list[Sequence[Event]]) -> Told:
    post, began = engine.post, time.process_time()
    made = [decision for batch in batches for item in batch for decision in post(item)]
    return time.process_time() - began, Counter((one.rule, str(one.target)) for one in made)


def _script(workload: Workload) -> Answer:
    handle, out = workload.script(workload)
    for item in workload.items:
        handle(item)
    return Counter((rule, target) for rule, target, _ in out)


WAYS: dict[str, Callable[[sr.Program, Workload], Round]] = {
    "one engine": alone,
    "two, own streams": side_by_side,
    "two, handed out": handed_out,
}


def measured(name: str, events: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Give for each way the best CPU time of its busiest process, and the best on the wall, in µs an item."""
    workload = workload_of(name, events)
    program = program_of(workload)
    expected = _script(workload)
    assert workload.expected == expected.total()
    best: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        for way, run in WAYS.items():
            *taken, answer = run(program, workload)
            assert expected == answer, f"{name}, {way}: decided otherwise than the script"
            busy, wall = (seconds / len(workload.items) * 1e6 for seconds in taken)
            known = best.get(way, (busy, wall))
            best[way] = min(busy, known[0]), min(wall, known[1])
    return best


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    for name in NAMES:
        each = measured(name, chosen.events, chosen.rounds)
        one, one_wall = each["one engine"]
        for way, (busy, wall) in each.items():
            on_the_wall = f"wall {wall:6.2f} us ({one_wall / wall:4.2f} x)"
            print(f"{name:12} {way:17} {busy:6.2f} us ({one / busy:4.2f} x), {on_the_wall}")


if __name__ == "__main__":
    main()
