"""
A storm: one zone of many is lost, then the monitoring itself. `python -m benchmarks.storm [HOSTS ZONES]`.

What is let through is held against the limits by a reckoning of its own, and of every other host it is asked why it was
not: a decision without a guard and a reason ends the run.
"""

import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from attrs import define, field

import selfheal_rules as sr
from benchmarks.measure import load
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = timedelta(minutes=10)
BY_ZONE, OVERALL = 2, 10
RULES = """\
selfheal: 1
ruleset: storm
states:
  alarm: {key: [host], fields: {host: {type: string, required: true}, az: {type: string, required: true}}}
  host:
    key: [host]
    fields: {host: {type: string, required: true}, az: {type: string, required: true}, status: {type: string}}
  power: {key: [host], fields: {host: {type: string, required: true}, power: {type: string}}}
rules:
  - id: dead
    when: {all: [{as: dead, state: alarm}]}
    then:
      - do: compute.fence
        target: $dead.host
        confirm: {state: power, where: {host: $dead.host, power: "off"}, within: 2m}
    guard:
      - {limit: 2, per: 10m, by: [$dead.az]}
      - {min_healthy: 50%, of: {state: host, where: {status: up}}, by: [$dead.az]}
      - {cooldown: 30m}
    outcome:
      healthy: {none: [{state: alarm, where: {host: $dead.host}}]}
      within: 6h
      else: [{do: notify, target: $dead.host}]
"""
POLICY = """\
selfheal_policy: 1
policy: site
mode: enforce
autonomy: [{grade: auto}]
topology: [{state: host, within: [az]}]
guards:
  - {limit: 10, per: 10m}
  - {storm: 20%, of: {state: host, where: {status: up}}, by: [az], for: 5m}
observers:
  - {failing: 30%, of: {state: host, where: {status: up}}, per: 5m, for: 10m}
"""


@define(eq=False)
class Cloud:
    """So many hosts in so many zones, the engine that watches them, and all it has said."""

    hosts: int
    zones: int
    engine: sr.Engine
    at: float = 0
    said: list[sr.Decision] = field(factory=list)
    last: dict[str, sr.Decision] = field(factory=dict)
    """The last word on what is to be done about each host."""
    told: dict[str, None] = field(factory=dict)
    """The hosts people were told of."""
    alarmed: dict[int, None] = field(factory=dict)

    def take(self, step: sr.Step) -> None:
        """Note what was said, and do what is allowed: the host is off at once, and says so."""
        for decision in step:
            if decision.action == "notify":
                self.told[str(decision.target)] = None
                continue
            self.said.append(decision)
            self.last[str(decision.target)] = decision
            if decision.verdict.status == "allowed":
                fields = {"host": decision.target, "power": "off"}
                self.take(self.engine.post(sr.State("power", "bmc", decision.time, fields)))

    def post(self, kind: str, number: int, *, cleared: bool = False, **fields: str) -> None:
        """Post a state of one host."""
        told = {"host": f"h{number}", "az": f"az{number % self.zones}", **fields}
        self.take(self.engine.post(sr.State(kind, "monitor", self.now, told, cleared=cleared)))

    @property
    def now(self) -> datetime:
        """The time of the cloud."""
        return START + timedelta(seconds=self.at)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.at += seconds
        self.take(self.engine.advance(self.now))

    def fail(self, number: int) -> None:
        """Have the monitoring say that a host is dead."""
        self.alarmed[number] = None
        self.post("host", number, status="down")
        self.post("alarm", number)

    def heal(self, number: int) -> None:
        """Have the monitoring say that it is not."""
        self.alarmed.pop(number, None)
        self.post("alarm", number, cleared=True)
        self.post("host", number, status="up")


@define(eq=False)
class Tale:
    """What came of a storm: how many were acted on in each part of it, and told of, and why the others were not."""

    singles: int
    zone: int
    blind: int
    told: int
    after: Counter[str]
    seconds: float


def simulate(hosts: int, zones: int) -> Tale:
    """
    Lose a few hosts here and there, then a zone, then the monitoring; then have it see again.

    Raises:
        AssertionError: where a limit is exceeded, or a host is held without a reason.
    """
    begun = time.process_time()
    engine = sr.Engine(sr.compile_rules(load(RULES)), policy=read_policy(Source("policy.yaml", POLICY)))
    cloud = Cloud(hosts, zones, engine)
    for number in range(hosts):
        cloud.post("host", number, status="up")
    for number in range(1, 6):
        cloud.wait(60)
        cloud.fail(number)
    singles = _acted(cloud)
    cloud.wait(1000)
    lost = range(0, hosts, zones)
    for number in lost:
        cloud.wait(60 * zones / hosts)
        cloud.fail(number)
    cloud.wait(3600)
    zone = _acted(cloud) - singles
    for number in range(hosts):
        cloud.at += 60 / hosts
        if number not in cloud.alarmed:
            cloud.fail(number)
    cloud.wait(1200)
    blind = _acted(cloud) - singles - zone
    _is_explained(cloud)
    for number in range(hosts):
        if number % zones:
            cloud.heal(number)
    cloud.wait(10)
    _is_within_limits(cloud)
    after = Counter(one.verdict.guard for one in cloud.last.values())
    return Tale(singles, zone, blind, len(cloud.told), after, time.process_time() - begun)


def _acted(cloud: Cloud) -> int:
    return sum(one.verdict.status == "allowed" for one in cloud.said)


def _is_explained(cloud: Cloud) -> None:
    """Have a last word on every host the monitoring calls dead, with a guard and a reason where nothing was done."""
    for number in cloud.alarmed:
        decision = cloud.last[f"h{number}"]
        assert decision.verdict.status in {"allowed", "held"}, decision
        assert decision.verdict.guard, decision
        assert decision.verdict.reason, decision


def _is_within_limits(cloud: Cloud) -> None:
    acted = [one for one in cloud.said if one.verdict.status == "allowed"]
    for end in acted:
        late = {str(one.target) for one in acted if end.time - WINDOW < one.time <= end.time}
        zones = Counter(int(host[1:]) % cloud.zones for host in late)
        assert len(late) <= OVERALL, f"{len(late)} hosts within {WINDOW}"
        assert max(zones.values()) <= BY_ZONE, f"{zones} by zone within {WINDOW}"


def main() -> None:
    """Run the whole storm and tell of it."""
    hosts, zones = (int(one) for one in sys.argv[1:3]) if sys.argv[2:] else (20_000, 40)
    tale = simulate(hosts, zones)
    print(f"{hosts:,} hosts in {zones} zones: {tale.seconds:.1f} s of CPU")
    print(
        f"acted on: {tale.singles} single failures, {tale.zone} of a lost zone, {tale.blind} as the monitoring was lost"
    )
    print(f"told of, since they were held for long: {tale.told}")
    words = ", ".join(f"{number:,} {guard}" for guard, number in tale.after.most_common())
    print(f"the last words: {words}")


if __name__ == "__main__":
    main()
