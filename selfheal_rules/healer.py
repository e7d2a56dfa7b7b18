"""
Read this first: the whole pipeline, wired from top to bottom.

    inputs → journal → engine → journal → executors → outcomes, which are inputs again

A batch of inputs is on disk before it is applied, and what it led to before anything of it is done. So wherever a
process ends, the next one goes on, with the same decisions, none twice and none lost. People are heard before each act.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.engine import Engine
from selfheal_rules.execute.executor import Executors
from selfheal_rules.guard.ledger import ANYTHING
from selfheal_rules.journal.inbox import said
from selfheal_rules.journal.items import Input, inputs, intended, outputs, snapshot_taken
from selfheal_rules.journal.journal import Journal, Lease
from selfheal_rules.journal.recovery import admitted, recover
from selfheal_rules.journal.writer import Writer
from selfheal_rules.wording import shown

AWAY = timedelta(minutes=1)
"""A restart takes less. Who was away for longer may have missed that what was broken is well again."""
LISTENS = timedelta(minutes=2)
"""For so long all is left alone after that: so the bus, senders that send again and rounds of each poller are heard."""


class Healer:
    """
    An engine that writes down what it is told and what it decides, and has carried out what is allowed.

    `engine` begins an empty journal, and names the program under which another is gone on from. Without executors the
    caller carries out `course.waiting` and posts outcomes; where they have workers, `take` does not wait for what they
    carry out, and a later one takes what became of it. `every` is after how many inputs a snapshot is taken;
    they are twice as many as there are states, where those are more, since each is written. `host` is what this runs
    on: no rule acts on it, whatever policy comes.

    Where the first time it is told lies more than `AWAY` after the last in the journal, all is left alone until it has
    listened for `LISTENS`, as if a person had said so (decision 0035).
    """

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        executors: Executors | None = None,
        *,
        lease: Lease | None = None,
        every: int = 10_000,
        host: str = "",
    ) -> None:
        """Take over the journal, and go on where it ends."""
        self.journal, self.inbox, self.executors, self.every = Writer(journal, lease), journal.inbox(), executors, every
        self.host, self.course = host, recover(engine, self.journal, host)
        self.ahead: list[Input] = []
        """What of the last batch lay too far ahead of time to be believed: it is recorded, and no rule sees it."""
        self.since: datetime | None = self.course.engine.now
        """Since when nobody has listened: where the journal ends, until time goes on. Whoever was away says so anew."""

    def take(self, batch: Iterable[Input] = ()) -> list[Decision]:
        """Take inputs, instants to let time pass; gives what was decided. After a `JournalError` make another."""
        self.journal.check()
        return self._listen() + self.record(batch) + self._carry_out()

    def record(self, batch: Iterable[Input]) -> list[Decision]:
        """Take inputs as `take` does, and leave to the next `take` what is to be carried out."""
        self.journal.check()
        taken = admitted(self.course.engine, batch, self.host)
        return self._missed(taken) + self._apply(taken)

    def _missed(self, batch: Sequence[Input]) -> list[Decision]:
        """
        Have all left alone where nobody listened for more than `AWAY`, until it has been heard what is so.

        What became due in between would be judged by what was known before it: a host that is well again by now would
        be switched off. What is destructive stays held for the `settle` of the policy beyond that.
        """
        instants = [one for one in batch if isinstance(one, datetime)]
        times = instants or [one.time for one in batch if not isinstance(one, datetime)]
        since, now = self.since, max(times, default=None)
        if since is None or now is None or now <= since:
            return []
        self.since, away = None, timedelta(seconds=round((now - since).total_seconds()))
        if away <= AWAY:
            return []
        why = f"nobody listened for {shown(away)}, and what became of things meanwhile is not known yet"
        at = self.course.engine.now or since
        return self._apply([Control("stand_down", "healer", why, at, ANYTHING, until=now + LISTENS)])

    def _apply(self, batch: Sequence[Input]) -> list[Decision]:
        self.journal.append(inputs(batch))
        steps = [self.course.apply(given) for given in batch]
        self.ahead = [given for given, step in zip(batch, steps, strict=True) if step.disposition == "ahead"]
        self.journal.append(outputs(steps, self.journal.inputs - len(batch) + 1))
        return [decision for step in steps for decision in step]

    def _listen(self) -> list[Decision]:
        with said(self.inbox, self.course.engine) as controls:
            return self.record(controls) if controls else []

    def _carry_out(self) -> list[Decision]:
        decisions = self._listen()
        while self.executors and (outcomes := self._acted(self.executors)):
            decisions += self._apply(outcomes) + self._listen()
        self._snapshot(max(self.every, 2 * self.course.held))
        return decisions

    def _acted(self, executors: Executors) -> list[Outcome]:
        while (decision := executors.next(self.course.waiting.values())) is not None:
            again = decision.idempotency_key in self.course.called
            self.journal.append([] if again else [intended(decision)])
            executors.begin(decision, self.journal, again=again, stopped=self.course.engine.stopped(decision))
        return executors.outcomes()

    def _snapshot(self, every: int) -> None:
        if self.journal.inputs - self.course.snapshot >= every and not self.course.waiting:
            self.journal.append([snapshot_taken(self.course.engine)])
            self.course.snapshot, self.course.held = self.journal.inputs, len(self.course.engine.states())

    def close(self) -> None:
        """Write the engine down, so that the next one need apply nothing again, and let go, whatever happens."""
        try:
            self._snapshot(1)
        finally:
            self.journal.close()
