"""
The deterministic core: items in, decisions out, time as an argument.

No I/O, no thread, no clock. `post` takes an input, `advance` lets time pass; both settle everything that follows before
they return. What an engine remembers can be taken as a `snapshot` at any point between two calls.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from attrs import evolve

from selfheal_rules.carry import Carried, Change, Graft
from selfheal_rules.compile.plan import NEVER
from selfheal_rules.compile.program import Program
from selfheal_rules.decide.arrivals import Arrivals
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import (
    AHEAD,
    UNMATCHED,
    Decision,
    Disposition,
    Outcome,
    Step,
)
from selfheal_rules.decide.rounds import Rounds
from selfheal_rules.diagnostics import SnapshotError
from selfheal_rules.door import SAID, Brought, batch_of, check_settings, hold, sifted
from selfheal_rules.events import Event, State, frozen_time
from selfheal_rules.guard.binding import kept_policy, refuse_guards, refuse_policy
from selfheal_rules.guard.gate import Guards
from selfheal_rules.guard.ledger import Ledger
from selfheal_rules.knowledge import Knowledge
from selfheal_rules.match.memory import Memory
from selfheal_rules.match.rows import Record
from selfheal_rules.match.supports import state_key
from selfheal_rules.policy import Policy
from selfheal_rules.snapshot import pack, unpack
from selfheal_rules.values import argument, microseconds

Item = Event | State | Outcome | Control
MAX_AGE = timedelta(minutes=10)
MAX_AHEAD = timedelta(days=366)  # no stream pauses for so long, and only a broken clock is so far ahead


class Engine(Knowledge):
    """
    One run of a program over one stream.

    `max_age` is how late an event may come and still be matched, and for how long repetition is remembered;
    `max_ahead` how far an item may lead before it is set aside (None: any distance). `remembered` caps the ids kept for
    repetition, `fan_out` what one input may lead to: past either, decisions are held. Without a `policy` nothing is
    ever allowed: every decision that guards let through is `shadowed`. `matcher` is `native` or `durable`.

    Raises:
        RuleSetError: where the policy and the program cannot be brought together.
        MatcherError: where there is no matcher of this name, or it cannot be used here.
        TypeError: where an argument is of another type.
        ValueError: where `max_age` is not above 0, or `max_ahead` below it.
    """

    def __init__(
        self,
        program: Program,
        *,
        max_age: timedelta = MAX_AGE,
        max_ahead: timedelta | None = MAX_AHEAD,
        remembered: int = 1_000_000,
        fan_out: int = 100_000,
        policy: Policy | None = None,
        matcher: str = "native",
    ) -> None:
        """Start with nothing seen."""
        self._begin(program, max_age, max_ahead, remembered, fan_out)
        argument("policy", policy, Policy, type(None), cure="`load_policy` gives one")
        refuse_policy(program, policy)
        self._memory = Memory(program.plan)
        self._wire(Ledger(), policy, matcher)

    def _begin(
        self, program: Program, max_age: timedelta, max_ahead: timedelta | None, remembered: int, fan_out: int
    ) -> None:
        """Take what never changes, and start with nothing seen."""
        check_settings(program, max_age, max_ahead, {"remembered": remembered, "fan_out": fan_out})
        self.program = program
        self.max_age, self.max_ahead, self._age = max_age, max_ahead, microseconds(max_age)
        self._ahead = NEVER if max_ahead is None else microseconds(max_ahead)
        self._remembered, self._fan_out = remembered, fan_out
        self._entries = {name: one for name, one in program.plan.entries.items() if not name.startswith("selfheal.")}
        self._marks: deque[tuple[int, tuple[str, Any]]] = deque()
        self._sweep = -NEVER
        self._owed: tuple[Decision, ...] = ()
        self._brought = Brought(program)
        self.carried: Carried | None = None
        """What the restore under other rules that made this engine carried over; None for every other engine."""

    def _wire(self, ledger: Ledger, policy: Policy | None, matcher: str) -> None:
        """Put the stages together over what is remembered."""
        self._guards = Guards(self.program, policy, self._memory, ledger, self._age)
        self._rounds = Rounds(self.program.plan, self._memory, self._age, self._fan_out, self._guards, matcher)
        self._arrivals = Arrivals(self._rounds, self._entries, self._remembered, self._fitted)
        self._ways = self._arrivals.ways
        self._listen()

    def _listen(self) -> None:
        """Say what events do; hear of every item where the site asks for it: no test makes the way of others longer."""
        self._arrivals.wire()
        if self._guards.listens:
            self.post = self._overheard  # type: ignore[method-assign]  # the instance's stands before the class's
        elif self.post == self._overheard:
            del self.post

    # Time

    def advance(self, now: datetime) -> Step:
        """Let time pass up to `now`, settling every timer due on the way; earlier times change nothing."""
        at = microseconds(frozen_time(now))
        decisions = self._pass(max(at, self._memory.now)) if at > self._memory.now or self._owed else ()
        return Step.of("matched", decisions) if decisions else UNMATCHED

    def _pass(self, at: int) -> tuple[Decision, ...]:
        owed, self._owed = self._owed, ()
        decisions = owed + self._rounds.advance(at)
        memory = self._memory
        memory.now = at
        if at >= self._sweep:  # now and then: what is known is told apart by its time
            memory.forget(at - self._age)
            self._rounds.passing.forget()
            self._sweep = at + self._age // 16
        memory.horizon = min(memory.alarm, self._sweep, at + self._ahead + 1)
        return decisions

    # Input

    def post(self, item: Item) -> Step:
        """
        Take one input and settle all that follows.

        Raises:
            EventError: where the item does not fit its kind; nothing is changed.
        """
        memory = self._memory
        if item.__class__ is Event and memory.now <= item.at < memory.horizon:
            way = self._ways.get(item.kind)
            return self._fitted(item) if way is None else way(item)
        return self._other(item)

    def _fitted(self, item: Event) -> Step:
        """Take an event that comes in time once it is held against its kind."""
        hold(item, self._entries)
        return self._ways[item.kind](item)

    def post_all(self, items: Iterable[Item]) -> list[Step]:
        """
        Take inputs in order, one step for each.

        Raises:
            EventError: where one of them does not fit its kind; none is taken.
        """
        batch = batch_of(items)
        taken = None if self._guards.listens else sifted(batch, self._entries, self._memory.now, self._ahead)
        if taken is None:
            self.admit(batch)
            return [self.post(item) for item in batch]
        memory, steps, begin = self._memory, [UNMATCHED] * len(batch), 0
        roads, event = self._arrivals.roads, self._arrivals.event
        for place, item, hits, now in taken:
            before: tuple[Decision, ...] = ()
            if now >= memory.horizon:
                if now >= memory.alarm:
                    self._lapse(batch, begin, place, steps)
                    begin = place + 1
                before = self._pass(now) if now > memory.now else ()
            memory.now = now
            if item is not None:
                road = roads[hits[0]] if len(hits) == 1 and item.at == now else None
                step = event(item, hits) if road is None else road(item)
                steps[place] = Step.of(step.disposition, before + step) if before else step
        return steps

    def _lapse(self, batch: Sequence[Event], begin: int, end: int, steps: list[Step]) -> None:
        """Let time pass by the events of a batch that no part takes, from one place to another."""
        memory = self._memory
        for place in range(begin, end):
            at = batch[place].at
            if at > memory.now:
                if at >= memory.alarm:
                    before = self._pass(at)
                    steps[place] = Step.of("unmatched", before) if before else UNMATCHED
                memory.now = at

    def admit(self, items: Iterable[Item]) -> None:
        """
        Hold items against their kinds, and change nothing else.

        Raises:
            EventError: where one of them could not be posted, or agrees to something else than what is asked.
        """
        batch = batch_of(items)
        self._brought.admit(batch, self.policy)
        for item in batch:
            hold(item, self._entries)
        self._guards.admit(batch)

    def _is_ahead(self, at: int) -> bool:
        now = self._memory.now
        return now > -NEVER and at > now + self._ahead

    def _other(self, item: Any) -> Step:
        if said := isinstance(item, SAID):
            at = microseconds(item.time)
        else:
            hold(item, self._entries)
            at = item.at
        memory = self._memory
        if self._is_ahead(at):
            if not (isinstance(item, Control) and item.is_strict):
                return AHEAD
            at = memory.now
        policy = self._brought.by(item, self.policy) if said and isinstance(item, Control) else None
        before = self._pass(at) if at > memory.now else ()
        if item.__class__ is Event:
            hits = self._entries[item.kind].probe(item, memory.now)
            step = UNMATCHED if hits is None else self._arrivals.event(item, hits)
            return Step.of(step.disposition, before + step) if before else step
        if not said:
            disposition, decisions = self._state(item)
        elif isinstance(item, Outcome):
            disposition, decisions = self._rounds.outcome(item)
        else:
            disposition, decisions = self._control(item, policy)
        return Step.of(disposition, before + decisions)

    # What people say

    def _control(self, said: Control, policy: Policy | None) -> tuple[Disposition, tuple[Decision, ...]]:
        if said.id and not self._guards.ledger.hear(said.id):
            return "duplicate", ()
        self._memory.turn += 1
        strict = self._guards.strict
        changed = self._guards.control(said, self._memory.now)
        if policy is not None:
            self._guards = Guards(self.program, policy, self._memory, self._guards.ledger, self._age)
            self._rounds.guard(self._guards)
            self._listen()
        elif strict != self._guards.strict:
            self._rounds.wire()
            self._listen()
        self._rounds.docket.wake_all()
        return "matched" if changed else "unmatched", tuple(self._rounds.settle())

    def _overheard(self, item: Item) -> Step:
        """Take an input as `post` does, once the guards have heard of it."""
        if not isinstance(item, Event | State):
            return Engine.post(self, item)
        hold(item, self._entries)
        if self._is_ahead(item.at):
            return AHEAD
        before = self._pass(item.at) if item.at > self._memory.now else ()
        self._rounds.docket.wake(self._guards.hear(item))
        step = Engine.post(self, item)
        after = tuple(self._rounds.settle()) if self._rounds.docket.stirs else ()
        return Step.of(step.disposition, before + step + after) if before or after else step

    # States

    def _state(self, item: State) -> tuple[Disposition, tuple[Decision, ...]]:
        memory, kind = self._memory, self._entries[item.kind].kind
        values = tuple([item.source if name == "source" else item.fields.get(name) for name in kind.key])
        key = state_key(kind, values)
        records = memory.records.setdefault(item.kind, {})
        record = records.get(key)
        last = record.at if record else self._mark(item.kind, key)
        if last is not None and item.at < last:
            return "stale", ()
        memory.turn += 1
        rounds = self._rounds
        rounds.network.touched = rounds.overloaded = False
        if item.cleared:
            self._clear(item, key, records.pop(key, None))
        else:
            if record is None:
                record = records[key] = Record(item.kind, key, values)
                record.since = item.at
            record.source, record.fields, record.at = item.source, item.fields, item.at
            rounds.network.record(record, item.at)
        touched = rounds.network.touched
        decisions = rounds.answer()
        return ("overload" if rounds.overloaded else "matched" if touched else "unmatched"), decisions

    def _clear(self, item: State, key: Any, record: Record | None) -> None:
        memory = self._memory
        memory.marks[(item.kind, key)] = item.at
        self._marks.append((item.at, (item.kind, key)))
        while self._marks and self._marks[0][0] + self._age <= memory.now:
            at, where = self._marks.popleft()
            if memory.marks.get(where) == at:
                del memory.marks[where]
        if record is not None:
            self._rounds.network.clear(record)

    def _mark(self, kind: str, key: Any) -> int | None:
        at = self._memory.marks.get((kind, key))
        return None if at is None or self._memory.now >= at + self._age else at

    # Snapshots

    def snapshot(self) -> bytes:
        """Give all the engine remembers, and the rules it ran."""
        settings = (self.max_age, self.max_ahead, self._remembered, self._fan_out)
        self._rounds.network.tidy()
        state, ledger = self._rounds.state(), self._guards.ledger
        return pack(self.program, (settings, self._memory, self._marks, self._owed, state, ledger))

    @classmethod
    def restore(cls, program: Program, blob: bytes, matcher: str = "native", *, policy: Policy | None = None) -> Self:
        """
        Give an engine that goes on where the snapshot was taken, under the policy it had or another one.

        Under other rules, those that are the same go on as if nothing had been; one that is new or was changed begins
        with the states that hold, and what is true of it already counts as already true; episodes that are open go on
        to their end, and what follows for them comes with the next step that lets time pass. `carried` says what was
        carried over.

        Raises:
            SnapshotError: where the blob is no snapshot, of none of the program's rule sets, damaged, or taken under a
                policy that has no text.
            RuleSetError: where the policy and the program cannot be brought together.
        """
        argument("program", program, Program, cure="`compile_rules` gives one")
        before, written = unpack(program, blob)
        engine = cls.__new__(cls)
        try:
            engine._go_on(before, program, policy, matcher, *written)  # noqa: SLF001 - it is of this class
        except (TypeError, ValueError, AttributeError) as error:
            message = f"the snapshot does not hold an engine: {error}"
            raise SnapshotError(message) from None
        return engine

    def _go_on(
        self, before: Program, after: Program, policy: Policy | None, matcher: str, settings: Any, *written: Any
    ) -> None:
        memory, marks, owed, state, ledger = written
        change = Change.between(before, after, state[0].values()) if before.digest != after.digest else None
        program, ledger.changed = change.after if change else before, ledger.changed or change is not None
        self._begin(program, *settings)
        graft = Graft(change, memory, state[0]) if change else None
        self._memory, self._marks = graft.memory if graft else memory, marks
        refuse_guards(ledger.brought)
        policy = policy or kept_policy(ledger.policy)
        refuse_policy(program, policy)
        self._wire(ledger, policy, matcher)
        if change and graft:
            graft.move(self._rounds.network)
            self.carried = evolve(change.carried, dropped=tuple(graft.dropped))
            self._guards.attach(self._rounds.network)
        self._memory.link()
        self._rounds.take(graft.state(state) if graft else state)
        self._owed = owed + (graft.settle(self._rounds) if graft else ())
        self._memory.alarm = -NEVER if self._owed else self._memory.alarm

    def __reduce__(self) -> tuple[Any, tuple[Program, bytes, str]]:
        """Pickle as a snapshot of the program."""
        return type(self).restore, (self.program, self.snapshot(), self.matcher.name)
