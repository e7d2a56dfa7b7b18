"""
How the rules of a program came together.

Rules that were there before a change of rules, and rules that came with it, remember from different instants on: they
are of different *eras*, and share no memory. A rule that is gone, or was changed, lingers while it has an open episode.
Where a stream is divided, one engine may match a rule and another decide on what it finds.
"""

from collections.abc import Mapping

from attrs import field, frozen

from selfheal_rules.model import RuleSet


@frozen
class Lingering:
    """A rule of an earlier program, the only one in its rule set."""

    ruleset: RuleSet
    era: int

    @property
    def name(self) -> tuple[str, str]:
        """The names of its rule set and its own."""
        return self.ruleset.name, self.ruleset.rules[0].id


@frozen
class Arrangement:
    """
    The era of each rule by the name of its rule set and its own (0 where it has none here), and what lingers.

    Rules that are `proposed` are matched here and decided elsewhere, `decided` ones matched elsewhere and decided here.
    """

    eras: Mapping[tuple[str, str], int] = field(factory=dict)
    count: int = 1
    lingering: tuple[Lingering, ...] = ()
    proposed: tuple[tuple[str, str], ...] = ()
    decided: tuple[tuple[str, str], ...] = ()


AS_WRITTEN = Arrangement()
"""All rules were there from the start."""
