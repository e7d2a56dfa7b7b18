"""
Carrying out what is allowed: the contract of an executor, and the one place from which executors are called.

An executor names the actions it carries out and says whether it is idempotent, that is, whether calling it again with
the same idempotency key does the work once. It reports by an `Outcome`; where it fails it raises `ExecutorError`, which
says whether a retry can help.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol, TypeAlias

from attrs import define

from selfheal_rules.decide.decision import Decision, Outcome, OutcomeStatus
from selfheal_rules.diagnostics import ExecutorError, SelfHealError
from selfheal_rules.engine import MAX_AGE
from selfheal_rules.execute.log import log
from selfheal_rules.execute.order import Fence, Order
from selfheal_rules.spelling import identity

PACE = 1.0
"""Seconds between two looks at the lease while something is carried out: leases run out after many times that."""
Clock: TypeAlias = Callable[[], datetime]
"""Tells the time of day, aware."""


def time_of_day() -> datetime:
    """Tell the time by the clock of the machine."""
    return datetime.now(UTC)


class Executor(Protocol):
    """Carries out decisions of some actions; one decision at a time, and returns when it knows what became of it."""

    @property
    def actions(self) -> Collection[str]:
        """The names of the actions it carries out."""

    @property
    def idempotent(self) -> bool:
        """Whether a second call with one `Decision.idempotency_key` does nothing but report what the first did."""

    def execute(self, decision: Order) -> Outcome:
        """
        Carry out a decision; its `token` tells who asks.

        Raises:
            ExecutorError: where it failed; any other exception leaves open whether something was done.
        """


@define(eq=False)
class _Running:
    """A decision that was begun, and its outcome once it has ended."""

    decision: Decision
    executor: Executor | None
    outcome: Outcome | None = None


class Executors:
    """
    The executors of a site, by action.

    `patience` is how old a decision may be when its turn comes: after a long outage the host to be fenced may be well.
    Without `workers` a decision is carried out where it is begun; with them, so many are carried out at a time beside
    whoever begins them, each in a thread of its own, and `ended` is called in that thread when its outcome is there.
    Of one executor, and on one target, there is always one at a time, in the order of the decisions.
    """

    def __init__(
        self,
        executors: Iterable[Executor],
        *,
        clock: Clock = time_of_day,
        patience: timedelta = MAX_AGE,
        workers: int = 0,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Gather executors.

        Raises:
            ValueError: where two of them carry out one action.
        """
        self._by_action: dict[str, Executor] = {}
        self.clock = clock
        self._patience = patience
        self._workers = workers
        self._ended = ended
        self._running: dict[str, _Running] = {}
        self._is_closed = False
        for executor in executors:
            for action in executor.actions:
                if self._by_action.setdefault(action, executor) is not executor:
                    message = f"two executors carry out `{action}`"
                    raise ValueError(message)

    def next(self, waiting: Iterable[Decision]) -> Decision | None:
        """Give the first that can be begun now: neither its executor nor its target is anybody's before it."""
        if self._is_closed or len(self._running) >= max(1, self._workers):
            return None
        running = self._running.values()
        taken: list[object] = [it for one in running for it in (one.executor, _thing(one.decision))]
        for decision in waiting:
            claims = self._by_action.get(decision.action), _thing(decision)
            if decision.idempotency_key not in self._running:
                if not any(one in taken for one in claims):
                    return decision
                taken += claims
        return None

    def begin(self, decision: Decision, fence: Fence, *, again: bool, stopped: str = "") -> None:
        """
        Have a decision carried out where nothing speaks against it; `outcomes` gives what became of it.

        Args:
            decision: what is to be done.
            fence: looked at right before the executor is called; its token goes with the decision.
            again: whether the executor was called before, and what became of it is not known.
            stopped: why nothing is to be done at all, since it was allowed.
        """
        work = self._work(decision, fence, again=again, stopped=stopped)
        running = self._running[decision.idempotency_key] = _Running(decision, self._by_action.get(decision.action))
        if self._workers:
            run = partial(copy_context().run, self._run, running, work)
            threading.Thread(target=run, name=decision.action, daemon=True).start()
        else:
            with _kept(fence):
                running.outcome = work()

    def _run(self, running: _Running, work: Callable[[], Outcome]) -> None:
        try:
            running.outcome = work()
        except BaseException as error:  # noqa: BLE001 - a stranger's code may end its thread, and the record goes on
            running.outcome = self._broken_off(running.decision, error)
        self._ended()

    def close(self) -> None:
        """Begin nothing more."""
        self._is_closed = True

    @property
    def running(self) -> tuple[Decision, ...]:
        """What was begun, and whose outcome nobody has taken."""
        return tuple(one.decision for one in list(self._running.values()))  # others may ask, from their threads

    def outcomes(self) -> list[Outcome]:
        """Give the outcomes there are of what was begun, each once, in the order in which it was begun."""
        ended = [(key, one.outcome) for key, one in self._running.items() if one.outcome]
        for key, _ in ended:
            del self._running[key]
        return [outcome for _, outcome in ended]

    def _work(self, decision: Decision, fence: Fence, *, again: bool, stopped: str) -> Callable[[], Outcome]:
        """Give the call that is to be made, with nothing left that speaks against it, or the answer that nobody is."""
        executor = self._by_action.get(decision.action)
        against = stopped or self._against(decision, executor)
        if again and (against or executor is None or not executor.idempotent):
            message = "the process ended while it was being carried out"
            return partial(self._answer, decision, "unconfirmed", message)
        if against or executor is None:
            return partial(self._answer, decision, "refused", against)
        fence.check()
        return partial(self._called, executor, Order(decision, fence.token))

    def _against(self, decision: Decision, executor: Executor | None) -> str:
        if decision.verdict.status != "allowed":
            return f"it is {decision.verdict.status}, and only what is allowed is carried out"
        if executor is None:
            return f"no executor carries out `{decision.action}`"
        if self.clock() - decision.time > self._patience:
            return f"it was decided at {decision.time.isoformat()}, and is too old to be carried out"
        return ""

    def _called(self, executor: Executor, decision: Order) -> Outcome:
        try:
            outcome = executor.execute(decision)
        except ExecutorError as error:
            return self._answer(decision, "failed", str(error), retryable=error.retryable)
        except Exception as error:  # noqa: BLE001 - a stranger's code: whatever it raises, the record goes on
            return self._broken_off(decision, error)
        return _logged(decision, outcome)

    def _broken_off(self, decision: Decision, error: BaseException) -> Outcome:
        """Leave it open; the text of an error is not ours to write down, a password of the call may be in it."""
        return self._answer(decision, "unconfirmed", f"the executor broke off with {type(error).__name__}")

    def _answer(self, decision: Decision, status: OutcomeStatus, detail: str, *, retryable: bool = False) -> Outcome:
        return _logged(decision, Outcome.of(decision, status, self.clock(), detail, retryable=retryable))


@contextmanager
def _kept(fence: Fence) -> Iterator[None]:
    """
    Keep the lease while something is carried out, however long that takes: who took over would act beside it.

    A thread of its own looks at it for that long. Where it is lost all the same, the next look says so.
    """
    ended = threading.Event()
    keeping = threading.Thread(target=_look, args=(fence, ended), name="lease", daemon=True)
    keeping.start()
    try:
        yield
    finally:
        ended.set()
        keeping.join()


def _look(fence: Fence, ended: threading.Event) -> None:
    while not ended.wait(PACE):
        with suppress(SelfHealError):
            fence.check()


def _thing(decision: Decision) -> str:
    """Give the target as a text that is the same for all spellings of it."""
    return str(identity(decision.target))


def _logged(decision: Decision, outcome: Outcome) -> Outcome:
    told = {"action": decision.action, "status": outcome.status, "detail": outcome.detail}
    log.info("carried out", key=decision.idempotency_key, **told)
    return outcome
