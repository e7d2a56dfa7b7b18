"""
durable-rules driven directly: the same rules in its own JSON, the same items as its messages, its own `Host.post`.

Each workload runs in a process of its own, script, engine and durable-rules in turn, because a crash or an endless loop
of the C library must not take the other figures with it: `python -m benchmarks.durable_direct W1-100 20000`.
"""

import importlib.util
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import chain, thresholds
from benchmarks.measure import Answer, Run, by_post, by_script, interleaved, program_of
from benchmarks.selection import workload_of
from benchmarks.workload import Workload
from selfheal_rules.events import Event

ROUNDS = 3
SECONDS = 240

Feed = Callable[[dict[str, Any]], None]
"""Takes one message; what it decides goes to the list it was made with."""

CANNOT = {
    "W1-1000": "more than 511 distinct constants of one field: `create_ruleset` never returns",
    "W3-all": "an event that matched is consumed, so one loss cannot meet several readings",
    "W5": "no window that forgets, and rules over three events crash the process",
}


def available() -> str:
    """Say why durable-rules cannot be measured here, or nothing where it can."""
    if importlib.util.find_spec("durable_rules_engine") is None:
        return "durable-rules is not installed (extra `durable`: a C compiler, Python < 3.13)"
    return ""


def measured(name: str, events: int) -> dict[str, Any]:
    """Measure one workload in a child process: seconds a round of each contender, or `skipped` with the reason."""
    why = available() or CANNOT.get(name, "")
    if why:
        return {"skipped": why}
    command = [sys.executable, "-m", "benchmarks.durable_direct", name, str(events)]
    root = Path(__file__).parents[1]
    try:
        child = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {"skipped": f"no answer within {SECONDS} s"}
    if child.returncode:
        last = (child.stderr.strip().splitlines() or ["no message"])[-1]
        return {"skipped": f"ended with code {child.returncode}: {last}"}
    found: dict[str, Any] = json.loads(child.stdout)
    return found


def quiet_host(rules: dict[str, Any]) -> Any:  # noqa: ANN401 - a library without types
    """Give a `Host` over one rule set, without the two chains of timer threads it starts by itself."""
    from durable.engine import Host  # type: ignore[import-untyped]  # noqa: PLC0415 - only where it is installed

    quiet = type("QuietHost", (Host,), {"_run": lambda _: None})
    return quiet({"ruleset": rules})


def _posted(host: Any) -> Feed:  # noqa: ANN401 - a library without types
    """Give `post`, which raises on each event no rule takes: its user must catch that."""
    from durable.engine import MessageNotHandledException  # noqa: PLC0415 - as above

    def post(message: dict[str, Any]) -> None:
        try:
            host.post("ruleset", message)
        except MessageNotHandledException:
            return

    return post


def _w1(workload: Workload, out: list[tuple[str, str]]) -> Feed:
    def rule(number: int) -> dict[str, Any]:
        name = f"r{number:04}"
        severe = {"$or": [{"severity": "error"}, {"severity": "critical"}]}
        above = {"$gt": {"value": thresholds.limit_of(number)}}
        condition = {"$and": [{"kind": f"metric.{number:04}"}, severe, above]}
        return {"all": [{"m": condition}], "run": lambda c: out.append((name, c.m.host))}

    return _posted(quiet_host({f"r{n:04}": rule(n) for n in range(workload.sizes["rules"])}))


def _w3(workload: Workload, out: list[tuple[str, str]]) -> Feed:
    """Lost hosts are facts (an event would be consumed by its first match); nothing can be told to expire."""

    def rule(number: int) -> dict[str, Any]:
        name = f"r{number:03}"
        power = {"$and": [{"kind": f"ipmi.power.{number:03}"}, {"status": "off"}, {"host": {"down": "host"}}]}
        act = lambda c: out.append((name, c.down.host))  # noqa: E731 - one line beside its rule
        return {"all": [{"down": {"kind": "host.down"}}, {"power": power}], "run": act}

    host = quiet_host({f"r{n:03}": rule(n) for n in range(workload.sizes["rules"])})
    post, lost = _posted(host), dict[str, dict[str, Any]]()

    def feed(message: dict[str, Any]) -> None:
        if message["kind"] != "host.down":
            post(message)
            return
        before = lost.get(message["host"])
        if before is not None:
            host.retract_fact("ruleset", before)
        lost[message["host"]] = message
        host.assert_fact("ruleset", message)

    return feed


def _w4(_: Workload, out: list[tuple[str, str]]) -> Feed:
    """A suspect host is a fact, so that it meets all its instances, and is taken back when they have been found."""
    suspects: list[dict[str, Any]] = []
    impacted: list[dict[str, Any]] = []

    def suspect(c: Any) -> None:  # noqa: ANN401 - a library without types
        suspects.append({"id": f"s-{c.fault.id}", "kind": "suspect", "host": c.fault.host})

    def impact(c: Any) -> None:  # noqa: ANN401 - a library without types
        name = c.placed.instance
        impacted.append({"id": f"{c.suspect.id}-{name}", "kind": "impacted", "instance": name})

    placed = {"$and": [{"kind": "instance"}, {"host": {"suspect": "host"}}]}
    fault = {"$and": [{"kind": "host.nic.fault"}, {"severity": "critical"}]}
    host = quiet_host(
        {
            "suspect": {"all": [{"fault": fault}], "run": suspect},
            "impacted": {"all": [{"suspect": {"kind": "suspect"}}, {"placed": placed}], "run": impact},
            "move": {"all": [{"hit": {"kind": "impacted"}}], "run": lambda c: out.append(("move", c.hit.instance))},
        }
    )
    post = _posted(host)
    for fact in chain.placements():
        host.assert_fact("ruleset", {"id": fact.fields["instance"], "kind": "instance", **fact.fields})

    def feed(message: dict[str, Any]) -> None:
        post(message)
        while suspects:
            fact = suspects.pop()
            host.assert_fact("ruleset", fact)
            host.retract_fact("ruleset", fact)
        while impacted:
            post(impacted.pop())

    return feed


PEERS: dict[str, Callable[[Workload, list[tuple[str, str]]], Feed]] = {
    "W1-10": _w1,
    "W1-100": _w1,
    "W2": _w1,
    "W3-sequence": _w3,
    "W4": _w4,
}


def message(item: Event) -> dict[str, Any]:
    """Give an item as the flat message durable-rules takes."""
    return {"id": item.id, "kind": item.kind, **item.fields, "labels": dict(item.fields["labels"])}


def by_durable(workload: Workload) -> Run:
    """Give durable-rules as a contender; its messages are made before the clock starts."""
    messages = [message(item) for item in workload.items]

    def run() -> tuple[float, Answer]:
        out: list[tuple[str, str]] = []
        feed = PEERS[workload.name](workload, out)
        begin = time.process_time()
        for one in messages:
            feed(one)
        return time.process_time() - begin, Counter(out)

    return run


def main() -> None:
    """Measure the workload named on the command line, and print the rounds as JSON."""
    workload = workload_of(sys.argv[1], int(sys.argv[2]))
    runs = {
        "script": by_script(workload),
        "post": by_post(workload, program_of(workload)),
        "durable": by_durable(workload),
    }
    timings = interleaved(runs, ROUNDS, workload.expected)
    print(json.dumps({name: timing.to_json(len(workload.items)) for name, timing in timings.items()}))


if __name__ == "__main__":
    main()
