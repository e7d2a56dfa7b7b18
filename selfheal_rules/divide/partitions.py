"""
One stream over several engines, which decide as one engine would.

Read this to divide a stream yourself: an item goes, in each stage that reads its kind, to the partition of its key
or to every one; before that, time passes in all of them; what several decide at one instant is put into the one order.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from attrs import evolve, field, frozen

from selfheal_rules.compile.plan import NEVER
from selfheal_rules.compile.program import Program
from selfheal_rules.compile.routes import Route, partition_of
from selfheal_rules.compile.split import Stage
from selfheal_rules.compile.units import Fixed
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Decision, Disposition, Outcome, Step
from selfheal_rules.decide.rounds import Rank
from selfheal_rules.diagnostics import EventError, SnapshotError
from selfheal_rules.divide.partition import Partition
from selfheal_rules.engine import MAX_AGE, Item
from selfheal_rules.events import Event, State, frozen_time
from selfheal_rules.snapshot import pack, unpack
from selfheal_rules.values import EMPTY, canonical, canonical_key, microseconds, moment

Place = tuple[Rank, int, int, str]
"""Where a decision stands among others of one instant: its rank, the priority and order of its rule, its key."""
Taken = tuple[Disposition, tuple[Decision, ...]]
StateName = tuple[str, str]
"""The kind of a state, and the text of its key."""


@frozen(eq=False)
class Placed:
    """A stage with an engine for each of its partitions."""

    stage: Stage
    partitions: tuple[Partition, ...]
    routes: Mapping[str, Route] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Find routes by kind."""
        object.__setattr__(self, "routes", {route.kind: route for route in self.stage.routes})

    def homes(self, item: Event | State) -> tuple[Partition, ...]:
        """Give the partitions that must see an item: one, or all, or, where the stage does not read its kind, none."""
        route = self.routes.get(item.kind)
        if route is None:
            return ()
        key = None if self.stage.is_global else route.key(item)
        return self.partitions if key is None else (self.partitions[partition_of(key, len(self.partitions))],)


class Partitions:
    """
    A program over `count` partitions a stage; its decisions equal those of one `Engine` over the whole stream.

    Equal are ids, evidence, order, times, dispositions and states. `fixed` is what `Program.split` takes; `remembered`
    and `fan_out` are limits of each partition. What a kill switch or a pause held goes on in the order of firings, not
    in that of its coming. There is no policy, since its guards count over all partitions: so nothing is ever allowed.
    There is no thread here: who has processes gives each its partitions.
    """

    def __init__(
        self,
        program: Program,
        count: int,
        *,
        fixed: Fixed = EMPTY,
        max_age: timedelta = MAX_AGE,
        max_ahead: timedelta | None = None,
        remembered: int = 1_000_000,
        fan_out: int = 100_000,
    ) -> None:
        """Start with nothing seen."""
        self.program = program
        self.count = count
        self.fixed = fixed
        self.max_age = max_age
        self.max_ahead = max_ahead
        limits = {"max_age": max_age, "remembered": remembered, "fan_out": fan_out}
        self.stages = tuple(_placed(program, stage, count, limits) for stage in program.stages(fixed))
        self._now = -NEVER
        self._seen: dict[tuple[str, str], int] = {}
        self._bound: dict[StateName, str] = {}
        self._order = _rule_order(program)
        self._kinds = program.vocabulary.kinds

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """Every partition of every stage."""
        return tuple(chain.from_iterable(placed.partitions for placed in self.stages))

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
            made += self._merged([(one, one.advance(moment(due))) for one in partitions if one.alarm <= due])
        made += self._merged([(one, one.advance(moment(at))) for one in partitions])
        self._now = at
        return made

    # Input

    def post(self, item: Item) -> Step:
        """
        Take one input and settle all that follows.

        Raises:
            EventError: where the item does not fit its kind, or changes what was declared to be fixed; nothing is
                changed.
        """
        self.partitions[0].refuse(item)
        if isinstance(item, Control) and item.act in {"policy", "rules"}:
            message = "a site's policy counts over all partitions, and other rules are divided otherwise: begin anew"
            raise EventError(message, item=item, field="act")
        if isinstance(item, State):
            self._refuse_move(item)
        at = microseconds(item.time)
        if self._is_ahead(at):
            if not (isinstance(item, Control) and item.is_strict):
                return Step.of("ahead")
            at, item = self._now, evolve(item, time=moment(self._now))
        before = self._pass(at)
        disposition, decisions = self._taken(item)
        return Step.of(disposition, before + decisions)

    def post_all(self, items: Iterable[Item]) -> list[Step]:
        """Take inputs in order, one step for each."""
        return [self.post(item) for item in items]

    def _is_ahead(self, at: int) -> bool:
        return self.max_ahead is not None and -NEVER < self._now < at - microseconds(self.max_ahead)

    def _taken(self, item: Item) -> Taken:
        if isinstance(item, Outcome | Control):  # the one that made the decision knows it; people speak to all
            return self._told(item, self.partitions)
        homes = [one for placed in self.stages for one in placed.homes(item)]
        if isinstance(item, Event):
            return self._event(item, homes)
        taken = self._told(item, homes or self.partitions[-1:])  # a state that no rule reads still holds
        if taken[0] != "stale":
            self._bind(item)
        return taken

    def _told(self, item: Item, homes: Iterable[Partition]) -> Taken:
        steps = [(one, one.post(item)) for one in homes]
        return _greatest(step.disposition for _, step in steps), self._merged(steps)

    def _event(self, event: Event, homes: list[Partition]) -> Taken:
        """Judge repetition once for all stages, whichever of them takes the event."""
        arrived = self._seen.get((event.source, event.id))
        if arrived is not None and arrived > self._now - microseconds(self.max_age):
            return "duplicate" if any(one.takes(event) for one in homes) else "unmatched", ()
        steps = [(one, one.post(event)) for one in homes]
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
        while seen[oldest := next(iter(seen))] <= limit:
            del seen[oldest]

    # States whose partition is no part of their key

    def _fixed_routes(self, state: State) -> Iterator[Route]:
        for placed in self.stages:
            route = placed.routes.get(state.kind)
            if route is not None and route.fixed:
                yield route

    def _refuse_move(self, state: State) -> None:
        for route in self._fixed_routes(state):
            bound, key = self._bound.get(self._name(state)), route.key(state)
            if bound is not None and key not in {None, bound}:
                name = ".".join(route.path)
                message = f"`{name}` of `{state.kind}` was {bound} and is now {key}, and was declared to be fixed"
                raise EventError(message, item=state, field=route.path[0])

    def _bind(self, state: State) -> None:
        for route in self._fixed_routes(state):
            key = route.key(state)
            if key is None:
                self._bound.pop(self._name(state), None)
            else:
                self._bound[self._name(state)] = key

    def _name(self, state: State) -> StateName:
        key = self._kinds[state.kind].key
        return state.kind, canonical([state.source if name == "source" else state.fields.get(name) for name in key])

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
                found.setdefault(self._name(state), state)
        return tuple(found[name] for name in sorted(found))

    def snapshot(self) -> bytes:
        """Give all that is remembered, to be restored under the same program with as many partitions."""
        settings = self.count, dict(self.fixed), self.max_age, self.max_ahead
        blobs = [one.snapshot() for one in self.partitions]
        return pack(self.program, (settings, self._now, self._seen, self._bound, blobs))

    @classmethod
    def restore(cls, program: Program, blob: bytes) -> "Partitions":
        """
        Give partitions that go on where the snapshot was taken.

        Raises:
            SnapshotError: where the blob is not a snapshot of partitions of this program, or is damaged.
        """
        before, written = unpack(program, blob)
        if before.digest != program.digest:
            message = f"the snapshot is of program {before.digest}, and partitions of {program.digest} cannot take it"
            raise SnapshotError(message)
        try:
            return cls._restored(program, *written)
        except (TypeError, ValueError, AttributeError) as error:
            message = f"the snapshot does not hold partitions: {error}"
            raise SnapshotError(message) from None

    @classmethod
    def _restored(cls, program: Program, settings: Any, now: int, seen: Any, bound: Any, blobs: Any) -> "Partitions":
        count, fixed, max_age, max_ahead = settings
        whole = cls(program, count, fixed=fixed, max_age=max_age, max_ahead=max_ahead)
        whole._now, whole._seen, whole._bound = now, seen, bound
        left = iter(blobs)
        whole.stages = tuple(
            Placed(placed.stage, tuple(Partition.restore(one.program, next(left)) for one in placed.partitions))
            for placed in whole.stages
        )
        return whole


_AT_ONCE = (0, 0, 2)
"""The rank of a decision on an event that meets nothing else: a new firing."""
_WEIGHT: tuple[Disposition, ...] = ("unmatched", "stale", "matched", "blocked", "overload")


def _greatest(dispositions: Iterable[Disposition]) -> Disposition:
    """Give what became of an item as a whole: what any partition did with it outweighs that another did not."""
    return max(dispositions, key=_WEIGHT.index, default="unmatched")


def _placed(program: Program, stage: Stage, count: int, limits: Any) -> Placed:
    part = program.only({*stage.rules, *stage.repeated})
    partitions = (Partition(part, **limits) for _ in range(1 if stage.is_global else count))
    return Placed(stage, tuple(partitions))


def _rule_order(program: Program) -> dict[tuple[str, str], tuple[int, int]]:
    rules = [(one.name, rule) for one in program.rulesets for rule in one.rules]
    return {(name, rule.id): (-rule.priority, place) for place, (name, rule) in enumerate(rules)}
