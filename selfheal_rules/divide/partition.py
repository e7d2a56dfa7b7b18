"""The engine of one partition."""

from typing import Any, Self

from selfheal_rules.compile.program import Program
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Outcome, Step
from selfheal_rules.decide.rounds import Rank
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event


class Partition(Engine):
    """An engine that says more of what it does, so that whoever merges the decisions of several can do so exactly."""

    def __init__(self, program: Program, **settings: Any) -> None:
        """Start with nothing seen."""
        super().__init__(program, **settings)
        self.watch()

    @classmethod
    def _restored(cls, *state: Any) -> Self:
        found = super()._restored(*state)
        found.watch()
        return found

    def watch(self) -> None:
        """Note in which phase decisions are made, and which matches nothing blocks."""
        self._rounds.ranks = []
        self._rounds.judge.blockable = True

    @property
    def alarm(self) -> int:
        """The instant before which no timer is due, in microseconds."""
        return self._memory.alarm

    def refuse(self, item: Any) -> None:
        """Raise `EventError` where an item does not fit its kind; nothing is changed."""
        entry = self._entries.get(getattr(item, "kind", ""))
        if item.__class__ not in {Outcome, Control} and (entry is None or item.fits is not entry.kind):
            self._door(item)

    def takes(self, event: Event) -> bool:
        """Whether some pattern takes an event as of now."""
        return self._entries[event.kind].probe(event, self._memory.now) is not None

    def lets_through(self, event: Event, step: Step) -> bool:
        """Whether the event it has just been given is in a match that nothing blocks."""
        named = ["event", event.source, event.id]
        fired = any(named == entry[1:] for decision in step for entry in decision.evidence)
        return fired or any(self._rounds.binds(event, match) for match in self._rounds.judge.free)

    def ranks(self) -> list[Rank]:
        """Give, for each decision since this was last asked, when within its instant it was made."""
        found, self._rounds.ranks, self._rounds.settled = self._rounds.ranks or [], [], 0
        return found
