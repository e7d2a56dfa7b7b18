"""
durable-rules driven directly, with the same rules in its own JSON and the same items as its messages; and as a matcher.

Each workload runs in a process of its own, script, engine and durable-rules in turn, because a crash or an endless loop
of the C library must not take the other figures with it: `python -m benchmarks.durable_direct W1-100 20000`.
"""

import importlib.util
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen

from benchmarks import chain, thresholds
from benchmarks.measure import Answer, Run, by_post, by_script, interleaved, program_of
from benchmarks.selection import workload_of
from benchmarks.workload import Workload
from selfheal_rules.events import Event

ROUNDS = 3
SECONDS = 240

Message = dict[str, Any]
Decided = list[tuple[str, str]]
Feed = Callable[[Message], None]
Read = Callable[[str, str], Any]
"""Reads a field of an alias of the match at hand."""


@frozen
class Rule:
    """Conditions in the JSON of durable-rules, and what a match does."""

    all: tuple[Message, ...]
    act: Callable[[Read], None]


CANNOT = {
    "W1-1000": "more than 511 distinct constants of one field: `create_ruleset` never returns",
    "W3-all": "an event that matched is consumed, so one loss cannot meet several readings",
    "W5": "no window that forgets, and rules over three events crash the process",
}


JOINS = ("W3-sequence", "W3-all")
"""The workloads on which an engine is measured whose joins durable-rules makes."""


def available() -> str:
    """Say why durable-rules cannot be measured here, or nothing where it can."""
    if importlib.util.find_spec("durable_rules_engine") is None:
        return "durable-rules is not installed (extra `durable`: a C compiler, Python < 3.13)"
    return ""


def measured(name: str, events: int) -> dict[str, Any]:
    """Measure one workload in a child process: the rounds of each contender, or `skipped` with the reason."""
    why = available() or ("" if name in JOINS else CANNOT.get(name, ""))
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


class Driver(Protocol):
    """How durable-rules is called: by its `Host`, or by the C functions under it."""

    def post(self, message: Message) -> None:
        """Give it an event."""

    def assert_fact(self, fact: Message) -> None:
        """Tell it a fact."""

    def retract_fact(self, fact: Message) -> None:
        """Take a fact back."""


class ByHost:
    """The documented way: `Host.post`; the two chains of timer threads a `Host` starts by itself are left out."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        """Register the rules with a host of their own."""
        from durable import engine  # noqa: PLC0415 - only where it is installed

        quiet = type("QuietHost", (engine.Host,), {"_run": lambda _: None})
        self._unmatched = engine.MessageNotHandledException
        self._host: Any = quiet(
            {"r": {name: {"all": list(rule.all), "run": _ran(rule)} for name, rule in rules.items()}}
        )

    def post(self, message: Message) -> None:
        """Post, and catch what is raised for each event that no rule takes."""
        try:
            self._host.post("r", message)
        except self._unmatched:
            return

    def assert_fact(self, fact: Message) -> None:
        """Tell it a fact."""
        self._host.assert_fact("r", fact)

    def retract_fact(self, fact: Message) -> None:
        """Take a fact back."""
        self._host.retract_fact("r", fact)


def _ran(rule: Rule) -> Callable[[Any], None]:
    return lambda closure: rule.act(lambda alias, name: getattr(getattr(closure, alias), name))


class ByCalls:
    """The undocumented way: the C functions, drained after each call; no exceptions, no closures, no state written."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        """Compile the rules."""
        import durable_rules_engine as engine  # noqa: PLC0415 - only where it is installed

        self._engine: Any = engine
        self._rules = rules
        self._handle = engine.create_ruleset("r", json.dumps({name: {"all": list(r.all)} for name, r in rules.items()}))

    def post(self, message: Message) -> None:
        """Post, and act on what matched."""
        self._drain(*self._engine.assert_event(self._handle, json.dumps(message)))

    def assert_fact(self, fact: Message) -> None:
        """Tell it a fact, and act on what matched."""
        self._drain(*self._engine.assert_fact(self._handle, json.dumps(fact)))

    def retract_fact(self, fact: Message) -> None:
        """Take a fact back."""
        self._drain(*self._engine.retract_fact(self._handle, json.dumps(fact)))

    def _drain(self, code: int, state: int) -> None:
        found = self._engine.start_action_for_state(self._handle, state) if code == 0 else None
        text = found and found[1]
        while text:
            ((name, bound),) = json.loads(text).items()
            self._rules[name].act(_reader(bound))
            text = self._engine.complete_and_start_action(self._handle, state)


def _reader(bound: Message) -> Read:
    return lambda alias, name: bound[alias][name]


def _w1(workload: Workload, out: Decided) -> dict[str, Rule]:
    def rule(number: int) -> Rule:
        severe = {"$or": [{"severity": "error"}, {"severity": "critical"}]}
        above = {"$gt": {"value": thresholds.limit_of(number)}}
        condition = {"$and": [{"kind": f"metric.{number:04}"}, severe, above]}
        return Rule(({"m": condition},), lambda read: out.append((f"r{number:04}", read("m", "host"))))

    return {f"r{number:04}": rule(number) for number in range(workload.sizes["rules"])}


def _w3(workload: Workload, out: Decided) -> dict[str, Rule]:
    def rule(number: int) -> Rule:
        power = {"$and": [{"kind": f"ipmi.power.{number:03}"}, {"status": "off"}, {"host": {"down": "host"}}]}
        conditions: tuple[Message, ...] = ({"down": {"kind": "host.down"}}, {"power": power})
        return Rule(conditions, lambda read: out.append((f"r{number:03}", read("down", "host"))))

    return {f"r{number:03}": rule(number) for number in range(workload.sizes["rules"])}


def _as_events(driver: Driver) -> Feed:
    return driver.post


def _lost_as_facts(driver: Driver) -> Feed:
    """Lost hosts are facts (an event would be consumed by its first match); nothing can be told to expire."""
    lost: dict[str, Message] = {}

    def feed(message: Message) -> None:
        if message["kind"] != "host.down":
            driver.post(message)
            return
        before = lost.get(message["host"])
        if before is not None:
            driver.retract_fact(before)
        lost[message["host"]] = message
        driver.assert_fact(message)

    return feed


class _Chain:
    """W4: a suspect host is a fact, so that it meets all its instances, and is taken back when they have been found."""

    def __init__(self, _: Workload, out: Decided) -> None:
        self.suspects: list[Message] = []
        self.impacted: list[Message] = []
        self.out = out

    def rules(self) -> dict[str, Rule]:
        placed = {"$and": [{"kind": "instance"}, {"host": {"suspect": "host"}}]}
        fault = {"$and": [{"kind": "host.nic.fault"}, {"severity": "critical"}]}
        return {
            "suspect": Rule(({"fault": fault},), self._suspect),
            "impacted": Rule(({"suspect": {"kind": "suspect"}}, {"placed": placed}), self._impact),
            "move": Rule(
                ({"hit": {"kind": "impacted"}},), lambda read: self.out.append(("move", read("hit", "instance")))
            ),
        }

    def _suspect(self, read: Read) -> None:
        self.suspects.append({"id": f"s-{read('fault', 'id')}", "kind": "suspect", "host": read("fault", "host")})

    def _impact(self, read: Read) -> None:
        name = read("placed", "instance")
        self.impacted.append({"id": f"{read('suspect', 'id')}-{name}", "kind": "impacted", "instance": name})

    def feed(self, driver: Driver) -> Feed:
        for fact in chain.placements():
            driver.assert_fact({"id": fact.fields["instance"], "kind": "instance", **fact.fields})

        def feed(message: Message) -> None:
            driver.post(message)
            while self.suspects:
                fact = self.suspects.pop()
                driver.assert_fact(fact)
                driver.retract_fact(fact)
            while self.impacted:
                driver.post(self.impacted.pop())

        return feed


def fed(workload: Workload, driver: type[ByHost | ByCalls], out: Decided) -> Feed:
    """Give what takes the messages of a workload, with its rules compiled and its facts told."""
    if workload.name == "W4":
        steps = _Chain(workload, out)
        return steps.feed(driver(steps.rules()))
    if workload.name == "W3-sequence":
        return _lost_as_facts(driver(_w3(workload, out)))
    return _as_events(driver(_w1(workload, out)))


def message_of(item: Event) -> Message:
    """Give an item as the flat message durable-rules takes."""
    return {"id": item.id, "kind": item.kind, **item.fields, "labels": dict(item.fields["labels"])}


def by_durable(workload: Workload, driver: type[ByHost | ByCalls]) -> Run:
    """Give durable-rules as a contender; its messages are made before the clock starts."""
    messages = [message_of(item) for item in workload.items]

    def run() -> tuple[float, Answer]:
        out: Decided = []
        feed = fed(workload, driver, out)
        begin = time.process_time()
        for message in messages:
            feed(message)
        return time.process_time() - begin, Counter(out)

    return run


def main() -> None:
    """Measure the workload named on the command line, and print the rounds as JSON."""
    workload = workload_of(sys.argv[1], int(sys.argv[2]))
    program = program_of(workload)
    runs = {"script": by_script(workload), "post": by_post(workload, program)}
    if workload.name not in CANNOT:
        runs |= {"durable": by_durable(workload, ByHost), "calls": by_durable(workload, ByCalls)}
    if workload.name in JOINS:
        runs["matcher"] = by_post(workload, program, matcher="durable")
    timings = interleaved(runs, ROUNDS, workload.expected)
    print(json.dumps({name: timing.to_json(len(workload.items)) for name, timing in timings.items()}))


if __name__ == "__main__":
    main()
