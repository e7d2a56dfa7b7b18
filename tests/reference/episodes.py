"""What a firing sets going: steps, what confirms them, when they are late, and how it all ends."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeAlias

from attrs import define, field

from selfheal_rules.events import Event
from selfheal_rules.model import Conclude, Do, Group, Operand, Step
from selfheal_rules.values import FrozenMap, Value, canonical, freeze, moment
from tests.reference.conclusions import SOURCE, Conclusions, Ruling, Support, SupportId, digest, label
from tests.reference.leaves import Reader
from tests.reference.matching import Seeker
from tests.reference.rows import StateKey, World
from tests.reference.search import Match

HARMLESS = {"noop", "notify"}


@define(frozen=True)
class Decided:
    """All of a decision that two implementations must agree on."""

    rule: str
    key: tuple[Value, ...]
    step: str
    action: str
    target: Value
    params: FrozenMap
    attempt: int
    at: int
    verdict: str
    episode: str
    id: str
    evidence: str = field(eq=False)


@define(eq=False)
class Acts:
    """What the engine itself did in a turn; it re-enters in the next round."""

    decisions: list[Decided] = field(factory=list)
    events: list[Event] = field(factory=list)
    concluded: list[tuple[SupportId, Support] | StateKey] = field(factory=list)
    """Supports that were made and keys that were cleared, in the order of the steps."""
    shown: "list[Episode]" = field(factory=list)
    tickets: Iterator[int] = field(factory=count)

    def ticket(self) -> int:
        """Give the number of the next timer."""
        return next(self.tickets)


@define(eq=False)
class Run:
    """One step of an episode: waiting, issued, confirmed, retrying or failed."""

    step: Step
    index: int
    status: str = "waiting"
    attempt: int = 0
    issued_at: int = 0
    retry_at: int = 0
    limit_at: int | None = None
    set: int = 0
    """The number of its timer: the order timers of one instant are met in."""
    seeker: Seeker | None = None

    @property
    def label(self) -> str:
        """Give what the step is called in ids."""
        return label(self.step, self.index)


Steps: TypeAlias = list[Run]


@define(eq=False)
class Episode:
    """One rule dealing with one key, from its first firing until it closes."""

    ruling: Ruling
    key: tuple[Value, ...]
    match: Match
    id: str
    runs: Steps
    otherwise: Steps
    status: str = "open"
    shown_status: str = ""
    closed_at: int | None = None
    is_forgotten: bool = False
    health_at: int | None = None
    health_set: int = 0
    health: Seeker | None = None
    has_grounds: bool = True
    """Whether the condition it was opened by is true; that of a rule that is gone is not asked any more."""

    @property
    def place(self) -> tuple[int, int, str]:
        """Where it stands among others of one instant: by priority, rule order and key."""
        return -self.ruling.rule.priority, self.ruling.order, canonical(self.key)

    @property
    def is_open(self) -> bool:
        """Whether anything may still happen in it."""
        return self.closed_at is None

    @property
    def is_escalated(self) -> bool:
        """Whether its `else` steps are what is left to do."""
        return self.status == "escalated"

    @property
    def current(self) -> Steps:
        """The steps that are taken now."""
        return self.otherwise if self.is_escalated else self.runs

    @property
    def has_acted(self) -> bool:
        """Whether a destructive step was issued."""
        issued = (run.step for run in [*self.runs, *self.otherwise] if run.attempt)
        return any(isinstance(step, Do) and step.action not in HARMLESS for step in issued)


def open_episode(ruling: Ruling, key: tuple[Value, ...], match: Match) -> Episode:
    """Begin an episode; nothing is issued yet."""
    name = digest(ruling.rules.name, ruling.rule.id, list(key), match.evidence)
    then, ending = ruling.rule.then, ruling.rule.outcome
    runs = [Run(step, index) for index, step in enumerate(then)]
    otherwise = [Run(step, len(then) + index) for index, step in enumerate(ending.otherwise if ending else ())]
    return Episode(ruling, key, match, name, runs, otherwise)


@define(eq=False)
class Conduct:
    """Carries episodes on, in one turn."""

    world: World
    conclusions: Conclusions
    acts: Acts

    @property
    def now(self) -> int:
        """The instant of the turn."""
        return self.world.clock.now

    def carry_on(self, episode: Episode) -> None:
        """Issue, confirm and judge until nothing more happens in this turn."""
        while episode.is_open and any(act(episode) for act in self._acts()):
            pass

    def _acts(self) -> list[Callable[[Episode], bool]]:
        return [self._confirm, self._issue_next, self._finish]

    def _confirm(self, episode: Episode) -> bool:
        """Confirm an issued step whose condition is true."""
        for run in episode.current:
            if run.status == "issued" and run.seeker and run.seeker.is_true(self.world):
                run.status = "confirmed"
                return True
        return False

    def _issue_next(self, episode: Episode) -> bool:
        """Issue the first step that waits for nothing more."""
        for run in episode.current:
            if run.status == "waiting" and (self._is_free(episode, run) or self._tells(episode, run)):
                self.issue(episode, run)
                return True
        return False

    def _is_free(self, episode: Episode, run: Run) -> bool:
        return all(one.status == "confirmed" for one in self._awaited(episode.current, run))

    def _tells(self, episode: Episode, run: Run) -> bool:
        """Whether a step of `else` touches nothing, and all it waits for is done or never will be."""
        if not episode.is_escalated or not isinstance(run.step, Do) or run.step.action not in HARMLESS:
            return False
        runs = episode.current
        return all(one.status == "confirmed" or self._is_lost(runs, one) for one in self._awaited(runs, run))

    def _is_lost(self, runs: Steps, run: Run) -> bool:
        waits = run.status == "waiting" and isinstance(run.step, Do) and run.step.action not in HARMLESS
        return run.status == "failed" or (waits and any(self._is_lost(runs, one) for one in self._awaited(runs, run)))

    def _awaited(self, runs: Steps, run: Run) -> list[Run]:
        place = next(at for at, one in enumerate(runs) if one is run)
        if run.step.after is None:
            return [*runs[max(0, place - 1) : place]]
        return [one for one in runs if one.step.id in run.step.after]

    def issue(self, episode: Episode, run: Run) -> None:
        """Issue a step, for the first time or again."""
        run.attempt += 1
        run.issued_at = self.now
        run.set = self.acts.ticket()
        limit = self._limit(episode, run)
        run.limit_at = None if limit is None else self.now + limit
        run.status = "issued"
        if isinstance(run.step, Conclude):
            self._conclude(episode, run, run.step)
            run.status = "confirmed"
            return
        self._decide(episode, run, run.step)
        if run.step.confirm is None:
            run.status = "confirmed"
        else:
            run.seeker = self._seeker(episode, run.step.confirm.condition)

    def _seeker(self, episode: Episode, condition: Group) -> Seeker:
        alternatives, tables = episode.ruling.conditions[id(condition)]
        return Seeker(alternatives, tables, episode.match.rows, self.world.turn)

    def _decide(self, episode: Episode, run: Run, step: Do) -> None:
        ruling, bindings = episode.ruling, episode.match.bindings
        reader = Reader(ruling.rules, self.world.clock)
        target = freeze(reader.content(step.target, bindings))
        target = None if target == "" else target
        params = {name: freeze(reader.content(value, bindings)) for name, value in step.params.items()}
        name = digest(episode.id, run.label, target)
        verdict = "rejected" if step.target is not None and target is None else "shadowed"
        key, evidence = episode.key, episode.match.text
        made = (
            ruling.rule.id,
            key,
            run.label,
            step.action,
            target,
            FrozenMap(params),
            run.attempt,
            self.now,
            verdict,
        )
        self.acts.decisions.append(Decided(*made, episode.id, name, evidence))
        says = {"ruleset": ruling.rules.name, "rule": ruling.rule.id, "action": step.action}
        says["target"] = "" if target is None else target
        guard = "target" if verdict == "rejected" else "mode"
        says |= {"status": verdict, "guard": guard, "episode": episode.id}
        self._say(Event(f"{name}/{run.attempt}", "selfheal.decision", SOURCE, moment(self.now), present(says)))

    def _say(self, event: Event) -> None:
        self.acts.events.append(event)

    def _conclude(self, episode: Episode, run: Run, step: Conclude) -> None:
        ruling, match = episode.ruling, episode.match
        if ruling.kind(step.kind).form == "event":
            event = self.conclusions.event(ruling, step, run.index, match)
            self.acts.events += [event] if event else []
        elif step.cleared:
            place = self.conclusions.place(ruling, step, match)
            self.acts.concluded += [place] if place else []
        else:
            support = self.conclusions.make(ruling, step, run.index, match, self.now)
            if support:
                assert step.ttl is not None
                support.until = self.now + ruling.micros(step.ttl)
                self.acts.concluded.append((("episode", episode.id, run.index), support))

    def _finish(self, episode: Episode) -> bool:
        """Close an episode that has reached its end, or begin to ask whether it helped."""
        runs, ending = episode.current, episode.ruling.rule.outcome
        if episode.is_escalated:
            if not any(run.status in {"issued", "retrying"} for run in runs):
                self.close(episode, "escalated")
            return False
        if ending is None:
            if all(run.status == "confirmed" for run in runs):
                self.close(episode, "closed")
            return False
        if episode.health is None and all(run.attempt for run in runs):
            episode.health_at, episode.status = self.now + episode.ruling.micros(ending.within), "verifying"
            episode.health_set = self.acts.ticket()
            episode.health = self._seeker(episode, ending.healthy)
        if episode.health and episode.health.is_true(self.world):
            self.close(episode, "healed")
        return False

    def close(self, episode: Episode, status: str) -> None:
        """End an episode."""
        episode.status, episode.closed_at = status, self.now

    def cancel(self, episode: Episode, true_keys: set[str], key: str) -> None:
        """Note whether its ground is left; without it, end an episode that has issued nothing destructive."""
        episode.has_grounds = episode.match.alternative.is_instant or key in true_keys
        if not episode.has_grounds and not episode.has_acted:
            self.close(episode, "closed")

    def fail(self, episode: Episode, run: Run) -> None:
        """Count a step as failed: try it again later, or give up."""
        retry = run.step.retry if isinstance(run.step, Do) else None
        if retry and run.attempt <= retry.times:
            wait = episode.ruling.micros(retry.backoff) * 2 ** (run.attempt - 1)
            run.retry_at = self.now + (min(wait, episode.ruling.micros(retry.cap)) if retry.cap else wait)
            run.status, run.set = "retrying", self.acts.ticket()
            return
        self._give_up(episode, run)

    def _give_up(self, episode: Episode, run: Run) -> None:
        run.status = "failed"
        self.escalate(episode)

    def _retry(self, episode: Episode, run: Run) -> None:
        """Issue a step again, unless what it touches may be well again: no ground is left, and nothing was done."""
        touches = isinstance(run.step, Do) and run.step.action not in HARMLESS
        if touches and not episode.has_grounds and not self._has_done(episode, run):
            self._give_up(episode, run)
        else:
            self.issue(episode, run)

    def _has_done(self, episode: Episode, run: Run) -> bool:
        """Whether a destructive step was confirmed that does not come after this one."""
        done = [(runs, one) for runs in (episode.runs, episode.otherwise) for one in runs if one.status == "confirmed"]
        counted = [one.step for runs, one in done if not self._follows(runs, one, run)]
        return any(isinstance(step, Do) and step.action not in HARMLESS for step in counted)

    def _follows(self, runs: Steps, run: Run, sooner: Run) -> bool:
        """Whether a step waits for another, or for one that does."""
        return any(one is sooner or self._follows(runs, one, sooner) for one in self._awaited(runs, run))

    def escalate(self, episode: Episode) -> None:
        """Take the `else` steps, what is left of them, or end where there never were any."""
        episode.status = "escalated"
        if episode.ruling.rule.outcome is None:
            self.close(episode, "escalated")

    def meet_deadlines(self, episodes: list[Episode]) -> None:
        """Meet the timers that are due, of each episode as they were set: fail what is late, issue what has waited."""
        due = [timer for episode in episodes for timer in self._due(episode)]
        for _, run, episode in sorted(due, key=lambda timer: (timer[2].place, timer[0])):
            self._meet(episode, run)
            self.carry_on(episode)
        for episode in episodes:
            self._due(episode)

    def _due(self, episode: Episode) -> list[tuple[int, Run | None, Episode]]:
        """Give the timers of an open episode that are due, and note those that will be."""
        clock = self.world.clock
        found: list[tuple[int, Run | None, Episode]] = []
        for run in episode.current if episode.is_open else []:
            at = {"issued": run.limit_at, "retrying": run.retry_at}.get(run.status)
            if at is not None and clock.reached(at):
                found.append((run.set, run, episode))
        waits = episode.is_open and not episode.is_escalated
        if waits and episode.health_at is not None and clock.reached(episode.health_at):
            found.append((episode.health_set, None, episode))
        return found

    def _meet(self, episode: Episode, run: Run | None) -> None:
        if not episode.is_open:
            return
        if run is None:
            if not episode.is_escalated:
                self.escalate(episode)
        elif run in episode.current and run.status == "retrying":
            self._retry(episode, run)
        elif run in episode.current and run.status == "issued":
            self.fail(episode, run)

    def _limit(self, episode: Episode, run: Run) -> int | None:
        if not isinstance(run.step, Do):
            return None
        limits: list[Operand | None] = [run.step.timeout, run.step.confirm.within if run.step.confirm else None]
        return min((episode.ruling.micros(limit) for limit in limits if limit), default=None)


def present(fields: dict[str, Value]) -> dict[str, Value]:
    """Leave out the fields that have no value."""
    return {name: value for name, value in fields.items() if value is not None}
