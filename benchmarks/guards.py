"""What guards cost a decision: nine of a rule and a site, beside those that always stand, over hosts in 40 zones."""

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


@frozen
class Cost:
    """Microseconds of CPU a decision, with the guards and with an enforcing policy that has none, and how many."""

    guarded: float
    bare: float
    decisions: int

    @property
    def guards(self) -> float:
        """What the guards add to a decision; the episode both need is in neither."""
        return self.guarded - self.bare


def measured(decisions: int, hosts: int, rounds: int) -> Cost:
    """
    Measure a stream of lost hosts, one decision each.

    Raises:
        AssertionError: where a decision is missing, or is not allowed.
    """
    guarded, bare = sr.compile_rules(load(RULES + GUARDS)), sr.compile_rules(load(RULES))
    policies = [read_policy(Source("policy.yaml", text)) for text in (POLICY, BARE)]
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for place, (program, policy) in enumerate(zip((guarded, bare), policies, strict=True)):
            best[place] = min(best[place], _round(sr.Engine(program, policy=policy), decisions, hosts))
    return Cost(best[0] * 1e6, best[1] * 1e6, decisions)


def _round(engine: sr.Engine, decisions: int, hosts: int) -> float:
    vocabulary = engine.program.vocabulary
    for number in range(hosts):
        fields = {"host": f"h{number}", "az": f"az{number % ZONES}", "status": "up"}
        engine.post(sr.State("host", "nova", START, fields))
    items = [checked(_lost(number, hosts), vocabulary) for number in range(decisions)]
    said = Counter[str]()
    gc.collect()
    gc.freeze()
    begun = time.process_time()
    steps = [engine.post(item) for item in items]
    spent = time.process_time() - begun
    gc.unfreeze()
    for step in steps:
        said.update(decision.verdict.status for decision in step)
    assert said == {"allowed": decisions}, f"{decisions} decisions are allowed, and not {said}"
    return spent / decisions


def _lost(number: int, hosts: int) -> sr.Event:
    host = number % hosts
    fields = {"host": f"h{host}", "az": f"az{host % ZONES}"}
    return sr.Event(f"e{number}", "lost", "m", START + timedelta(milliseconds=number), fields)
