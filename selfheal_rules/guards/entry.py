"""
What is known of a guard: the words it takes, and, of one that another package brings, how it judges.

A guard of another package can hold a step or refuse it, and nothing else: it is asked behind our own, of what it is
handed it can change nothing, and what it remembers is plain values, which stand in every snapshot under its name.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from attrs import field, frozen

from selfheal_rules.actions import Param
from selfheal_rules.values import EMPTY, FrozenMap, Value
from selfheal_rules.vocabulary import ANY, STRING, FieldType

_FAILS = "Whether it lets a step pass (`open`) or holds it (`closed`) where it cannot tell."
BY = Param(FieldType("list", element=ANY), "What is counted apart.")
FAILS = Param(FieldType("enum", ("open", "closed")), _FAILS)
OF = Param(ANY, "The population it looks at.", required=True)
FRESH = Param(FieldType("duration"), "How old what is known of the population may be.")
SETTLED: Mapping[str, Param] = FrozenMap({"of": OF, "by": BY, "fresh": FRESH, "fails": FAILS})
"""The words that mean the same beside every guard; the library sees to them."""
TYPES = frozenset({"string", "integer", "number", "boolean", "duration", "enum", "list"})
"""What the setting of a guard may be."""


@frozen
class Candidate:
    """
    One attempt at a step that asks to be issued, as a guard of another package sees it.

    `given` are the settings of the guard by their words, its own among them; a setting that is not written is missing.
    `by` is what it counts apart, or the target where it says nothing. `since` is when the episode opened, `shadow`
    whether the step would only be decided. `healthy` of `total` are its population (None: it looks at none).
    """

    ruleset: str
    rule: str
    step: str
    action: str
    target: Value
    params: FrozenMap
    attempt: int
    episode: str
    since: datetime
    shadow: bool
    given: FrozenMap
    by: tuple[Value, ...]
    healthy: int | None = None
    total: int | None = None


@frozen
class Hold:
    """Not now: it is judged again at `until` (aware, later than now), or sooner where what it goes by changes."""

    reason: str
    until: datetime


@frozen
class Refuse:
    """Not at all; `escalates` where people have to know, so that the episode goes to `else`."""

    reason: str
    escalates: bool = False


@frozen
class Doubt:
    """It cannot tell: the step is held, unless the guard is written with `fails: open`."""

    reason: str


Answer: TypeAlias = Hold | Refuse | Doubt | None
"""None: it has nothing against it."""
Judge: TypeAlias = Callable[[Candidate, Value, datetime], Answer]
"""(step, what it remembers of what it goes by, now) → whether it may be issued."""
Begun: TypeAlias = Callable[[Candidate, Value, datetime], object]
"""(step that every guard lets through, what it remembers, now) → what it remembers from now on."""
Ended: TypeAlias = Callable[[FrozenMap, Value, bool, datetime], object]
"""(settings, what it remembers, whether the attempt worked, now) → what it remembers from now on."""


@frozen
class GuardType:
    """
    One guard by its first word.

    `own` is the type of the value beside that word, `words` what else may stand there; `any` are a share, a list or
    several types, which have checks of their own. `unless` goes on with "let through unless …". `by_target`: it goes by
    the target where it says nothing else. `opens`: it judges how an episode begins, not what follows.

    Of a guard that another package brings: `judge`, `begun` and `ended` are pure (no clock, no chance, no look outside;
    what a step is judged by is handed over), and what they remember is None, texts, numbers, times, lists and mappings
    of those. It is forgotten once nothing was written for the longest duration among the settings and `keep`. `counts`:
    it looks at a population, under `of`. `version` changes with what it means or remembers; `reads` are the earlier
    versions whose memory it understands.

    Raises:
        ValueError: where it could not be written in a rule.
    """

    name: str
    doc: str
    own: FieldType
    words: FrozenMap = EMPTY  # word → Param
    unless: str = ""
    by_target: bool = True
    opens: bool = False
    judge: Judge | None = field(default=None, eq=False, repr=False)
    begun: Begun | None = field(default=None, eq=False, repr=False)
    ended: Ended | None = field(default=None, eq=False, repr=False)
    counts: bool = False
    keep: timedelta = timedelta(days=1)
    version: int = 1
    reads: tuple[int, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Refuse what could not be written, nor told apart from what means something else."""
        if self.is_brought:
            self._refuse()
            shared = {word: one for word, one in SETTLED.items() if self.counts or word not in {"of", "fresh"}}
            object.__setattr__(self, "words", FrozenMap({**self.words, **shared}))

    def _refuse(self) -> None:
        own = {word: one for word, one in self.words.items() if one is not SETTLED.get(word)}
        taken = [word for word in own if word in SETTLED or word in {self.name, "action"}]
        types = {self.name: self.own, **{word: one.type for word, one in own.items()}}
        odd = [word for word, one in types.items() if one.name not in TYPES or (one.element or STRING) != STRING]
        if taken:
            message = f"`{taken[0]}` of guard `{self.name}` is a word of every guard"
            raise ValueError(message)
        if odd:
            message = f"`{odd[0]}` of guard `{self.name}` is of type {types[odd[0]]}, and no setting is"
            raise ValueError(message)
        if not (self.doc and self.unless):
            message = f"guard `{self.name}` needs `doc`, and `unless`: what it says of a step goes on with it"
            raise ValueError(message)

    @property
    def is_brought(self) -> bool:
        """Whether another package brings it."""
        return self.judge is not None

    @property
    def needed(self) -> tuple[str, ...]:
        """The words it means nothing without."""
        return tuple(word for word, one in self.words.items() if one.required)
