"""What whoever posts the items has promised of them, held against each before anything changes."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from selfheal_rules.compile.routes import Route, key_text
from selfheal_rules.compile.split import Stage
from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import Event, State
from selfheal_rules.values import canonical, lookup
from selfheal_rules.vocabulary import Kind

StateName: TypeAlias = tuple[str, str]
"""The kind of a state, and the text of its key."""


def state_name(state: State, kind: Kind) -> StateName:
    """Give what tells a state from any other."""
    return state.kind, canonical([state.source if name == "source" else state.fields.get(name) for name in kind.key])


class Promises:
    """
    The fields that never change while a state stands, and the places things are in for good.

    Both are remembered by what was posted first; a promise that is broken is refused.
    """

    def __init__(self, stages: tuple[Stage, ...], kinds: Mapping[str, Kind]) -> None:
        """Start with nothing posted."""
        self.kinds = kinds
        routes = (route for stage in stages for route in stage.routes if route.fixed)
        self.fixed: dict[str, dict[Route, None]] = {}
        for route in routes:
            self.fixed.setdefault(route.kind, {})[route] = None
        self.pairs: dict[str, list[tuple[str, str]]] = {}
        for kind, thing, place in (pair for stage in stages if stage.lead for pair in stage.lead.pairs):
            self.pairs.setdefault(kind, []).append((thing, place))
        self.bound: dict[tuple[StateName, str], str] = {}
        self.placed: dict[str, str] = {}
        """By the text of a thing, that of what it is in."""

    def state(self) -> tuple[Any, ...]:
        """Give what a snapshot must hold."""
        return self.bound, self.placed

    def take(self, state: tuple[Any, ...]) -> None:
        """Go on from a snapshot."""
        self.bound, self.placed = state

    def refuse(self, item: Event | State) -> None:
        """
        Hold an item against what was promised.

        Raises:
            EventError: where it breaks a promise.
        """
        if isinstance(item, State):
            for route in self.fixed.get(item.kind, ()):
                bound, key = self.bound.get(self._mark(item, route)), route.key(item)
                if bound is not None and key not in {None, bound}:
                    name = ".".join(route.path)
                    message = f"`{name}` of `{item.kind}` was {bound} and is now {key}, and was declared to be fixed"
                    raise EventError(message, item=item, field=route.path[0])
        for thing, place, at in self._said(item):
            known = self.placed.get(thing, at)
            if known != at:
                message = f"{thing} was in the `{place}` {known} and is now in {at}, and was declared to stay there"
                raise EventError(message, item=item, field=place)

    def keep(self, item: Event | State) -> None:
        """Remember what an item has said."""
        if isinstance(item, State):
            for route in self.fixed.get(item.kind, ()):
                key = route.key(item)
                if key is None:
                    self.bound.pop(self._mark(item, route), None)
                else:
                    self.bound[self._mark(item, route)] = key
        for thing, _, at in self._said(item):
            self.placed[thing] = at

    def _mark(self, state: State, route: Route) -> tuple[StateName, str]:
        return state_name(state, self.kinds[state.kind]), ".".join(route.path)

    def _said(self, item: Event | State) -> Iterator[tuple[str, str, str]]:
        """Give what an item says of things: the text of each, the word for its place, and the text of that."""
        for thing, place in self.pairs.get(item.kind, ()) if not getattr(item, "cleared", False) else ():
            value = lookup(item.fields, (thing,))
            if value is not None:
                yield key_text(value), place, key_text(lookup(item.fields, (place,)))
