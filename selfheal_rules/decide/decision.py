"""What the engine says: decisions, each with its reason and its verdict, and what comes back of them."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeAlias, get_args

from attrs import Attribute, field, frozen

from selfheal_rules.decide.errand import Errand, Followed
from selfheal_rules.decide.evidence import Evidence, plain
from selfheal_rules.decide.opening import Opening
from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import frozen_time
from selfheal_rules.match.rows import fingerprint
from selfheal_rules.values import FrozenMap, Value, moment

Status: TypeAlias = Literal["allowed", "shadowed", "suppressed", "held", "needs_approval", "rejected"]
Disposition: TypeAlias = Literal["matched", "unmatched", "duplicate", "stale", "ahead", "blocked", "overload"]
OutcomeStatus: TypeAlias = Literal["done", "failed", "refused", "dry_run", "unconfirmed"]


@frozen
class Verdict:
    """Whether a decision may be carried out (only `allowed` may), which guard says so, and why."""

    status: Status
    guard: str
    reason: str
    retry_at: datetime | None = None
    scope: Value = field(default=None, repr=False)
    """What the guard goes by: of what one guard holds under one scope, the first is looked at again first."""
    escalates: bool = field(default=False, repr=False)
    """Whether a step that is refused so leads to `else`, even where nothing was done yet."""
    late: bool = field(default=False, repr=False)
    """Whether it is refused for no more than that it came too late: people are told, and nothing else is done."""


ALLOWED = Verdict("allowed", "mode", "every guard lets it through, and the site enforces this rule set")
SHADOWED = Verdict("shadowed", "mode", "decided, not to be carried out: no site policy enforces this rule set")
UNTARGETED = Verdict("rejected", "target", "the target cannot be told from the evidence")
WITHDRAWN = Verdict("suppressed", "withdrawn", "its cause is gone, and nothing destructive was done about it yet")
UNDONE = Verdict("suppressed", "confirm", "what it rests on was confirmed, and is not so any more")
SUPERSEDED = Verdict("suppressed", "superseded", "its episode has ended or gone on to `else`")
REPLACED = Verdict("suppressed", "replaced", "its rule was changed or is gone, and nothing was done about it yet")
OVERLOADED = Verdict("held", "overload", "one input led to more conclusions than the engine draws at once")
SATURATED = Verdict("held", "memory", "no room is left to remember which events were seen")


def _outcome_status(status: OutcomeStatus) -> OutcomeStatus:
    if status in get_args(OutcomeStatus):
        return status
    message = f"outcome status {status!r} is not one of {', '.join(get_args(OutcomeStatus))}"
    raise EventError(message, field="status")


def _of_type(*types: type) -> Callable[[object, "Attribute[Any]", object], None]:
    def check(_: object, attribute: "Attribute[Any]", value: object) -> None:
        if value.__class__ not in types:
            found, wanted = type(value).__name__, types[0].__name__
            message = f"`{attribute.name}` of an outcome is {value!r}, of type {found}, not {wanted}"
            raise EventError(message, field=attribute.name)

    return check


@frozen
class Outcome:
    """What became of a decision, as an executor reports it; it is an input of the engine like any item."""

    decision_id: str = field(validator=_of_type(str))
    status: OutcomeStatus = field(converter=_outcome_status)
    time: datetime = field(converter=frozen_time)
    detail: str = field(default="", validator=_of_type(str))
    retryable: bool = field(default=False, validator=_of_type(bool))
    attempt: int | None = field(default=None, validator=_of_type(int, type(None)))
    """Which attempt it speaks of; None: the latest."""

    @classmethod
    def of(
        cls, decision: "Decision", status: OutcomeStatus, time: datetime, detail: str = "", *, retryable: bool = False
    ) -> "Outcome":
        """Give what became of the attempt a decision is."""
        return cls(decision.id, status, time, detail, retryable, decision.attempt)


class Issued:
    """One word on a step of an episode: which step, which attempt at it, and how often that was told."""

    __slots__ = ("action", "attempt", "step", "words")

    def __init__(self, step: str, action: str, attempt: int, words: int) -> None:
        """Say which."""
        self.step = step
        self.action = action
        self.attempt = attempt
        self.words = words


_WRITTEN = ("action", "at", "attempt", "params", "step", "target", "verdict", "words")
"""What a snapshot keeps of a decision, beside what fired."""


class Decision:
    """
    One remediation step the rules ask for; it never changes.

    `id` stays the same whenever the step is issued again; `attempt` counts. `because` explains it; ids and reasons are
    reckoned when they are first read. What all decisions on one step share is in its `errand`, and the firing is made
    of the `rows` that fired once somebody asks: most decisions are no more than what tells them apart.
    """

    __slots__ = ("_opening", "at", "errand", "params", "rows", "target", "verdict")

    _opening: Opening
    errand: Issued | Errand | Followed
    rows: Any
    target: Value
    params: FrozenMap
    at: int
    verdict: Verdict

    def __init__(
        self,
        opening: Opening,
        step: str,
        action: str,
        target: Value,
        params: FrozenMap,
        attempt: int,
        at: int,
        verdict: Verdict,
        words: int = 1,
    ) -> None:
        """Record what is asked for, how often it was told with this attempt, and what fired."""
        self._opening = opening
        self.errand = Issued(step, action, attempt, words)
        self.rows = ()
        self.target = target
        self.params = params
        self.at = at
        self.verdict = verdict

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """Write what fired instead of what can give it, which holds functions."""
        said = {name: getattr(self, name) for name in _WRITTEN}
        return None, {"_opening": self.opening, "_rows": (), **said}

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        """Take what was written."""
        said = state[1]
        self.__init__(said["_opening"], **{name: said[name] for name in _WRITTEN})  # type: ignore[misc]  # it was made blank

    @property
    def opening(self) -> Opening:
        """The firing it is of."""
        try:
            return self._opening
        except AttributeError:
            self._opening = self.errand.opening(self.rows, self.at)  # type: ignore[union-attr]  # else it has one
            self.rows = ()
            return self._opening

    @property
    def step(self) -> str:
        """The name of the step."""
        return self.errand.step

    @property
    def action(self) -> str:
        """What is to be done."""
        return self.errand.action

    @property
    def attempt(self) -> int:
        """Which attempt at the step it is; the first is 1."""
        return self.errand.attempt

    @property
    def words(self) -> int:
        """How often something was said of this attempt."""
        return self.errand.words

    @property
    def id(self) -> str:
        """The same for every attempt at the same step on the same target in the same episode."""
        return fingerprint(self.opening.id, self.step, self.target)

    @property
    def idempotency_key(self) -> str:
        """What an executor may be called once for."""
        return f"{self.id}/{self.attempt}"

    @property
    def rule(self) -> str:
        """The id of the rule."""
        return self.opening.rule

    @property
    def ruleset(self) -> str:
        """The name of the rule set."""
        return self.opening.ruleset

    @property
    def key(self) -> tuple[Value, ...]:
        """The key of the rule this is about."""
        return self.opening.values

    @property
    def episode(self) -> str:
        """The id of the episode it belongs to."""
        return self.opening.id

    @property
    def evidence(self) -> list[Value]:
        """The opening evidence in its canonical form."""
        return self.opening.evidence

    @property
    def because(self) -> tuple[Evidence, ...]:
        """What it rests on."""
        return self.opening.because

    @property
    def time(self) -> datetime:
        """When it was decided."""
        return moment(self.at)

    def to_json(self) -> dict[str, Any]:
        """Give the decision as the object `selfheal run --format json` prints."""
        return {
            "id": self.id,
            "attempt": self.attempt,
            "ruleset": self.ruleset,
            "rule": self.rule,
            "key": plain(self.key),
            "step": self.step,
            "action": self.action,
            "target": plain(self.target),
            "params": plain(self.params),
            "because": [one.to_json() for one in self.because],
            "time": self.time.isoformat(),
            "verdict": self.verdict.status,
            "guard": self.verdict.guard,
            "reason": self.verdict.reason,
            "retry_at": plain(self.verdict.retry_at),
            "episode": self.episode,
        }

    def __eq__(self, other: object) -> bool:
        """Compare by identity of the step and attempt, and by what was said of it."""
        return isinstance(other, Decision) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        """Hash by id and attempt."""
        return hash((self.id, self.attempt))

    def __repr__(self) -> str:
        """Show what is asked for."""
        return (
            f"<Decision {self.action} {self.target!r} by {self.rule} at {self.time.isoformat()}: {self.verdict.status}>"
        )


blank: Callable[[], Decision] = partial(object.__new__, Decision)
"""Makes a decision of nothing, for whoever says at once what it is of: half the price of a call of `Decision`."""


class Step(tuple[Decision, ...]):  # noqa: SLOT001 - a tuple with slots can hold nothing more, and most need not
    """What one input led to: the decisions in order, and the input's disposition."""

    disposition: Disposition = "matched"

    @classmethod
    def of(cls, disposition: Disposition, decisions: tuple[Decision, ...] = ()) -> "Step":
        """Say what became of an input."""
        step = cls(decisions)
        if disposition != "matched":
            step.disposition = disposition
        return step

    def __repr__(self) -> str:
        """Show both."""
        return f"Step.of({self.disposition!r}, {tuple(self)!r})"


UNMATCHED = Step.of("unmatched")
MATCHED = Step.of("matched")
DUPLICATE = Step.of("duplicate")
STALE = Step.of("stale")
AHEAD = Step.of("ahead")
"""Shared: what most inputs lead to."""
