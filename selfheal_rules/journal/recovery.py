"""
Going on where a journal ends: the last snapshot, then every input after it, applied again.

An engine is deterministic, so the same inputs give the same decisions. Those the journal has are compared with what it
has; those it lacks, because the process ended before they were written, are given back to be written now.
"""

from collections import deque
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from datetime import datetime
from typing import Any

from attrs import define, evolve, field

from selfheal_rules.compile.program import Program
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Decision, Outcome, Step
from selfheal_rules.diagnostics import EventError, JournalError, RuleSetError
from selfheal_rules.engine import Engine
from selfheal_rules.events import frozen_time
from selfheal_rules.journal.items import (
    Input,
    beginning,
    decided,
    input_of,
    inputs,
    marked,
    outputs,
    program_begins,
    snapshot_of,
    snapshot_taken,
)
from selfheal_rules.journal.journal import Journal
from selfheal_rules.journal.record import INPUTS, Entry, Record
from selfheal_rules.journal.text import read
from selfheal_rules.journal.writer import Writer
from selfheal_rules.parse.policy import read_policy, shielding
from selfheal_rules.policy import HERE, Policy
from selfheal_rules.snapshot import program_of, unpack
from selfheal_rules.source import Source


def admitted(engine: Engine, inputs: Iterable[Input], host: str = "") -> list[Input]:
    """
    Give inputs as they may be recorded and applied: each fits, and what is secret has been taken out.

    A policy that is among them protects the host this runs on, where it is given.

    Raises:
        EventError: where one does not fit; the engine is as it was.
    """
    batch = [frozen_time(one) if isinstance(one, datetime) else one for one in inputs]
    engine.admit(one for one in batch if not isinstance(one, datetime))
    return [_shielded(one, host) if host and isinstance(one, Control) and one.act == "policy" else one for one in batch]


def _shielded(said: Control, host: str) -> Control:
    policy = read_policy(Source("", said.subject))
    shielded = shielding(policy, host, HERE).source
    return evolve(said, subject=shielded.text) if shielded else said


@define
class Course:
    """
    An engine, and what is left to do of what it decided.

    `waiting` are the decisions that were allowed and have no outcome yet, by idempotency key, in order; `called` are
    the keys of those whose executors were about to be called when a process ended. `snapshot` is the number of the
    input the latest snapshot was taken after, `held` how many states it has, `mark` what the journal says of the start.
    """

    engine: Engine
    snapshot: int = 0
    held: int = 0
    waiting: dict[str, Decision] = field(factory=dict)
    called: dict[str, None] = field(factory=dict)
    mark: dict[str, Any] = field(factory=dict)

    def apply(self, given: Input) -> Step:
        """Post an item, or let time pass up to an instant."""
        if isinstance(given, Outcome):
            self._answered(given)
        step = self.engine.advance(given) if isinstance(given, datetime) else self.engine.post(given)
        for decision in step:
            self._decided(decision)
        return step

    def _decided(self, decision: Decision) -> None:
        """Have what is allowed wait; a decision said again under its id counts as it was said last."""
        if decision.verdict.status == "allowed":
            self.waiting[decision.idempotency_key] = decision
        else:
            self.waiting.pop(decision.idempotency_key, None)

    def _answered(self, outcome: Outcome) -> None:
        for key, decision in self.waiting.items():
            if decision.id == outcome.decision_id and outcome.attempt in {None, decision.attempt}:
                del self.waiting[key]
                self.called.pop(key, None)
                return


@define
class Replay:
    """Inputs applied again, and the decisions they give that are not found recorded."""

    course: Course
    inputs: int = 0
    missing: deque[Entry] = field(factory=deque)

    def follow(self, records: Iterable[Record]) -> None:
        """
        Apply every input, and hold what follows against what was recorded.

        Raises:
            JournalError: where the two differ, with the record.
        """
        for record in records:
            if record.type in INPUTS:
                self.inputs += 1
                step = self.course.apply(input_of(record))
                self.missing += (decided(decision, record.inputs) for decision in step)
            elif record.type == "decision":
                self._compare(record)
            elif record.type == "intent":
                self.course.called[record.said("key")] = None

    def _compare(self, record: Record) -> None:
        made = read(self.missing.popleft().data) if self.missing else None
        if made != record.data:
            found = f"another after input {made['input']}" if made else "none"
            message = f"record {record.number} at {record.place} is a decision after input {record.said('input')}, and "
            message += f"the inputs now lead to {found}: these are not the rules, or not the library, that wrote it"
            raise JournalError(message)


def recover(fresh: Engine, writer: Writer, host: str = "") -> Course:
    """
    Give what the journal leads to, once the journal has all that follows from its inputs, and a mark of this start.

    `fresh` is an engine of the program that goes on. An empty journal begins with it; else the settings that stand in
    the snapshot hold, and those of `fresh` do not. No rule acts on the `host` this runs on, where it is given. Where it
    fails, the writer is closed.

    Raises:
        JournalError: where the journal is broken, was written by other rules, or cannot be written.
        SnapshotError: where the snapshot cannot be restored under the program.
    """
    with ExitStack() as undone:
        undone.callback(writer.close)
        course = _recovered(fresh, writer, host)
        undone.pop_all()
    return course


def _recovered(fresh: Engine, writer: Writer, host: str) -> Course:
    replay, begins = replayed(fresh, writer.journal)
    writer.append(list(replay.missing))
    writer.append(begins)
    replay.course.snapshot = writer.inputs if begins else replay.course.snapshot
    replay.course.mark = {
        "token": writer.token,
        "torn": str(writer.torn or ""),
        "replayed": replay.inputs,
        "missing": len(replay.missing),
        "called": [*replay.course.called],
    }
    writer.append([marked(replay.course.mark)])
    _take_policy(fresh, replay.course, writer, host)
    return replay.course


def _take_policy(fresh: Engine, course: Course, writer: Writer, host: str) -> None:
    """Have the policy that is given at this start hold from now on, on this host: it is an input, with its text."""
    policy, now = fresh.policy or course.engine.policy, course.engine.now
    policy = shielding(policy, host, HERE) if policy and host else policy
    if policy is None or policy == course.engine.policy or policy.source is None:
        return
    if now is None:  # nothing was ever taken, so there is no instant at which an input could say it
        restore, blob = type(fresh).restore, course.engine.snapshot()
        course.engine = restore(fresh.program, blob, fresh.matcher.name, policy=policy)
        writer.append([snapshot_taken(course.engine)])
        return
    given = Control("policy", "healer", "the policy given at its start", now, policy.source.text)
    writer.append(inputs([given]))
    writer.append(outputs([course.apply(given)], writer.inputs))


def replayed(fresh: Engine, journal: Journal) -> tuple[Replay, list[Entry]]:
    """
    Give what a journal leads to, without writing to it, and what a program that is new to it writes after all else.

    The inputs since the last snapshot are applied under the rules they were recorded under; other rules take over then.
    """
    head = next(journal.recent(), None)
    if head is None:
        return _begun(fresh, journal)
    policy = None if fresh.policy is None or fresh.policy.source else fresh.policy  # what has a text is in the journal
    if head.said("program") == fresh.program.digest:
        with suppress(RuleSetError, EventError):  # its policy may speak of a kind that no rule reads, and that is gone
            return _followed(fresh, fresh.program, journal, policy), []
        program = program_of(snapshot_of(head))
    else:
        program = unpack(fresh.program, snapshot_of(head))[0]
    replay = _followed(fresh, program, journal, policy)
    if replay.course.waiting and program.digest != fresh.program.digest:
        raise _waiting(head, replay.course, fresh)
    replay.course.engine = _taken_over(fresh, replay.course.engine.snapshot(), policy)
    return replay, program_begins(replay.course.engine)


def _followed(fresh: Engine, program: Program, journal: Journal, policy: Policy | None) -> Replay:
    """Apply the inputs since the last snapshot under a program."""
    records = journal.recent()
    head = next(records)
    engine = type(fresh).restore(program, snapshot_of(head), fresh.matcher.name, policy=policy)
    replay = Replay(Course(engine, head.inputs, len(engine.states())))
    replay.follow(records)
    return replay


def _taken_over(fresh: Engine, blob: bytes, policy: Policy | None) -> Engine:
    """Go on under other rules; where the policy the journal ends with does not fit them, under the one given."""
    restore, matcher = type(fresh).restore, fresh.matcher.name
    try:
        return restore(fresh.program, blob, matcher, policy=policy)
    except RuleSetError as error:
        if fresh.policy is None:
            message = f"the policy the journal ends with does not fit these rules; start with one that does\n\n{error}"
            raise JournalError(message) from None
        return restore(fresh.program, blob, matcher, policy=fresh.policy)


def engine_of(journal: Journal) -> Engine:
    """
    Give the engine a journal leads to, by the rules and the policy that are in it; nothing is written.

    Raises:
        JournalError: where the journal is broken, or nothing is in it to begin from.
        SnapshotError: where its policy was put together in Python, and has no text.
    """
    head = next(journal.recent(), None)
    if head is None:
        message = "nothing is in the journal yet"
        raise JournalError(message)
    return replayed(Engine(program_of(snapshot_of(head))), journal)[0].course.engine


def _begun(fresh: Engine, journal: Journal) -> tuple[Replay, list[Entry]]:
    if next(journal.records(), None) is not None:
        message = "the journal has no snapshot to begin from: the files that hold it are missing"
        raise JournalError(message)
    return Replay(Course(fresh)), [beginning(), *program_begins(fresh)]


def _waiting(head: Record, course: Course, fresh: Engine) -> JournalError:
    message = (
        f"what program {head.said('program')} allowed still waits ({', '.join(course.waiting)}), and this is program "
    )
    message += f"{fresh.program.digest}: start once more with those rules, so that it is dealt with"
    return JournalError(message)
