"""
What a site says about all rule sets: frozen types of one policy file.

A policy stands apart from rule sets: no rule can loosen it. Everything it leaves out is the careful choice: nothing is
enforced, and what is destructive wants approval.
"""

from datetime import date, time, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from attrs import evolve, field, frozen

from selfheal_rules.model import Guard, Pattern
from selfheal_rules.source import NOWHERE, Source, Span

Mode: TypeAlias = Literal["shadow", "enforce"]
Grade: TypeAlias = Literal["suggest", "approve", "auto"]

HERE = "the engine runs here"
"""Why the host an engine runs on is protected."""
HOUR = timedelta(hours=1)
SETTLE = timedelta(minutes=10)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _span() -> Span:
    return field(default=NOWHERE, eq=False, repr=False, kw_only=True)


@frozen
class Enforced:
    """`{ruleset: compute-host-failure, mode: enforce, revision: …, backtest: …}`: how one rule set is run."""

    ruleset: str
    mode: Mode = "shadow"
    revision: str = ""
    """The digest of the rule set this was said of; another revision stays in shadow."""
    backtest: str = ""
    """The hash of the report of its backtest."""
    span: Span = _span()


@frozen
class Protected:
    """`{target: "ctl-*", reason: …}`: what no rule ever acts on, with all that is in it."""

    target: str
    reason: str
    span: Span = _span()


@frozen
class Autonomy:
    """`{action: [compute.*], risk: [high], grade: approve, for: 1h, quorum: 2}`: how far a step goes by itself."""

    grade: Grade
    actions: tuple[str, ...] = ("*",)
    risks: tuple[str, ...] = ("none", "low", "high")
    expires: timedelta = HOUR
    quorum: int = 1
    span: Span = _span()


@frozen
class SiteGuard:
    """A guard over all rules that do one of these actions; its `by` names what the topology knows."""

    guard: Guard
    by: tuple[str, ...] = ()
    actions: tuple[str, ...] = ("*",)


@frozen
class Within:
    """`{state: instance, within: [host]}`: a thing of this state's key is in what these fields name."""

    kind: str
    within: tuple[str, ...]
    span: Span = _span()


@frozen
class Worked:
    """`{state: host.maintenance, target: host, at_most: 1d}`: while it holds, somebody works on what it names."""

    pattern: Pattern
    target: str
    at_most: timedelta
    owner: str
    reason: str
    span: Span = _span()


@frozen
class Calendar:
    """`{targets: [az1], days: [sat], from: "22:00", to: "02:00", zone: Europe/Berlin, until: 2027-01-01, …}`."""

    name: str
    targets: tuple[str, ...]
    days: tuple[str, ...]
    start: time
    end: time
    zone: ZoneInfo
    until: date
    """Its last day; from then on it means nothing."""
    owner: str
    reason: str
    span: Span = _span()


@frozen
class StandDown:
    """
    `{event: operator.action, target: host, for: 4h}`: somebody has it in hand; also `state:`, while it holds.

    `owner` is who, where it is no person: another healer that has left its mark.
    """

    pattern: Pattern
    target: str
    wait: timedelta | None = None
    owner: str = ""
    span: Span = _span()


@frozen
class Observer:
    """`{source: "prometheus*", silent: 5m}`: whoever says nothing for so long may be blind."""

    source: str
    silent: timedelta
    span: Span = _span()


@frozen
class Policy:
    """A site's policy; `mode` is that of rule sets it does not name."""

    name: str
    mode: Mode = "shadow"
    kill_switch: bool = False
    seed: str = ""
    require_backtest: bool = False
    tell_after: timedelta = HOUR
    """For how long guards may hold a step before people are told."""
    settle: timedelta = SETTLE
    """For how long what planned work has stopped may take to come back, before anything destructive is done to it."""
    rulesets: tuple[Enforced, ...] = ()
    protected: tuple[Protected, ...] = ()
    autonomy: tuple[Autonomy, ...] = ()
    guards: tuple[SiteGuard, ...] = ()
    topology: tuple[Within, ...] = ()
    maintenance: tuple[Worked | Calendar, ...] = ()
    stand_down: tuple[StandDown, ...] = ()
    observers: tuple[Observer, ...] = ()
    conflicts: tuple[tuple[str, ...], ...] = ()
    """Lists of actions that contradict each other on one target; of two, the earlier wins."""
    source: Source | None = field(default=None, eq=False, repr=False)
    span: Span = _span()

    def of(self, ruleset: str) -> Enforced:
        """Give how a rule set is run."""
        default = Enforced(ruleset, self.mode)
        return next((one for one in self.rulesets if one.ruleset == ruleset), default)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of states it reads."""
        patterns = [one.pattern for one in (*self.maintenance, *self.stand_down) if isinstance(one, Worked | StandDown)]
        patterns += [one for site in self.guards for one in site.guard.settings.values() if isinstance(one, Pattern)]
        read = [kind for one in patterns if one.form == "state" for kind in one.kinds]
        return tuple(dict.fromkeys((*read, *(step.kind for step in self.topology))))

    def protecting(self, target: str, reason: str) -> "Policy":
        """Give the policy with one more thing no rule ever acts on."""
        return evolve(self, protected=(*self.protected, Protected(target, reason)), source=None)
