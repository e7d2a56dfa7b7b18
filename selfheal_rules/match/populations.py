"""States as guards see them: how many of a population are healthy, and which things some state holds for."""

from typing import Any, Protocol

from selfheal_rules.compile.plan import Census
from selfheal_rules.match.rows import Record
from selfheal_rules.spelling import identity
from selfheal_rules.values import canonical, lookup


class Listener(Protocol):
    """Whoever is told of every state of a kind; what it knows follows from the records alone."""

    def update(self, record: Record, now: int) -> None:
        """Note what a record says now."""

    def remove(self, record: Record) -> None:
        """Note that a record holds no longer."""


def scope_of(values: tuple[Any, ...]) -> Any:
    """Give values as a key that keeps 1, 1.0 and true apart; None where one is missing."""
    for value in values:
        if value.__class__ is not str:
            return None if None in values else canonical(list(values))
    return values


def shown(scope: Any) -> str:
    """Give a key as people call what it is of; one that has more than texts in it is its JSON."""
    return ", ".join(scope) if isinstance(scope, tuple) else str(scope)


class Count:
    """One scope of a population."""

    __slots__ = ("healthy", "newest", "scope", "spent", "total")

    def __init__(self, scope: Any = None) -> None:
        """Start with nobody."""
        self.scope = scope
        self.total = 0
        self.healthy = 0
        self.newest = 0
        """The time of the latest word about any of it, in microseconds."""
        self.spent = 0
        """How many that count as healthy are being acted on."""


Place = tuple[Count, bool]
"""Where a record is counted, and whether it counts as healthy."""


class Population:
    """The records of some kinds, counted by scope; `stirred` gathers the scopes that changed, and who fell ill."""

    def __init__(self, census: Census, *, keen: bool = False) -> None:
        """Start with nobody; `keen`, every word about it counts as a change."""
        self.keen = keen
        self.census = census
        self.counts: dict[Any, Count] = {}
        self.places: dict[str, dict[Any, Place]] = {kind: {} for kind in census.fits}
        """By kind and key in which scope each is, and whether it counts as healthy."""
        self._tables = tuple(self.places.values())
        self._pairs: dict[tuple[Any, bool], Place] = {}
        """Each such pair once: thousands of records are in few scopes."""
        self.stirred: dict[Any, int] = {}
        """Emptied by whoever takes it, and never another one: it is looked at after every item."""
        self.named: dict[Any, dict[tuple[str, Any], None]] = {}
        """Of keys of several fields, by each value the records of it: a host is acted on with each service on it."""
        self.busy: dict[Any, int] = {}
        """What is being acted on, and how often."""

    def rest(self) -> None:
        """Note that nothing is being acted on."""
        self.busy.clear()
        for count in self.counts.values():
            count.spent = 0

    def occupy(self, target: Any, number: int = 1) -> None:
        """Note that a thing is being acted on, once more or (-1) once less."""
        before = self.busy.pop(target, 0)
        after = before + number
        if not (before and after):  # it begins, or is over: what is of this thing, and of no other that is acted on
            for known in self._tables:
                place = known.get((target,))
                if place is not None and place[1]:  # what has this name alone is of no other thing
                    place[0].spent += number
            for kind, key in self.named.get(target, ()) if self.named else ():
                count, healthy = self.places[kind][key]
                if healthy and not self._is_busy(key):
                    count.spent += number
        if after:
            self.busy[target] = after

    def _of(self, target: Any) -> list[tuple[Any, Place]]:
        """Give the keys of what a thing stands for, each with its scope and whether it counts as healthy."""
        key = (target,)
        found = [(key, known[key]) for known in self.places.values() if key in known]
        return found + [(key, self.places[kind][key]) for kind, key in self.named.get(target, ())]

    def _is_busy(self, key: tuple[Any, ...]) -> bool:
        for value in key:  # noqa: SIM110 - `any` is three times the price, and this is asked of every state
            if value in self.busy:
                return True
        return False

    def spent_with(self, target: Any, scope: Any) -> int:
        """Give how many of a scope count as healthy and are being acted on, were this one as well."""
        count = self.counts.get(scope)
        if count is None:
            return 0
        mine = (key for key, (its, healthy) in self._of(target) if healthy and its is count)
        return count.spent + sum(not self._is_busy(key) for key in mine)

    def size(self, target: Any) -> int:
        """Give how many of all records a thing stands for; one, where nothing is known of it."""
        return len(self._of(target)) or 1

    def count(self, scope: Any) -> Count | None:
        """Give the count of a scope, if anything was ever in it."""
        return self.counts.get(scope)

    def update(self, record: Record, now: int) -> None:
        """Count a record anew."""
        healthy = self.census.fits[record.kind](record, now) is not None
        scope = scope_of(tuple(lookup(record.fields, (name,)) for name in self.census.by))
        count = self.counts.get(scope)
        if count is None:
            count = self.counts[scope] = Count(scope)
        places, pair = self.places[record.kind], self._pairs.setdefault((scope, healthy), (count, healthy))
        known = places.get(record.key)
        if known is not None:
            self._leave(record.key, known, ill=known[1] and not healthy)
        else:
            for value in record.key if len(record.key) > 1 else ():
                self.named.setdefault(value, {})[record.kind, record.key] = None
        places[record.key] = pair
        if healthy and self._is_busy(record.key):
            count.spent += 1
        count.total += 1
        count.healthy += healthy
        count.newest = max(count.newest, record.at)
        if self.keen or known is not pair:
            self.stirred.setdefault(scope, 0)

    def remove(self, record: Record) -> None:
        """Count a record no longer; a healthy one that is gone has failed."""
        known = self.places[record.kind].pop(record.key, None)
        if known is not None:
            self._leave(record.key, known, ill=known[1])
            for value in dict.fromkeys(record.key) if len(record.key) > 1 else ():
                del self.named[value][record.kind, record.key]
                if not self.named[value]:
                    del self.named[value]

    def _leave(self, key: Any, known: Place, *, ill: bool) -> None:
        count, healthy = known
        if healthy and self._is_busy(key):
            count.spent -= 1
        count.total -= 1
        count.healthy -= healthy
        self.stirred[count.scope] = self.stirred.get(count.scope, 0) + ill


class Standing:
    """
    Since when states of some kinds hold for the thing a field of theirs names, by its identity.

    `kept` is what outlives this: by kind and key, since when a state has fitted. Of a state that held before anybody
    looked, the latest it may have begun to fit counts. What names nothing is kept under None: it may be of anything.
    """

    def __init__(self, census: Census, field: str, owner: str, kept: dict[Any, int]) -> None:
        """Start with nothing; `owner` is whose word the states are, where that is told."""
        self.census = census
        self.field = field
        self.owner = owner
        self.kept = kept
        self.since: dict[Any, dict[Any, int]] = {}
        self.names: dict[Any, Any] = {}
        self.stirred: list[Any] = []
        """Of what that changed: emptied by whoever takes it, and never another one."""

    def update(self, record: Record, now: int) -> None:
        """Note for what a record holds, unless it is known not to fit."""
        name, place = identity(lookup(record.fields, (self.field,))), (record.kind, record.key)
        fits = self.census.fits[record.kind](record, now) is not None
        if place in self.names and not (fits and self.names[place] == name):
            self.remove(record)
        if fits and place not in self.names:
            known = self.kept.get(place)
            since = record.at if known is None or known < record.since else known
            self.names[place], self.kept[place] = name, since
            self.since.setdefault(name, {})[place] = since
            self.stirred.append(name)

    def remove(self, record: Record) -> None:
        """Note that a record holds no longer."""
        place = (record.kind, record.key)
        if place in self.names:
            name = self.names.pop(place)
            del self.since[name][place]
            self.kept.pop(place, None)  # another entry of the policy may be of the same states
            if not self.since[name]:
                del self.since[name]
            self.stirred.append(name)

    def latest(self, name: Any) -> int | None:
        """Give since when the youngest of the states has held that are of a thing; None where none is."""
        return max(self.since.get(name, {}).values(), default=None)
