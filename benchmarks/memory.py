"""
Memory: flat over millions of events, and the bytes of one waiting match, and of one group that was asked for once.

Each figure is taken in a process of its own, by the resident size: `python -m benchmarks.memory flat 2000000`.
"""

import gc
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import selfheal_rules as sr
from benchmarks.joins import HOSTS
from benchmarks.measure import load
from benchmarks.workload import START, ruleset
from selfheal_rules.events import Event

PARTS = 20

_MIXED = """\
  - id: hot
    when: {as: hot, event: metric, where: {severity: [error, critical], value: {more_than: 90}}}
    then: [{do: noop, target: $hot.host}]
  - id: dead
    when:
      sequence: [{as: down, event: host.down}, {as: power, event: ipmi.power, where: {status: "off"}}]
      same: [host]
      within: 2m
    then: [{do: noop, target: $down.host}]
  - id: flap
    when: {as: flaps, event: port, where: {status: down}, count: {at_least: 3, within: 1m, by: [host]}}
    then: [{do: noop, target: $flaps.host}]
  - id: quiet
    when: {as: suspect, state: host.suspect}
    then: [{do: noop, target: $suspect.host}]
  - id: suspect
    when: {as: down, event: host.down}
    then: [{conclude: host.suspect, with: {host: $down.host}, ttl: 30s}]
"""

_STATES = """\
states:
  host.suspect: {key: [host], fields: {host: {type: string}}}
"""

_JOIN = """\
  - id: dead
    when:
      sequence: [{as: down, event: host.down}, {as: power, event: ipmi.power, where: {status: "off"}}]
      same: [host]
      within: 1h
    then: [{do: noop, target: $down.host}]
"""

_ASKED = """\
  - id: alone
    when:
      all:
        - {as: down, event: host.down}
        - {as: quiet, event: ipmi.power, count: {at_most: 0, within: 1m}}
      same: [host]
    then: [{do: noop, target: $down.host}]
"""

KINDS = ("metric", "host.down", "ipmi.power", "port")


def resident() -> int:
    """Give the resident bytes of this process, what is garbage already thrown away."""
    gc.collect()
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _mixed_event(number: int) -> Event:
    """Make event `number` of an endless stream: ids never come back, hosts and ports do."""
    kind = KINDS[number % 4]
    fields = {
        "host": f"host-{number * 7919 % HOSTS:04}",
        "severity": "critical" if number % 8 else "info",
        "value": float(number % 100),
        "status": "off" if kind == "ipmi.power" else "down",
    }
    return Event(f"e{number}", kind, "monitor", START + number * timedelta(milliseconds=20), fields)


def flat(events: int) -> dict[str, Any]:
    """Feed events that match now and then, and give the resident size along the way; nothing is kept by the caller."""
    engine = sr.Engine(sr.compile_rules(load(ruleset("mixed", list(KINDS), [_MIXED], _STATES))))
    post, decided, sizes = engine.post, 0, []
    for part in range(PARTS):
        for number in range(events // PARTS * part, events // PARTS * (part + 1)):
            for _ in post(_mixed_event(number)):
                decided += 1
        sizes.append(resident())
    settled = sizes[PARTS // 4]
    grown = max(sizes[PARTS // 2 :]) - settled
    return {"events": events, "decisions": decided, "settled_mb": settled / 2**20, "grown_mb": grown / 2**20}


def waiting(matches: int) -> dict[str, Any]:
    """Let that many hosts wait for the second half of a join, the caller holding its events all along."""
    rules = load(ruleset("waiting", list(KINDS), [_JOIN]))
    step = timedelta(milliseconds=10)
    events = [
        Event(f"e{number}", "host.down", "monitor", START + number * step, {"host": f"host-{number:06}"})
        for number in range(matches)
    ]
    engine = sr.Engine(sr.compile_rules(rules))
    before = resident()
    engine.post(events[0])
    for event in events[1:]:
        engine.post(event)
    each = (resident() - before) / matches
    last = Event("last", "ipmi.power", "monitor", events[-1].time, {"host": events[0].fields["host"], "status": "off"})
    assert len(list(engine.post(last))) == 1, "the first of them still waits"
    return {"matches": matches, "bytes_each": each}


def asked(groups: int) -> dict[str, Any]:
    """Ask for the count of that many hosts of which nothing is counted: what was asked for once is no longer held."""
    engine = sr.Engine(sr.compile_rules(load(ruleset("asked", list(KINDS), [_ASKED]))))
    engine.advance(START - timedelta(minutes=2))
    step, before, decided = timedelta(seconds=1), 0, 0  # what is remembered for `max_age` is full after a few hundred
    for number in range(groups):
        if number == groups // 10:
            before = resident()
        event = Event(f"e{number}", "host.down", "monitor", START + number * step, {"host": f"host-{number:07}"})
        decided += len(list(engine.post(event)))
    assert decided == groups, "each of them was quiet"
    return {"groups": groups, "bytes_each": (resident() - before) / (groups - groups // 10)}


def measured(what: str, size: int) -> dict[str, Any]:
    """Take a figure in a child process."""
    command = [sys.executable, "-m", "benchmarks.memory", what, str(size)]
    child = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(child.stdout)
    return found


def main() -> None:
    """Take the figure named on the command line, and print it as JSON."""
    figure = {"flat": flat, "waiting": waiting, "asked": asked}[sys.argv[1]]
    print(json.dumps(figure(int(sys.argv[2]))))


if __name__ == "__main__":
    main()
