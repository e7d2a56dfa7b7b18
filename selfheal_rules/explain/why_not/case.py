"""What failed, and what is said of it."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from attrs import define, evolve

from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.evidence import Evidence
from selfheal_rules.events import Event, State
from selfheal_rules.explain.why_not.constraints import Constraint, read_by
from selfheal_rules.explain.why_not.items import History
from selfheal_rules.explain.why_not.probe import Probe
from selfheal_rules.model import Condition, Group, Pattern
from selfheal_rules.wording import shown

Change = TypeVar("Change", bound=Condition)


@define(eq=False, repr=False)
class Case:
    """A constraint that failed, those that held before it, and on what they did."""

    probe: Probe
    history: History
    held: tuple[Constraint, ...]
    failed: Constraint
    found: list[Decision]

    @property
    def pattern(self) -> Pattern:
        """The pattern the constraint is of."""
        assert self.failed.pattern  # noqa: S101 - only asked of a constraint that is of one
        return self.failed.pattern

    @property
    def name(self) -> str:
        """How the pattern is called in a sentence."""
        return name_of(self.pattern)

    def own(self) -> tuple[Constraint, ...]:
        """Give what held of the same pattern, whatever else there was."""
        return alone(self.held, self.failed.pattern)


def alone(held: Iterable[Constraint], pattern: Pattern | None) -> tuple[Constraint, ...]:
    """Give what is asked of a pattern by itself."""
    return tuple(one for one in held if one.pattern is pattern and not {*read_by(one)} - {one.alias})


def name_of(pattern: Pattern) -> str:
    """Call a pattern by its alias, or by its kinds where it has none."""
    return " or ".join(pattern.kinds) if pattern.alias.startswith("#") else pattern.alias


def named(item: Evidence | Event | State) -> str:
    """Give what tells an item from others: the id of an event, the key of a state."""
    if isinstance(item, Evidence):
        return item.id if item.form == "event" else ", ".join(map(shown, item.key))
    if isinstance(item, Event) or item.fits is None:
        return item.id
    names = (item.source if name == "source" else item.fields.get(name) for name in item.fits.key)
    return ", ".join(shown(value) for value in names)


def swapped(condition: Change, part: Condition, change: Callable[[Any], Any]) -> Change:
    """Give a condition with what a part has become in it changed; a pattern alone stands where its group does."""
    if condition.address == part.address and condition.__class__ is part.__class__:
        changed: Change = change(condition)
        return changed
    if isinstance(condition, Group):
        return evolve(condition, items=tuple(swapped(item, part, change) for item in condition.items))
    return condition
