"""
Measure the journal: `python -m benchmarks.journal [--quick] [--json FILE]`.

Inputs a second from ready items to a synced journal, a thousand a batch, by the wall clock: waiting for the disk is in
it. Each answer is checked: every record is read back, held against the one before it, and equals its item.
PostgreSQL and MariaDB are measured where `SELFHEAL_POSTGRESQL` and `SELFHEAL_MARIADB` name them.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

import selfheal_rules as sr
from benchmarks.measure import program_of
from benchmarks.selection import workload_of
from benchmarks.targets import Figure, told
from selfheal_rules.events import Event
from selfheal_rules.healer import Healer
from selfheal_rules.journal import Journal
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.journal.items import input_of, inputs
from selfheal_rules.journal.sql import SqlJournal

BATCH = 1_000
FILE, DATABASE = 40_000, 10_000
"""Inputs a second that must be reached, in a file and in a database."""

SERVERS = {"PostgreSQL": "SELFHEAL_POSTGRESQL", "MariaDB": "SELFHEAL_MARIADB"}


@frozen
class Taken:
    """What one round took, by the wall and by the processor, and what reading it all back took."""

    wall: float
    processor: float
    reading: float


def round_of(journal: Journal, items: Sequence[Event]) -> Taken:
    """Write the items to an empty journal, read them back and hold them against what was written."""
    token = journal.fence()
    begin, processor = time.perf_counter(), time.process_time()
    for first in range(0, len(items), BATCH):
        journal.append(inputs(items[first : first + BATCH]), token)
    wall, processor = time.perf_counter() - begin, time.process_time() - processor
    begin = time.perf_counter()
    found = [input_of(record) for record in journal.records()]
    reading = time.perf_counter() - begin
    assert list(items) == found, "what was read back is not what was written"
    return Taken(wall, processor, reading)


def places(folder: Path) -> Iterator[tuple[str, str | None, int]]:
    """Give what is measured: a name, where it is, and what it must reach."""
    yield "file", str(folder / "{}.jsonl"), FILE
    yield "SQLite", f"sqlite:///{folder / '{}.db'}", DATABASE
    for name, variable in SERVERS.items():
        yield name, os.environ.get(variable), DATABASE


def measured(name: str, where: str | None, target: int, items: Sequence[Event], rounds: int) -> Figure:
    """Measure one kind of journal."""
    if where is None:
        return Figure(f"journal, {name}", None, "", target, at_least=True, note=f"skipped: {SERVERS[name]} is not set")
    found = [_round(where, number, items) for number in range(rounds)]
    best = min(found, key=lambda taken: taken.wall)
    reading = len(items) / min(taken.reading for taken in found)
    note = f"{best.processor / len(items) * 1e6:.1f} us of this process an input; read back {reading:,.0f} a second"
    return Figure(f"journal, {name}", len(items) / best.wall, "inputs/s", target, at_least=True, note=note)


def _round(where: str, number: int, items: Sequence[Event]) -> Taken:
    name = f"benchmark-{os.getpid()}-{number}"
    is_file = "://" not in where
    with FileJournal(where.format(name)) if is_file else SqlJournal(where.format(name), name=name) as journal:
        return round_of(journal, items)


def healing(folder: Path, events: int, rounds: int) -> Figure:
    """Measure a whole healer: held against their kinds, written, applied, decisions written."""
    workload = workload_of("W1-100", events)
    program, seconds = program_of(workload), []
    for number in range(rounds):
        healer = Healer(sr.Engine(program), FileJournal(folder / f"healer-{number}.jsonl"))
        begin, decided = time.perf_counter(), 0
        for first in range(0, events, BATCH):
            decided += len(healer.take(workload.items[first : first + BATCH]))
        seconds.append(time.perf_counter() - begin)
        assert workload.expected == decided, f"{decided} decisions, not {workload.expected}"
        healer.close()
    note = f"one event in ten is decided on, {workload.expected} decisions recorded with their reasons"
    return Figure("healer, file", events / min(seconds), "inputs/s", note=note)


def figures(events: int, rounds: int) -> Iterator[Figure]:
    """Measure all."""
    workload = workload_of("W1-100", events)
    program_of(workload)  # which holds the items against their kinds
    with TemporaryDirectory() as folder:
        for name, where, target in places(Path(folder)):
            yield measured(name, where, target, workload.items, rounds)
        yield healing(Path(folder), events, rounds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether every target is reached."""
    parser = argparse.ArgumentParser(description="measure the journal")
    parser.add_argument("--quick", action="store_true", help="few items: are the answers right?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    chosen = parser.parse_args(arguments)
    return told(figures(*((5_000, 1) if chosen.quick else (60_000, 5))), quick=chosen.quick, written=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
