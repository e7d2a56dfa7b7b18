"""
What it gives to divide a stream: two partitions in two processes against one engine.

`python -m benchmarks.split [--events N] [--rounds N]`. Each round runs one engine, then two partitions that have the
items of their own before them (as from the partitions of a message queue), then two that are handed every item over a
pipe by a process that divides. The machine is shared, so what is compared is the CPU time of the busiest process, which
is what bounds the stream; the time on the wall stands beside it. Every answer is checked against the script.
"""

import argparse
import gc
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterable, Sequence
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
WAYS = ("one engine", "two, own streams", "two, handed out")
BATCH = 500
"""Items in one message of the process that divides."""
FORK = multiprocessing.get_context("fork")
Told: TypeAlias = tuple[float, Answer]
"""CPU seconds of a process, and what it decided."""
Round: TypeAlias = tuple[float, float, Answer]
"""CPU seconds of the busiest process, seconds on the wall, and what was decided."""


def divided(stage: Stage, items: Sequence[Event], count: int) -> tuple[list[Event], ...]:
    """Give the items of each partition, in order; what no rule reads goes to any."""
    parts: tuple[list[Event], ...] = tuple([] for _ in range(count))
    read = {route.kind: route for route in stage.routes}
    homes: dict[str, int] = {}
    for number, item in enumerate(items):
        key = read[item.kind].key(item) if item.kind in read else None
        if key is None:
            parts[number % count].append(item)
            continue
        if key not in homes:
            homes[key] = partition_of(key, count)
        parts[homes[key]].append(item)
    return parts


def one_round(name: str, events: int, way: str) -> Round:
    """Run one way in processes of its own, which draw their items before the clock starts."""
    count = 1 if way == "one engine" else 2
    ready = FORK.Barrier(count + 1)
    pipes, processes = [], []
    for number in range(count):
        here, there = FORK.Pipe()
        process = FORK.Process(target=_work, args=(name, events, way, number, count, there, ready))
        process.start()
        pipes.append(here)
        processes.append(process)
    found = _directed(name, events, way, pipes, ready)
    for process in processes:
        process.join()
    return found


def _directed(name: str, events: int, way: str, pipes: list[Connection], ready: Barrier) -> Round:
    workload = workload_of(name, events)
    stage = _stage(program_of(workload))
    ready.wait()
    wall, busy = time.perf_counter(), time.process_time()
    if way == "two, handed out":
        _hand_out(workload, stage, pipes)
    busy = time.process_time() - busy
    told: list[Told] = [pipe.recv() for pipe in pipes]
    wall = time.perf_counter() - wall
    return max(busy, *(one for one, _ in told)), wall, sum((answer for _, answer in told), Counter())


def _stage(program: sr.Program) -> Stage:
    """Give the one stage of a program all of whose rules are divided."""
    (stage,) = program.stages()
    assert not stage.is_global
    return stage


def _hand_out(workload: Workload, stage: Stage, pipes: list[Connection]) -> None:
    for at in range(0, len(workload.items), BATCH):
        for pipe, part in zip(pipes, divided(stage, workload.items[at : at + BATCH], len(pipes)), strict=True):
            pipe.send(part)
    for pipe in pipes:
        pipe.send(None)


def _work(name: str, events: int, way: str, number: int, count: int, pipe: Connection, ready: Barrier) -> None:
    workload = workload_of(name, events)
    program = program_of(workload)
    own = divided(_stage(program), workload.items, count)[number]
    batches: Iterable[Sequence[Event]] = iter(pipe.recv, None) if way == "two, handed out" else [own]
    gc.collect()
    gc.freeze()
    ready.wait()
    post, began = sr.Engine(program).post, time.process_time()
    made = [decision for batch in batches for item in batch for decision in post(item)]
    pipe.send((time.process_time() - began, Counter((one.rule, str(one.target)) for one in made)))


def _script(workload: Workload) -> Answer:
    handle, out = workload.script(workload)
    for item in workload.items:
        handle(item)
    return Counter((rule, target) for rule, target, _ in out)


def measured(name: str, events: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Give for each way the best CPU time of its busiest process, and the best on the wall, in µs an item."""
    workload = workload_of(name, events)
    expected, best = _script(workload), dict[str, tuple[float, float]]()
    assert workload.expected == expected.total()
    for _ in range(rounds):
        for way in WAYS:
            *taken, answer = one_round(name, events, way)
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
