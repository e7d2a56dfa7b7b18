"""
Carrying out what is allowed: the contract of an executor, and the one place from which executors are called.

An executor names the actions it carries out and says whether it is idempotent, that is, whether calling it again with
the same idempotency key does the work once. It reports by an `Outcome`; where it fails it raises `ExecutorError`, which
says whether a retry can help.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias

import structlog

from selfheal_rules.decide.decision import Decision, Outcome, OutcomeStatus
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.engine import MAX_AGE
from selfheal_rules.execute.order import Fence, Order

Clock: TypeAlias = Callable[[], datetime]
"""Tells the time of day, aware."""


def time_of_day() -> datetime:
    """Tell the time by the clock of the machine."""
    return datetime.now(UTC)


_log = structlog.wrap_logger(
    logging.getLogger("selfheal_rules"),
    processors=[structlog.stdlib.filter_by_level, structlog.processors.KeyValueRenderer(key_order=["event", "key"])],
    wrapper_class=structlog.stdlib.BoundLogger,
)
"""Goes to the host's logging, and nowhere where it has none: what a host did not set up is not printed."""


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


class Executors:
    """
    The executors of a site, by action.

    `patience` is how old a decision may be when its turn comes: after a long outage the host to be fenced may be well.
    """

    def __init__(
        self, executors: Iterable[Executor], *, clock: Clock = time_of_day, patience: timedelta = MAX_AGE
    ) -> None:
        """
        Gather executors.

        Raises:
            ValueError: where two of them carry out one action.
        """
        self._by_action: dict[str, Executor] = {}
        self._clock = clock
        self._patience = patience
        for executor in executors:
            for action in executor.actions:
                if self._by_action.setdefault(action, executor) is not executor:
                    message = f"two executors carry out `{action}`"
                    raise ValueError(message)

    def carry_out(self, decision: Decision, fence: Fence, *, again: bool, stopped: str = "") -> Outcome:
        """
        Give what becomes of a decision, calling its executor where nothing speaks against it.

        Args:
            decision: what is to be done.
            fence: looked at right before the executor is called; its token goes with the decision.
            again: whether the executor was called before, and what became of it is not known.
            stopped: why nothing is to be done at all, since it was allowed.
        """
        executor = self._by_action.get(decision.action)
        against = stopped or self._against(decision, executor)
        if again and (against or executor is None or not executor.idempotent):
            outcome = self._answer(decision, "unconfirmed", "the process ended while it was being carried out")
        elif against or executor is None:
            outcome = self._answer(decision, "refused", against)
        else:
            fence.check()
            outcome = self._called(executor, Order(decision, fence.token))
        _log.info("carried out", key=decision.idempotency_key, action=decision.action, status=outcome.status)
        return outcome

    def _against(self, decision: Decision, executor: Executor | None) -> str:
        if decision.verdict.status != "allowed":
            return f"it is {decision.verdict.status}, and only what is allowed is carried out"
        if executor is None:
            return f"no executor carries out `{decision.action}`"
        if self._clock() - decision.time > self._patience:
            return f"it was decided at {decision.time.isoformat()}, and is too old to be carried out"
        return ""

    def _called(self, executor: Executor, decision: Order) -> Outcome:
        try:
            return executor.execute(decision)
        except ExecutorError as error:
            return self._answer(decision, "failed", str(error), retryable=error.retryable)
        except Exception as error:  # noqa: BLE001 - a stranger's code: whatever it raises, the record goes on
            # Its text is not ours to write down: it may hold what the executor was called with, a password among it.
            return self._answer(decision, "unconfirmed", f"the executor broke off with {type(error).__name__}")

    def _answer(self, decision: Decision, status: OutcomeStatus, detail: str, *, retryable: bool = False) -> Outcome:
        return Outcome(decision.id, status, self._clock(), detail, retryable, decision.attempt)
