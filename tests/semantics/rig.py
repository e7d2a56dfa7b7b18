"""Rules and inputs in few words, and what an engine makes of them in as few."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any, TypeAlias

from selfheal_rules.check import check_rules
from selfheal_rules.events import Event, State
from selfheal_rules.model import RuleSet
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from selfheal_rules.values import microseconds
from tests.engines import Driver, Seen, under
from tests.generate.rules import VOCABULARY
from tests.generate.streams import START, Advance, Answer, Input, Status, moment
from tests.reference.episodes import Decided

FENCE = "[{do: fence, target: $p.host}]"
_NUMBERS = count(1)

Play: TypeAlias = Callable[..., list[str]]
"""
(rules, *inputs) → for each input its disposition and its decisions, such as `matched fence a@3`.

A text among the inputs is other rules, under which the engine goes on.
"""


def rule(when: str, then: str = FENCE, *, name: str = "r", more: str = "") -> str:
    """Write a rule: `when` and `then` as they stand in YAML, `more` for further keys."""
    lines = [
        f"  - id: {name}",
        f"    when: {when}",
        f"    then: {then}",
        *(f"    {line}" for line in more.splitlines()),
    ]
    return "\n".join(lines) + "\n"


def load(rules: str) -> RuleSet:
    """Read rules over the vocabulary of the generated ones, and check them."""
    text = f"selfheal: 1\nruleset: tests\n{VOCABULARY}rules:\n{rules}"
    found, report = parse_rules(Source("tests.yaml", text))
    assert found is not None
    errors = (*report.errors, *check_rules(found).errors)
    assert not errors, "\n".join(error.render() for error in errors)
    return found


def event(kind: str, at: float, *, id: str = "", source: str = "m", **fields: Any) -> Event:  # noqa: A002, ANN401 - as items call it
    """Give an event at so many seconds; on host `a` and with a fresh id, unless it says otherwise."""
    return Event(id or f"e{next(_NUMBERS)}", kind, source, moment(at), {"host": "a", **fields})


def beat(at: float, **fields: Any) -> Event:  # noqa: ANN401 - values of any type
    """Give a `beat`."""
    return event("beat", at, **fields)


def fail(at: float, **fields: Any) -> Event:  # noqa: ANN401 - values of any type
    """Give a `fail`."""
    return event("fail", at, **fields)


def state(kind: str, at: float, *, source: str = "m", gone: bool = False, **fields: Any) -> State:  # noqa: ANN401 - values
    """Give an update of a state, or its clearing."""
    return State(kind, source, moment(at), {"host": "a", **fields}, cleared=gone)


def node(at: float, **fields: Any) -> State:  # noqa: ANN401 - values of any type
    """Give an update of `node`, keyed by host."""
    return state("node", at, **fields)


def disk(at: float, name: str = "d1", **fields: Any) -> State:  # noqa: ANN401 - values of any type
    """Give an update of `disk`, keyed by name."""
    return state("disk", at, name=name, **fields)


def until(at: float) -> Advance:
    """Let time pass."""
    return Advance(moment(at))


def answer(at: float, status: Status, back: int = 0) -> Answer:
    """Answer the last decision, or one so many before it."""
    return Answer(back, status, moment(at))


def seconds(at: int) -> str:
    """Write an instant as seconds since the start."""
    return f"{(at - microseconds(START)) / 1_000_000:g}"


def told(decision: Decided) -> str:
    """Write a decision: its action, target, attempt (from the second on) and instant."""
    again = f"#{decision.attempt}" if decision.attempt > 1 else ""
    target = decision.target if isinstance(decision.target, str) else json.dumps(decision.target)
    return f"{decision.action} {target}{again}@{seconds(decision.at)}"


def line(seen: Seen | None) -> str:
    """Write what one input led to."""
    if seen is None:
        return "nothing to answer"
    return " ".join(filter(None, [seen.disposition, *(told(decision) for decision in seen.decisions)]))


def shown(driver: Driver, kind: str, at: float) -> list[str]:
    """Write the states of a kind at an instant: `{fields}@time`."""
    seen = driver.take(until(at))
    assert seen is not None
    return [f"{fields}@{seconds(time)}" for name, _, fields, time in seen.states if name == kind]


Make: TypeAlias = Callable[..., Driver]


def player(make: Make) -> Play:
    """Give the function that plays inputs to a new engine."""

    def play(rules: str, *items: Input | str, max_age: float = 600, max_ahead: float | None = None) -> list[str]:
        ahead = None if max_ahead is None else timedelta(seconds=max_ahead)
        driver = make(load(rules), max_age=timedelta(seconds=max_age), max_ahead=ahead)
        lines = []
        for item in items:
            if isinstance(item, str):
                driver = under(driver, load(item))
            else:
                lines.append(line(driver.take(item)))
        return lines

    return play
