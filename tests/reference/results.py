"""What the reference takes and gives, in its own words."""

from datetime import datetime
from typing import Protocol, TypeAlias

from attrs import define, field

from selfheal_rules.model import RuleSet
from selfheal_rules.values import FrozenMap
from tests.reference.conclusions import Ruling
from tests.reference.episodes import Decided

View: TypeAlias = tuple[str, str, str, int]
"""A state as `states()` shows it: kind, canonical key, canonical fields, time."""


@define(eq=False)
class Result:
    """What one input came to."""

    disposition: str = ""
    decisions: list[Decided] = field(factory=list)


@define(eq=False)
class Mark:
    """What a clearing leaves: older updates are stale until it is gone."""

    at: int


class OutcomeLike(Protocol):
    """What an executor says of a decision."""

    @property
    def decision_id(self) -> str:
        """Which decision."""

    @property
    def status(self) -> str:
        """What became of it."""

    @property
    def time(self) -> datetime:
        """When."""

    @property
    def attempt(self) -> int | None:
        """Which attempt at it; None: the latest."""


def rulings_of(rulesets: tuple[RuleSet, ...], began: int | None) -> list[Ruling]:
    """Give the rules of rule sets, in order."""
    pairs = [(rules, rule) for rules in rulesets for rule in rules.rules]
    return [Ruling(rules, rule, order, began) for order, (rules, rule) in enumerate(pairs)]


def present_fields(fields: FrozenMap) -> FrozenMap:
    """Leave out what is null."""
    return FrozenMap({name: value for name, value in fields.items() if value is not None})
