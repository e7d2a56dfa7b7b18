"""
One turn from what was posted to what is decided.

Rules are judged in the order of their numbers, conclusions first; then episodes go on, new firings open others, and
what the engine itself did re-enters in a further round of the same instant.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from selfheal_rules.compile.plan import NEVER, Plan
from selfheal_rules.decide.acts import Act, answered, decided, state_of
from selfheal_rules.decide.decision import OVERLOADED, Decision, Disposition, Outcome, Verdict
from selfheal_rules.decide.episode import Episode
from selfheal_rules.decide.episodes import Episodes
from selfheal_rules.decide.firings import Firings
from selfheal_rules.decide.proposal import Gate
from selfheal_rules.decide.straight import joins_of, straight_of
from selfheal_rules.events import Event
from selfheal_rules.match.joined import network_of
from selfheal_rules.match.judge import Judge, Ruled
from selfheal_rules.match.memory import (
    AGE,
    DEADLINE,
    FORGET,
    FORWARD,
    HEALTH,
    HELD,
    HOLD,
    JUDGE,
    LAPSE,
    RETRY,
    TALLY,
    Memory,
)
from selfheal_rules.match.rows import Occurrence, Record
from selfheal_rules.match.supports import SOURCE, Supports
from selfheal_rules.match.timers import STILL, age, ripen, tidy
from selfheal_rules.values import FrozenMap

ROUNDS = 256
"""How often the engine's own acts may re-enter at one instant."""
Rank: TypeAlias = tuple[Any, ...]
"""When in its instant something was decided: settlement, round, phase (cancel, go on, fire, guards; timers, guards)."""


class Rounds:
    """The stages of a program over one memory, run turn by turn."""

    def __init__(self, plan: Plan, memory: Memory, max_age: int, fan_out: int, gate: Gate, matcher: str) -> None:
        """Wire the stages; the joins are those of the matcher of this name."""
        self.memory = memory
        self.max_age = max_age
        self.fan_out = fan_out
        self.network = network_of(plan, memory, max_age, matcher)
        self.plan = plan = self.network.plan
        self.judge = Judge(self.network)
        self.supports = Supports(self.judge)
        self.gate = gate
        gate.attach(self.network)
        self.episodes = Episodes(self.judge, self.supports, max_age, gate)
        self.docket, self.passing = self.episodes.docket, self.episodes.passing
        self.firings = Firings(self.judge, self.episodes)
        self.caution: Verdict | None = None
        self.overloaded = False
        self.noted = 0
        self.ranks: list[Rank] | None = None
        """Where they are asked for: when within its instant each decision was made."""
        self.ranked = self.settled = 0
        self.guarded = False
        """Whether any decision is judged by guards."""
        self.quick = False
        """Whether one firing may be all there is to an event."""
        self.acts: list[Act] = []
        self.told_of: Callable[[Episode], None] | None = None
        """Who is told of every episode that came to another state."""
        self.wire()
        self.told = {kind: plan.entries[kind].taken for kind in plan.entries if kind.startswith("selfheal.")}

    def state(self) -> tuple[Any, ...]:
        """Give what a snapshot must hold besides the memory."""
        episodes = self.episodes
        episodes.passing.forget()
        own = episodes.running, episodes.numbered, episodes.known, episodes.opened, episodes.passing.recent
        return *own, self.docket.state()

    def take(self, state: tuple[Any, ...]) -> None:
        """Go on from the state of a snapshot."""
        episodes = self.episodes
        episodes.running, episodes.numbered, episodes.known, episodes.opened, recent, docket = state
        episodes.passing.recent.extend(recent)
        self.docket.take(docket)
        episodes.sought.fresh = {**episodes.known}
        episodes.inherit()

    def guard(self, gate: Gate) -> None:
        """Have other guards judge from now on."""
        self.gate = self.episodes.gate = self.docket.gate = gate
        gate.attach(self.network)
        self.wire()

    def wire(self) -> None:
        """Work out, for the guards as they are, what fires as it is found."""
        self.episodes.strict = self.gate.strict
        self.episodes.slow = self.episodes.told or self.gate.strict
        self.guarded = self.gate.strict or any(ruling.guards for ruling in self.plan.rules)
        self.quick = not (self.guarded or self.judge.blockable) and self.ranks is None
        plan = self.network.plan
        joins = {} if self.gate.strict else joins_of(plan, self.passing.errands)
        self.network.wire(straight_of(plan, joins), joins)

    # Time

    def next_due(self) -> int | None:
        """Give the instant of the next timer that still means something."""
        timers = self.memory.timers
        found = [due for due, _, purpose, subject in timers if self._matters(purpose, subject, due)]
        return min(found, default=None)

    def _matters(self, purpose: int, subject: Any, due: int) -> bool:
        if purpose in STILL:
            return STILL[purpose](self.network, subject, due)
        still: dict[int, Callable[[], bool]] = {
            FORGET: lambda: self.told["selfheal.episode"],
            HEALTH: lambda: subject.status == "verifying" and subject.verify_due == due,
            DEADLINE: lambda: self.episodes.awaits(subject, "issued"),
            RETRY: lambda: self.episodes.awaits(subject, "retrying"),
            HELD: lambda: self.docket.waits(subject, due),
        }
        return purpose not in still or still[purpose]()

    def advance(self, to: int) -> tuple[Decision, ...]:
        """Settle every timer up to an instant, one turn for each."""
        memory = self.memory
        decisions = self._start(to) if memory.begun[0] == NEVER else []
        while memory.timers and memory.timers[0][0] <= to:
            memory.now = max(memory.now, memory.timers[0][0])
            decisions += self._instant()
        tidy(self.network)
        self.alarm()
        return tuple(decisions)

    def answer(self) -> tuple[Decision, ...]:
        """Settle what waits to be judged, if anything does."""
        if self.stirs:
            return tuple(self.settle())
        tidy(self.network)
        return ()

    def alarm(self) -> None:
        """Note before which instant no timer is due."""
        timers = self.memory.timers
        self.memory.alarm = timers[0][0] if timers else NEVER

    def _start(self, at: int) -> list[Decision]:
        memory = self.memory
        memory.now = at
        memory.begun = [at] * self.plan.eras
        memory.turn += 1
        self.network.tallies.start()
        self.judge.start()
        return self.settle()

    def _instant(self) -> list[Decision]:
        self.memory.turn += 1
        later = [timer for timer in self.memory.due(self.memory.now) if not self._ripe(*timer)]
        return self.settle(later) if later or self.stirs else []

    @property
    def stirs(self) -> bool:
        """Whether something waits to be judged."""
        network = self.network
        return bool(network.queue or network.ready) or (self.guarded and self.docket.stirs)

    def _ripe(self, purpose: int, subject: Any) -> bool:
        if purpose == HOLD:
            ripen(self.network, *subject)
        elif purpose == AGE:
            age(self.network, *subject)
        elif purpose == TALLY:
            self.network.tallies.due(*subject)
        elif purpose == JUDGE:
            if subject.again == self.memory.now:
                subject.again = 0
                self.network.soil(subject)
        elif purpose == FORWARD:
            self.network.arrive(subject)
        elif purpose == LAPSE:
            self.supports.lapsed(subject)
        elif purpose == FORGET:
            self._forget(subject)
        return purpose < DEADLINE

    # Turns

    def settle_event(self) -> list[Decision]:
        """Settle what one event led to: nearly always no more than rules that close as they open."""
        network, episodes = self.network, self.episodes
        if not self.quick or network.queue or episodes.confirmed:
            return self.settle()
        episodes.caution, self.overloaded = self.caution, False
        self.firings.fire((), network.ready)
        network.ready.clear()
        decisions, episodes.decisions = episodes.decisions, []
        return decisions

    def settle(self, later: Sequence[tuple[int, Any]] = ()) -> list[Decision]:
        """Judge what is queued and let all follow, round by round; episode timers come after the first firings."""
        episodes, judge = self.episodes, self.judge
        self.supports.made = self.noted = 0
        self.overloaded = False
        if judge.blockable:
            judge.free.clear()
            judge.blocked.clear()
        episodes.caution = self.caution
        self._round(0)
        for purpose, subject in episodes.in_order(later) if later else ():
            episodes.due(purpose, subject)
        if self.guarded or self.ranks is not None:
            self._rule(0, 4)
        rounds = 0
        while self._reenter():
            rounds += 1
            if rounds > ROUNDS or self.supports.made > self.fan_out:
                self.overloaded, episodes.caution = True, OVERLOADED
            if rounds > ROUNDS:
                self._stop()
                break
            self._round(rounds)
        tidy(self.network)
        self.ranked, self.settled = 0, self.settled + 1
        decisions, episodes.decisions = episodes.decisions, []
        return decisions

    def _round(self, number: int) -> None:
        network, episodes = self.network, self.episodes
        ruled = self.ruled() if network.queue else ()
        if episodes.running:
            episodes.cancel((one.rule, key) for one in ruled for key in one.fallen)
            self._rank(number, 0)
            episodes.proceed()
            self._rank(number, 1)
        if network.ready or ruled:
            ready = [*network.ready]
            network.ready.clear()
            self.firings.fire(ruled, ready)
        if self.guarded or self.ranks is not None:
            self._rule(number, 2)

    def _rule(self, number: int, phase: int) -> None:
        """Have the guards rule on what is asked for, as the phase after this one."""
        self._rank(number, phase)
        if self.guarded and self.docket.stirs:
            self.docket.settle(None if self.ranks is None else partial(self._rank, number, phase + 1))

    def _rank(self, *rank: Any) -> None:
        """Note in which round and phase the new decisions were made, for whoever merges those of several engines."""
        if self.ranks is not None:
            self.ranks += [(self.settled, *rank)] * (len(self.episodes.decisions) - self.ranked)
            self.ranked = len(self.episodes.decisions)

    def ruled(self) -> list[Ruled]:
        """Judge the rules of the queue: those that conclude do so, and what may fire is given back."""
        network, rules = self.network, self.plan.rules
        ruled_rules: list[Ruled] = []
        while network.queue:
            number = network.next()
            if number & 1:
                self.supports.flush(number >> 1)
                continue
            ruled = self.judge.rule(number >> 1)
            ruling = rules[ruled.rule]
            if ruling.concludes:
                self.supports.rule(ruling, ruled)
            elif ruling.watcher:
                self.episodes.confirm(ruled)
            else:
                ruled_rules.append(ruled)
        if self.supports.made > self.fan_out:
            self.overloaded, self.episodes.caution = True, OVERLOADED
        return ruled_rules

    def _stop(self) -> None:
        """Leave a rule that feeds itself through the engine's own acts where it is."""
        network = self.network
        for waiting in (network.pending, network.dirty, network.arrivals, network.queue, network.ready):
            waiting.clear()

    # What the engine does re-enters

    def _reenter(self) -> bool:
        """Take what the engine did as items of its own; give whether anything is left to judge."""
        episodes, network = self.episodes, self.network
        if self.acts or self.told["selfheal.decision"] or episodes.conclusions or episodes.changed:
            self._retell()
        return bool(network.queue or network.ready) or (self.guarded and self.docket.stirs)

    def _retell(self) -> None:
        episodes = self.episodes
        acts, self.acts = self.acts, []
        if self.told["selfheal.decision"]:
            acts += [decided(decision) for decision in episodes.decisions[self.noted :]]
        self.noted = len(episodes.decisions)
        conclusions, episodes.conclusions = episodes.conclusions, []
        changed, episodes.changed = episodes.changed, {}
        if self.told_of is not None:
            for episode in changed:
                self.told_of(episode)
        told = [episode for episode in changed if self.told["selfheal.episode"]]
        if not (acts or conclusions or told):
            return
        self.memory.turn += 1
        for kind, id_, fields in acts:
            self._act(kind, id_, fields)
        for conclusion in conclusions:
            self._conclude(*conclusion)
        for episode in told:
            self.tell(episode)

    def _act(self, kind: str, id_: str, fields: dict[str, Any]) -> None:
        present = FrozenMap({name: value for name, value in fields.items() if value is not None})
        row = Occurrence(kind, SOURCE, id_, present, self.memory.now, self.memory.turn)
        hits = self.plan.entries[kind].probe(row, self.memory.now)
        if hits is not None:
            self.network.event(row, hits)

    def _conclude(self, ruling: Any, index: int, step: Any, episode: Episode, fields: Any) -> None:
        opening, entry = episode.opening, self.plan.entries.get(step.kind.name)
        if entry is None or entry.kind != step.kind:  # of a rule that lingers: the kind is gone, or another now
            return
        self.supports.issued(ruling, index, step, (opening.aliases, opening.rows), fields)

    def tell(self, episode: Episode) -> None:
        """Have the rules see how an episode stands."""
        kind, key = "selfheal.episode", (episode.opening.id,)
        records = self.memory.records.setdefault(kind, {})
        record = records.get(key)
        if record is None:
            record = records[key] = Record(kind, key, key)
            record.source, record.since = SOURCE, self.memory.now
        record.fields = FrozenMap(state_of(episode))
        record.at = self.memory.now
        self.network.record(record, self.memory.now)

    def _forget(self, episode: Episode) -> None:
        self.episodes.forget(episode)
        record = self.memory.records.get("selfheal.episode", {}).pop((episode.opening.id,), None)
        if record is not None:
            self.network.clear(record)

    # Outcomes

    def outcome(self, item: Outcome) -> tuple[Disposition, tuple[Decision, ...]]:
        """Take what became of a decision: a failed step is retried or goes to `else`."""
        found = self.episodes.sought.find(item.decision_id)
        decision = found[0].steps[found[1]].decision if found else self._recent(item.decision_id)
        if decision is None or item.attempt not in {None, decision.attempt}:
            return "unmatched", ()
        self.memory.turn += 1
        if found:
            self.episodes.answered(*found, item.status)
        if self.told["selfheal.outcome"]:
            self.acts.append(answered(decision, item.status))
        return "matched", tuple(self.settle())

    def _recent(self, decision_id: str) -> Decision | None:
        limit = self.memory.now - self.max_age
        return next(
            (one for one in reversed(self.episodes.passing.recent) if one.at > limit and one.id == decision_id), None
        )

    # What became of an event

    def disposition(self, item: Event) -> Disposition:
        """Say whether an event that was taken matched, was blocked, or led to too much."""
        if self.overloaded:
            return "overload"
        judge = self.judge
        if not any(self.binds(item, one) for one in judge.blocked):
            return "matched"
        return "matched" if any(self.binds(item, one) for one in judge.free) else "blocked"

    def binds(self, item: Event, judged: tuple[int, tuple[Any, ...]]) -> bool:
        """Whether an event is in a match of a rule."""
        rule, rows = judged
        events = (row for row in rows if row.__class__ is Event or row.key is None)
        found = any(row.id == item.id and row.source == item.source for row in events)
        return found and not self.plan.rules[rule].watcher
