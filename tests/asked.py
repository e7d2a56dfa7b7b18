"""Rules and streams in few words, and the question why one of the rules did not fire."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import selfheal_rules as sr
from selfheal_rules.explain.why_not import Answer, Input, why_not
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source

NINE = datetime(2026, 1, 1, 9, tzinfo=UTC)
LATER = 200.0
HEAD = """\
selfheal: 1
ruleset: r
events:
  alarm: {fields: {host: {type: string, required: true}, severity: {ordered: [info, critical]}, n: number}}
  power: {fields: {host: {type: string, required: true}, state: string, n: number, seen: time}}
states:
  up: {key: [host], fields: {host: string, az: string, n: number}}
  disk: {key: [name], fields: {name: string, host: string, n: number, seen: time}}
  maintenance: {key: [host], fields: {host: string}}
  dead: {key: [host], fields: {host: string}}
rules:
"""
_IDS = count(1)


def second(at: float) -> datetime:
    """Give an instant so many seconds after nine."""
    return NINE + timedelta(seconds=at)


def alarm(at: float, host: str = "c1", **fields: Any) -> sr.Event:  # noqa: ANN401 - values of any type
    """Give an alarm."""
    return sr.Event(fields.pop("id", f"a-{next(_IDS)}"), "alarm", "m", second(at), {"host": host, **fields})


def power(at: float, host: str = "c1", **fields: Any) -> sr.Event:  # noqa: ANN401 - values of any type
    """Give a power event."""
    return sr.Event(fields.pop("id", f"p-{next(_IDS)}"), "power", "m", second(at), {"host": host, **fields})


def state(kind: str, at: float, *, cleared: bool = False, **fields: Any) -> sr.State:  # noqa: ANN401 - values of any type
    """Give a state of host c1, unless it says otherwise."""
    return sr.State(kind, "m", second(at), {"host": "c1", **fields}, cleared=cleared)


def program(rules: str) -> sr.Program:
    """Compile rules over the vocabulary of this page."""
    found, report = parse_rules(Source("r.yaml", HEAD + rules))
    assert found, report.render()
    return sr.compile_rules(found)


def rule(when: str, more: str = "", target: str = "$a.host") -> str:
    """Write the rule that is asked about."""
    return f"  - id: x\n    when: {when}\n    then: [{{do: notify, target: {target}}}]\n{more}"


def fires(rules: str, inputs: list[Input], until: float = LATER) -> bool:
    """Whether the engine decides about c1."""
    engine = sr.Engine(program(rules))
    made: list[sr.Decision] = []
    for one in (*inputs, second(until)):
        made += engine.advance(one) if isinstance(one, datetime) else engine.post(one)
    return any(one.target == "c1" for one in made)


def ask(rules: str, inputs: list[Input], at: float = LATER, **more: Any) -> Answer:  # noqa: ANN401 - any option
    """Ask why `x` did not fire for c1."""
    return why_not(program(rules), inputs, "x", "c1", second(at), **more)


def failing(answer: Answer) -> str:
    """Give the address of what failed."""
    return next(line.address for line in answer.lines if line.mark == "FAIL")


BOTH = """{all: [{as: a, event: alarm, where: {severity: critical}}, {as: p, event: power, where: {state: "off"}}],
           same: [host], within: 2m, unless: [{state: maintenance, where: {host: $a.host}}]}"""
ALONE = "{event: alarm, as: a}"
HELD = "{state: up, as: a, for: 30s}"
COUNT = "{event: alarm, as: a, count: {at_least: 3, within: 1m, by: [host]}}"
FEW = "{event: alarm, as: a, count: {at_most: 1, within: 1m, by: [host]}}"
MEAN = "{event: alarm, as: a, aggregate: {avg: n, more_than: 10, within: 1m, by: [host]}}"
SHARE = "{event: alarm, as: a, aggregate: {percent_of: {n: {more_than: 5}}, at_least: 50, within: 1m, by: [host]}}"
ORDER = "{sequence: [{as: a, event: alarm}, {as: p, event: power}], same: [host], within: 1m}"
NEVER = "{all: [{as: a, event: alarm}, {none: [{event: power, where: {host: $a.host}}], within: 1m}]}"
LEVEL = "{all: [{as: a, state: up}, {as: m, state: maintenance}], same: [host], for: 30s}"
STATE = "{all: [{as: a, state: up}, {as: e, event: alarm}], same: [host]}"
ANY = '{any: [{as: a, event: alarm, where: {n: {more_than: 5}}}, {as: a, event: power, where: {state: "off"}}]}'
TEST = '{all: [{as: a, event: alarm}, {as: u, state: up}, {test: "a.n - u.n > 5"}], same: [host]}'
OTHER = "{all: [{as: a, event: alarm}, {as: u, state: up, where: {n: {less_than: $a.n}}}], same: [host]}"
NEXT = "{all: [{as: a, event: alarm}, {as: d, state: disk, where: {host: $a.host, n: $a.n}}]}"
NUMBER = "{event: alarm, as: a, where: {n: {at_least: 5}}}"
OLD = "{all: [{as: a, state: disk, where: {seen: {more_than: 5m}}}]}"
CHAIN = (
    "  - {id: y, when: {all: [{as: a, event: alarm}, {as: p, event: power}], same: [host], within: 1m}, "
    "then: [{conclude: dead, with: {host: $a.host}, ttl: 1h}]}\n" + rule("{state: dead, as: a}")
)

CRITICAL = {"severity": "critical"}
OFF = {"state": "off"}
