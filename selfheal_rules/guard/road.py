"""What a step of a rule has to pass, worked out once: its stages in order, and the guards that speak to it."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from attrs import frozen

from selfheal_rules.compile.codegen import Code
from selfheal_rules.compile.plan import Guarding, Ruling
from selfheal_rules.decide.proposal import Proposal, Queue
from selfheal_rules.guard.lock import places
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.stages import STAGES
from selfheal_rules.guard.view import BY_TARGET as TARGETED
from selfheal_rules.guard.view import View
from selfheal_rules.match.populations import scope_of

RAW = frozenset({"lock", "maintenance"})
"""The guards of a rule whose values stand each for itself, and are not taken together as a key."""
COUNTED = ("max_in_flight", "min_healthy", "max_percent")
"""The guards that go by what is under way."""


Settings: TypeAlias = dict[str, list[tuple[Guarding, Any]]]
BY_TARGET, BY_NOTHING = 0, 1
"""Where among the scopes of a step its target stands, and the scope that is always the same."""


@frozen(eq=False, repr=False)
class Road:
    """What a step of a rule has to pass: its stages, those that take note of it, and the guards that speak to it."""

    stages: tuple[Stage, ...]
    seen: tuple[Stage, ...]
    charged: tuple[Stage, ...]
    settings: Callable[[list[Any]], Settings] | None
    """Generated: the scopes in their places → by name the guards that speak to it; None where none does."""
    read: tuple[tuple[int, bool], ...]
    """The scopes read off what fired: the number of the guard, and whether its values are taken as they are."""
    within: tuple[tuple[str, ...], ...]
    """The scopes read off what the target is in; they come after those."""

    @classmethod
    def of(cls, proposal: Proposal, ruling: Ruling, site: tuple[Guarding, ...], view: View, code: Code) -> "Road":
        """Lay the road of a step."""
        over = tuple(guard for guard in site if proposal.acting and speaks(guard, proposal.action))
        own = ruling.guards if proposal.guarded else ()
        declared = {guard.name for guard in (*own, *over)}
        reached = [
            stage
            for stage in STAGES
            if stage.name in declared
            or ((stage.reach == "every" or (stage.reach == "acting" and proposal.acting)) and stage.heeds(view))
        ]
        stages = tuple(stage for stage in reached if proposal.opens or not stage.opens)
        seen = tuple(stage for stage in stages if stage.seen)
        charged = tuple(stage for stage in stages if stage.charge)
        return cls(stages, seen, charged, *_settings(own, over, code))

    def scopes(self, proposal: Proposal, view: View) -> tuple[Settings, bool]:
        """Work out by what the guards go that speak to a step, and whether all of it is known."""
        if self.settings is None:
            return {}, True
        found, values = [proposal.place, ()], proposal.episode.scopes
        for number, plain in self.read:
            found.append(values[number] if plain else scope_of(values[number]))
        if self.within:
            places = view.places(proposal.target)
            found += [scope_of(tuple([places.get(name) for name in names])) for names in self.within]
        return self.settings(found), None not in found


def _settings(own: tuple[Guarding, ...], over: tuple[Guarding, ...], code: Code) -> tuple[Any, ...]:
    """Give what makes the settings of a road out of its scopes, and what those are read off, each once."""
    read: dict[Any, tuple[int, bool]] = {}
    within = {guard.by: None for guard in over if guard.by}
    for number, guard in enumerate(own):
        if guard.scope is not None:
            read.setdefault(_reading(guard), (number, guard.name in RAW))
    places = {key: at for at, key in enumerate((*read, *within), BY_NOTHING + 1)}
    settings: dict[str, list[str]] = {}
    for guard in (*own, *over):
        alone = BY_TARGET if guard.name in TARGETED else BY_NOTHING
        at = places.get(guard.by if guard in over else _reading(guard), alone)
        settings.setdefault(guard.name, []).append(f"({code.constant(guard)}, found[{at}])")
    written = ", ".join(f"{name!r}: [{', '.join(guards)}]" for name, guards in settings.items())
    made = code[code.function("settings", "found", [f"    return {{{written}}}"])] if settings else None
    return made, tuple(read.values()), tuple(within)


def _reading(guard: Guarding) -> Any:  # noqa: ANN401 - any key
    """Give what tells by which values a guard of a rule goes; None where it names none."""
    return None if guard.scope is None else (guard.name in RAW, *guard.scope.items())


def speaks(guard: Guarding, action: str) -> bool:
    """Whether a guard of the site is for an action."""
    return any(fnmatchcase(action, glob) for glob in guard.actions)


def occupied(proposal: Proposal) -> tuple[Queue, ...]:
    """Give the locks and caps an attempt takes up."""
    taken: list[Queue] = []
    if proposal.acting:
        taken += [("lock", place) for place in places(proposal)]
    settings = proposal.settings
    for name in COUNTED if settings else ():
        if name in settings:
            for guard, scope in settings[name]:
                taken.append((name, (guard.key, scope)))
    return tuple(taken)
