"""The engine of one partition."""

from collections.abc import Sequence
from typing import Any

from selfheal_rules.compile.program import Program
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Decision, Outcome, Step
from selfheal_rules.decide.rounds import Rank
from selfheal_rules.divide.handover import Deciding, Handover, Proposal, Proposing
from selfheal_rules.door import entry_of
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State


class Partition(Engine):
    """
    An engine that runs the share of a program one stage has.

    It hands over what it finds for rules that are decided elsewhere, decides on what was handed over to it, and says
    more of what it does, so that whoever merges the decisions of several can do so exactly.
    """

    def __init__(self, program: Program, **settings: Any) -> None:
        """Start with nothing seen."""
        super().__init__(program, **settings)
        self._join()

    def _go_on(self, *state: Any) -> None:
        super()._go_on(*state)
        self._join()

    def _join(self) -> None:
        """Note in which phase decisions are made, and which matches nothing blocks; stand between two stages."""
        rounds, arrangement = self._rounds, self.program.arrangement
        rounds.ranks = []
        rounds.judge.blockable = True
        rounds.wire()
        self._listen()
        self._proposing = rounds.firings = Proposing(rounds.firings, arrangement.proposed)
        self._deciding = Deciding(rounds.judge, arrangement.decided)

    @property
    def alarm(self) -> int:
        """The instant before which no timer is due, in microseconds."""
        return self._memory.alarm

    @property
    def listens(self) -> bool:
        """Whether its guards must hear of every item."""
        return self._guards.listens

    def settle(self, at: int) -> Step:
        """Let time pass up to an instant in microseconds; what is due at once is settled even where that is now."""
        decisions = self._pass(at) if at > self._memory.now or self.alarm <= at else ()
        return Step.of("matched" if decisions else "unmatched", decisions)

    def refuse(self, item: Any) -> None:
        """Raise `EventError` where an item does not fit its kind; nothing is changed."""
        entry = self._entries.get(getattr(item, "kind", ""))
        if item.__class__ not in {Outcome, Control} and (entry is None or item.fits is not entry.kind):
            entry_of(item, self._entries)

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

    # Between stages

    def handed(self) -> list[Handover]:
        """Give what it has found, since this was last asked, for rules that are decided in a later stage."""
        found, self._proposing.found = self._proposing.found, []
        return found

    def give(self, handed: Sequence[Handover]) -> None:
        """Take what earlier stages have found; what is posted next, or `decide`, has it decided on."""
        cautions = (one.caution for one in handed if isinstance(one, Proposal))
        self._rounds.caution = next((one for one in cautions if one is not None), None)
        self._deciding.give(handed)

    def hear(self, item: Event | State) -> None:
        """Have the guards hear of an item that is for others, or came before."""
        self._rounds.docket.wake(self._guards.hear(item))

    def decide(self) -> tuple[Decision, ...]:
        """Decide on what was given and is not dealt with yet, and on what the guards have heard of."""
        made: tuple[Decision, ...] = ()
        if self._rounds.stirs:
            self._memory.turn += 1
            made = tuple(self._rounds.settle())
        self._rounds.caution = None
        return made
