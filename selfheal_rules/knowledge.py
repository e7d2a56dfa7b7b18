"""What an engine can be asked: its time, what holds, what is being dealt with, how it went. Asking changes nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

from selfheal_rules.compile.plan import NEVER, Action
from selfheal_rules.compile.program import Program
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import REPLACED, UNDONE, Decision
from selfheal_rules.decide.history import EpisodeView, Turn, episodes_of, turn_of
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.decide.rounds import Rounds
from selfheal_rules.events import State
from selfheal_rules.explain import ProgramPlan, explain_plan
from selfheal_rules.guard.approval import Request, requests
from selfheal_rules.guard.gate import Ear, Guards
from selfheal_rules.match.matcher import Matching
from selfheal_rules.match.memory import Memory
from selfheal_rules.policy import Policy
from selfheal_rules.values import Value, canonical, moment


class Knowledge:
    """The side of an engine that is read."""

    program: Program
    _memory: Memory
    _rounds: Rounds
    _guards: Guards
    _owed: tuple[Decision, ...]
    max_age: timedelta

    @property
    def now(self) -> datetime | None:
        """The greatest time seen; None before the first input."""
        return None if self._memory.now == -NEVER else moment(self._memory.now)

    def next_deadline(self) -> datetime | None:
        """Give the earliest time at which something may follow without any input, or None."""
        due = self._memory.now if self._owed else self._rounds.next_due()
        return None if due is None else moment(due)

    def is_idle(self) -> bool:
        """Whether nothing is left that time alone could bring about."""
        return not self._owed and self._rounds.next_due() is None

    @property
    def policy(self) -> Policy | None:
        """The site's policy as it is now."""
        return self._guards.policy

    @property
    def halted(self) -> str:
        """Why everything is stopped, by the site's policy or by whoever said so; an empty text where it is not."""
        said = self._guards.ledger.killed
        if said is not None:
            return f"{said.who} stopped everything: {said.why}"
        return "the site's policy has the kill switch on" if self.policy and self.policy.kill_switch else ""

    def stopped(self, decision: Decision) -> str:
        """Say what forbids now, in any mode, what was allowed before; an empty text if nothing does."""
        found = self._rounds.episodes.sought.find(decision.id)
        if self.halted or found is None:
            return self.halted or "what it was decided for is over and forgotten"
        episode, index = found
        if episode.rule < 0:
            return REPLACED.reason
        ruling = self._rounds.plan.rules[episode.rule]
        step = ruling.every[index]
        if not isinstance(step, Action):
            return "it is no step that does anything"
        if self._rounds.episodes.attempts.is_groundless(episode, index, decision.attempt):
            so_far = "nothing shows that it was done before" if decision.attempt > 1 else "it was not begun"
            return f"its cause is gone, and {so_far}"
        if not self._rounds.episodes.attempts.stands(episode, index):
            return UNDONE.reason
        return self._guards.forbids(Proposal(0, episode, index, step, ruling), self._memory.now)

    def has_heard(self, control: Control) -> bool:
        """Whether a control was taken already, as its `id` tells."""
        return control.id in self._guards.ledger.said

    def stops(self) -> tuple[Control, ...]:
        """Give what people have stopped and nobody has lifted: everything, and each pause, in the order of saying."""
        ledger = self._guards.ledger
        return (*([ledger.killed] if ledger.killed else []), *ledger.paused.values())

    def approval_requests(self) -> tuple[Request, ...]:
        """Give what people are asked to agree to, in the order of asking."""
        return tuple(requests(self._guards.ledger, self._held, self._memory.now))

    def _held(self, decision_id: str) -> Decision | None:
        found = self._rounds.episodes.sought.find(decision_id)
        progress = found[0].steps[found[1]] if found else None
        return progress.decision if progress and progress.state == "held" else None

    @property
    def matcher(self) -> Matching:
        """Who makes the joins, and what it leaves to the native ones, each with its reason."""
        return self._rounds.network.matching

    def episodes(
        self, *, rule: str | None = None, key: tuple[Value, ...] | None = None, state: str | None = None
    ) -> tuple[EpisodeView, ...]:
        """Give the open episodes and those that closed less than `max_age` ago, in order, of one rule, key or state."""
        found = episodes_of(self._rounds.episodes, self.program.plan, self._memory.now)
        return tuple(one for one in found if one.is_of(rule, key, state))

    def follow_episodes(self, told: Callable[[Turn], None]) -> None:
        """
        Have every turn of an episode told as it comes about; it changes nothing, and no snapshot keeps it.

        An episode that closes as it opens, in a rule that no guard and nobody else asks about, has no turns: it is no
        more than its decisions.
        """
        memory = self._memory
        self._rounds.told_of = lambda episode: told(turn_of(episode, memory.now))

    def counts(self) -> dict[tuple[str, ...], int]:
        """
        Count what guards were asked about: what automation says of itself.

        `("decision", ruleset, rule, status, guard)` are verdicts as they were told, `("episode", ruleset, rule, what)`
        episodes `opened`, `recurred` (healed within a day before), and by the state they closed in.
        """
        return dict(sorted(self._guards.ledger.counts.items()))

    def overhear(self, ear: Ear) -> None:
        """Have somebody told what each guard says of every step it judges from now on, until the policy changes."""
        self._guards.ear = ear

    def explain_plan(self) -> ProgramPlan:
        """Say how the program matches here: what each rule looks up, what is kept and for how long, what is costly."""
        return explain_plan(self.program, self.max_age)

    def states(self, kind: str | None = None) -> tuple[State, ...]:
        """Give what holds, posted or concluded, sorted by kind and key."""
        records = self._memory.records
        kinds = sorted(records) if kind is None else [kind]
        return tuple(
            State(record.kind, record.source, moment(record.at), record.fields)
            for name in kinds
            for record in sorted(records.get(name, {}).values(), key=lambda one: canonical([*one.values]))
        )
