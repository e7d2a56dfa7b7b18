"""
The steps that ask to be issued, those that guards hold, and the one place where both are ruled on.

What one guard holds under one scope stands in one queue, first come first: when something changes that it waits for,
its first step is judged again, and only once that is let through the next one.
"""

from collections.abc import Callable, Iterable
from functools import partial
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from selfheal_rules.compile.plan import Action, Ruling
from selfheal_rules.decide.decision import UNDONE, Decision, Verdict
from selfheal_rules.decide.episode import Episode
from selfheal_rules.decide.proposal import Gate, Proposal, Queue
from selfheal_rules.match.memory import HELD, OVERDUE
from selfheal_rules.values import SECOND, microseconds

if TYPE_CHECKING:
    from selfheal_rules.decide.episodes import Episodes

ANY = ("any",)
"""In the place of a scope: whatever it is."""
AGAIN = 60 * SECOND
"""When a step is looked at again that was held since the engine itself was at a limit."""


class Docket:
    """Everything that was proposed and is neither issued nor refused."""

    def __init__(self, episodes: "Episodes", gate: Gate) -> None:
        """Start with nothing asked for."""
        self.episodes = episodes
        self.memory = episodes.memory
        self.gate = gate
        self.proposed: list[Proposal] = []
        self.queues: dict[Queue, dict[int, Proposal]] = {}
        self.orders: dict[Queue, list[int]] = {}
        """Per queue a heap of tickets, with some that have left it."""
        self.held: dict[tuple[int, int], tuple[Queue, int]] = {}
        self.alarms: dict[Queue, int] = {}
        self.woken: dict[Queue, None] = {}
        self.live: dict[Any, dict[int, Proposal]] = {}
        self.passed: list[Proposal] = []
        """What was let through at this instant; until it is over, others lose to it."""
        self.tickets = 0

    def state(self) -> tuple[Any, ...]:
        """Give what a snapshot must hold."""
        return self.queues, self.held, self.alarms, self.live, self.tickets

    def take(self, state: tuple[Any, ...]) -> None:
        """Go on from a snapshot."""
        self.queues, self.held, self.alarms, self.live, self.tickets = state
        self.orders = {queue: sorted(waiting) for queue, waiting in self.queues.items()}

    # Asking

    def propose(self, episode: Episode, index: int, ruling: Ruling, step: Action) -> None:
        """Have a step ruled on before this turn is over."""
        episode.steps[index].state = "proposed"
        self.tickets += 1
        proposal = Proposal(self.tickets, episode, index, step, ruling)
        self.proposed.append(proposal)
        if step.acting:
            self.live.setdefault(proposal.place, {})[proposal.ticket] = proposal

    def wake(self, queues: Iterable[Queue]) -> None:
        """Have the first step of each queue judged again; of every queue of a guard where no scope is named."""
        for queue in queues:
            if queue in self.queues:
                self.woken[queue] = None
            elif queue[1] is ANY:
                self.woken |= {one: None for one in self.queues if one[0] == queue[0]}

    def wake_all(self) -> None:
        """Have every held step judged again."""
        self.wake(self.queues)

    @property
    def stirs(self) -> bool:
        """Whether there is anything to rule on."""
        return bool(self.proposed or self.woken) or self.gate.stirred()

    def waits(self, subject: Any, due: int) -> bool:
        """Whether a timer still means something."""
        waited, ticket = subject
        if ticket is None:
            return self.alarms.get(waited) == due
        return waited in self.held and self.held[waited][1] == ticket

    def ripe(self, subject: Any) -> None:
        """Take a timer of a queue, or of a step whose cause has grown old."""
        waited, ticket = subject
        if not self.waits(subject, self.memory.now):
            return
        if ticket is None:
            del self.alarms[waited]
            self.wake([waited])
        else:
            self.proposed.append(self._take(*self.held[waited]))

    # Ruling

    def settle(self, note: Callable[..., None] | None) -> None:
        """
        Rule on all that is asked for, then on what was held and may go on, until nothing moves.

        What is asked for together is ruled on in the order of firings; `note`, where somebody is told, is told what has
        just been ruled on.
        """
        self.wake(self.gate.observe(self.memory.now))
        releases = batches = 0
        while self.proposed or self.woken:
            batch, self.proposed = self._batch()
            for proposal in batch:
                if proposal.progress.state in {"proposed", "held"}:
                    self._rule(proposal)
            if note is not None:
                note(releases, 0, batches)
            batches += 1
            if not self.proposed:
                if self.woken:
                    self._release(partial(note, releases, 1) if note else None)
                releases, batches = releases + 1, 0
        while self.passed:
            self._leave(self.passed.pop())

    def _batch(self) -> tuple[list[Proposal], list[Proposal]]:
        """Give what is ruled on now, in the order of firings, and what comes after: that would lose to some of it."""
        asked = self.proposed
        if len(asked) <= 1:
            return asked, []
        asked.sort(key=self._place)
        among = {one.ticket: one for one in asked if one.acting and len(self.live.get(one.place, ())) > 1}
        later = {
            ticket: one
            for ticket, one in among.items()
            if self.gate.yields(one, [rival for rival in self.live[one.place].values() if rival.ticket in among])
        }
        if not later or len(later) == len(asked):
            return asked, []
        return [one for one in asked if one.ticket not in later], [*later.values()]

    def _place(self, proposal: Proposal) -> tuple[int, int, str]:
        return self.episodes.place(proposal.episode)

    def _release(self, note: Callable[..., None] | None) -> None:
        firsts = [self._place(self.queues[queue][self._first(queue)]) for queue in self.woken]
        woken = sorted(
            (place, number, queue) for number, (place, queue) in enumerate(zip(firsts, self.woken, strict=True))
        )
        self.woken.clear()
        for place, _, queue in woken:
            self._drain(queue)
            if note is not None:
                note(*place)

    def _drain(self, queue: Queue) -> None:
        while queue in self.queues:
            proposal = self._take(queue, self._first(queue))
            self._rule(proposal)
            if proposal.ticket in self.queues.get(queue, ()):
                return

    def _first(self, queue: Queue) -> int:
        order, waiting = self.orders[queue], self.queues[queue]
        while order[0] not in waiting:
            heappop(order)
        return order[0]

    def _take(self, queue: Queue, ticket: int) -> Proposal:
        waiting = self.queues[queue]
        proposal = waiting.pop(ticket)
        del self.held[(proposal.episode.number, proposal.index)]
        if not waiting:
            del self.queues[queue], self.orders[queue]
            self.alarms.pop(queue, None)
            self.woken.pop(queue, None)
        return proposal

    def _rule(self, proposal: Proposal) -> None:
        rivals = self.live.get(proposal.place, {}) if proposal.acting else {}
        verdict = self.episodes.caution
        if not verdict and not self.episodes.attempts.stands(proposal.episode, proposal.index):
            verdict = UNDONE
        verdict = verdict or self.gate.judge(proposal, rivals.values(), self.memory.now)
        if verdict.status in {"held", "needs_approval"}:
            self._tell(proposal, verdict)
            self._hold(proposal, verdict)
        else:
            self._tell(proposal, verdict)
            if verdict.status in {"allowed", "shadowed"}:
                self.passed.append(proposal)
                self.episodes.carry(proposal, verdict)
            else:
                self._leave(proposal)
                self.episodes.refuse(proposal.episode, proposal.index, verdict)
        if proposal.words == 1 and rivals:
            self._reconsider(proposal, [*rivals.values()])

    def _reconsider(self, new: Proposal, rivals: list[Proposal]) -> None:
        """Have what was held before on the same target ruled on again: it may have lost to what is new."""
        for rival in rivals:
            place = (rival.episode.number, rival.index)
            if place in self.held and rival.ticket < new.ticket:
                self.proposed.append(self._take(*self.held[place]))

    def _tell(self, proposal: Proposal, verdict: Verdict) -> None:
        """Say the verdict, unless it is what was said last."""
        progress, last = proposal.progress, proposal.progress.decision
        if proposal.words and last and (last.verdict.status, last.verdict.guard) == (verdict.status, verdict.guard):
            return
        proposal.words += 1
        now = self.memory.now
        decision = Decision(
            proposal.episode.opening,
            proposal.step,
            proposal.action,
            proposal.target,
            proposal.params,
            progress.attempt,
            now,
            verdict,
            proposal.words,
        )
        progress.decision = decision
        self.episodes.say(decision, proposal.episode)
        self.gate.told(proposal, verdict)

    def _hold(self, proposal: Proposal, verdict: Verdict) -> None:
        queue = (verdict.guard, verdict.scope)
        place = (proposal.episode.number, proposal.index)
        self.queues.setdefault(queue, {})[proposal.ticket] = proposal
        heappush(self.orders.setdefault(queue, []), proposal.ticket)
        self.held[place] = (queue, proposal.ticket)
        proposal.asked = proposal.asked or verdict.status == "needs_approval"
        if proposal.progress.state != "held":
            self.memory.timer(self.memory.now + self.gate.tell_after, OVERDUE, proposal.timed)
            if not proposal.level:
                self.memory.timer(proposal.since + self.episodes.max_age, HELD, (place, proposal.ticket))
        proposal.progress.state = "held"
        due = self.memory.now + AGAIN if verdict is self.episodes.caution else _due(verdict)
        if due is not None and due < self.alarms.get(queue, due + 1):
            self.alarms[queue] = due
            self.memory.timer(due, HELD, (queue, None))

    def _leave(self, proposal: Proposal) -> None:
        if proposal.acting:
            key = proposal.place
            del self.live[key][proposal.ticket]
            if not self.live[key]:
                del self.live[key]

    # Giving up

    def drop(self, episode: Episode, first: int, last: int, verdict: Verdict) -> None:
        """Let go of the steps of an episode that wait in the docket; of those that were held, say so."""
        for index in range(first, last):
            progress = episode.steps[index]
            if progress.state not in {"held", "proposed"}:
                continue
            place = self.held.get((episode.number, index))
            asking = [self._take(*place)] if place else [one for one in self.proposed if one.progress is progress]
            for proposal in asking:
                if progress.state == "held":
                    self._tell(proposal, verdict)
                self._leave(proposal)
            progress.state = "dropped"


def _due(verdict: Verdict) -> int | None:
    return None if verdict.retry_at is None else microseconds(verdict.retry_at)
