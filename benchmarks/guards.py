"""
Measure what guards cost a decision, and what an event costs that was made to cost much: `python -m benchmarks.guards`.

Nine guards of a rule and a site stand beside those that always do, over hosts in 40 zones. The figures are medians over
the decisions of interleaved rounds, so that what else the machine does is not in them. Each answer is checked.
"""

import argparse
import gc
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from attrs import frozen

import selfheal_rules as sr
from benchmarks import targets
from benchmarks.guards_floor import Floor
from benchmarks.measure import load
from benchmarks.targets import Figure, told
from selfheal_rules.events import checked
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source

START = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = 40
RULES = """\
selfheal: 1
ruleset: guarded
states:
  host:
    key: [host]
    fields: {host: {type: string, required: true}, az: {type: string, required: true}, status: {type: string}}
  work: {key: [host], fields: {host: {type: string, required: true}}}
events:
  lost: {fields: {host: {type: string, required: true}, az: {type: string, required: true}}}
rules:
  - id: drain
    when: {as: lost, event: lost}
    then: [{do: compute.disable_service, target: $lost.host}]
"""
GUARDS = """\
    guard:
      - {limit: 1000000, per: 10m, by: [$lost.az]}
      - {min_healthy: 50%, of: {state: host, where: {status: up}}, by: [$lost.az]}
      - {cooldown: 1s}
      - {flap: 5, per: 1s}
      - {attempts: 5, per: 1s}
"""
POLICY = """\
selfheal_policy: 1
policy: site
mode: enforce
protected: [{target: "ctl-*", reason: the control plane}]
autonomy: [{grade: auto, action: "compute.*"}]
topology: [{state: host, within: [az]}]
guards:
  - {limit: 1000000, per: 10m, by: [az]}
  - {max_in_flight: 1000000, by: [az]}
  - {storm: 30%, of: {state: host, where: {status: up}}, by: [az], for: 5m}
  - {breaker: 5, per: 10m, for: 10m}
maintenance: [{state: work, target: host, at_most: 1d, owner: ops, reason: disks}]
conflicts: [[compute.disable_service, compute.enable_service]]
"""


BARE = """\
selfheal_policy: 1
policy: bare
mode: enforce
autonomy: [{grade: auto, action: "compute.*"}]
"""


T = TypeVar("T")
Clock = Callable[[], float]
"""What gives seconds."""


@frozen
class Cost:
    """Microseconds a decision, with the guards and with an enforcing policy that has none, and how many."""

    guarded: float
    bare: float
    floor: float
    """What a function written by hand takes that keeps the same promises (`guards_floor.py`), an episode in neither."""
    decisions: int

    @property
    def guards(self) -> float:
        """What the guards add to a decision; the episode both need is in neither."""
        return self.guarded - self.bare

    def figure(self) -> Figure:
        """Give the line of the table."""
        note = f"{self.guarded:.1f} us with nine, {self.bare:.1f} us with none but those that always stand"
        note += f"; {self.floor:.1f} us by hand"
        return Figure("guards, a decision", self.guards, "us", targets.GUARDS_US, note=note)


def measured(decisions: int, hosts: int, rounds: int, clock: Clock = time.perf_counter) -> Cost:
    """
    Measure a stream of lost hosts, one decision each.

    Raises:
        AssertionError: where a decision is missing, or is not allowed.
    """
    guarded, bare = sr.compile_rules(load(RULES + GUARDS)), sr.compile_rules(load(RULES))
    policies = [read_policy(Source("policy.yaml", text)) for text in (POLICY, BARE)]
    best, floor = [float("inf"), float("inf")], float("inf")
    for _ in range(rounds):
        floor = min(floor, _floor(guarded, decisions, hosts, clock))
        for place, (program, policy) in enumerate(zip((guarded, bare), policies, strict=True)):
            best[place] = min(best[place], _round(sr.Engine(program, policy=policy), decisions, hosts, clock))
    return Cost(best[0] * 1e6, best[1] * 1e6, floor * 1e6, decisions)


def _round(engine: sr.Engine, decisions: int, hosts: int, clock: Clock) -> float:
    for state in fleet(hosts):
        engine.post(state)
    spent, steps = _apart(engine.post, losses(engine.program, decisions, hosts), clock)
    said = Counter(decision.verdict.status for step in steps for decision in step)
    assert said == {"allowed": decisions}, f"{decisions} decisions are allowed, and not {said}"
    return statistics.median(spent)


def _floor(program: sr.Program, decisions: int, hosts: int, clock: Clock) -> float:
    floor = Floor(1_000_000)
    for state in fleet(hosts):
        floor.hold(state)
    spent, said = _apart(floor.judge, losses(program, decisions, hosts), clock)
    assert not any(said), f"{decisions} are let through, and not {Counter(said)}"
    return statistics.median(spent)


def fleet(hosts: int) -> list[sr.State]:
    """Give so many hosts, all of them up."""
    each = ({"host": f"h{number}", "az": f"az{number % ZONES}", "status": "up"} for number in range(hosts))
    return [sr.State("host", "nova", START, fields) for fields in each]


def losses(program: sr.Program, decisions: int, hosts: int) -> list[sr.Event]:
    """Give so many lost hosts, one after the other."""
    return [checked(_lost(number, hosts), program.vocabulary) for number in range(decisions)]


def _apart(post: Callable[[sr.Event], T], items: Sequence[sr.Event], clock: Clock) -> tuple[list[float], list[T]]:
    """Time items without what was there before being gone through by the collector."""
    gc.collect()
    gc.freeze()
    found = timed(post, items, clock)
    gc.unfreeze()
    return found


def timed(post: Callable[[sr.Event], T], items: Sequence[sr.Event], clock: Clock) -> tuple[list[float], list[T]]:
    """Post items, and give what each took and led to."""
    spent, steps = [], []
    for item in items:
        begun = clock()
        step = post(item)
        spent.append(clock() - begun)
        steps.append(step)
    return spent, steps


def _lost(number: int, hosts: int) -> sr.Event:
    host = number % hosts
    fields = {"host": f"h{host}", "az": f"az{host % ZONES}"}
    return sr.Event(f"e{number}", "lost", "m", START + timedelta(milliseconds=number), fields)


# What was made to cost much

TESTS = (
    "matches: '^(a|b)*c$'", "matches: '^a+b+$'", "matches: '^[a-z]+[0-9]{1,40}$'", "matches: '(?i)^z+[^z]{1,20}$'",
    "glob: '*a*a*a*a*a*b'", "glob: '*[ab]*[ab]*[ab]*c'", "contains: aaaab", "ends_with: ab",
)  # fmt: skip
"""Expressions that check lets pass, each next to one it refuses."""
TEXTS = ("a" * 26 + "!", "a" * 5_000, "ab" * 2_500, "a" * 2_500 + "c", "z" * 5_000, "a1" * 2_500)
"""Names nothing calls a host; the longest are ten times as long as a payload has them."""


def hostile() -> tuple[sr.Program, list[sr.Event]]:
    """Give rules that look at every text of an event in every way, and events that make each look to the end."""
    rules = "".join(
        f"  - {{id: r{number}, when: {{as: e, event: lost, where: {{az: {{{test}}}}}}}, "
        'then: [{do: notify, with: {text: "${e.host}"}}]}\n'
        for number, test in enumerate(TESTS)
    )
    program = sr.compile_rules(load(RULES + rules))
    events = [
        sr.Event(f"e{number}", "lost", "m", START + timedelta(seconds=number), {"host": text, "az": text})
        for number, text in enumerate(TEXTS)
    ]
    return program, events


def slowest(program: sr.Program, events: Sequence[sr.Event], rounds: int, clock: Clock = time.perf_counter) -> Figure:
    """Give the event that takes longest, by its best of many rounds, and how long (G28: under ten milliseconds)."""
    found = [timed(sr.Engine(program).post, events, clock)[0] for _ in range(rounds)]
    best = [min(times) for times in zip(*found, strict=True)]
    longest = max(range(len(best)), key=best.__getitem__)
    note = f"event `{events[longest].id}`, a text of {len(str(events[longest].fields['az']))} signs under every rule"
    return Figure("a hostile event", best[longest] * 1e3, "ms", targets.EVENT_MS, note=note)


def figures(decisions: int, rounds: int) -> Iterator[Figure]:
    """Measure both."""
    yield measured(decisions, 10 * decisions, rounds).figure()
    yield slowest(*hostile(), rounds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether every target is reached."""
    parser = argparse.ArgumentParser(description="measure what guards cost a decision")
    parser.add_argument("--quick", action="store_true", help="few decisions: are the answers right?")
    chosen = parser.parse_args(arguments)
    return told(figures(*((200, 1) if chosen.quick else (2_000, 7))), quick=chosen.quick)


if __name__ == "__main__":
    sys.exit(main())
