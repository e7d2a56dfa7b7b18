"""What a thing is in, and what that is in, as the states say it that a site's policy names for that."""

from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakValueDictionary

from selfheal_rules.guard.naming import Names
from selfheal_rules.match.rows import Record
from selfheal_rules.spelling import forms, identity
from selfheal_rules.values import Value

Said = tuple[tuple[str, Value], ...]
"""What states say that a thing is in, each under the name of the field that says it."""
_NONE: dict[Any, Record] = {}


class Way:
    """The way up from all things of which states say the same: few, where there are thousands of things."""

    __slots__ = ("__weakref__", "above", "found", "said", "shielded", "turn")

    def __init__(self, said: Said) -> None:
        """Begin with what is said; nobody has gone further yet."""
        self.said = said
        self.found: dict[str, Value] = {}
        """What they are in by the names of the fields, the nearest of a name."""
        self.above: tuple[Value, ...] = ()
        """All that they are in, the nearest first."""
        self.shielded = False
        """Whether the site protects any of that."""
        self.turn = -1
        """As of which turn of the topology all this is so."""


class Spelled:
    """The states of one kind that is keyed by one field, by the identity of what each is of."""

    def __init__(self, changed: Callable[[Any], None]) -> None:
        """Start with nothing; `changed` is told of whom something else is said."""
        self.records: dict[Any, dict[Any, Record]] = {}
        self.changed = changed

    def update(self, record: Record, _: int) -> None:
        """Note a record."""
        name = identity(record.values[0])
        self.records.setdefault(name, {})[record.key] = record
        self.changed(name)

    def remove(self, record: Record) -> None:
        """Forget a record."""
        name = identity(record.values[0])
        known = self.records.get(name, {})
        known.pop(record.key, None)
        if not known:
            self.records.pop(name, None)
        self.changed(name)


class Topology:
    """All ways up, under what a site protects."""

    def __init__(self, steps: Iterable[tuple[str, ...]], shield: Names) -> None:
        """Start with nothing known; each step is up by the fields of these names."""
        self.shield = shield
        self.steps = tuple((names, Spelled(self._changed)) for names in steps)
        self._ways: dict[Any, Way] = {}
        """By the identity of a thing."""
        self._nowhere = Way(())
        self._shared: WeakValueDictionary[Said, Way] = WeakValueDictionary()
        """By what is said, where that is texts: of other values some are equal that are not the same."""
        self._turn = 0

    def way(self, thing: Value) -> Way:
        """Give the way up from a thing, under whatever name."""
        way = self._ways.get(forms(thing)[1] if thing.__class__ is str else thing, self._nowhere)
        if way.turn != self._turn:
            self._climb(way)
        return way

    def _changed(self, name: Any) -> None:  # noqa: ANN401 - the identity of a thing
        """Take what is said of a thing now; where that is something else, every way may be another one."""
        said = tuple(self._said(name))
        known = self._ways.get(name, self._nowhere)
        way = self._way(said) if said else self._nowhere
        if way is known:
            return
        self._turn += 1
        if said:
            self._ways[name] = way
        else:
            del self._ways[name]

    def _said(self, name: Any) -> Iterable[tuple[str, Value]]:  # noqa: ANN401 - the same
        for names, spelled in self.steps:
            for record in spelled.records.get(name, _NONE).values():
                found = ((field, record.fields.get(field)) for field in names)
                yield from (pair for pair in found if pair[1] is not None)

    def _way(self, said: Said) -> Way:
        if any(value.__class__ is not str for _, value in said):
            return Way(said)
        way = self._shared.get(said)
        if way is None:
            way = self._shared[said] = Way(said)
        return way

    def _climb(self, way: Way) -> None:
        """Go all the way up, the nearest first."""
        found: dict[str, Value] = {}
        above: list[Value] = []
        _add(way.said, found, above)
        for thing in above:  # it grows as it is gone through
            _add(self._ways.get(identity(thing), self._nowhere).said, found, above)
        way.found, way.above, way.turn = found, tuple(above), self._turn
        way.shielded = any(self.shield.cover(str(thing)) for thing in above)


def _add(said: Said, found: dict[str, Value], above: list[Value]) -> None:
    for name, value in said:
        found.setdefault(name, value)
        if value not in above:
            above.append(value)
