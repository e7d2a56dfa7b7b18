"""A busy site for its report: hosts that die and are healed, guards that hold, people who agree or stop everything."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from typing import Any

from attrs import define, field

from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.decide import Control, Decision, Outcome, Step
from selfheal_rules.engine import Engine, Item
from selfheal_rules.events import Event, State
from selfheal_rules.healer import Healer
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.journal.items import Input
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.report import History, page
from selfheal_rules.source import Source
from tests.calls import Call

START = datetime(2026, 3, 14, 1, tzinfo=UTC)
NIGHT = 40, 1_800, 0.15
"""A short night: hosts, seconds, and how many servers fail in one."""
RULES = """selfheal: 1
ruleset: busy-site
states:
  alarm: {key: [host], fields: {host: {type: string, required: true}, az: {type: string}, name: {type: string}}}
  host.dead: {key: [host], fields: {host: {type: string, required: true}, az: {type: string}}}
  node.power: {key: [host], fields: {host: {type: string, required: true}, power: {type: string}}}
events:
  host.empty: {fields: {host: {type: string, required: true}}}
  server.error:
    fields:
      host: {type: string, required: true}
      server: {type: string, required: true}
      note: {type: string}
      token: {type: string, secret: true}
rules:
  - id: host-is-dead
    doc: An alarm that has held for half a minute.
    when: {all: [{as: alarm, state: alarm, where: {name: HostDown}, for: 30s}]}
    then: [{conclude: host.dead, with: {host: $alarm.host, az: $alarm.az}}]

  - id: heal-dead-host
    doc: Fenced first, seen to be off, then evacuated; people are told where that does not help.
    when: {all: [{as: dead, state: host.dead}]}
    then:
      - id: fence
        do: compute.fence
        target: $dead.host
        confirm: {state: node.power, where: {host: $dead.host, power: "off"}, within: 2m}
      - id: evacuate
        do: compute.evacuate_host
        target: $dead.host
        confirm: {event: host.empty, where: {host: $dead.host}, within: 5m}
    guard:
      - {limit: 6, per: 10m, by: [$dead.az]}
      - {cooldown: 20m}
    outcome:
      healthy: {none: [{state: alarm, where: {host: $dead.host}}], for: 30s}
      within: 10m
      else: [{do: notify, target: $dead.host, with: {text: "${dead.host} is not healthy after its evacuation"}}]

  - id: start-server
    doc: One start may help; a second within the hour does not.
    when: {all: [{as: e, event: server.error}]}
    then: [{do: compute.start_server, target: $e.server}]
    guard:
      - {limit: 150, per: 5m}
      - {cooldown: 1h}

  - id: never-seen
    doc: Nothing on this site has ever led to it.
    when: {all: [{as: dead, state: host.dead, where: {az: nowhere}}]}
    then: [{do: notify, target: $dead.host}]
"""
HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\x00\x1b[31m<!--"
"""A text that would be mark-up, steer a terminal and turn the line around."""
MISSED = RULES.splitlines().index("      - {cooldown: 20m}") + 1
"""The line that tests are said not to cover."""
POLICY = """selfheal_policy: 1
policy: busy
mode: enforce
protected:
  - {target: "ctl-*", reason: the control plane}
autonomy:
  - {action: compute.evacuate_host, grade: approve, for: 10m, quorum: 1}
  - {grade: auto}
"""


@cache
def program(rules: str = RULES) -> Program:
    """Compile the rules of the site."""
    found, report = parse_rules(Source("rules.yaml", rules))
    assert found is not None, report.render()
    return compile_rules(found)


def engine() -> Engine:
    """Give an engine that lets act."""
    return Engine(program(), policy=read_policy(Source("policy.yaml", POLICY)))


@define
class Cloud:
    """What a site posts and answers: seeded, so the same each time."""

    hosts: int
    rate: float
    """How many servers fail in a second."""
    random: Random = field(factory=lambda: Random(7))
    posted: int = 0
    due: list[tuple[float, int, Item]] = field(factory=list)

    def at(self, second: float) -> datetime:
        """Give an instant."""
        return START + timedelta(milliseconds=round(second * 1000))

    def inputs(self, seconds: int) -> Iterator[Input]:
        """Give what comes by itself or as an answer, in the order of time; answers are added to `due` meanwhile."""
        second = 0.0
        while second < seconds:
            second += self.random.expovariate(self.rate)
            yield from self._ripe(second)
            yield self._failing(second)
        yield from self._ripe(seconds + 1200.0)
        yield Control("pause", "ann", "the storage is being moved", self.at(seconds + 1201), "action:compute.fence")

    def _ripe(self, second: float) -> Iterator[Input]:
        while self.due and self.due[0][0] <= second:
            yield heappop(self.due)[2]

    def _failing(self, second: float) -> Item:
        self.posted += 1
        host = self.random.randrange(self.hosts)
        name = f"ctl-{host}" if host % 13 == 0 else f"compute-{host:03}"
        if self.random.random() < 0.045:
            ill = self.random.choice((240, 400, 500, 1500))
            self.later(second + ill, State("alarm", "monitor", self.at(second + ill), {"host": name}, cleared=True))
            return State("alarm", "monitor", self.at(second), {"host": name, "az": f"az{host % 3}", "name": "HostDown"})
        fields = {
            "host": name,
            "server": f"server-{host:03}-{self.random.randrange(3)}",
            "note": "went to ERROR",
            "token": "hunter2-secret",
        }
        return Event(f"e{self.posted}", "server.error", "nova", self.at(second), fields)

    def later(self, second: float, item: Item) -> None:
        """Have an item come when it is time."""
        self.posted += 1
        heappush(self.due, (second, self.posted, item))

    def answer(self, decision: Decision) -> None:
        """Do what is allowed, fail now and then, and agree to half of what people are asked."""
        second = (decision.time - START).total_seconds()
        if decision.verdict.status == "needs_approval" and self.random.random() < 0.8:
            self.later(second + 45, Control("approve", "ann", "seen it", self.at(second + 45), decision.id))
        if decision.verdict.status != "allowed":
            return
        status = "failed" if self.random.random() < 0.06 else "done"
        self.later(second + 4, Outcome(decision.id, status, self.at(second + 4), attempt=decision.attempt))  # type: ignore[arg-type]
        host = str(decision.target)
        if decision.action == "compute.evacuate_host" and self.random.random() < 0.9:
            self.later(
                second + 70, Event(f"empty {host} {second}", "host.empty", "nova", self.at(second + 70), {"host": host})
            )
        if decision.action == "compute.fence":
            power = {"host": host, "power": "off"}
            self.later(second + 9, State("node.power", "ironic", self.at(second + 9), power))


def run(take: Callable[[Input], Iterable[Decision]], cloud: Cloud, seconds: int) -> None:
    """Have a site go on for a while, answering what is decided."""
    for given in cloud.inputs(seconds):
        for decision in take(given):
            cloud.answer(decision)


def live(hosts: int, seconds: int, rate: float) -> History:
    """Run the site, and give its history."""
    running = engine()
    history = History(lambda _: None)
    history.follow(running)

    def take(given: Input) -> Step:
        history.told(given)
        step = running.advance(given) if isinstance(given, datetime) else running.post(given)
        history.take(step, running.now)
        return step

    run(take, Cloud(hosts, rate), seconds)
    return history


def healed(path: Path, hosts: int, seconds: int, rate: float) -> None:
    """Run the site under a healer, which leaves a journal."""
    healer = Healer(engine(), FileJournal(path), every=400)
    run(lambda given: healer.take([given]), Cloud(hosts, rate), seconds)
    healer.close()


def reported(call: Call, tmp_path: Path, *arguments: str | Path) -> dict[str, Any]:
    """Write a page by the command, and give what it was given."""
    found = call("report", *arguments, "--output", tmp_path / "report.html")
    assert 0 == found.code, found.err
    return data((tmp_path / "report.html").read_text("utf-8"))


def data(text: str) -> dict[str, Any]:
    """Give what a page was given."""
    found: dict[str, Any] = json.loads(text.split('id="data">', 1)[1].split("</script>", 1)[0])
    return found


@cache
def night() -> History:
    """Give the history of a short night with some hundred decisions."""
    return live(*NIGHT)


@cache
def busy() -> History:
    """Give the history of a night with more than ten thousand decisions."""
    return live(700, 16_000, 0.54)


def hostile() -> str:
    """Give a page all of whose foreign texts would be mark-up."""
    running, history = engine(), History(lambda _: None)
    history.follow(running)
    fields = {"host": HOSTILE, "server": HOSTILE, "note": HOSTILE}
    history.take(running.post(Event(HOSTILE, "server.error", HOSTILE, START, fields)), running.now)
    history.told(Control("kill", HOSTILE, HOSTILE, START))
    return page(history, HOSTILE, coverage={"files": {HOSTILE: {"1": {"state": HOSTILE, "text": HOSTILE}}}})
