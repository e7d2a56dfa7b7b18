"""
One stream over several engines, which decide as one engine would.

Read this to divide a stream yourself: an item goes, in each stage that reads its kind, to the partition of its key
or to every one; before that, time passes in all of them; what a stage proposes goes to the stage that decides on it;
what several decide at one instant is put into the one order.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, Unpack

from attrs import evolve

from selfheal_rules.compile.deciding import Within
from selfheal_rules.compile.plan import NEVER
from selfheal_rules.compile.program import Program
from selfheal_rules.compile.split import Stage, split
from selfheal_rules.compile.units import Fixed
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Decision, Disposition, Outcome, Step
from selfheal_rules.decide.history import EpisodeView
from selfheal_rules.decide.rounds import Rank
from selfheal_rules.diagnostics import EventError, SnapshotError
from selfheal_rules.divide.partition import Partition
from selfheal_rules.divide.placed import Placed
from selfheal_rules.divide.promises import Promises, StateName, state_name
from selfheal_rules.engine import MAX_AGE, MAX_AHEAD, Item
from selfheal_rules.events import Event, State, frozen_time
from selfheal_rules.guard.binding import refuse_policy, said_policy
from selfheal_rules.policy import Policy
from selfheal_rules.snapshot import pack, unpack
from selfheal_rules.values import EMPTY, Value, canonical_key, microseconds, moment

if TYPE_CHECKING:
    from selfheal_rules.divide.handover import Handover

Place: TypeAlias = tuple[Rank, int, int, str]
"""Where a decision stands among others of one instant: its rank, the priority and order of its rule, its key."""
Taken: TypeAlias = tuple[Disposition, tuple[Decision, ...]]
Declared: TypeAlias = tuple[int, Fixed, Within, tuple[str, ...] | None]
"""How many partitions there are, what is promised of the items, and the kinds a policy reads if there is one."""


class Settings(TypedDict, total=False):
    """What every engine is given; see `Engine`."""

    max_age: timedelta
    remembered: int
    fan_out: int
    matcher: str


class Partitions:
    """
    A program over `count` partitions a stage; its decisions equal those of one `Engine` over the whole stream.

    Equal are ids, evidence, order, times, verdicts, dispositions and states. `fixed`, `within` and `policy` are what
    `Program.split` takes; `remembered` and `fan_out` are limits of each partition. Without a policy, what a kill switch
    or a pause held goes on in the order of firings, not in that of its coming, and a pause is judged by each partition.
    There is no thread here: who has processes gives each its partitions.

    Raises:
        RuleSetError: where the policy and the program cannot be brought together.
        MatcherError: where there is no matcher of this name, or it cannot be used here.
        ValueError: where `fixed` or `within` promise what no item could keep.
    """

    def __init__(
        self,
        program: Program,
        count: int,
        *,
        fixed: Fixed = EMPTY,
        within: Within = EMPTY,
        policy: Policy | None = None,
        max_ahead: timedelta | None = MAX_AHEAD,
        **settings: Unpack[Settings],
    ) -> None:
        """
        Start with nothing seen.

        Raises:
            ValueError: where there is no partition, or what is promised of an item no item could keep.
            RuleSetError: where the policy and the program cannot be brought together.
        """
        if count < 1:
            message = f"{count} partitions are none"
            raise ValueError(message)
        refuse_policy(program, policy)
        site = None if policy is None else policy.kinds
        self._begin(program, (count, dict(fixed), dict(within), site), settings.get("max_age", MAX_AGE), max_ahead)
        each = {"max_ahead": None, **settings}
        self.stages = tuple(
            Placed.of(program, stage, count, each | ({"policy": policy} if stage.is_global else {}))
            for stage in self._divided
        )

    def _begin(self, program: Program, declared: Declared, max_age: timedelta, max_ahead: timedelta | None) -> None:
        """Start with nothing seen, and no engine."""
        count, fixed, within, site = declared
        self.program, self.count, self.max_age, self.max_ahead = program, count, max_age, max_ahead
        self._declared = declared
        self._divided = split(program.rulesets, fixed, within, site).stages
        self._now = -NEVER
        self._seen: dict[tuple[str, str], int] = {}
        self._kinds = program.vocabulary.kinds
        self._promises = Promises(self._divided, self._kinds)
        self._order = _rule_order(program)

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """Every partition of every stage."""
        return tuple(chain.from_iterable(placed.partitions for placed in self.stages))

    @property
    def policy(self) -> Policy | None:
        """The site's policy as it is now."""
        return self.partitions[-1].policy

    def episodes(
        self, *, rule: str | None = None, key: tuple[Value, ...] | None = None, state: str | None = None
    ) -> tuple[EpisodeView, ...]:
        """Give the episodes of all partitions, by when they opened; the words are those of `Engine.episodes`."""
        found = (view for one in self.partitions for view in one.episodes(rule=rule, key=key, state=state))
        return tuple(sorted(found, key=lambda view: view.opened))

    def counts(self) -> dict[tuple[str, ...], int]:
        """Count what guards were asked about, over all partitions; see `Engine.counts`."""
        found: Counter[tuple[str, ...]] = Counter()
        for one in self.partitions:
            found.update(one.counts())
        return dict(sorted(found.items()))

    @property
    def halted(self) -> str:
        """Why everything is stopped; an empty text where it is not."""
        return self.partitions[-1].halted

    # Time

    @property
    def now(self) -> datetime | None:
        """The greatest time seen; None before the first input."""
        return None if self._now == -NEVER else moment(self._now)

    def next_deadline(self) -> datetime | None:
        """Give the earliest time at which something may follow without any input, or None."""
        return min((due for one in self.partitions if (due := one.next_deadline()) is not None), default=None)

    def is_idle(self) -> bool:
        """Whether nothing is left that time alone could bring about."""
        return self.next_deadline() is None

    def advance(self, now: datetime) -> Step:
        """Let time pass up to `now` in every partition, instant by instant."""
        decisions = self._pass(microseconds(frozen_time(now)))
        return Step.of("matched" if decisions else "unmatched", decisions)

    def _pass(self, at: int) -> tuple[Decision, ...]:
        if at <= self._now:
            return ()
        made: tuple[Decision, ...] = ()
        partitions = self.partitions
        while -NEVER < (due := min(one.alarm for one in partitions)) <= at:
            due = max(due, self._now)  # what is due at once is dealt with before time passes
            made += self._merged(self._through([one for one in partitions if one.alarm <= due], _until(due)))
        made += self._merged(self._through(partitions, _until(at)))
        self._now = at
        return made

    # Input

    def post(self, item: Item) -> Step:
        """
        Take one input and settle all that follows.

        Raises:
            EventError: where the item does not fit its kind, or breaks what was declared; nothing is changed.
        """
        self._refuse(item)
        at = microseconds(item.time)
        if self._is_ahead(at):
            if not (isinstance(item, Control) and item.is_strict):
                return Step.of("ahead")
            at, item = self._now, evolve(item, time=moment(self._now))
        if isinstance(item, Control) and item.act in {"policy", "rules"}:
            self._refuse_control(item)
        before = self._pass(at)
        disposition, decisions = self._taken(item)
        return Step.of(disposition, before + decisions)

    def _refuse(self, item: Item) -> None:
        self.partitions[0].refuse(item)
        if isinstance(item, Event | State):
            self._promises.refuse(item)

    def _refuse_control(self, said: Control) -> None:
        policy = said_policy(self.program, self.policy, said)
        if policy is None:
            message = "other rules are divided otherwise: begin anew"
            raise EventError(message, item=said, field="act")
        if self.policy is None:
            message = "a policy's guards look at all partitions, and these were begun without one: begin anew"
            raise EventError(message, item=said, field="act")
        read = {route.kind for route in self.stages[-1].stage.routes}
        unread = next((kind for kind in policy.kinds if kind not in read), None)
        if unread is not None:
            message = f"the policy reads `{unread}`, which the policy before it did not: begin anew"
            raise EventError(message, item=said, field="subject")

    def post_all(self, items: Iterable[Item]) -> list[Step]:
        """
        Take inputs in order, one step for each.

        Raises:
            EventError: where one of them does not fit its kind, and none is taken; or where one breaks what was
                declared, and those before it are.
        """
        batch = list(items)
        for item in batch:
            self.partitions[0].refuse(item)
        return [self.post(item) for item in batch]

    def _is_ahead(self, at: int) -> bool:
        return self.max_ahead is not None and -NEVER < self._now < at - microseconds(self.max_ahead)

    def _taken(self, item: Item) -> Taken:
        if isinstance(item, Outcome):  # the one that made the decision knows it
            return self._told(item, self.partitions)
        if isinstance(item, Control):  # people speak to whoever decides
            return self._told(item, self.partitions[-1:] if self.policy else self.partitions)
        homes = [one for placed in self.stages for one in placed.homes(item)]
        unread = self.partitions[-1:]  # a state that no rule reads still holds
        taken = self._event(item, homes) if isinstance(item, Event) else self._told(item, homes or unread)
        if taken[0] != "stale":
            self._promises.keep(item)
        return taken

    def _told(self, item: Item, homes: Sequence[Partition]) -> Taken:
        steps = self._through(homes, lambda one: one.post(item), item)
        return _greatest(step.disposition for _, step in steps), self._merged(steps)

    def _through(
        self, chosen: Sequence[Partition], act: Callable[[Partition], Step], item: Item | None = None
    ) -> list[tuple[Partition, Step]]:
        """
        Have these partitions act, stage by stage, and those of later stages decide on what is handed over to them.

        Without an item time passes, and it must have passed for whoever decides.
        """
        steps: list[tuple[Partition, Step]] = []
        handed: list[Handover] = []
        for placed in self.stages:
            given = placed.sort(handed)
            for one in placed.partitions:
                acts = one in chosen or (item is None and one in given)
                heard = item if one.listens and not acts and isinstance(item, Event | State) else None
                if not (acts or heard or one in given):
                    continue
                one.give(given.get(one, ()))
                if heard:
                    one.hear(heard)
                step = act(one) if acts else Step.of("unmatched")
                steps.append((one, Step.of(step.disposition, (*step, *one.decide()))))
                handed += one.handed()
        return steps

    def _event(self, event: Event, homes: list[Partition]) -> Taken:
        """Judge repetition once for all stages, whichever of them takes the event."""
        arrived = self._seen.get((event.source, event.id))
        if arrived is not None and arrived >= self._now - microseconds(self.max_age):
            disposition: Disposition = "duplicate" if any(one.takes(event) for one in homes) else "unmatched"
            return disposition, self._merged(self._through((), lambda one: one.post(event), event))
        steps = self._through(homes, lambda one: one.post(event), event)
        disposition = _greatest(step.disposition for _, step in steps)
        if disposition == "blocked" and any(one.lets_through(event, step) for one, step in steps):
            disposition = "matched"
        if disposition not in {"unmatched", "stale"}:
            self._remember((event.source, event.id))
        return disposition, self._merged(steps)

    def _remember(self, name: tuple[str, str]) -> None:
        seen, limit = self._seen, self._now - microseconds(self.max_age)
        seen.pop(name, None)
        seen[name] = self._now
        while seen[oldest := next(iter(seen))] < limit:
            del seen[oldest]

    # What several decide at once

    def _merged(self, steps: list[tuple[Partition, Step]]) -> tuple[Decision, ...]:
        """Put the decisions of one instant into the order in which one engine makes them."""
        ranks = [one.ranks() for one, _ in steps]
        made = [(rank, step) for rank, (_, step) in zip(ranks, steps, strict=True) if len(step)]
        if len(made) < 2:  # noqa: PLR2004 - nothing to merge
            return tuple(decision for _, step in made for decision in step)
        pairs = [pair for rank, step in made for pair in self._places(rank, step)]
        return tuple(decision for _, decision in sorted(pairs, key=lambda pair: pair[0]))

    def _places(self, ranks: list[Rank], step: Step) -> Iterator[tuple[Place, Decision]]:
        for at, decision in enumerate(step):
            rank = ranks[at] if ranks else _AT_ONCE
            priority, order = self._order[(decision.ruleset, decision.rule)]
            yield (rank, priority, order, canonical_key(decision.key)), decision

    # The whole

    def states(self, kind: str | None = None) -> tuple[State, ...]:
        """Give what holds, posted or concluded, sorted by kind and key."""
        found: dict[StateName, State] = {}
        for one in self.partitions:
            for state in one.states(kind):
                found.setdefault(state_name(state, self._kinds[state.kind]), state)
        return tuple(found[name] for name in sorted(found))

    def snapshot(self) -> bytes:
        """Give all that is remembered, to be restored under the same program with as many partitions."""
        blobs = [one.snapshot() for one in self.partitions]
        settings = self._declared, self.max_age, self.max_ahead
        return pack(self.program, (settings, self._now, self._seen, self._promises.state(), blobs))

    @classmethod
    def restore(
        cls, program: Program, blob: bytes, matcher: str = "native", *, policy: Policy | None = None
    ) -> "Partitions":
        """
        Give partitions that go on where the snapshot was taken, under the policy they had or another one.

        Raises:
            SnapshotError: where the blob is not a snapshot of partitions of this program, or is damaged, or was taken
                under a policy that has no text.
            RuleSetError: where the policy and the program cannot be brought together.
        """
        before, written = unpack(program, blob)
        if before.digest != program.digest:
            message = f"the snapshot is of program {before.digest}, and partitions of {program.digest} cannot take it"
            raise SnapshotError(message)
        refuse_policy(program, policy)
        try:
            return cls._restored(program, matcher, policy, *written)
        except (TypeError, ValueError, AttributeError) as error:
            message = f"the snapshot does not hold partitions: {error}"
            raise SnapshotError(message) from None

    @classmethod
    def _restored(
        cls, program: Program, matcher: str, policy: Policy | None, settings: Any, now: int, *written: Any
    ) -> "Partitions":
        whole = cls.__new__(cls)
        whole._go_on(program, matcher, policy, settings, now, *written)  # noqa: SLF001 - it is of this class
        return whole

    def _go_on(
        self, program: Program, matcher: str, policy: Policy | None, settings: Any, now: int, *written: Any
    ) -> None:
        seen, promised, blobs = written
        self._begin(program, *settings)
        self._now, self._seen = now, seen
        self._promises.take(promised)
        left, of_site = iter(blobs), {True: policy, False: None}

        def restored(stage: Stage) -> Placed:
            share, number = program.share(stage), 1 if stage.is_global else self.count
            said = of_site[stage.is_global]
            return Placed(
                stage, tuple(Partition.restore(share, next(left), matcher, policy=said) for _ in range(number))
            )

        self.stages = tuple(map(restored, self._divided))


_AT_ONCE = (0, 0, 2)
"""The rank of a decision on an event that meets nothing else: a new firing."""
_WEIGHT: tuple[Disposition, ...] = ("unmatched", "stale", "matched", "blocked", "overload")


def _greatest(dispositions: Iterable[Disposition]) -> Disposition:
    """Give what became of an item as a whole: what any partition did with it outweighs that another did not."""
    return max(dispositions, key=_WEIGHT.index, default="unmatched")


def _until(at: int) -> Callable[[Partition], Step]:
    return lambda one: one.settle(at)


def _rule_order(program: Program) -> dict[tuple[str, str], tuple[int, int]]:
    rules = [(one.name, rule) for one in program.rulesets for rule in one.rules]
    return {(name, rule.id): (-rule.priority, place) for place, (name, rule) in enumerate(rules)}
