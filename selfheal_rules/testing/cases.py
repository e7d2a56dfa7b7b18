"""What a file of tests says, with nothing left to expand: frozen types of one `tests.yaml`."""

from datetime import UTC, datetime, timedelta
from os.path import normpath
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from attrs import field, frozen

from selfheal_rules.compile import Program
from selfheal_rules.decide.control import Act
from selfheal_rules.decide.decision import Disposition, OutcomeStatus, Status
from selfheal_rules.events import Event, State
from selfheal_rules.model import RuleSet
from selfheal_rules.policy import Policy
from selfheal_rules.source import NOWHERE, Source, Span
from selfheal_rules.values import EMPTY, FrozenMap, Value

Also: TypeAlias = Literal["crash_each_step", "duplicate_each_event", "reorder_ties", "durable_engine"]
Side: TypeAlias = Literal["expect", "suppressed", "held"]

ALSO: tuple[Also, ...] = get_args(Also)
START = datetime(2026, 1, 1, tzinfo=UTC)
"""When the virtual clock starts, unless a file says otherwise."""

SIDES: FrozenMap = FrozenMap(
    {"expect": ("allowed", "shadowed"), "suppressed": ("suppressed", "rejected"), "held": ("held", "needs_approval")}
)
"""Which verdicts each list of a step speaks of: what would be done, what never will be, what waits."""
LISTS: tuple[Side, ...] = get_args(Side)
COVERED = ("rules", "leaves", "windows", "guards", "outcomes", "mutation")
"""What a file can ask a share of, in percent."""


def _span() -> Span:
    return field(default=NOWHERE, eq=False, repr=False, kw_only=True)


@frozen
class Wanted:
    """
    A decision as a test speaks of it: each word that is said must fit, and what is not said may be anything.

    .. code-block:: yaml

        {do: compute.fence, target: c1, rule: heal-dead-host, step: fence, attempt: 1, with: {…}, by: limit, at: 2m}
    """

    words: FrozenMap
    """The words that are said, in the order they stand in."""
    side: Side = "expect"
    span: Span = _span()


@frozen
class Answer:
    """`{result: done, do: compute.fence, target: c1}`: an executor tells how the latest such decision went."""

    status: OutcomeStatus
    of: Wanted
    detail: str = ""
    retryable: bool = False


@frozen
class Said:
    """`{control: approve, do: compute.fence, target: c1, who: ann}`: a person says something to the engine."""

    act: Act
    who: str
    why: str
    subject: str = ""
    of: Wanted | None = None
    """The decision that is meant, where the act is about one."""
    until: timedelta | None = None


@frozen
class Input:
    """One thing that is given to the engine at `at` after the start; `disposition` is what must become of it."""

    at: timedelta
    given: Event | State | Answer | Said
    disposition: Disposition | None = None
    span: Span = _span()


@frozen
class Held:
    """`{state: host.dead, with: {host: c1}}`: such a state holds by then; `cleared: true`: none does."""

    kind: str
    fields: FrozenMap = EMPTY
    cleared: bool = False
    span: Span = _span()


@frozen
class WhyNot:
    """`{rule: dead-host, target: c1, failed: within, miss: 1s}`: why a rule did not fire, and by how much it missed."""

    rule: str
    target: Value = None
    failed: str = ""
    miss: timedelta | float | None = None
    span: Span = _span()


@frozen
class Step:
    """
    One moment of a case: the clock is set to `t`, the inputs are given, then what was decided is looked at.

    `wanted` is None where the step says nothing of decisions: those are left to the next step that does.
    """

    t: timedelta
    inputs: tuple[Input, ...] = ()
    wanted: tuple[Wanted, ...] | None = None
    ordered: bool = False
    holds: tuple[Held, ...] = ()
    why_not: tuple[WhyNot, ...] = ()
    span: Span = _span()


@frozen
class Case:
    """
    One story: what held before, what happens, what must be decided.

    `policy` is None where no site could enforce the rule sets as they are: nothing is `allowed` then, only `shadowed`.
    """

    name: str
    program: Program = field(eq=False, repr=False)
    steps: tuple[Step, ...]
    given: tuple[Input, ...] = ()
    policy: Policy | None = None
    start: datetime = START
    also: tuple[Also, ...] = ()
    skip: str = ""
    settings: FrozenMap = EMPTY
    """What the engine is made with: `max_age`, `max_ahead`."""
    notes: tuple[str, ...] = ()
    span: Span = _span()


@frozen
class Suite:
    """One file of tests; `coverage` are the shares it asks for, in percent, by what is covered."""

    source: Source
    cases: tuple[Case, ...]
    coverage: FrozenMap = EMPTY
    span: Span = _span()

    @property
    def measured(self) -> tuple[RuleSet, ...]:
        """The rule sets these are the tests of: those beside the file, or all where none is; others are company."""
        rulesets = self.cases[0].program.rulesets
        here = _folder(self.source)
        return tuple(one for one in rulesets if _folder(one.span.source) == here) or rulesets


def _folder(source: Source) -> str:
    return normpath(Path(source.name).parent)


STATUSES: tuple[Status, ...] = get_args(Status)
DISPOSITIONS: tuple[Disposition, ...] = get_args(Disposition)
