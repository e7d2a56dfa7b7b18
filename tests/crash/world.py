"""What the harness runs: rules that count, wait, try again and give up, and a stream on which they do."""

from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

from selfheal_rules.check import check_rules
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.events import Event, State
from selfheal_rules.journal.items import Input
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source

ACTIONS = ("compute.fence", "compute.disable_service", "compute.start_server", "notify")
START = datetime(2026, 1, 1, tzinfo=UTC)
LENGTH = 10_000
HOSTS = tuple(f"h{number}" for number in range(40))

RULES = """\
selfheal: 1
ruleset: crash
events:
  beat: {fields: {host: {type: string, required: true}, load: number, note: string}}
  lost: {fields: {host: {type: string, required: true}}}
states:
  power: {key: [host], fields: {host: string, lit: boolean}}
  service: {key: [host], fields: {host: string, up: {type: boolean, required: true}}}
  dead: {key: [host], fields: {host: string}}
rules:
  - id: is-dead
    when: {as: l, event: lost, count: {at_least: 2, within: 60s, by: [host]}}
    then: [{conclude: dead, with: {host: $l.host}, ttl: 2m}]
  - id: heal-dead
    when: {as: d, state: dead}
    then:
      - do: compute.fence
        target: $d.host
        confirm: {state: power, where: {host: $d.host, lit: false}, within: 20s}
        retry: {times: 1, backoff: 5s}
      - {do: compute.disable_service, target: $d.host}
    guard: [{limit: 30, per: 5m}]
    outcome:
      healthy: {all: [{state: power, where: {host: $d.host, lit: true}}]}
      within: 2m
      else: [{do: notify, target: $d.host}]
  - id: is-down
    when: {as: s, state: service, where: {up: false}, for: 10s}
    then: [{do: compute.start_server, target: $s.host}]
"""


@cache
def program() -> Program:
    """Compile the rules."""
    rules, report = parse_rules(Source("crash.yaml", RULES))
    assert rules is not None
    report += check_rules(rules)
    assert not report.errors, report.render()
    return compile_rules(rules)


def stream(seed: int) -> list[Input]:
    """Give ten thousand inputs in half an hour: mostly noise, some losses, states that come and go, and time itself."""
    draw = Random(seed)
    return [_drawn(draw, number, START + timedelta(milliseconds=180 * number)) for number in range(LENGTH)]


def _drawn(draw: Random, number: int, now: datetime) -> Input:
    host, share = draw.choice(HOSTS), draw.random()
    if share < 0.05:
        return Event(f"l{number}", "lost", "m", now, {"host": host})
    if share < 0.09:
        return State("power", "m", now, {"host": host, "lit": draw.random() < 0.5})
    if share < 0.18:
        return State("service", "m", now, {"host": host, "up": draw.random() < 0.7})
    if share < 0.19:
        return now
    note = draw.choice(("fine", 'a "quoted" one', "Größe", "x" * draw.randint(0, 200)))
    return Event(f"b{number}", "beat", "m", now, {"host": host, "load": draw.random(), "note": note})
