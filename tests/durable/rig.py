"""Rules over two kinds of events and two of states with odd fields, and what an engine on durable-rules decides."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any, TypeAlias

from attrs import define

from selfheal_rules.check import check_rules
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source

ITEM = """{fields: {host: {type: string, required: true}, sid: string, name: string, label_169889: string,
    label_1249142: string, any: any, number: number, integer: integer, v: number, list: {list: string}, deep: map}}"""
KINDS = f"""\
events:
  left: {ITEM}
  right: {ITEM}
  third: {ITEM}
  fourth: {ITEM}
states:
  first: {{key: [host], fields: {{host: {{type: string, required: true}}, zone: string, v: number}}}}
  second: {{key: [host], fields: {{host: {{type: string, required: true}}, zone: string, v: number}}}}
"""
START = datetime(2026, 1, 1, tzinfo=UTC)
NOOP = "[{do: noop, target: $a.host}]"
_NUMBERS = count(1)

Item: TypeAlias = Event | State
Decided: TypeAlias = list[tuple[str, str]]


@define
class Asked:
    """What durable-rules was asked, and how often it had an answer."""

    lookups: int = 0
    answers: int = 0


def pair(field: str = "host", *, name: str = "r", more: str = "", left: str = "left", right: str = "right") -> str:
    """Write a rule over two events joined by a field."""
    patterns = f"[{{as: a, event: {left}}}, {{as: b, event: {right}{more}}}]"
    return rule(f"{{all: {patterns}, same: [{field}], within: 1m}}", name=name)


def rule(when: str, *, name: str = "r", then: str = NOOP, more: str = "") -> str:
    """Write a rule."""
    return f"  - id: {name}\n    when: {when}\n    then: {then}\n{more}"


@lru_cache(maxsize=1)
def program(*rules: str) -> Program:
    """Compile rules."""
    text = f"selfheal: 1\nruleset: odd\n{KINDS}rules:\n{''.join(rules)}"
    found, report = parse_rules(Source("odd.yaml", text))
    assert found is not None, report.render()
    findings = report + check_rules(found)
    assert not findings.errors, findings.render()
    return compile_rules(found)


def event(kind: str, second: float = 0, *, id: str = "", **fields: Any) -> Item:  # noqa: A002, ANN401 - as items call it
    """Give an event, with a fresh id unless it says otherwise."""
    return Event(id or f"e{next(_NUMBERS)}", kind, "m", START + timedelta(seconds=second), {"host": "h", **fields})


def state(kind: str, second: float = 0, *, gone: bool = False, **fields: Any) -> Item:  # noqa: ANN401 - any value
    """Give an update of a state, or its clearing."""
    return State(kind, "m", START + timedelta(seconds=second), {"host": "h", **fields}, cleared=gone)


def engine_of(*rules: str, matcher: str = "durable") -> Engine:
    """Give an engine on durable-rules."""
    return Engine(program(*rules), matcher=matcher)


def posted(engine: Engine, items: Sequence[Item]) -> Decided:
    """Post items; give the rule and target of what is decided."""
    return [(decision.rule, str(decision.target)) for item in items for decision in engine.post(item)]


def decided(rules: str | Sequence[str], *items: Item) -> Decided:
    """Give what is decided on durable-rules; the native engine must decide the same."""
    texts = (rules,) if isinstance(rules, str) else rules
    found, native = (posted(engine_of(*texts, matcher=name), items) for name in ("durable", "native"))
    assert native == found
    return found
