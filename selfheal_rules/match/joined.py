"""
The one place where another matcher takes over the joins it can.

A plan is handed over seed by seed: the generated join runs as it is, over a view of the memory whose exchanges ask the
matcher, and every assignment it comes to is verified on the rows themselves before anybody else sees it. What the
matcher cannot take is read natively, in the same loops.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import evolve

from selfheal_rules.compile.plan import Part, Plan, Rows, Seed
from selfheal_rules.diagnostics import EngineError, MatcherError
from selfheal_rules.events import Event
from selfheal_rules.match.durable import DurableMatcher
from selfheal_rules.match.matcher import NATIVE, Matcher, Matching, joins_of, refused_by
from selfheal_rules.match.memory import Memory
from selfheal_rules.match.network import Network, keys_of
from selfheal_rules.match.rows import in_order, occurrence

MATCHERS: Mapping[str, Callable[[int], Matcher]] = {"durable": DurableMatcher}
"""By name, what makes a matcher of so many joins."""

Ask: TypeAlias = Callable[[int, Any], list[Any]]
"""(join, key) → the rows that stand under the key."""


class Joined(Network):
    """A network that asks another matcher for the rows joined by a key."""

    def __init__(self, plan: Plan, memory: Memory, max_age: int, name: str) -> None:
        """Hand over what can be, with all that stands already."""
        self._joins = joins_of(plan)
        self._matcher = MATCHERS[name](len(self._joins))
        self._rows: dict[tuple[int, int], Any] = {}
        self._numbers: dict[Any, list[tuple[int, int]]] = {}
        self._stored = tuple(_stored(part, self._joins) for part in plan.parts)
        self._view = View(memory, [Exchange(self._joins, number, self._partners) for number in range(plan.exchanges)])
        super().__init__(self._handed(plan), memory, max_age)
        self.matching = Matching(name, refused_by(plan))
        for exchange, buckets in enumerate(memory.exchanges):
            for key, bucket in buckets.items():
                for part, rows in bucket.items():
                    self._refill((exchange, part), key, rows)

    def _refill(self, lookup: tuple[int, int], key: Any, rows: list[Any]) -> None:
        join = self._joins.get(lookup)
        if join is not None:
            for row in rows:
                self._hold(join, key, row)

    # Seeds

    def _handed(self, plan: Plan) -> Plan:
        """Have every seed of a plan ask the matcher, none being held back by what the exchanges know."""

        def handed(part: Part) -> Part:
            seeds = tuple(self._asking(seed, plan.branches[seed.branch].verify) for seed in part.begun())
            return evolve(part, seeds=seeds, probes=(), road=None, hold=part.hold if part.lazy else None)

        return evolve(plan, parts=tuple(handed(part) for part in plan.parts))

    def _asking(self, seed: Seed, verify: Any) -> Seed:
        if all(look.exchange < 0 for look in seed.looks):
            return seed
        join, view = seed.find, self._view

        def find(row: Any, memory: Any) -> list[Rows]:
            row = occurrence(row, memory.turn) if row.__class__ is Event else row
            return [rows for rows in join(row, view) if verify(rows, memory)]

        return evolve(seed, find=find)

    def _partners(self, join: int, key: Any) -> list[Any]:
        """Give the rows under a key as an exchange would: events in the order of their times, else as they came."""
        numbers = self._matcher.partners(join, _text(key))
        try:
            rows = [self._rows[join, number] for number in sorted(numbers)]
        except KeyError as error:
            message = f"the matcher reports what does not stand in the join: {error}"
            raise EngineError(message) from None
        return in_order(rows)

    # Rows

    def enter(self, part: Part, row: Any, *, late: bool = False) -> None:
        """Hold a row where its partners look for it: here, too."""
        super().enter(part, row, late=late)
        keys = keys_of(part, row)
        for place, join in self._stored[part.number]:
            key = keys[place]
            if key is not None:
                self._hold(join, key, row)

    def _hold(self, join: int, key: Any, row: Any) -> None:
        number = self._matcher.insert(join, _text(key))
        self._rows[join, number] = row
        self._numbers.setdefault(row, []).append((join, number))

    def leave(self, part: Part, row: Any) -> None:
        """Have nobody find a row any more: here, too."""
        super().leave(part, row)
        for join, number in self._numbers.pop(row, ()):
            self._matcher.remove(number)
            del self._rows[join, number]


class View:
    """A memory as a generated join reads it, whose exchanges another matcher answers for."""

    def __init__(self, memory: Memory, exchanges: "list[Exchange]") -> None:
        """Stand before a memory."""
        self._memory = memory
        self.exchanges = exchanges

    def __getattr__(self, name: str) -> Any:
        """Give all else as the memory has it now."""
        return getattr(self._memory, name)


class Exchange:
    """One exchange, as generated code reads it."""

    def __init__(self, joins: Mapping[tuple[int, int], int], number: int, ask: Ask) -> None:
        """Know by which join the rows of each part are looked up."""
        self.joins = {part: join for (exchange, part), join in joins.items() if exchange == number}
        self.ask = ask

    def get(self, key: Any) -> "Bucket":
        """Give what answers for a key."""
        return Bucket(self, key)


class Bucket:
    """The rows under one key of an exchange: asked for when a part is named."""

    __slots__ = ("exchange", "key")

    def __init__(self, exchange: Exchange, key: Any) -> None:
        """Know whom to ask, and for what."""
        self.exchange = exchange
        self.key = key

    def get(self, part: int, _: object) -> list[Any]:
        """Give the rows of a part."""
        return self.exchange.ask(self.exchange.joins[part], self.key)


def network_of(plan: Plan, memory: Memory, max_age: int, matcher: str) -> Network:
    """
    Give the network of a plan under the matcher of this name.

    Raises:
        MatcherError: where there is no such matcher, or it cannot be used here.
    """
    if matcher == NATIVE.name:
        return Network(plan, memory, max_age)
    if matcher not in MATCHERS:
        names = " and ".join(f"`{name}`" for name in (NATIVE.name, *MATCHERS))
        message = f"there is no matcher `{matcher}`; there are {names}"
        raise MatcherError(message)
    return Joined(plan, memory, max_age, matcher)


def _stored(part: Part, joins: Mapping[tuple[int, int], int]) -> tuple[tuple[int, int], ...]:
    """Give where in its `places` a row of the part has the key of each join it takes part in."""
    found = ((place, joins.get((exchange, part.number))) for place, (exchange, _) in enumerate(part.indexes))
    return tuple((place, join) for place, join in found if join is not None)


def _text(key: Any) -> str:
    """Write a key of an exchange as a text: equal keys, and hardly any others, have equal texts."""
    return key if key.__class__ is str else repr(key)
