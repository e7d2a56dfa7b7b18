"""What a cloud says while something fails in it: kept as a stream, and what the rules that ship decide about it."""

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import define, field

import selfheal_rules as sr
from selfheal_rules.check import load_mapping
from selfheal_rules.events import State, checked
from selfheal_rules.execute.openstack.api import Api
from selfheal_rules.integrations.pollers import KEYS, Sweep, Watch
from selfheal_rules.normalize.cloudevents import to_cloudevent
from selfheal_rules.normalize.stream import read_items
from tests.cloud.hook import Hook
from tests.cloud.rig import PACE, PATIENCE, Cloud
from tests.payloads import VOCABULARY

RULESETS = Path(__file__).parents[2] / "rulesets"
KEEP = "SELFHEAL_RECORD"
"""The environment's word that what is recorded is to be kept beside the rule set."""


@define
class Tape:
    """Looks at a cloud again and again, and takes webhooks; gives what is new, in the order in which it came."""

    cloud: Cloud | None = None
    """Without one, webhooks are all there is."""
    sweeps: tuple[Sweep, ...] = ()
    hook: Hook | None = None
    lines: list[dict[str, Any]] = field(factory=list)
    _watches: list[Watch] = field(init=False)
    _last: dict[Any, Any] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Look for the first time."""
        self._watches = [Watch(sweep) for sweep in self.sweeps]
        self.look()

    def look(self) -> None:
        """Keep what is new; that something has reported again is nothing new."""
        if self.cloud:
            api, now = Api(self.cloud.connection), datetime.now(UTC)
            found = [one for watch in self._watches for one in watch.look(api, now)]
            self.lines += [to_cloudevent(checked(one, VOCABULARY)) for one in found if self._is_news(one)]
        for payload, received in self.hook.bodies() if self.hook else ():
            self.lines.append({"received": received.isoformat(), "payload": payload})

    def _is_news(self, state: State) -> bool:
        key = (state.kind, *(state.fields.get(name) for name in KEYS[state.kind]))
        told = (state.cleared, {name: value for name, value in state.fields.items() if name != "last_seen"})
        was, self._last[key] = self._last.get(key), told
        return was != told

    def until(self, shows: Callable[[dict[str, Any]], object], what: str) -> None:
        """Look until something is told."""
        self._look_until(lambda: any(shows(one) for one in self.lines), what)

    def _look_until(self, is_so: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < end, f"{what}: not within {PATIENCE} s"
            time.sleep(PACE)
            self.look()

    def told(self, kind: str, **fields: object) -> None:
        """Look until a state of a kind is told with such fields."""
        self.until(lambda one: one.get("type") == kind and fields.items() <= one["data"].items(), f"{kind} {fields}")

    def posted(self, word: str) -> None:
        """Take webhooks until one has a word in it."""
        self.until(lambda one: word in json.dumps(one.get("payload", "")), f"a webhook with {word}")

    def kept(self, ruleset: str) -> "Tape":
        """Write it beside the rule set, where that is asked for."""
        if os.environ.get(KEEP):
            text = "".join(json.dumps(one) + "\n" for one in self.lines)
            assert "cloudpw" not in text
            (RULESETS / ruleset / "recorded.jsonl").write_text(text, "utf-8")
        return self

    def decides(self, expected: set[tuple[str, str, str]], ruleset: str, later: timedelta) -> None:
        """Look until the rules that ship decide at least that, whatever the order in which the alarms come."""
        self._look_until(lambda: expected <= {*self.decided(ruleset, later)}, f"that {ruleset} decides {expected}")

    def decided(self, ruleset: str, later: timedelta, **params: object) -> list[tuple[str, str, str]]:
        """Give what the rules that ship decide about it until some time later: status, action and target."""
        program = sr.compile_rules(sr.load_rules(RULESETS / ruleset, values=params))
        engine = sr.Engine(program)
        lines = (json.dumps(one).encode() for one in self.lines)
        mappings = [load_mapping(one) for one in (RULESETS / ruleset).glob("mapping.yaml")]
        items = [read.item for read in read_items(lines, vocabulary=program.vocabulary, mappings=mappings)]  # type: ignore[union-attr]  # a problem has none
        steps = [engine.post(one) for one in items]
        steps.append(engine.advance(items[-1].time + later))
        return [*_said(step for step in steps)]


def _said(steps: Iterator[Any]) -> Iterator[tuple[str, str, str]]:
    for step in steps:
        for one in step:
            yield one.verdict.status, one.action, one.target
