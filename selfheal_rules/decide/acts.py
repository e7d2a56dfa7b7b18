"""What the engine itself did, as items that rules may read."""

from typing import Any, TypeAlias

from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.episode import Episode
from selfheal_rules.values import Value

Act: TypeAlias = tuple[str, str, dict[str, Any]]
"""The kind, the id and the fields of an event."""


def decided(decision: Decision) -> Act:
    """Give a decision as an event; one that is told again under its attempt is another event."""
    fields = {
        "ruleset": decision.ruleset,
        "rule": decision.rule,
        "action": decision.action,
        "target": _named(decision.target),
        "status": decision.verdict.status,
        "guard": decision.verdict.guard,
        "episode": decision.episode,
    }
    again = f"/{decision.words}" if decision.words > 1 else ""
    return "selfheal.decision", decision.idempotency_key + again, fields


def answered(decision: Decision, status: str) -> Act:
    """Give what became of a decision as an event."""
    fields = {"decision": decision.id, "action": decision.action, "target": _named(decision.target), "status": status}
    return "selfheal.outcome", f"{decision.id}/{decision.attempt}/{status}", fields


def state_of(episode: Episode) -> dict[str, Any]:
    """Give the fields of an episode as a state."""
    opening = episode.opening
    named = {"episode": opening.id, "ruleset": opening.ruleset, "rule": opening.rule}
    return {**named, "target": _named(episode.target), "status": episode.status}


def _named(target: Value) -> Value:
    """Give a target as items of the engine's own have it: a step without one has an empty one, never a missing one."""
    return "" if target is None else target
