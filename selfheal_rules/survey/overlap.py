"""What two would do at once: rules, or a rule and another healer, on one target because of one cause."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from attrs import frozen

from selfheal_rules.source import NOWHERE, Span
from selfheal_rules.values import Value

How: TypeAlias = Literal["twice", "against", "beside", "within"]
HOWS: Mapping[How, str] = {
    "twice": "both do",
    "against": "one takes back what the other does:",
    "beside": "they do different things:",
    "within": "what is done to one thing reaches what is on it:",
}
"""How two acts on one target stand to each other, as it is told."""


@frozen
class Side:
    """One of two that act: a rule by its set and id, or another healer; what it does, and where it is written."""

    ruleset: str
    rule: str
    actions: tuple[str, ...]
    healer: str = ""
    """The project, where it is another healer."""
    span: Span = NOWHERE

    @property
    def name(self) -> str:
        """Give it as it is called."""
        return f"{self.healer} ({self.rule})" if self.healer else f"{self.ruleset} / {self.rule}"

    def to_json(self) -> dict[str, Any]:
        """Give it as the object `selfheal overlaps --format json` prints."""
        place = {"file": self.span.source.name, "line": self.span.line} if self.span.source.text else {}
        healer = {"healer": self.healer} if self.healer else {}
        return {"ruleset": self.ruleset, "rule": self.rule, **healer, "actions": list(self.actions), **place}


@frozen
class Overlap:
    """
    Two that act on one target, the kind of the item both act because of, a stream that shows it, who should yield, how.

    `is_known` tells whether both are there for sure: other healers are where a cloud names them.
    """

    first: Side
    second: Side
    how: How
    kind: str
    target: Value
    witness: tuple[str, ...]
    yields: str
    why: str
    cure: str
    is_known: bool = True
    other: Value = None
    """What the second acts on, where that is another thing: one of the two is on the other, as the item says."""
    is_apart: bool = False
    """Whether each acts for an item of its own: a chance of one target, and no fault by itself."""

    @property
    def is_finding(self) -> bool:
        """Whether it does harm for sure: both are there, and do the same or undo each other."""
        return self.is_known and not self.is_apart and (self.how in {"twice", "against"} or bool(self.second.healer))

    def to_json(self) -> dict[str, Any]:
        """Give it as the object `selfheal overlaps --format json` prints."""
        return {
            "first": self.first.to_json(),
            "second": self.second.to_json(),
            "how": self.how,
            "finding": self.is_finding,
            "because": self.kind,
            "apart": self.is_apart,
            "yields": self.yields,
            "why": self.why,
            "cure": self.cure,
            "witness": list(self.witness),
        }


@frozen
class Unsolved:
    """Two rules that may act on one target because of one item, why no stream shows it, and what to look at."""

    first: Side
    second: Side
    kind: str
    why: tuple[str, ...]
    look: str

    def to_json(self) -> dict[str, Any]:
        """Give it as the object `selfheal overlaps --format json` prints."""
        return {
            "first": self.first.to_json(),
            "second": self.second.to_json(),
            "how": "unsolved",
            "because": self.kind,
            "why": list(self.why),
            "look": self.look,
        }


@frozen
class Healer:
    """What is known of another healer: what it does, its switch, by what it is recognised, and where that is from."""

    name: str
    project: str
    does: str
    switch: str
    recognised: str
    yields: str
    sources: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Give it as the object `selfheal overlaps --format json` prints."""
        return {
            "healer": self.name,
            "project": self.project,
            "does": self.does,
            "switch": self.switch,
            "recognised": self.recognised,
            "yields": self.yields,
            "sources": list(self.sources),
        }


@frozen
class Overlaps:
    """All overlaps of some rule sets among each other and with other healers, which were looked at."""

    rulesets: tuple[str, ...]
    rules: int
    healers: tuple[Healer, ...]
    overlaps: tuple[Overlap, ...]
    unsolved: tuple[Unsolved, ...] = ()
    """Pairs of rules of which neither was shown."""

    @property
    def findings(self) -> tuple[Overlap, ...]:
        """Those that do harm for sure."""
        return tuple(one for one in self.overlaps if one.is_finding)
