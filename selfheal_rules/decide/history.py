"""Episodes as others may see them: what caused each, what was decided, how far it is; nothing of it changes later."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from attrs import field, frozen

from selfheal_rules.compile.plan import Action, Plan
from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.episode import Episode, EpisodeStatus, StepState
from selfheal_rules.decide.episodes import Episodes
from selfheal_rules.decide.evidence import Evidence, plain
from selfheal_rules.values import Value, moment


@frozen
class StepView:
    """
    One step of an episode and how far it is; `decision` is the latest word on it, if there was any.

    `rung` tells the steps of `then` (0) from those of `else` (1). A conclusion has its kind for an action.
    """

    name: str
    action: str
    target: Value
    state: StepState
    attempt: int
    rung: int
    decision: Decision | None = field(default=None, repr=False)


@frozen
class EpisodeView:
    """One failure being dealt with, from the first firing of a (rule, key) to its close."""

    id: str
    ruleset: str
    rule: str
    key: tuple[Value, ...]
    opened: datetime
    state: EpisodeStatus
    steps: tuple[StepView, ...]
    cause: tuple[Evidence, ...] = field(repr=False)
    deadline: datetime | None = None
    """By when it has to be healthy, once that is awaited."""
    is_open: bool = False
    """Whether anything may still be done."""

    def is_of(self, rule: str | None, key: tuple[Value, ...] | None, state: str | None) -> bool:
        """Whether it is of a rule, key and state; None stands for any."""
        return rule in {None, self.rule} and (key is None or key == self.key) and state in {None, self.state}

    def to_json(self) -> dict[str, Any]:
        """Give the episode as JSON has it; of decisions, the ids."""
        return {
            "id": self.id,
            "ruleset": self.ruleset,
            "rule": self.rule,
            "key": plain(self.key),
            "opened": self.opened.isoformat(),
            "state": self.state,
            "deadline": plain(self.deadline),
            "steps": [
                {
                    "name": step.name,
                    "action": step.action,
                    "target": plain(step.target),
                    "state": step.state,
                    "attempt": step.attempt,
                    "rung": step.rung,
                    "decision": step.decision.id if step.decision else None,
                    "verdict": step.decision.verdict.status if step.decision else None,
                }
                for step in self.steps
            ],
            "cause": [one.to_json() for one in self.cause],
        }


@frozen
class Turn:
    """An episode came to a state, or into being, at a time."""

    episode: str
    ruleset: str
    rule: str
    key: tuple[Value, ...]
    target: Value
    opened: datetime
    state: EpisodeStatus
    time: datetime


def turn_of(episode: Episode, now: int) -> Turn:
    """Give what an episode has just come to."""
    opening = episode.opening
    head = opening.id, opening.ruleset, opening.rule, opening.values, episode.target, moment(opening.at)
    return Turn(*head, episode.status, moment(now))


def episodes_of(episodes: Episodes, plan: Plan, now: int) -> Iterator[EpisodeView]:
    """Give the open episodes and those that closed less than `max_age` ago, in the order they opened."""
    found = [(one.opening.at, number, one) for number, one in episodes.known.items()]
    limit = now - episodes.max_age
    at_once: dict[str, list[Decision]] = {}
    for decision in episodes.passing.recent:
        if decision.at > limit:
            at_once.setdefault(decision.episode, []).append(decision)
    views = [(at, number, _view(one, plan)) for at, number, one in found]
    views += [(made[0].at, place, _closed(made)) for place, made in enumerate(at_once.values())]
    return (view for _, _, view in sorted(views, key=lambda one: one[:2]))


def _view(episode: Episode, plan: Plan) -> EpisodeView:
    opening = episode.opening
    steps = tuple(_steps(episode, plan))
    deadline = moment(episode.verify_due) if episode.verify_due else None
    return EpisodeView(
        opening.id,
        opening.ruleset,
        opening.rule,
        opening.values,
        moment(opening.at),
        episode.status,
        steps,
        opening.because,
        deadline,
        not episode.closed,
    )


def _steps(episode: Episode, plan: Plan) -> Iterator[StepView]:
    """Give the steps; of a closed episode whose rule was changed since, those a decision tells of."""
    if episode.rule < 0:
        for one in episode.steps:
            said = one.decision
            if said is not None:
                yield StepView(said.step, said.action, one.target, one.state, one.attempt, 0, said)
        return
    ruling = plan.rules[episode.rule]
    otherwise = ruling.recovery.otherwise if ruling.recovery else ()
    steps = (*ruling.steps, *otherwise)
    for number, (step, progress) in enumerate(zip(steps, episode.steps, strict=True)):
        action = step.action if isinstance(step, Action) else step.kind.name
        rung = int(number >= len(ruling.steps))
        name = step.name or str(number)
        yield StepView(name, action, progress.target, progress.state, progress.attempt, rung, progress.decision)


def _closed(made: list[Decision]) -> EpisodeView:
    """Give an episode that closed as it opened: it is no more than its decisions."""
    first = made[0]
    steps = tuple(StepView(one.step, one.action, one.target, "confirmed", one.attempt, 0, one) for one in made)
    return EpisodeView(first.episode, first.ruleset, first.rule, first.key, first.time, "closed", steps, first.because)
