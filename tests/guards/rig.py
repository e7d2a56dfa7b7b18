"""A site in few words: rules, a policy, what is posted at which second, and what is said of it."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any

from selfheal_rules.check import check_rules
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.decide import Control, Decision, Outcome
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.model import RuleSet
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.policy import Policy
from selfheal_rules.source import Source

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""A Monday at noon."""
VOCABULARY = """
states:
  alarm: {key: [host], fields: {host: {type: string, required: true}, az: {type: string}}}
  host:
    key: [host]
    fields: {host: {type: string, required: true}, az: {type: string}, status: {type: {enum: [up, down]}}}
  service:
    key: [host, binary]
    fields: {host: {type: string}, binary: {type: string}, status: {type: {enum: [up, down]}}}
  instance: {key: [instance], fields: {instance: {type: string, required: true}, host: {type: string, required: true}}}
  power: {key: [host], fields: {host: {type: string, required: true}, power: {type: string}}}
  work: {key: [host], fields: {host: {type: string, required: true}}}
  hand: {key: [host], fields: {host: {type: string, required: true}}}
  count: {key: [host], fields: {host: {type: string}, number: {type: number}, flag: {type: boolean}}}
  mark: {key: [name], fields: {name: {type: string, required: true}, host: {type: string}, reason: {type: string}}}
  place: {key: [thing], fields: {thing: {type: string, required: true}, parent: {type: string}, beside: {type: string}}}
events:
  lost: {fields: {host: {type: string, required: true}, az: {type: string}}}
  ask: {fields: {host: {type: string, required: true}, what: {type: string}}}
  beat: {fields: {host: {type: string, required: true}}}
  touch: {fields: {host: {type: string, required: true}}}
"""
DEAD = "{all: [{as: e, state: alarm}]}"
AZONE = "{all: [{as: e, state: alarm, where: {az: {exists: true}}}]}"
LOST = "{as: e, event: lost}"
DRAIN = "[{do: compute.disable_service, target: $e.host}]"
CONFIRM = "confirm: {state: power, where: {host: $e.host, power: 'off'}, within: 60s}"
FENCED = "{do: compute.fence, target: $e.host, " + CONFIRM + "}"
PAGE = "{healthy: {none: [{state: alarm, where: {host: $e.host}}]}, within: 10m, else: [{do: notify, target: $e.host}]}"
FREE = """
selfheal_policy: 1
policy: site
mode: enforce
autonomy: [{grade: auto}]
"""


def rule(when: str = DEAD, then: str = DRAIN, *guards: str, name: str = "r", more: str = "") -> str:
    """Write a rule."""
    guard = f"    guard: [{', '.join(guards)}]\n" if guards else ""
    extra = f"    {more}\n" if more else ""
    return f"  - id: {name}\n    when: {when}\n    then: {then}\n{guard}{extra}"


def load(rules: str) -> RuleSet:
    """Read rules over the vocabulary of the rig, and check them."""
    found, report = parse_rules(Source("rules.yaml", f"selfheal: 1\nruleset: site\n{VOCABULARY}rules:\n{rules}"))
    assert found is not None, report.render()
    errors = (*report.errors, *check_rules(found).errors)
    assert not errors, "\n".join(error.render() for error in errors)
    return found


@lru_cache(maxsize=64)
def _program(rules: str) -> Program:
    return compile_rules(load(rules))


@lru_cache(maxsize=64)
def _policy(text: str) -> Policy:
    return read_policy(Source("policy.yaml", text))


def at(second: float) -> datetime:
    """Give an instant."""
    return START + timedelta(seconds=second)


def line(decision: Decision) -> str:
    """Write a decision: `fence h1 held:limit@3`, its service left out, the attempt where it is not the first."""
    verdict = decision.verdict
    said = verdict.status if verdict.guard == "mode" else f"{verdict.status}:{verdict.guard}"
    again = f"#{decision.attempt}" if decision.attempt > 1 else ""
    second = round((decision.time - START).total_seconds(), 3)
    return f"{decision.action.removeprefix('compute.')} {decision.target}{again} {said}@{second:g}"


class Site:
    """An engine under test; each call gives the decisions it led to, in words."""

    def __init__(self, rules: str, policy: str | None = FREE, **settings: Any) -> None:  # noqa: ANN401
        """Start with nothing seen; `FREE` lets everything act that is only limited by its rule."""
        self.program = _program(rules)
        self.engine = Engine(self.program, policy=None if policy is None else _policy(policy), **settings)
        self._ids = count(1)
        self.decisions: list[Decision] = []

    def _take(self, item: Any) -> list[str]:  # noqa: ANN401 - any input
        made = [*self.engine.post(item)]
        self.decisions += made
        return [line(one) for one in made]

    def event(self, kind: str, second: float, host: str = "h1", *, source: str = "m", **fields: str) -> list[str]:
        """Post an event."""
        return self._take(Event(f"e{next(self._ids)}", kind, source, at(second), {"host": host, **fields}))

    def state(self, kind: str, second: float, host: str = "h1", *, gone: bool = False, **fields: str) -> list[str]:
        """Post a state, or its clearing; its key field is the host."""
        return self._take(State(kind, "m", at(second), {"host": host, **fields}, cleared=gone))

    def hold(self, kind: str, second: float, *, gone: bool = False, **fields: str) -> list[str]:
        """Post a state of any key, or its clearing."""
        return self._take(State(kind, "m", at(second), fields, cleared=gone))

    def until(self, second: float) -> list[str]:
        """Let time pass."""
        made = [*self.engine.advance(at(second))]
        self.decisions += made
        return [line(one) for one in made]

    def say(
        self, act: str, second: float, subject: str = "", *, who: str = "ann", until: float | None = None
    ) -> list[str]:
        """Have a person say something."""
        end = None if until is None else at(until)
        return self._take(Control(act, who, "because", at(second), subject, end))  # type: ignore[arg-type]

    def answer(self, second: float, status: str = "done", back: int = 0) -> list[str]:
        """Answer the last decision, or one so many before it."""
        return self._take(Outcome(self.decisions[-1 - back].id, status, at(second)))  # type: ignore[arg-type]

    def restart(self) -> None:
        """Go on from a snapshot, as after a crash."""
        self.engine = Engine.restore(self.program, self.engine.snapshot())

    def change(self, rules: str) -> None:
        """Go on under other rules."""
        self.program = _program(rules)
        self.engine = Engine.restore(self.program, self.engine.snapshot())

    def status(self) -> list[str]:
        """Give the states of all episodes that are known."""
        return [episode.state for episode in self.engine.episodes()]
