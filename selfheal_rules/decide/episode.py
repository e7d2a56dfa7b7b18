"""One failure being dealt with: its steps, what they wait for, and how it ends. A snapshot writes it as it is."""

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from selfheal_rules.compile.plan import Action, Conclusion
from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.opening import Opening
from selfheal_rules.match.rows import Row, fraction
from selfheal_rules.values import EMPTY, FrozenMap

BEGUN = frozenset({"open", "verifying"})
"""The states of an episode in which nothing of `else` is issued."""
StepState: TypeAlias = Literal["waiting", "proposed", "held", "issued", "confirmed", "failed", "retrying", "dropped"]
EpisodeStatus: TypeAlias = Literal["open", "held", "verifying", "healed", "escalated", "stale", "quarantined", "closed"]


class Progress:
    """How far one step is."""

    __slots__ = (
        "answered", "attempt", "await_row", "awaits", "before", "decision", "due", "failed", "issued", "overdue",
        "params", "state", "target",
    )  # fmt: skip

    def __init__(self, target: Any, params: Any, awaits: Any) -> None:
        """Start as a step with its values fixed and nothing done."""
        self.target = target
        self.params = params
        self.awaits = awaits
        self.state: StepState = "waiting"
        self.answered = 0
        """The attempt whose executor has said that it is done, while its confirmation is awaited."""
        self.failed = 0
        """The latest attempt that is known to have failed."""
        self.attempt = 0
        self.before = 0
        """How many attempts there were before `else` was reached: people were told that something is held."""
        self.overdue = False
        """Whether guards have held this attempt for so long that people are told."""
        self.issued = 0
        self.due = 0
        self.await_row: Row | None = None
        self.decision: Decision | None = None


class Episode:
    """
    One (rule, key) from its first firing to its close.

    `steps` are those of `then`, followed by those of `else`; `escalating` tells whether the latter may be issued.
    """

    __slots__ = (
        "admitted", "destructive", "ending", "escalating", "health", "health_row", "judged", "key", "level", "number",
        "opening", "rule", "scopes", "shadowed", "status", "steps", "target", "verify_due",
    )  # fmt: skip

    def __init__(self, number: int, rule: int, key: Any, opening: Opening, *, level: bool) -> None:
        """Start with nothing issued."""
        self.number = number
        self.rule = rule
        self.key = key
        self.opening = opening
        self.level = level
        self.status: EpisodeStatus = "open"
        self.steps: list[Progress] = []
        self.target: Any = None
        self.admitted = False
        """Whether guards have let a step of it through: those that only judge how it begins are done with it."""
        self.judged = False
        """Whether guards were asked how it begins."""
        self.scopes: tuple[Any, ...] = ()
        """What the guards of the rule go by, each in its place."""
        self.destructive = False
        self.shadowed = False
        """Whether something of it that touches a thing was only shadowed: what rests on that is not done either."""
        self.escalating = False
        self.ending: EpisodeStatus = "escalated"
        """What it closes as once `else` is done."""
        self.health: Any = None
        self.health_row: Row | None = None
        self.verify_due = 0

    @property
    def only_held(self) -> bool:
        """Whether guards hold it, and have let through nothing of it that touches a thing."""
        return not (self.admitted or self.escalating) and any(one.state == "held" for one in self.steps)

    @property
    def closed(self) -> bool:
        """Whether nothing more will be done."""
        over = self.status in {"healed", "closed", "quarantined"}
        return over or (self.status in {"escalated", "stale"} and not self.escalating)

    def reach_else(self, steps: tuple[Action | Conclusion, ...], own: int, *, late: bool) -> None:
        """Have all of `else` be next; where it was too late for anything else, no more than what tells people."""
        self.escalating = True
        for step, progress in zip(steps[own:], self.steps[own:], strict=True):
            if late and not _is_told(step):
                progress.state = "dropped"
            elif progress.state in {"confirmed", "failed"}:
                progress.state, progress.before = "waiting", progress.attempt

    def helped(self, progress: Progress) -> bool | None:
        """Whether a step that is done has helped; None where what was to show it has not, and the cause is not gone."""
        return True if progress.state == "confirmed" or self.status == "healed" else None


def progress_of(step: Action | Conclusion, branch: int, rows: tuple[Row, ...]) -> Progress:
    """Give a step with the values it has in a match, and nothing done."""
    if isinstance(step, Conclusion):
        return Progress(None, step.fields[branch](rows), None)
    params: FrozenMap = step.params[branch](rows) if step.params else EMPTY
    return Progress(step.target[branch](rows), params, step.awaits[branch](rows) if step.awaits else None)


def shows_end(progress: Progress, turn: int) -> bool:
    """
    Whether its confirmation shows that a step is over.

    What was so before it began tells nothing of its end; but what is only shown nobody does, so nobody tells its end.
    """
    waited, said = progress.await_row, progress.decision
    is_shown = said is not None and said.verdict.status == "shadowed"
    return is_shown or progress.answered == progress.attempt or (waited is not None and waited.turn < turn)


def all_confirmed(steps: Iterable[Progress]) -> bool:
    """Whether every one of these steps is confirmed."""
    for progress in steps:  # noqa: SIM110 - `all` is three times the price, and this is asked at every step
        if progress.state != "confirmed":
            return False
    return True


def destroys(step: Action | Conclusion) -> bool:
    """Whether a step is destructive, as the catalogue of actions says."""
    return isinstance(step, Action) and step.destructive


def has_done(episode: Episode, steps: tuple[Action | Conclusion, ...], index: int) -> bool:
    """Whether a destructive step of an episode is confirmed, but for what was to come after this one."""
    known = enumerate(zip(steps, episode.steps, strict=True))
    done = (place for place, (step, progress) in known if progress.state == "confirmed" and destroys(step))
    return any(place == index or not comes_after(steps, place, index) for place in done)


def comes_after(steps: tuple[Action | Conclusion, ...], later: int, sooner: int) -> bool:
    """Whether a step comes after another, or after one that does."""
    return any(one == sooner or comes_after(steps, one, sooner) for one in steps[later].after)


def wait_before(step: Action, episode: str, attempt: int, seed: str) -> int:
    """Give the wait before the next attempt: doubled each time, drawn apart by jitter, at most the cap."""
    wait: int = step.backoff * 2 ** (attempt - 1)
    if step.jitter:
        wait += int(wait * step.jitter / 100 * fraction(seed, episode, step.name, attempt))
    return min(step.cap, wait)


def next_of(episode: Episode, steps: tuple[Action | Conclusion, ...], own: int) -> int | None:
    """Give the first step that may be issued; the first `own` are those of `then`, the others those of `else`."""
    known, begun = episode.steps, episode.status in BEGUN
    for index in range(own if episode.escalating else 0, own if begun else len(steps)):
        if known[index].state == "waiting":
            after, reached = steps[index].after, index < own or episode.escalating
            if reached and (not after or all(known[other].state == "confirmed" for other in after)):
                return index
            if index >= own and _tells(episode, steps, index):
                return index
    return None


def _tells(episode: Episode, steps: tuple[Action | Conclusion, ...], index: int) -> bool:
    """Whether a step of `else` touches nothing and all it waits for is done, or cannot be: people are told so."""
    step, known = steps[index], episode.steps
    return _is_told(step) and all(
        known[one].state == "confirmed" or _is_lost(episode, steps, one) for one in step.after
    )


def _is_told(step: Action | Conclusion) -> bool:
    """Whether a step touches nothing: all it does is that people are told."""
    return isinstance(step, Action) and not step.acting


def _is_lost(episode: Episode, steps: tuple[Action | Conclusion, ...], index: int) -> bool:
    """
    Whether a step of `else` was refused, is held for long, or touches something and waits for one that is so.

    Where `else` is not reached, and people are only told that something is held, all that touches anything is.
    """
    step, progress = steps[index], episode.steps[index]
    if progress.state in {"failed", "dropped"} or progress.overdue or not (episode.escalating or _is_told(step)):
        return True
    waits = progress.state == "waiting" and isinstance(step, Action) and step.acting
    return waits and any(_is_lost(episode, steps, one) for one in step.after)
