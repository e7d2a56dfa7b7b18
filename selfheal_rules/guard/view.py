"""What guards may look at: the states that hold, the site's policy, and who was heard of."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Any

from selfheal_rules.actions import is_named_by_target, risk_of
from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.naming import Names, covers
from selfheal_rules.guard.topology import Topology
from selfheal_rules.match.memory import Memory
from selfheal_rules.match.populations import Count, Population, Standing, scope_of
from selfheal_rules.match.rows import fingerprint
from selfheal_rules.policy import DAYS, Autonomy, Calendar, Policy, Worked
from selfheal_rules.spelling import identity
from selfheal_rules.values import Value, microseconds, moment

CAREFUL = Autonomy("approve", risks=("low", "high"))
FREE = Autonomy("auto", risks=("none",))
"""What goes without saying: what touches something is approved, what touches nothing goes by itself."""

MOST = 2
"""So many days ago a window may have begun that is still open: it is a day long, and a day may be left out."""
DAY = microseconds(timedelta(days=1))
_LAST = date.max.toordinal() - 1


class View:
    """A read-only look at the states of an engine, under one policy (None: the site has none)."""

    def __init__(self, memory: Memory, policy: Policy | None, revisions: Mapping[str, str], max_age: int) -> None:
        """Look at these states; `revisions` are the digests of the rule sets that run."""
        self.memory = memory
        self.policy = policy
        self.revisions = revisions
        self.max_age = max_age
        self.seed = policy.seed if policy else ""
        self.settle = microseconds(policy.settle) if policy else 0
        self.conflicts = policy.conflicts if policy else ()
        self.touched: tuple[Standing, ...] = ()
        """The states that say a person has something in hand."""
        self.populations: dict[int, Population] = {}
        self.standing: dict[int, Standing] = {}
        self.rivals: Iterable[Proposal] = ()
        self.works = policy.maintenance if policy else ()
        self.shields = policy.protected if policy else ()
        self.shield = Names(tuple(one.target for one in self.shields))
        self.topology = Topology((step.within for step in (policy.topology if policy else ())), self.shield)
        self._grades: dict[str, Autonomy] = {}
        self._shadows: dict[tuple[str, str], bool] = {}

    # Populations

    def population(self, guard: Guarding) -> Population:
        """Give the population of a guard."""
        return self.populations[id(guard.census)]

    def count(self, guard: Guarding, scope: Any) -> Count | None:  # noqa: ANN401 - any key
        """Count a scope of a guard's population; None where nobody is in it, or word of it is too old."""
        if guard.census is None or scope is None:
            return None
        found = self.populations[id(guard.census)].counts.get(scope if guard.census.by else ())
        if found is None or not found.total or self.memory.now - found.newest > guard.fresh:
            return None
        return found

    # Topology

    def names(self, target: Value) -> tuple[Value, ...]:
        """Give a thing and all that it is in, whatever that is called."""
        return (target, *self.topology.way(target).above)

    def within(self, names: tuple[str, ...], target: Value) -> Any:  # noqa: ANN401 - any key
        """Give what a thing is in by these names, as a key; None where one of them is unknown."""
        way = self.topology.way(target)
        if "target" not in names:
            return way.keys[names]
        return scope_of(tuple([target if name == "target" else way.found.get(name) for name in names]))

    def scope(self, guard: Guarding, target: Value) -> Any:  # noqa: ANN401 - any key
        """Give what a guard of the site goes by: the target, or what it is in; None where that is unknown."""
        if guard.by:
            return self.within(guard.by, target)
        return scope_of((identity(target),)) if guard.by_target else ()

    # Policy

    def shadows(self, proposal: Proposal) -> bool:
        """Whether a step is only decided and not to be done."""
        place = (proposal.ruleset, proposal.action)
        known = self._shadows.get(place)
        if known is None:
            known = self._shadows[place] = self._is_shadow(*place)
        return known

    def only_shows(self, proposal: Proposal) -> bool:
        """Whether a step is not to be done: its rule set or its action is in shadow, or what it rests on was."""
        follows = proposal.episode.shadowed and (proposal.acting or not proposal.otherwise)
        return follows or self.shadows(proposal)

    def loses(self, proposal: Proposal, rival: Proposal) -> bool:
        """Whether a step gives way to another that asks for its target; what is only shown beats nothing else."""
        if rival.episode is proposal.episode or (self.only_shows(rival) and not self.only_shows(proposal)):
            return False
        comes_later = rival.action == proposal.action and rival.ticket < proposal.ticket
        if comes_later and (rival.params == proposal.params or is_named_by_target(proposal.action)):
            return True
        return self.outranks(rival.action, proposal.action)

    def _is_shadow(self, ruleset: str, action: str) -> bool:
        if self.policy is None:
            return True
        said = self.policy.of(ruleset)
        if said.mode != "enforce" or (said.revision and said.revision != self.revisions.get(ruleset)):
            return True
        return self.autonomy(action).grade == "suggest"

    def autonomy(self, action: str) -> Autonomy:
        """Give how far an action goes by itself: what the policy says first, else the careful choice."""
        known = self._grades.get(action)
        if known is None:
            risk = risk_of(action)
            said = (*(self.policy.autonomy if self.policy else ()), FREE, CAREFUL)
            fitting = (one for one in said if risk in one.risks and any(fnmatchcase(action, a) for a in one.actions))
            known = self._grades[action] = next(fitting)
        return known

    def outranks(self, action: str, other: str) -> bool:
        """Whether an action contradicts another and wins."""
        return any(
            action in ranked and other in ranked and ranked.index(action) < ranked.index(other)
            for ranked in self.conflicts
        )

    def id_of(self, proposal: Proposal) -> str:
        """Give the id of the decision a proposal becomes."""
        return fingerprint(proposal.episode.opening.id, proposal.step, proposal.target)

    def protected(self, target: Value) -> str | None:
        """Give why a thing must not be acted on, if it must not."""
        for name in self.names(target):
            if self.shield.cover(str(name)):
                reason = next(one.reason for one in self.shields if covers(one.target, str(name)))
                return f"`{name}` is protected: {reason}"
        return None

    @property
    def plans(self) -> bool:
        """Whether any maintenance goes by a calendar."""
        return any(not isinstance(work, Worked) for work in self.works)

    def worked(self) -> list[Mapping[Value, Any]]:
        """Give, for each maintenance that goes by a state, the things some state holds for; they change with it."""
        return [self.standing[id(work)].since for work in self.works if isinstance(work, Worked)]

    def maintenance(self, things: tuple[Value, ...], now: int) -> tuple[str, int] | None:
        """Give who works on one of these things, and until when, if anybody does."""
        for work in self.works:
            found = self._at_work(work, things, now)
            if found:
                return f"{found[0]} is {_under(work)}", found[1]
        return None

    def planned(self, things: tuple[Value, ...], now: int) -> int | None:
        """Give before which instant a calendar lets nothing be done to one of these things; a state may go earlier."""
        plans = (work for work in self.works if not isinstance(work, Worked))
        return max((found[1] for plan in plans if (found := _planned(plan, things, now))), default=None)

    def was_planned(self, things: tuple[Value, ...], now: int, late: int) -> list[tuple[int, str]]:
        """Give when work on one of these things ended by the clock that did so short ago, and whose it was."""
        found = [(self._at_work(work, things, now, late), work) for work in self.works]
        return [(one[1], f"{one[0]} was {_under(work)}") for one, work in found if one and one[1] <= now]

    def _at_work(
        self, work: Worked | Calendar, things: tuple[Value, ...], now: int, late: int = 0
    ) -> tuple[str, int] | None:
        """Give which of these things is worked on, and until when, if any is, or was so short ago."""
        return self._worked(work, things, now, late) if isinstance(work, Worked) else _planned(work, things, now, late)

    def _worked(self, work: Worked, things: tuple[Value, ...], now: int, late: int) -> tuple[str, int] | None:
        standing = self.standing[id(work)]
        for thing in (*things, None) if standing.since else ():
            since = standing.latest(identity(thing))
            end = None if since is None else since + microseconds(work.at_most)
            if end is not None and end + late > now:
                return f"`{thing}`" if thing is not None else "something unnamed", end
        return None

    def in_hand(self, things: tuple[Value, ...]) -> str | None:
        """Give whom a state says to have one of these things in hand, if any does."""
        for thing in (*things, None):
            for standing in self.touched:
                if identity(thing) in standing.since:
                    kinds, owner = ", ".join(standing.census.fits), standing.owner or "a person"
                    what = f"`{thing}`" if thing is not None else "something unnamed"
                    return f"{owner} has {what} in hand: `{kinds}`"
        return None


def _planned(plan: Calendar, things: tuple[Value, ...], now: int, late: int = 0) -> tuple[str, int] | None:
    """Give which of these things a calendar is for, and until when it is open, if it is, or was so short ago."""
    named = (str(thing) for thing in things for glob in plan.targets if covers(glob, str(thing)))
    name = next(named, None)
    end = None if name is None else open_until(plan, now, late)
    return None if name is None or end is None else (f"`{name}`", end)


def _under(work: Worked | Calendar) -> str:
    name = ", ".join(work.pattern.kinds) if isinstance(work, Worked) else work.name
    return f"under `{name}` ({work.owner}: {work.reason})"


def open_until(plan: Calendar, now: int, late: int = 0) -> int | None:
    """Give when the last of the windows of a calendar that are open now, or were `late` ago, ends; None without any."""
    today = moment(now).astimezone(plan.zone).toordinal()
    first = today - MOST - late // DAY
    ends = (_open(plan, date.fromordinal(day), now, late) for day in range(max(first, 1), min(today + 1, _LAST) + 1))
    return max((end for end in ends if end is not None), default=None)


def _open(plan: Calendar, day: date, now: int, late: int) -> int | None:
    """Give when the window that begins on a day ends, if it is open now, or was so short ago."""
    if day > plan.until or DAYS[day.weekday()] not in plan.days:
        return None
    last = day + timedelta(days=plan.end <= plan.start)
    start, end = min(_instants(day, plan.start, plan)), max(_instants(last, plan.end, plan))
    return end if start <= now < end + late else None


def _instants(day: date, at: time, plan: Calendar) -> tuple[int, int]:
    """Give both readings of a time of day: where a clock is put forward or back it is none, or two; else they agree."""
    read = datetime.combine(day, at, plan.zone)
    return microseconds(read), microseconds(read.replace(fold=1))
