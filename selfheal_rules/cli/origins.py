"""Which line an item came from, for as many of the latest as evidence may still name."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import TypeAlias

from selfheal_rules.decide import Evidence
from selfheal_rules.events import Event
from selfheal_rules.normalize import Reading
from selfheal_rules.vocabulary import Vocabulary

_REMEMBERED = 100_000
Identity: TypeAlias = tuple[str, Hashable]


class Origins:
    """The lines of the latest items that took part in something."""

    def __init__(self, vocabulary: Vocabulary, remembered: int = _REMEMBERED, unit: str = "line") -> None:
        """Know how states are told apart, and what the numbers count: lines, or records."""
        self.unit = unit
        self._kinds = vocabulary.kinds
        self._remembered = remembered
        self._lines: OrderedDict[Identity, int] = OrderedDict()

    def note(self, read: Reading) -> None:
        """
        Remember where an item came from; an event that is repeated came from where it was first read.

        That a state is over is evidence of nothing.
        """
        item, lines = read.item, self._lines
        if isinstance(item, Event):
            lines.setdefault((item.source, item.id), read.line)
        elif not item.cleared:
            kind = item.fits or self._kinds[item.kind]
            key = tuple(item.source if name == "source" else item.fields.get(name) for name in kind.key)
            lines[item.kind, key] = read.line
            lines.move_to_end((item.kind, key))
        if len(lines) > self._remembered:
            lines.popitem(last=False)

    def line(self, evidence: Evidence) -> int | None:
        """Give the line of what was posted; None for what was concluded, and for what is long ago."""
        if evidence.rule or evidence.form == "count":
            return None
        if evidence.form == "event":
            return self._lines.get((evidence.source, evidence.id))
        return self._lines.get((evidence.kind, evidence.key))
