"""What is tried again, or late: as long as that can do no harm, else it is given up, and people are told."""

from typing import TYPE_CHECKING

from selfheal_rules.compile.plan import Action, Conclusion
from selfheal_rules.decide.decision import UNDONE, WITHDRAWN
from selfheal_rules.decide.episode import Episode, Progress, comes_after, destroys, has_done, wait_before
from selfheal_rules.match.memory import OVERDUE, RETRY
from selfheal_rules.values import SECOND, microseconds

if TYPE_CHECKING:
    from selfheal_rules.decide.episodes import Episodes

MOMENT = 60 * SECOND
"""How long after the instant a guard has named a step is still held, if it was not let through then."""


class Attempts:
    """Has the steps of episodes tried again."""

    def __init__(self, episodes: "Episodes") -> None:
        """Try again what fails of these episodes."""
        self.episodes = episodes

    def fail(self, episode: Episode, index: int) -> None:
        """Have a step fail: issue it again later, go to `else`, or give up."""
        episodes = self.episodes
        ruling, memory = episodes.plan.rules[episode.rule], episodes.memory
        step, progress = ruling.every[index], episode.steps[index]
        episodes.rest(ruling, index, progress)
        self._call_back(episode, index)
        episodes.landed(episode, index, worked=False)
        tried = progress.attempt - progress.before
        if isinstance(step, Action) and tried <= step.times:
            progress.state = "retrying"
            wait = wait_before(step, episode.opening.id, tried, episodes.gate.seed)
            memory.timer(memory.now + wait, RETRY, (episode, index, progress.attempt))
            return
        self._give_up(episode, index)

    def _call_back(self, episode: Episode, index: int) -> None:
        """Have what came after a step that seemed to have worked, and that nobody was told to do yet, wait for it."""
        steps = self.episodes.plan.rules[episode.rule].every
        for place, progress in enumerate(episode.steps):
            if progress.state in {"proposed", "held"} and comes_after(steps, place, index):
                self.episodes.docket.drop(episode, place, place + 1, UNDONE)
                progress.state, progress.before = "waiting", progress.attempt

    def _give_up(self, episode: Episode, index: int) -> None:
        """Have a step fail for good: `else` is next, and of `else` itself what tells people goes on."""
        episodes, ruling = self.episodes, self.episodes.plan.rules[episode.rule]
        episode.steps[index].state = "failed"
        if index >= len(ruling.steps):
            episodes.advance(episode)
        elif ruling.recovery:
            episodes.escalate(episode, ruling)
        else:
            episodes.close(episode, episode.ending)

    def overdue(self, episode: Episode, index: int) -> None:
        """Have people told that guards hold a step for long, unless the guard has said when it may go on."""
        episodes, memory, progress = self.episodes, self.episodes.memory, episode.steps[index]
        again = progress.decision.verdict.retry_at if progress.decision is not None else None
        if again is not None and microseconds(again) >= memory.now:
            memory.timer(microseconds(again) + MOMENT, OVERDUE, (episode, index, progress.attempt))
            return
        progress.overdue = True
        if episode.status == "open":
            episodes.turn(episode, "held")
            episodes.gate.overdue(episodes.plan.rules[episode.rule])
        episodes.advance(episode)

    def again(self, episode: Episode, index: int) -> None:
        """Issue a step that has waited for its next attempt, unless that is moot."""
        if self.is_moot(episode, index):
            self._give_up(episode, index)
            return
        self.episodes.issue(episode, self.episodes.plan.rules[episode.rule], index)
        self.episodes.advance(episode)

    def withdrawn(self, episode: Episode) -> None:
        """Give up the next attempt that guards hold of an episode that has lost its cause, where it is moot."""
        for index, progress in enumerate(episode.steps):
            if progress.state == "held" and progress.attempt > 1 and self.is_moot(episode, index):
                self.episodes.docket.drop(episode, index, index + 1, WITHDRAWN)
                self._give_up(episode, index)
                return

    def is_moot(self, episode: Episode, index: int) -> bool:
        """
        Whether a step that touches something is not to be tried again.

        That is where the cause is gone and nothing is seen to be done, of what it does not come before: what it would
        touch may be well.
        """
        ruling = self.episodes.plan.rules[episode.rule]
        if not (episode.level and destroys(ruling.every[index])) or ruling.lingers:
            return False
        return not has_done(episode, ruling.every, index) and self._has_lost_its_cause(episode)

    def is_groundless(self, episode: Episode, index: int, attempt: int) -> bool:
        """
        Whether an attempt that was issued, and that nobody has begun yet, is not to be begun.

        A further one is where it is moot. A first one has touched nothing: whatever it is, it goes with the cause,
        unless the step before it may have ended that.
        """
        ruling = self.episodes.plan.rules[episode.rule]
        if attempt > 1:
            return self.is_moot(episode, index)
        before = zip(ruling.steps[:index], episode.steps, strict=False)
        begun = any(_touches(step) and progress.state == "confirmed" for step, progress in before)
        is_first = index < len(ruling.steps) and _touches(ruling.every[index]) and not begun
        if not (is_first and episode.level) or ruling.lingers:
            return False
        return self._has_lost_its_cause(episode)

    def _has_lost_its_cause(self, episode: Episode) -> bool:
        return next(self.episodes.judge.true_matches(episode.rule, episode.key), None) is None

    def stands(self, episode: Episode, index: int) -> bool:
        """Whether what a step rests on is still so; what events confirmed stays confirmed."""
        return all(_is_so(episode.steps[one]) for one in self.episodes.plan.rules[episode.rule].rests[index])


def _touches(step: Action | Conclusion) -> bool:
    return isinstance(step, Action) and step.acting


def _is_so(progress: Progress) -> bool:
    """Whether the states that confirmed a step still do; what was only shown nobody did, so nothing shows it."""
    row, said = progress.await_row, progress.decision
    if progress.state != "confirmed" or row is None or said is None or said.verdict.status == "shadowed":
        return True
    return any(match.true for match in row.matches or ())
