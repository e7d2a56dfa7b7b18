"""
Measure explaining and replaying: `python -m benchmarks.explaining [--quick] [--json FILE]`.

`why_not` over a whole record, for one rule and host of the join workload (100 rules, 1,000 hosts): the host is lost and
its power is off one second too late, and that is the answer that is checked; once over what is in memory, and once by
`selfheal explain` out of a journal in files, every hash of the chain and the rules in it included. `replay` against the
bare engine on ready items: by processor time, interleaved, the ratio within this run; the decisions are those of the
engine.
"""

import argparse
import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import selfheal_rules as sr
from benchmarks.joins import WITHIN
from benchmarks.measure import program_of
from benchmarks.selection import workload_of
from benchmarks.targets import Figure, told
from selfheal_rules.cli.command import main as selfheal
from selfheal_rules.events import Event
from selfheal_rules.explain.why_not import why_not
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.journal.items import beginning, inputs, program_begins
from selfheal_rules.replay import replay

SECONDS = 10.0
"""A million events take no longer than this until one question is answered, read from a journal or in memory."""
BATCH = 1_000
SHARE = 60.0
"""Per cent of the bare engine's speed that a replay reaches."""


def recorded(events: int) -> tuple[sr.Program, tuple[Event, ...], datetime]:
    """Give the rules, the record with a host that is lost in the middle of everything else, and the end of it."""
    workload = workload_of("W3-sequence", events)
    program = program_of(workload)
    middle = len(workload.items) // 2
    begin = workload.items[middle - 1].time
    late = timedelta(seconds=WITHIN + 1)
    down = Event("lost", "host.down", "bench", begin, {"host": "witness"})
    power = Event("off", "ipmi.power.007", "bench", begin + late, {"host": "witness", "status": "off"})
    items = (*workload.items[:middle], down, *workload.items[middle:])
    place = next((n for n, one in enumerate(items) if one.time > power.time), len(items))
    return program, (*items[:place], power, *items[place:]), max(workload.items[-1].time, power.time)


def explained(program: sr.Program, record: Sequence[Event], end: datetime) -> Figure:
    """Ask why a rule did not fire for a host, of what is in memory."""
    clock = time.process_time()
    answer = why_not(program, record, "r007", "witness", end)
    seconds = time.process_time() - clock
    assert (answer.failed, answer.miss) == ("within", timedelta(seconds=1)), answer
    rate = f"{len(record) / seconds:,.0f} events a second"
    return Figure(f"why not, {len(record):,} events", seconds, "s", SECONDS, note=f"{rate}; `within`, 1 s too late")


def read_and_explained(program: sr.Program, record: Sequence[Event]) -> Figure:
    """Ask the same of a journal, by the command."""
    with TemporaryDirectory() as folder:
        path = f"{folder}/heal.jsonl"
        _write(path, program, record)
        size = sum(one.stat().st_size for one in Path(folder).iterdir())
        told = io.StringIO()
        clock = time.process_time()
        with redirect_stdout(told):
            code = selfheal(["explain", "--journal", path, "--rule", "r007", "--target", "witness", "--format", "json"])
        seconds = time.process_time() - clock
    answer = json.loads(told.getvalue())
    assert (code, answer["failed"], answer["miss"]) == (0, "within", 1.0), answer
    note = f"{len(record) / seconds:,.0f} events a second, {size / seconds / 1e6:,.0f} MB a second"
    return Figure(f"explain --journal, {len(record):,} events", seconds, "s", SECONDS, note=note)


def _write(path: str, program: sr.Program, record: Sequence[Event]) -> None:
    engine = sr.Engine(program)
    engine.admit(record)
    with FileJournal(path) as journal:
        token = journal.fence()
        journal.append([beginning(), *program_begins(engine)], token)
        for first in range(0, len(record), BATCH):
            journal.append(inputs(record[first : first + BATCH]), token)


def replayed(name: str, events: int, rounds: int) -> Figure:
    """Replay a workload, and run it through an engine by hand."""
    workload = workload_of(name, events)
    program = program_of(workload)
    bare, again = [], []
    for _ in range(rounds):
        seconds, expected = _bare(program, workload.items)
        bare.append(seconds)
        clock = time.process_time()
        found = replay(program, workload.items)
        again.append(time.process_time() - clock)
        assert len(found.decisions) == expected == workload.expected, name
    each = min(again) / len(workload.items) * 1e6
    note = f"{each:.2f} us an item, {workload.expected} decisions"
    return Figure(f"replay, {name}", 100 * min(bare) / min(again), "% of post", SHARE, at_least=True, note=note)


def _bare(program: sr.Program, items: Sequence[Event]) -> tuple[float, int]:
    post, decided = sr.Engine(program).post, 0
    begin = time.process_time()
    for item in items:
        for _ in post(item):
            decided += 1
    return time.process_time() - begin, decided


def figures(events: int, record: int, rounds: int) -> Iterator[Figure]:
    """Measure all."""
    for name in ("W1-100", "W2", "W3-sequence", "W5"):
        yield replayed(name, events, rounds)
    program, items, end = recorded(record)
    yield explained(program, items, end)
    yield read_and_explained(program, items)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether every target is reached."""
    parser = argparse.ArgumentParser(description="measure explaining and replaying")
    parser.add_argument("--quick", action="store_true", help="few items: are the answers right?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    chosen = parser.parse_args(arguments)
    return told(
        figures(*((3_000, 30_000, 1) if chosen.quick else (60_000, 1_000_000, 7))),
        quick=chosen.quick,
        written=chosen.json,
    )


if __name__ == "__main__":
    sys.exit(main())
