"""One failure being dealt with: its steps, what they wait for, and how it ends. A snapshot writes it as it is."""

from typing import Any, Literal, TypeAlias

from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.opening import Opening
from selfheal_rules.match.rows import Row

StepState: TypeAlias = Literal["waiting", "issued", "confirmed", "failed", "retrying"]
EpisodeStatus: TypeAlias = Literal["open", "verifying", "healed", "escalated", "quarantined", "closed"]


class Progress:
    """How far one step is."""

    __slots__ = ("attempt", "await_row", "awaits", "decision", "due", "issued", "params", "state", "target")

    def __init__(self, target: Any, params: Any, awaits: Any) -> None:
        """Start as a step with its values fixed and nothing done."""
        self.target = target
        self.params = params
        self.awaits = awaits
        self.state: StepState = "waiting"
        self.attempt = 0
        self.issued = 0
        self.due = 0
        self.await_row: Row | None = None
        self.decision: Decision | None = None


class Episode:
    """
    One (rule, key) from its first firing to its close.

    `steps` are those of `then`, followed by those of `else`; `escalating` tells whether the latter may be issued.
    """

    __slots__ = (
        "destructive", "escalating", "health", "health_row", "key", "level", "number", "opening", "rule", "status",
        "steps", "target", "verify_due",
    )  # fmt: skip

    def __init__(self, number: int, rule: int, key: Any, opening: Opening, *, level: bool) -> None:
        """Start with nothing issued."""
        self.number = number
        self.rule = rule
        self.key = key
        self.opening = opening
        self.level = level
        self.status: EpisodeStatus = "open"
        self.steps: list[Progress] = []
        self.target: Any = None
        self.destructive = False
        self.escalating = False
        self.health: Any = None
        self.health_row: Row | None = None
        self.verify_due = 0

    @property
    def closed(self) -> bool:
        """Whether nothing more will be done."""
        return self.status in {"healed", "closed"} or (self.status == "escalated" and not self.escalating)
