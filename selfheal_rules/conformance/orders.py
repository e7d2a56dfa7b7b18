"""A decision as a healer hands it to an executor, without a healer."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from selfheal_rules.compile import compile_rules
from selfheal_rules.diagnostics import RuleSetError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event
from selfheal_rules.execute.order import Order
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_RULES = """\
selfheal: 1
ruleset: asked
events: {{asked: {{fields: {{}}}}, done: {{fields: {{}}}}}}
rules:
  - id: asked
    when: {{event: asked}}
    then: [{{do: {action}, target: {target}, with: {given}, confirm: {{event: done, within: 1h}}}}]
    guard: [{{limit: 2, per: 10m}}]
    outcome: {{healthy: {{event: done}}, within: 1h, else: [{{do: notify}}]}}
"""


def asked(
    action: str,
    target: str,
    given: Mapping[str, object] | None = None,
    *,
    time: datetime = NOON,
    event: str = "1",
    token: int = 1,
) -> Order:
    """
    Give the order a rule makes that asks for an action; for the same event it is the same decision, with the same key.

    Raises:
        RuleSetError: where such a rule has a mistake, such as a value the action does not take.
    """
    written = (json.dumps(target), json.dumps(dict(given or {})))
    source = Source("asked.yaml", _RULES.format(action=action, target=written[0], given=written[1]))
    ruleset, report = parse_rules(source)
    if ruleset is None:
        raise RuleSetError(report)
    (made,) = Engine(compile_rules(ruleset)).post(Event(event, "asked", "conformance", time))
    return Order(made, token)
