"""What a thing is in, and what that is in, as the states say it that a site's policy names for that."""

from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakValueDictionary

from selfheal_rules.guard.naming import Names
from selfheal_rules.match.populations import scope_of
from selfheal_rules.match.rows import Record
from selfheal_rules.spelling import forms, identity
from selfheal_rules.values import Value

Said = tuple[tuple[str, Value], ...]
"""What states say that a thing is in, each under the name of the field that says it."""
_NOBODY: dict[Any, Said] = {}


class Keys(dict[tuple[str, ...], Any]):
    """By names of fields, the key of what these say something is in, each made once; None where one says nothing."""

    def __init__(self, found: Mapping[str, Value]) -> None:
        """Read off what all fields say."""
        super().__init__()
        self.found = found

    def __missing__(self, names: tuple[str, ...]) -> Any:  # noqa: ANN401 - any key
        """Make the key of these names."""
        key = self[names] = scope_of(tuple([self.found.get(name) for name in names]))
        return key


class Way:
    """The way up from all things of which states say the same: few, where there are thousands of things."""

    __slots__ = ("__weakref__", "above", "found", "keys", "said", "shielded", "turn")

    def __init__(self, said: Said) -> None:
        """Begin with what is said; nobody has gone further yet."""
        self.said = said
        self.found: dict[str, Value] = {}
        """What they are in by the names of the fields, the nearest of a name."""
        self.keys = Keys(self.found)
        self.above: tuple[Value, ...] = ()
        """All that they are in, the nearest first."""
        self.shielded = False
        """Whether the site protects any of that."""
        self.turn = -1
        """As of which turn of the topology all this is so."""


class Level:
    """What the states of one kind say, that is keyed by one field, by the identity of what each is of and its key."""

    def __init__(self, topology: "Topology", names: tuple[str, ...]) -> None:
        """Start with nothing; the fields of these names say what a thing is in."""
        self.topology = topology
        self.names = names
        self.said: dict[Any, dict[Any, Said]] = {}

    def update(self, record: Record, _: int) -> None:
        """Note what a record says."""
        name, fields, said, is_text = identity(record.values[0]), record.fields, [], True
        for field in self.names:
            value = fields.get(field)
            if value is not None:
                said.append((field, value))
                is_text = is_text and value.__class__ is str
        known, now = self.said.setdefault(name, {}), tuple(said)
        if not is_text or known.get(record.key) != now:  # of other values some are equal that are not the same
            known[record.key] = now
            self.topology.changed(name)

    def remove(self, record: Record) -> None:
        """Forget a record."""
        name = identity(record.values[0])
        known = self.said.get(name, {})
        known.pop(record.key, None)
        if not known:
            self.said.pop(name, None)
        self.topology.changed(name)


class Topology:
    """All ways up, and what of them a site protects."""

    def __init__(self, levels: Iterable[tuple[str, ...]], shield: Names) -> None:
        """Start with nothing known; each level goes up by the fields of these names."""
        self.shield = shield
        self.levels = tuple(Level(self, names) for names in levels)
        self._ways: dict[Any, Way] = {}
        """By the identity of a thing."""
        self._nowhere = Way(())
        self._shared: WeakValueDictionary[Said, Way] = WeakValueDictionary()
        self._turn = 0

    def way(self, thing: Value) -> Way:
        """Give the way up from a thing, under whatever name."""
        way = self._ways.get(forms(thing)[1] if thing.__class__ is str else thing, self._nowhere)
        if way.turn != self._turn:
            self._climb(way)
        return way

    def changed(self, name: Any) -> None:  # noqa: ANN401 - the identity of a thing
        """Take what is said of a thing now; every way may be another one by that."""
        said = tuple([one for level in self.levels for some in level.said.get(name, _NOBODY).values() for one in some])
        self._turn += 1
        if said:
            self._ways[name] = self._way(said)
        else:
            self._ways.pop(name, None)

    def _way(self, said: Said) -> Way:
        if not all(value.__class__ is str for _, value in said):
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
        way.found, way.keys, way.above, way.turn = found, Keys(found), tuple(above), self._turn
        way.shielded = any(self.shield.cover(str(thing)) for thing in above)


def _add(said: Said, found: dict[str, Value], above: list[Value]) -> None:
    for name, value in said:
        found.setdefault(name, value)
        if value not in above:
            above.append(value)
