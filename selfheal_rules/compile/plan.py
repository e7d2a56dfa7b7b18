"""
What a program is made of: numbered parts, branches and rules, with the generated functions the engine calls.

Nothing here changes or remembers: memories are arguments. A *row* has `kind source id key fields at turn time`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from attrs import field, frozen

from selfheal_rules.compile.columns import Fold
from selfheal_rules.model import Conclude, Do, Rule, RuleSet
from selfheal_rules.model import Test as Leaf
from selfheal_rules.values import EMPTY, FrozenMap
from selfheal_rules.vocabulary import Kind

Rows: TypeAlias = tuple[Any, ...]
RowKey: TypeAlias = Callable[[Any], Any]
Find: TypeAlias = Callable[[Any, Any], list[Rows]]
"""(seed row, memory) → the assignments it completes."""
Test: TypeAlias = Callable[[Rows, Any], bool]
Again: TypeAlias = Callable[[Rows, Any], int]
"""(rows, memory) → 0 where nothing blocks, else the next instant at which that may change by itself."""
Best: TypeAlias = Callable[[Rows, Any], Any]
Build: TypeAlias = Callable[[Rows], Any]
Make: TypeAlias = Callable[..., Callable[..., Any]]
"""(what its lines read, by their words) → a function over one engine: see `roads`."""

NEVER = 1 << 62
"""A time no timer is set for."""


@frozen
class Look:
    """One lookup among the rows of a part: by the values at these paths, or over all of them where there are none."""

    alias: str
    part: int
    paths: tuple[tuple[str, ...], ...]
    exchange: int = -1
    """The exchange that is asked; -1 where every row is tried, or a group made by asking for it."""


@frozen(eq=False, repr=False)
class Seed:
    """A branch to try when a row of a part is new: `find` gives the assignments in which it takes part."""

    rule: int
    branch: int
    find: Find
    late_only: bool = False
    """In a sequence, an event that is not last can only complete a match when it comes late."""
    level: bool = False
    """Whether a row that merely changes may complete a match, too."""
    looks: tuple[Look, ...] = ()
    """What `find` looks up, in order."""


@frozen(eq=False, repr=False)
class Probe:
    """Seeds worth trying only where the exchange holds a row of their partner part under the key."""

    exchange: int
    key: RowKey
    partners: Mapping[int, tuple[Seed, ...]]


@frozen(eq=False, repr=False)
class Watch:
    """
    A branch whose matches must be judged again when a row of a negative (or picked) part changes.

    The matches are those of the rows found in `exchange` under `key` of part `part`; of all rows where there is no key.
    """

    rule: int
    branch: int
    part: int = -1
    exchange: int = -1
    key: RowKey | None = None


@frozen(eq=False, repr=False)
class Counted:
    """How the rows of a part are counted: by group, over a window, held against bounds."""

    part: int
    group: RowKey
    names: tuple[str, ...]
    literal: bool
    """Whether the key of a group is its values: none is of a type whose values need keeping apart."""
    within: int | None
    measure: Callable[[list[Any]], Any]
    """The samples (at, turn, value) in order → the number, or None for unknown."""
    value: Callable[[Any, Any], Any] | None
    """(row, now) → the value of a sample; None where rows are only counted."""
    accept: Callable[[Any], bool | None]
    """The number → whether the bounds hold; None where it is unknown."""
    early: Callable[[Any], bool | None]
    """The same before the window has been watched to its end: `at_most` and `less_than` are unknown."""
    output: str
    falling: bool
    rising: bool
    """Only `at_least` and `more_than` on a count: leaving the window can never make it true."""
    least: int
    """Where only `at_least` or `more_than` bound a plain count: how many it takes."""
    distinct: bool
    """Whether different values are counted: the measure of samples is how many they are."""
    open: bool
    """Whether a group nothing fills exists: its whole key comes from joins, or it has none."""


@frozen(eq=False, repr=False)
class Taker:
    """A part as the door of its kinds sees it: its number and constant leaves."""

    part: int
    tests: tuple[Leaf, ...]
    negative: bool
    rules: RuleSet


@frozen(eq=False, repr=False)
class Part:
    """One source of rows: a pattern's leaves over some kinds, or a count over another part."""

    number: int
    form: str
    kinds: tuple[str, ...]
    negative: bool
    held: int = 0
    keep: int = 0
    """Microseconds past its time for which an event row may still take part."""
    late: bool = False
    """Whether it may take part even longer, by events that come late."""
    indexes: tuple[tuple[int, RowKey], ...] = ()
    ages: tuple[tuple[tuple[str, ...], int, bool], ...] = ()
    """(path, microseconds, whether past it rather than at it): when a row may come or go by itself."""
    seeds: tuple[Seed, ...] = ()
    probes: tuple[Probe, ...] = ()
    watches: tuple[Watch, ...] = ()
    counts: tuple[int, ...] = ()
    counted: Counted | None = None
    taker: Taker | None = None
    """The constant leaves of its pattern; None where it counts, or is a row that waits."""
    heeded: bool = True
    """Whether something besides a step reads the number that is counted: only then does another number matter."""
    scanned: bool = False
    """Whether some join goes over all its rows."""
    lazy: bool = False
    """Whether only an event that comes late can ever look its rows up: they are indexed when one does."""
    hold: Make | None = None
    """Makes what has an event wait that comes in time, and gives its row."""
    road: Make | None = None
    """Makes all an event does that comes in time, passed its leaves and can fire no rule but one: event → step."""
    fires: Seed | None = None
    """What may fire on its road; None where it only waits."""
    era: int = 0
    """Since which change of rules it has been watched (see `arrangement`)."""

    def begun(self) -> Iterator[Seed]:
        """Give every seed a new row is tried as, those with a partner to look for first among them."""
        yield from self.seeds
        for probe in self.probes:
            for some in probe.partners.values():
                yield from some


@frozen(eq=False, repr=False)
class Forward:
    """A `none` at the end of a sequence: judged `within` after the stage before it."""

    stage: tuple[int, ...]
    """Where the rows of the last stage stand in the match."""
    within: int
    blocks: tuple[Again, ...]


@frozen(eq=False, repr=False)
class Branching:
    """One branch of a rule, ready to be judged."""

    number: int
    rule: int
    parts: tuple[int, ...]
    aliases: tuple[str, ...]
    level: bool
    verify: Test
    held: int = 0
    inner: tuple[Again, ...] = ()
    outer: tuple[Again, ...] = ()
    between: tuple[Again, ...] = ()
    """The `none`s between two stages of a level match: judged once, when it is complete."""
    lasting: tuple[Again, ...] = ()
    """The negatives over states: what may still block the support of a match that was judged once."""
    picks: tuple[Best, ...] = ()
    fits: Test | None = None
    """Whether the picked rows still go with the others."""
    picked: Test | None = None
    """The formulas that name a picked row."""
    forward: Forward | None = None
    key: Build = field(default=lambda _: ())
    values: Build = field(default=lambda _: ())
    """The values of the rule's key; `key` keeps 1, 1.0 and true apart."""
    plain: bool = False
    """Whether every row of its only part is a match."""
    bare: bool = True
    """Whether a found assignment is a match as it stands."""
    grouped: bool = False
    """Whether its only row is a group of a count over events that no other group shares the rule's key with."""
    remembers: bool = False
    """Whether an assignment may be found again: events that are kept, beside rows that may come again."""
    still: Build = field(default=lambda rows: rows)
    """The rows as they are now: those of states and counts would change with later updates."""
    timed: bool = False
    """Whether a condition with `within` is in it: what it concludes lasts `ttl` longer."""
    looks: tuple[Look, ...] = ()
    """What its negatives and picks look up, each time it is judged."""
    say: Make | None = None
    """Of a rule that closes as it opens: makes what decides on a match, (rows, now, caution) → decisions."""


@frozen(eq=False, repr=False)
class Conclusion:
    """One `conclude` of a rule: what it says and for how long."""

    step: Conclude
    name: str
    kind: Kind
    fields: Mapping[int, Build]
    """Per branch: rows → the fields of what follows."""
    ttl: int | None
    total: bool = False
    """Whether every field always has a value."""
    after: tuple[int, ...] = ()
    fold: Fold | None = None
    """Of an event that only rules take which close as they open: what they are told instead."""


@frozen(eq=False, repr=False)
class Action:
    """One `do` of a rule (or of its `else`)."""

    step: Do
    action: str
    name: str
    index: int
    after: tuple[int, ...]
    target: Mapping[int, Build]
    params: Mapping[int, Build] | None
    deadline: int | None
    times: int = 0
    backoff: int = 0
    cap: int = NEVER
    jitter: float = 0.0
    confirm: int = -1
    awaits: Mapping[int, Build] | None = None
    destructive: bool = True
    acting: bool = True
    """Whether it touches anything at all."""


@frozen(eq=False, repr=False)
class Recovery:
    """The `outcome` of a rule: the hidden rule that sees it healthy, by when, and what is done otherwise."""

    healthy: int
    awaits: Mapping[int, Build]
    within: int
    otherwise: tuple[Action, ...]


@frozen(eq=False, repr=False)
class Census:
    """A population that guards count: states of some kinds, those that `fits`, by the fields in `by`."""

    fits: Mapping[str, Callable[[Any, int], Any]]
    """Kind → (record, now) → something where the record counts as healthy, else None."""
    by: tuple[str, ...] = ()


@frozen(eq=False, repr=False)
class Guarding:
    """One guard of a rule or of the site: its settings as numbers, durations in microseconds."""

    name: str
    owner: str
    """`RULESET/RULE`, or `site`: what shares its budget."""
    amount: float = 0
    percent: bool = False
    per: int = 0
    wait: int = 0
    """What is written under `for`."""
    cap: int = NEVER
    fresh: int = NEVER
    jitter: float = 0.0
    by: tuple[str, ...] = ()
    scope: Mapping[int, Build] | None = None
    """Per branch: rows → the values it goes by; None where it goes by the target, or by what the site knows of it."""
    census: Census | None = None
    is_open: bool = False
    """Whether it lets pass what it cannot tell."""
    actions: tuple[str, ...] = ("*",)
    key: str = ""
    """What tells its budget from others: who has it, what it is, what it goes by, and for which actions."""
    keep: int = 0
    """How far back any guard of this key looks."""
    by_target: bool = False
    """Whether it goes by the target where it says nothing else; the others go by nothing, and count all together."""
    given: FrozenMap = EMPTY
    """The settings of a guard that another package brings, by their words."""


@frozen(eq=False, repr=False)
class Ruling:
    """
    One rule, ready to run; rules that conclude come first, by level, so numbers are the order of judgement.

    A hidden rule (`watcher`) confirms a step or sees an episode healthy; its first part is the row that waits.
    """

    number: int
    rule: Rule
    name: str
    ruleset: str
    order: int
    branches: tuple[int, ...]
    steps: tuple["Action | Conclusion", ...] = ()
    recovery: Recovery | None = None
    every: tuple["Action | Conclusion", ...] = ()
    """Its steps, followed by those of its `else`."""
    watcher: bool = False
    concludes: bool = False
    simple: bool = False
    """One step or more, none waiting for anything: its episode closes as it opens."""
    actions: tuple[Action, ...] = ()
    """The steps, where all are to be done."""
    fixed: bool = False
    """Simple, and what it does is told by its key alone, whichever match fires first."""
    digest: str = ""
    guards: tuple[Guarding, ...] = ()
    scopes: Mapping[int, Build] = field(factory=dict)
    """Per branch: rows → what its guards go by, each in its place, where it has any."""
    acts: bool = False
    """Whether any of its steps touches something."""
    rests: tuple[tuple[int, ...], ...] = ()
    """By step, those whose confirmation by states must still be so when it is done."""
    era: int = 0
    parts: tuple[int, ...] = ()
    """Every part it asks, in the order it was lowered in: equal rules ask as many, in the same order."""
    lingers: bool = False
    """Whether it is of an earlier program, and only carries its open episodes to their end."""

    @property
    def hidden(self) -> tuple[int, ...]:
        """The numbers of the hidden rules that confirm its steps and see it healthy."""
        ending = self.recovery
        steps = [step.confirm for step in self.steps if isinstance(step, Action)]
        steps += [ending.healthy, *(step.confirm for step in ending.otherwise)] if ending else []
        return tuple(number for number in steps if number >= 0)


@frozen(eq=False, repr=False)
class Entry:
    """The door of one kind: what it must fit and which parts take an item of it (None: no part does)."""

    kind: Kind
    probe: Callable[[Any, Any], Any]
    """(item, now) → the numbers of the parts that take it, or None."""
    taken: bool = True
    """Whether some part may take an item of the kind."""
    always: tuple[int, ...] | None = None
    """The parts that take every item of the kind, where no part of it has a leaf to look at."""
    sole: int | None = None
    """The only part that may take an item of the kind, if there is just one."""
    way: Make | None = None
    """Makes all an event of the kind does that comes in time, where its only part has a road: event → step."""


@frozen(eq=False, repr=False)
class Plan:
    """All of it, by number."""

    entries: Mapping[str, Entry] = field(factory=dict)
    parts: tuple[Part, ...] = ()
    branches: tuple[Branching, ...] = ()
    rules: tuple[Ruling, ...] = ()
    exchanges: int = 0
    eras: int = 1
    """How many changes of rules, the start among them, its memories date from."""
    waiting: Mapping[int, int] = field(factory=dict)
    """Hidden rule → the part its waiting row stands in."""
    flushes: Mapping[str, int] = field(factory=dict)
    """Concluded state kind → the number of the rule before which its changes are told."""
    source: str = field(default="", repr=False)
    """The generated Python."""
