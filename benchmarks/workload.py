"""What every workload has: rules as YAML, a stream of ready items, and the answer, counted by the generator itself."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from attrs import frozen

from selfheal_rules.events import Event, State

START = datetime(2026, 1, 1, tzinfo=UTC)
SEVERITIES = ("info", "warning", "error", "critical")

Row = tuple[str, str, object]
"""What a script decides: rule, target, evidence."""

Script = Callable[["Workload"], tuple[Callable[[Event], None], list[Row]]]
"""Builds the hand-written peer of a workload: a function called per event, and the list it appends to."""


@frozen
class Workload:
    """Rules, items, and how many decisions they must give; `sizes` is what script and direct drivers are told."""

    name: str
    rules: str
    items: tuple[Event, ...]
    expected: int
    script: Script
    sizes: dict[str, int]
    facts: tuple[State, ...] = ()


class Stream:
    """Draws events on a clock that moves by `step` each: about four hundred bytes as JSON, as monitoring sends them."""

    def __init__(self, seed: int, step: timedelta) -> None:
        """Begin at `START` with no events."""
        self.draw = random.Random(seed)
        self.items: list[Event] = []
        self._step = step

    def add(self, kind: str, host: str, **fields: object) -> None:
        """Append one event; what its fields leave open is filled as a real source would."""
        number = len(self.items)
        told = {
            "host": host,
            "severity": "info",
            "value": 1.0,
            "project": f"project-{number % 40:02}",
            "region": "RegionOne",
            "text": f"reading {number} of {kind} on {host}",
            "labels": {"team": "cloud", "az": f"az{number % 3}", "rack": f"r{number % 20:02}"},
            **fields,
        }
        self.items.append(Event(f"e{number}", kind, "monitor", START + number * self._step, told))


FIELDS = """\
      host: {type: string, required: true}
      severity: {type: severity}
      value: {type: number}
      status: {type: string}
      project: {type: string}
      region: {type: string}
      text: {type: string}
      labels: {type: {map: string}}
"""


def ruleset(name: str, kinds: list[str], rules: list[str], states: str = "") -> str:
    """Write a rule set that declares its own kinds, all with the fields `Stream` gives."""
    declared = "".join(f"  {kind}:\n    fields:\n{FIELDS}" for kind in kinds)
    severity = f"types:\n  severity: {{ordered: [{', '.join(SEVERITIES)}]}}\n"
    return f"selfheal: 1\nruleset: {name}\n{severity}events:\n{declared}{states}rules:\n{''.join(rules)}"
