"""
Firings become episodes, and episodes issue their steps in order.

A step is released when those it comes after are confirmed; it is confirmed by the hidden rule of its `confirm`, or by
being issued where it has none. What fails goes to `else`, where there is one.
"""

from collections.abc import Iterable
from typing import Any

from selfheal_rules.compile.plan import Action, Branching, Conclusion, Ruling
from selfheal_rules.decide.attempts import Attempts
from selfheal_rules.decide.decision import SHADOWED, SUPERSEDED, UNTARGETED, WITHDRAWN, Decision, Verdict
from selfheal_rules.decide.docket import Docket
from selfheal_rules.decide.episode import Episode, Progress, all_confirmed, next_of, progress_of, shows_end
from selfheal_rules.decide.known import Known
from selfheal_rules.decide.opening import Opening
from selfheal_rules.decide.passing import Passing
from selfheal_rules.decide.proposal import Gate, Proposal
from selfheal_rules.match.judge import Found, Judge, Ruled
from selfheal_rules.match.memory import DEADLINE, FORGET, HEALTH, HELD, OVERDUE, RETRY
from selfheal_rules.match.rows import Row
from selfheal_rules.match.supports import Supports
from selfheal_rules.match.timers import is_waiting
from selfheal_rules.values import canonical_key

PENDING = frozenset({"proposed", "held", "issued", "retrying"})
"""The states of a step that may still come to something."""
HEALTHY = -1
"""What the row that waits for health is numbered, where others carry the number of their step."""


class Episodes:
    """The open episodes of an engine, and the decisions of this turn."""

    def __init__(self, judge: Judge, supports: Supports, max_age: int, gate: Gate) -> None:
        """Decide on what this judge finds."""
        self.judge = judge
        self.network = judge.network
        self.memory = judge.memory
        self.supports = supports
        self.plan = judge.network.plan
        self.max_age = max_age
        self.running: dict[tuple[int, Any], Episode] = {}
        self.numbered: dict[int, Episode] = {}
        self.known: dict[int, Episode] = {}
        self.opened = 0
        self.decisions: list[Decision] = []
        self.passing = Passing(self, max_age)
        self.attempts = Attempts(self)
        self.conclusions: list[tuple[Ruling, int, Conclusion, Episode, Any]] = []
        self.changed: dict[Episode, None] = {}
        self.confirmed: dict[int, dict[int, None]] = {}
        self.caution: Verdict | None = None
        self.heirs: dict[tuple[int, str], Episode] = {}
        """Open episodes of rules that linger, by the changed rule that takes their place and the text of the key."""
        self.gate = gate
        self.docket = Docket(self, gate)
        self.sought = Known()
        self.told = self.plan.entries["selfheal.episode"].taken
        self.strict = gate.strict
        """Whether guards judge every step, those of rules that have none included."""
        self.slow = self.told
        """Whether an episode is kept even where it closes as it opens: somebody reads of it, or guards judge it."""

    def inherit(self) -> None:
        """Find the episodes of rules that linger which keep the changed rule from firing."""
        live = {(one.ruleset, one.name): one for one in self.plan.rules if not (one.watcher or one.lingers)}
        for episode in self.running.values():
            ruling = self.plan.rules[episode.rule]
            heir = live.get((ruling.ruleset, ruling.name)) if ruling.lingers else None
            if heir is not None:
                self.heirs[heir.number, canonical_key(episode.opening.values)] = episode

    def deals_with(self, number: int, key: Any, found: list[Found]) -> bool:
        """Whether an open episode already deals with what a rule fires for."""
        if (number, key) in self.running:
            return True
        branch, rows, _ = found[0]
        return bool(self.heirs) and (number, canonical_key(branch.values(rows))) in self.heirs

    # Opening

    def open(
        self, ruling: Ruling, key: Any, opening: Opening, lit: Branching, rows: tuple[Any, ...], *, level: bool
    ) -> None:
        """Open an episode and issue what can be issued."""
        branch = lit.number
        self.opened += 1
        episode = Episode(self.opened, ruling.number, key, opening, level=level)
        steps = ruling.every
        episode.steps = [progress_of(step, branch, rows) for step in steps]
        episode.health = ruling.recovery.awaits[branch](rows) if ruling.recovery else None
        episode.target = next(one.target for one, do in zip(episode.steps, steps, strict=True) if type(do) is Action)
        self.running[(ruling.number, key)] = episode
        self.numbered[episode.number] = self.known[episode.number] = episode
        self.changed[episode] = None
        if ruling.guards or self.strict:
            episode.scopes = ruling.scopes[branch](rows) if ruling.guards else ()
            self.gate.opened(episode, ruling)
        self.advance(episode)

    def _decide(self, opening: Opening, step: Action, target: Any, params: Any, attempt: int, at: int) -> None:
        verdict = self.caution or (UNTARGETED if target is None and step.step.target is not None else SHADOWED)
        self.decisions.append(Decision(opening, step.name, step.action, target, params, attempt, at, verdict))

    # Going on

    def confirm(self, ruled: Ruled) -> None:
        """Note what a hidden rule has seen."""
        waiting = [rows[0] for _, rows, _ in ruled.found]
        waiting += [match.rows[0] for match in ruled.changed if match.true]
        for row in waiting:
            number, step = row.key
            self.confirmed.setdefault(number, {})[step] = None

    def cancel(self, fallen: Iterable[tuple[int, Any]]) -> None:
        """Cancel the episodes whose cause is gone, as long as nothing destructive has been issued."""
        running = (self.running.get(pair) for pair in fallen)
        found = [one for one in running if one is not None and one.level]
        for episode in sorted(found, key=self.place) if len(found) > 1 else found:
            if episode.destructive:
                self.attempts.withdrawn(episode)
            else:
                self.close(episode, "closed", WITHDRAWN)

    def proceed(self) -> None:
        """Go on with the episodes for which something was confirmed, in the order of firings."""
        open_ones = [self.numbered[number] for number in sorted(self.confirmed) if number in self.numbered]
        for episode in sorted(open_ones, key=self.place) if len(open_ones) > 1 else open_ones:
            self.advance(episode)
        self.confirmed.clear()

    def advance(self, episode: Episode) -> None:
        """Apply what was confirmed and issue the next step, until nothing moves."""
        ruling = self.plan.rules[episode.rule]
        while not episode.closed:
            if episode.number in self.confirmed:
                self._apply(episode, ruling)
                if episode.closed:
                    return
            if not self._issue_next(episode, ruling) and not self._finish(episode, ruling):
                return

    def _apply(self, episode: Episode, ruling: Ruling) -> None:
        for step in self.confirmed.pop(episode.number):
            if step == HEALTHY:
                if not episode.escalating:
                    self.close(episode, "healed")
                return
            progress = episode.steps[step]
            if progress.state == "issued":
                progress.state, is_over = "confirmed", shows_end(progress, self.memory.turn)
                if not any(step in some for some in ruling.rests):
                    self.rest(ruling, step, progress)
                if is_over:
                    self.landed(episode, step, worked=True)

    def _issue_next(self, episode: Episode, ruling: Ruling) -> bool:
        index = next_of(episode, ruling.every, len(ruling.steps))
        if index is None:
            return False
        self.issue(episode, ruling, index)
        return True

    def issue(self, episode: Episode, ruling: Ruling, index: int) -> None:
        """Issue a step (again), and have its confirmation watched for."""
        step, progress = ruling.every[index], episode.steps[index]
        progress.attempt += 1
        progress.issued, progress.state, progress.overdue = self.memory.now, "confirmed", False
        if isinstance(step, Conclusion):
            if not (episode.shadowed and self.gate.acts):
                self.conclusions.append((ruling, index, step, episode, progress.params))
            return
        if ruling.guards or self.strict:
            self.docket.propose(episode, index, ruling, step)
            return
        self._decide(episode.opening, step, progress.target, progress.params, progress.attempt, self.memory.now)
        progress.decision = self.decisions[-1]
        self.sought.note(episode)
        self._await(episode, index, step)

    def _await(self, episode: Episode, index: int, step: Action) -> None:
        """Have the confirmation of an issued step watched for, if it has one."""
        progress = episode.steps[index]
        episode.destructive = episode.destructive or step.destructive
        if step.confirm >= 0:
            progress.state = "issued"
            progress.await_row = self.seek(step.confirm, (episode.number, index), progress.awaits)
            if step.deadline is not None:
                progress.due = self.memory.now + step.deadline
                self.memory.timer(progress.due, DEADLINE, (episode, index, progress.attempt))
            self.watch()

    def say(self, decision: Decision, episode: Episode) -> None:
        """Have a decision told in this turn."""
        self.decisions.append(decision)
        self.sought.note(episode)

    def carry(self, proposal: Proposal, verdict: Verdict) -> None:
        """Go on with a step that guards have let through."""
        episode, index = proposal.episode, proposal.index
        step, progress = self.plan.rules[episode.rule].every[index], episode.steps[index]
        progress.issued, progress.state = self.memory.now, "confirmed"
        episode.admitted = episode.admitted or proposal.opens
        if episode.status == "held" and not any(one.overdue and one.state == "held" for one in episode.steps):
            self.turn(episode, "open")
        if isinstance(step, Action):
            shown = verdict.status == "shadowed"
            if shown and self.gate.shadow_confirms:
                episode.destructive = episode.destructive or step.destructive
            else:
                self._await(episode, index, step)
            if shown and progress.state == "confirmed":
                self.landed(episode, index, worked=True)
        self.advance(episode)

    def refuse(self, episode: Episode, index: int, verdict: Verdict) -> None:
        """Give up a step that guards refuse: nothing is done, unless something was begun or people must know."""
        ruling = self.plan.rules[episode.rule]
        episode.steps[index].state = "failed"
        if verdict.guard in {"attempts", "quarantine", "flap"}:
            episode.ending = "quarantined"
        begun = episode.admitted or verdict.escalates
        late = verdict.late and not begun
        episode.ending = "stale" if late and episode.ending == "escalated" else episode.ending
        if index >= len(ruling.steps):
            self.advance(episode)
        elif (begun or late) and ruling.recovery:
            self.escalate(episode, ruling, "stale" if late else "escalated")
        else:
            self.close(episode, episode.ending if begun or late or episode.ending == "quarantined" else "closed")

    def landed(self, episode: Episode, index: int, *, worked: bool | None) -> None:
        """Note that an attempt at a step is over; that it failed counts once, also where it seemed to have worked."""
        progress, now = episode.steps[index], self.memory.now
        queues = self.gate.ended((episode.number, index, progress.attempt), now, worked=worked)
        if queues is None and worked is False and progress.failed != progress.attempt:
            queues = self.gate.failed(episode, now, index)
        progress.failed = progress.attempt if worked is False else progress.failed
        self.docket.wake(queues or ())

    def answered(self, episode: Episode, index: int, status: str) -> None:
        """Take what became of a step: what failed is tried again or goes to `else`; what was not issued has no end."""
        progress = episode.steps[index]
        if progress.state in {"proposed", "held", "dropped"}:
            return
        over = episode.escalating and index < len(self.plan.rules[episode.rule].steps)
        is_open = episode.number in self.numbered
        if status in {"failed", "refused"}:
            if is_open and not over and progress.state in {"issued", "confirmed"}:
                self.attempts.fail(episode, index)
            else:
                self.landed(episode, index, worked=False)
        elif status != "unconfirmed":
            progress.answered = progress.attempt
            if progress.state == "confirmed" or not is_open:
                self.landed(episode, index, worked=episode.helped(progress))

    def forget(self, episode: Episode) -> None:
        """Know an episode no more."""
        self.known.pop(episode.number, None)
        self.sought.forget(episode)

    def seek(self, hidden: int, key: tuple[int, int], fields: Any) -> Row:
        """Have a hidden rule look for what a step, or an episode, waits for."""
        row = Row("#wait", "", key, key, fields, self.memory.now, self.memory.turn)
        self.network.stand(self.network.parts[self.plan.waiting[hidden]], row)
        return row

    def rest(self, ruling: Ruling, index: int, progress: Progress) -> None:
        """Watch for the confirmation of a step no more."""
        step = ruling.every[index]
        if progress.await_row is not None and isinstance(step, Action):
            self.network.fall(self.network.parts[self.plan.waiting[step.confirm]], progress.await_row)
            progress.await_row = None

    def watch(self) -> None:
        """Judge the hidden rules that something woke."""
        network = self.network
        while network.queue:
            number = network.next()
            self.confirm(self.judge.rule(number >> 1))

    # Ending

    def _finish(self, episode: Episode, ruling: Ruling) -> bool:
        recovery = ruling.recovery
        if episode.escalating:
            if not any(one.state in PENDING for one in episode.steps[len(ruling.steps) :]):
                self.close(episode, episode.ending)
            return False
        then = episode.steps[: len(ruling.steps)]
        if recovery is None:
            if all_confirmed(then):
                self.close(episode, "closed")
            return False
        issued = all(one.attempt and one.state not in {"proposed", "held"} for one in then)
        if episode.health_row is None and not episode.verify_due and issued:
            self._verify(episode, ruling)
            return episode.number in self.confirmed
        return False

    def _verify(self, episode: Episode, ruling: Ruling) -> None:
        recovery = ruling.recovery
        if recovery is None:
            return
        self.turn(episode, "verifying")
        episode.verify_due = self.memory.now + recovery.within
        self.memory.timer(episode.verify_due, HEALTH, episode)
        episode.health_row = self.seek(recovery.healthy, (episode.number, HEALTHY), episode.health)
        self.watch()

    def escalate(self, episode: Episode, ruling: Ruling, status: Any = "escalated") -> None:
        """Give up what was to be done, and go to `else`: where it was too late for it, only to what tells people."""
        self.docket.drop(episode, 0, len(ruling.steps), SUPERSEDED)
        self._unwatch(episode, ruling)
        episode.reach_else(ruling.every, len(ruling.steps), late=status == "stale")
        self.turn(episode, status)
        self.advance(episode)

    def turn(self, episode: Episode, status: Any) -> None:
        """Have an episode come to a state, for all who read of it."""
        episode.status = status
        self.changed[episode] = None

    def _unwatch(self, episode: Episode, ruling: Ruling) -> None:
        for index, progress in enumerate(episode.steps):
            self.rest(ruling, index, progress)
        if episode.health_row is not None and ruling.recovery:
            self.network.fall(self.network.parts[self.plan.waiting[ruling.recovery.healthy]], episode.health_row)
            episode.health_row = None

    def close(self, episode: Episode, status: Any, why: Verdict = SUPERSEDED) -> None:
        """End an episode; of the steps that are still held, say why they are dropped."""
        ruling = self.plan.rules[episode.rule]
        self.docket.drop(episode, 0, len(episode.steps), why)
        episode.status = status
        episode.escalating = False
        self._unwatch(episode, ruling)
        self._land_done(episode)
        del self.running[(episode.rule, episode.key)]
        del self.numbered[episode.number]
        if self.heirs:
            self.heirs = {pair: other for pair, other in self.heirs.items() if other is not episode}
        self.changed[episode] = None
        self.memory.timer(self.memory.now + self.max_age, FORGET, episode)
        if ruling.guards or self.strict:
            self.gate.closed(episode, ruling)

    def _land_done(self, episode: Episode) -> None:
        """Let go of what is done, though nobody looks any more whether it worked; what may still run stays."""
        for index, progress in enumerate(episode.steps):
            if progress.state == "issued" and progress.answered == progress.attempt:
                self.landed(episode, index, worked=episode.helped(progress))

    # Timers

    def in_order(self, timers: Iterable[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Give timers of an instant in the order of firings, those of one episode as they were set; held steps last."""
        return sorted(timers, key=lambda timer: (timer[0] == HELD, self._of(*timer)))

    def _of(self, purpose: int, subject: Any) -> tuple[Any, ...]:
        return () if purpose == HELD else self.place(subject if purpose == HEALTH else subject[0])

    def place(self, episode: Episode) -> tuple[int, int, str]:
        """Give where an episode stands among others of one instant: by priority, rule order and key."""
        ruling = self.plan.rules[episode.rule]
        return -ruling.rule.priority, ruling.order, canonical_key(episode.opening.values)

    def due(self, purpose: int, subject: Any) -> None:
        """Act on a timer of an episode, where it still means something."""
        if purpose == HELD:
            self.docket.ripe(subject)
            return
        if purpose == HEALTH:
            if subject.status == "verifying" and subject.verify_due == self.memory.now:
                self.docket.wake(self.gate.failed(subject, self.memory.now))
                for progress in subject.steps:
                    progress.failed = progress.attempt
                self.escalate(subject, self.plan.rules[subject.rule])
            return
        episode, index, _ = subject
        if purpose == DEADLINE and self.awaits(subject, "issued"):
            self.attempts.fail(episode, index)
        elif purpose == RETRY and self.awaits(subject, "retrying"):
            self.attempts.again(episode, index)
        elif purpose == OVERDUE and is_waiting(subject):
            self.attempts.overdue(episode, index)

    def awaits(self, timed: tuple[Episode, int, int], state: str) -> bool:
        """Whether a step still is where a timer was set for it."""
        episode, index, attempt = timed
        progress = episode.steps[index]
        over = episode.escalating and index < len(self.plan.rules[episode.rule].steps)
        return episode.number in self.numbered and progress.attempt == attempt and progress.state == state and not over
