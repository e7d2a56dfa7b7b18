"""What is lacking: each gap with its reason and its cure, and which faults are answered by whom."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias, get_args

from attrs import frozen

from selfheal_rules.cloud import Cloud
from selfheal_rules.source import NOWHERE, Span

Sort: TypeAlias = Literal[
    "blind_rule", "blind_guard", "blind_confirmation", "no_service", "old_api", "no_role", "retired", "unhandled",
    "fault", "kind",
]  # fmt: skip
SORTS: tuple[Sort, ...] = get_args(Sort)

TITLES: Mapping[Sort, str] = {
    "blind_rule": "rules that cannot see what they wait for",
    "blind_guard": "rules that cannot see what should hold them back",
    "blind_confirmation": "rules that cannot see whether it worked",
    "no_service": "actions that lack their service",
    "old_api": "actions that lack a version of an API",
    "no_role": "actions and pollers that lack a role",
    "retired": "actions on projects that have ended",
    "unhandled": "failures in the record that nothing was decided about",
    "fault": "faults that no rule handles",
    "kind": "kinds that no rule reads",
}
"""What each sort is, in the order they are told."""

CHOICES: frozenset[Sort] = frozenset({"retired", "fault", "kind"})
"""What a site may want so: it is no finding by itself."""


@frozen
class Seen:
    """How often something was in a record, when first and last, and one of them, as a line `selfheal run` reads."""

    count: int
    first: str
    last: str
    example: str


@frozen
class Gap:
    """One gap: of what sort, what it is about, why it is one, and what would close it."""

    sort: Sort
    about: str
    reason: str
    cure: str
    span: Span = NOWHERE
    seen: Seen | None = None
    is_choice: bool = False
    """Whether a site may want it so, whatever its sort."""
    follows: bool = False
    """Whether it is closed with another one."""

    @property
    def is_finding(self) -> bool:
        """Whether something does not work as it is written, or went wrong."""
        return not (self.is_choice or self.sort in CHOICES)

    def to_json(self) -> dict[str, Any]:
        """Give it as the object `selfheal gaps --format json` prints."""
        has_place = bool(self.span.source.text)
        seen = self.seen
        return {
            "gap": self.sort,
            "about": self.about,
            "reason": self.reason,
            "cure": self.cure,
            "finding": self.is_finding,
            **(
                {"file": self.span.source.name, "line": self.span.line, "column": self.span.column} if has_place else {}
            ),
            **({"count": seen.count, "first": seen.first, "last": seen.last, "example": seen.example} if seen else {}),
        }


@frozen
class Answered:
    """
    A fault of the table, and the rules that may answer it: `acting` do something about it, `telling` tell people.

    `named` do either for alarms of the names they ask for, which are some of those the fault is about.
    """

    fault: str
    fault_class: str
    doc: str
    kinds: tuple[str, ...]
    acting: tuple[str, ...]
    telling: tuple[str, ...]
    named: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give it as the object `selfheal gaps --format json` prints."""
        names = {"acting": list(self.acting), "telling": list(self.telling), "named": list(self.named)}
        return {"fault": self.fault, "class": self.fault_class, "kinds": list(self.kinds), **names}


@frozen
class Gaps:
    """All that was found of some rule sets, and what it was held against."""

    rulesets: tuple[str, ...]
    rules: int
    cloud: Cloud | None
    looked_at: int | None
    """How many items of a record were looked at; None where there was no record."""
    answered: tuple[Answered, ...]
    gaps: tuple[Gap, ...]

    def of(self, sort: Sort) -> tuple[Gap, ...]:
        """Give the gaps of one sort."""
        return tuple(one for one in self.gaps if one.sort == sort)

    @property
    def findings(self) -> tuple[Gap, ...]:
        """Those that are more than a choice."""
        return tuple(one for one in self.gaps if one.is_finding)


def sorted_gaps(found: Iterable[Gap]) -> tuple[Gap, ...]:
    """Give gaps by sort, then by place, each once."""
    place = {sort: number for number, sort in enumerate(SORTS)}
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda one: (place[one.sort], one.span.source.name, one.span.line, one.about)))
