"""What a step of a rule has to pass, worked out once: its stages in order, and the guards that speak to it."""

from fnmatch import fnmatchcase
from typing import Any

from attrs import frozen

from selfheal_rules.compile.plan import Guarding, Ruling
from selfheal_rules.decide.proposal import Proposal, Queue
from selfheal_rules.guard.lock import places
from selfheal_rules.guard.stage import Stage
from selfheal_rules.guard.stages import STAGES
from selfheal_rules.match.populations import scope_of

COUNTED = ("max_in_flight", "min_healthy", "max_percent")
"""The guards that go by what is under way."""


@frozen(eq=False, repr=False)
class Road:
    """What a step of a rule has to pass: its stages, those that take note of it, and the guards that speak to it."""

    stages: tuple[Stage, ...]
    seen: tuple[Stage, ...]
    charged: tuple[Stage, ...]
    rule: tuple[tuple[int, Guarding], ...]
    site: tuple[Guarding, ...]

    @classmethod
    def of(cls, proposal: Proposal, ruling: Ruling, site: tuple[Guarding, ...]) -> "Road":
        """Lay the road of a step."""
        over = tuple(guard for guard in site if proposal.acting and speaks(guard, proposal.action))
        own = tuple(enumerate(ruling.guards)) if proposal.guarded else ()
        declared = {guard.name for guard in (*(guard for _, guard in own), *over)}
        reached = [
            stage
            for stage in STAGES
            if stage.reach == "every" or (stage.reach == "acting" and proposal.acting) or stage.name in declared
        ]
        stages = tuple(stage for stage in reached if proposal.opens or not stage.opens)
        seen = tuple(stage for stage in stages if stage.seen)
        return cls(stages, seen, tuple(stage for stage in stages if stage.charge), own, over)


def speaks(guard: Guarding, action: str) -> bool:
    """Whether a guard of the site is for an action."""
    return any(fnmatchcase(action, glob) for glob in guard.actions)


def key_of(guard: Guarding, values: tuple[Any, ...]) -> Any:  # noqa: ANN401 - any key
    """Give the values a guard of a rule goes by as a key."""
    return values if guard.name in {"lock", "maintenance"} else scope_of(values)


def occupied(proposal: Proposal) -> tuple[Queue, ...]:
    """Give the locks and caps an attempt takes up."""
    taken: list[Queue] = [("lock", place) for place in places(proposal)] if proposal.acting else []
    for name in COUNTED:
        if name in proposal.settings:
            taken += [(name, (guard.key, scope)) for guard, scope in proposal.settings[name]]
    return tuple(taken)
