"""What guards cost a decision: a rule and a site with thirteen guards between them, over 20,000 hosts in 40 zones."""

import gc
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from attrs import frozen

import selfheal_rules as sr
from benchmarks.measure import load
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
  - {max_in_flight: 50, by: [az]}
  - {storm: 30%, of: {state: host, where: {status: up}}, by: [az], for: 5m}
  - {breaker: 5, per: 10m, for: 10m}
maintenance: [{state: work, target: host, at_most: 1d, owner: ops, reason: disks}]
conflicts: [[compute.disable_service, compute.enable_service]]
"""


@frozen
class Cost:
    """Microseconds of a decision with guards and without, outcomes left out, and how many there were."""

    guarded: float
    bare: float
    decisions: int

    @property
    def guards(self) -> float:
        """What guards and the episodes they need add to a decision."""
        return self.guarded - self.bare


def measured(events: int, hosts: int, rounds: int) -> Cost:
    """
    Measure a stream of lost hosts whose every decision is answered before the next, as executors do.

    Raises:
        AssertionError: where a decision is missing, or its verdict is not the one it must have.
    """
    guarded = sr.compile_rules(load(RULES + GUARDS))
    bare = sr.compile_rules(load(RULES))
    policy = read_policy(Source("policy.yaml", POLICY))
    best = {"guarded": float("inf"), "bare": float("inf")}
    for _ in range(rounds):
        best["guarded"] = min(best["guarded"], _round(sr.Engine(guarded, policy=policy), events, hosts, "allowed"))
        best["bare"] = min(best["bare"], _round(sr.Engine(bare), events, hosts, "shadowed"))
    return Cost(best["guarded"] * 1e6, best["bare"] * 1e6, events)


def _round(engine: sr.Engine, events: int, hosts: int, verdict: str) -> float:
    vocabulary = engine.program.vocabulary
    for number in range(hosts):
        fields = {"host": f"h{number}", "az": f"az{number % ZONES}", "status": "up"}
        engine.post(sr.State("host", "nova", START, fields))
    items = [
        checked(
            sr.Event(f"e{n}", "lost", "m", START + timedelta(seconds=n), {"host": f"h{n}", "az": f"az{n % ZONES}"}),
            vocabulary,
        )
        for n in range(events)
    ]
    spent, said = 0.0, Counter[str]()
    gc.collect()
    gc.disable()
    for item in items:
        begun = time.process_time()
        step = engine.post(item)
        spent += time.process_time() - begun
        for decision in step:
            said[decision.verdict.status] += 1
            engine.post(sr.Outcome(decision.id, "done", item.time))
    gc.enable()
    assert said == {verdict: events}, f"{events} decisions are {verdict}, and not {said}"
    return spent / events
