"""What the engine says: decisions, each with its reason and its verdict, and what comes back of them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, get_args

from attrs import field, frozen

from selfheal_rules.compile.plan import Branching, Ruling
from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import Event, frozen_time
from selfheal_rules.match.judge import Found, order_of
from selfheal_rules.match.rows import Occurrence, Support, evidence_of, fingerprint
from selfheal_rules.values import EMPTY, FrozenMap, Value, canonical, moment
from selfheal_rules.vocabulary import write_duration

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


SHADOWED = Verdict("shadowed", "mode", "decided, not to be carried out: no site policy enforces this rule set")
UNTARGETED = Verdict("rejected", "target", "the target cannot be told from the evidence")
OVERLOADED = Verdict("held", "overload", "one input led to more conclusions than the engine draws at once")
SATURATED = Verdict("held", "memory", "no room is left to remember which events were seen")


def _outcome_status(status: OutcomeStatus) -> OutcomeStatus:
    if status in get_args(OutcomeStatus):
        return status
    message = f"outcome status {status!r} is not one of {', '.join(get_args(OutcomeStatus))}"
    raise EventError(message, field="status")


@frozen
class Outcome:
    """What became of a decision, as an executor reports it; it is an input of the engine like any item."""

    decision_id: str
    status: OutcomeStatus = field(converter=_outcome_status)
    time: datetime = field(converter=frozen_time)
    detail: str = ""
    retryable: bool = False
    attempt: int | None = None
    """Which attempt it speaks of; None: the latest."""


@frozen
class Evidence:
    """
    One item a decision rests on, under the alias the rule gives it.

    `because` is what it was itself concluded from, down to items that were posted; `rule` is the rule that did.
    """

    alias: str
    form: str
    kind: str
    source: str
    id: str
    key: tuple[Value, ...]
    time: datetime
    fields: FrozenMap = field(default=EMPTY, repr=False)
    rule: str = ""
    because: "tuple[Evidence, ...]" = ()

    @property
    def label(self) -> str:
        """The item in a few words."""
        if self.form == "event":
            return f"{self.kind} {self.id if not self.rule else ''}".rstrip()
        return f"{self.kind} {', '.join(v if isinstance(v, str) else canonical(v) for v in self.key)}".rstrip()

    def to_json(self) -> dict[str, Any]:
        """Give the evidence as `--format json` prints it."""
        return {
            "alias": self.alias,
            "form": self.form,
            "kind": self.kind,
            "source": self.source,
            "id": self.id,
            "key": _plain(self.key),
            "time": self.time.isoformat(),
            "fields": _plain(self.fields),
            "rule": self.rule,
            "because": [evidence.to_json() for evidence in self.because],
        }


def evidence(alias: str, row: Any) -> Evidence:
    """Give a row as evidence, with the causes of what was concluded."""
    rule, because = "", tuple[Evidence, ...]()
    row = _row(row)
    if row.maker is not None:
        rule, because = row.maker[1], explain(row.maker[3], row.maker[4])
    elif isinstance(row.cause, Support):
        rule, because = row.cause.name, explain(row.cause.aliases, row.cause.rows)
    elif row.kind == "count":
        because = tuple(Evidence("", "event", "", source, id_, (), moment(at)) for at, _, _, source, id_ in row.cause)
    form = "event" if row.key is None else "count" if row.kind == "count" else "state"
    return Evidence(
        alias, form, row.kind, row.source, row.id, row.values, moment(row.at), FrozenMap(row.fields), rule, because
    )


def explain(aliases: Iterable[str], rows: Iterable[Any]) -> tuple[Evidence, ...]:
    """Give the rows of a match as evidence, in the order of the rule."""
    return tuple(evidence(alias, row) for alias, row in zip(aliases, rows, strict=False) if alias != "#wait")


@frozen
class Written:
    """What a snapshot keeps of the branch and rule of a firing."""

    aliases: tuple[str, ...]
    key: tuple[Value, ...] = ()
    ruleset: str = ""
    name: str = ""

    def values(self, _: object) -> tuple[Value, ...]:
        """Give the key as it was written."""
        return self.key


class Opening:
    """
    The first firing of a (rule, key): what an episode and all its decisions are named after.

    Most are never asked for their id, their key or their reasons: until then it holds no more than what fired.
    """

    __slots__ = ("_branch", "_id", "_others", "_ruling", "_values", "at", "rows")

    def __init__(self, ruling: Ruling | Written, branch: Branching | Written, rows: tuple[Any, ...], at: int) -> None:
        """Remember what fired."""
        self._ruling = ruling
        self._branch = branch
        self.rows = rows
        self.at = at
        self._others: list[Found] | None = None

    def among(self, found: list[Found]) -> None:
        """Leave open which of the matches that fire together is the first, until someone asks."""
        self._others = found

    def _choose(self) -> None:
        found, self._others = self._others, None
        if found:
            found.sort(key=order_of)
            self._branch, self.rows = found[0][0], found[0][1]
            self._others = found[1:]

    def __reduce__(self) -> tuple[Any, ...]:
        """Write names and the key instead of the code that reckons them."""
        others = [(Written(branch.aliases), _frozen(rows), None) for branch, rows, _ in self.others]
        written = Written(self.aliases, self.values, self.ruleset, self.rule)
        return _opening, (written, _frozen(self.rows), self.at, others)

    @property
    def ruleset(self) -> str:
        """The name of the rule set."""
        return self._ruling.ruleset

    @property
    def rule(self) -> str:
        """The id of the rule."""
        return self._ruling.name

    @property
    def others(self) -> list[Found]:
        """What fired beside the first match."""
        found = self._others
        if found and found[0][1] is self.rows:
            self._choose()
        return self._others or []

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases of the rows."""
        return self._branch.aliases

    @property
    def values(self) -> tuple[Value, ...]:
        """The values of the rule's key."""
        try:
            return self._values
        except AttributeError:
            self._values: tuple[Value, ...] = self._branch.values(self.rows)
            return self._values

    @property
    def id(self) -> str:
        """The id of the episode."""
        try:
            return self._id
        except AttributeError:
            self._id: str = fingerprint(self.ruleset, self.rule, list(self.values), self.evidence)
            return self._id

    @property
    def evidence(self) -> list[Value]:
        """The evidence in its canonical form."""
        self.others  # noqa: B018 - the first is chosen
        return evidence_of(self.aliases, self.rows)

    @property
    def because(self) -> tuple[Evidence, ...]:
        """The opening match, then what else fired or would have fired with it."""
        others = self.others
        found = explain(self.aliases, self.rows)
        known = {(one.kind, one.source, one.id, one.key) for one in found}
        for branch, rows, _ in others:
            found += tuple(e for e in explain(branch.aliases, rows) if (e.kind, e.source, e.id, e.key) not in known)
        return found


def _opening(written: Written, rows: tuple[Any, ...], at: int, others: list[Any]) -> Opening:
    opening = Opening(written, written, rows, at)
    opening.among(others)
    return opening


def _frozen(rows: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(map(_row, rows))


def _row(row: Any) -> Any:
    return Occurrence(row.kind, row.source, row.id, row.fields, row.at, 0) if isinstance(row, Event) else row


class Decision:
    """
    One remediation step the rules ask for; it never changes.

    `id` stays the same whenever the step is issued again; `attempt` counts. `because` explains it; ids and reasons are
    reckoned when they are first read.
    """

    __slots__ = ("_opening", "action", "at", "attempt", "params", "step", "target", "verdict")

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
    ) -> None:
        """Record what is asked for."""
        self._opening = opening
        self.step = step
        self.action = action
        self.target = target
        self.params = params
        self.attempt = attempt
        self.at = at
        self.verdict = verdict

    @property
    def id(self) -> str:
        """The same for every attempt at the same step on the same target in the same episode."""
        return fingerprint(self._opening.id, self.step, self.target)

    @property
    def idempotency_key(self) -> str:
        """What an executor may be called once for."""
        return f"{self.id}/{self.attempt}"

    @property
    def rule(self) -> str:
        """The id of the rule."""
        return self._opening.rule

    @property
    def ruleset(self) -> str:
        """The name of the rule set."""
        return self._opening.ruleset

    @property
    def key(self) -> tuple[Value, ...]:
        """The key of the rule this is about."""
        return self._opening.values

    @property
    def episode(self) -> str:
        """The id of the episode it belongs to."""
        return self._opening.id

    @property
    def evidence(self) -> list[Value]:
        """The opening evidence in its canonical form."""
        return self._opening.evidence

    @property
    def because(self) -> tuple[Evidence, ...]:
        """What it rests on."""
        return self._opening.because

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
            "key": _plain(self.key),
            "step": self.step,
            "action": self.action,
            "target": _plain(self.target),
            "params": _plain(self.params),
            "because": [one.to_json() for one in self.because],
            "time": self.time.isoformat(),
            "verdict": self.verdict.status,
            "guard": self.verdict.guard,
            "reason": self.verdict.reason,
            "retry_at": _plain(self.verdict.retry_at),
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


def _plain(value: Value) -> object:
    """Give a value as JSON has it: a time as its ISO text, a duration as `1h30m`."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return write_duration(value)
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value


class Step:
    """What one input led to: its disposition, and the decisions in order."""

    __slots__ = ("decisions", "disposition")

    def __init__(self, disposition: Disposition, decisions: tuple[Decision, ...] = ()) -> None:
        """Say what became of an input."""
        self.disposition = disposition
        self.decisions = decisions

    def __iter__(self) -> Iterator[Decision]:
        """Go over the decisions."""
        return iter(self.decisions)

    def __len__(self) -> int:
        """Count the decisions."""
        return len(self.decisions)

    def __repr__(self) -> str:
        """Show both."""
        return f"Step({self.disposition!r}, {self.decisions!r})"


UNMATCHED = Step("unmatched")
MATCHED = Step("matched")
DUPLICATE = Step("duplicate")
STALE = Step("stale")
AHEAD = Step("ahead")
"""Shared: what most inputs lead to."""
