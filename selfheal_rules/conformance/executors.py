"""What an executor promises."""

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar
from unittest import SkipTest

from selfheal_rules.actions import CATALOGUE
from selfheal_rules.conformance.orders import asked
from selfheal_rules.decide.decision import Outcome
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.executor import Executor
from selfheal_rules.execute.order import Order

SOON = 30.0
"""For how many seconds an executor that was cancelled may go on."""


class ExecutorContract:
    """
    An executor: it acts once, refuses what does not hold, tells how it ended, and keeps its secrets.

    `world` is what tells whether anything was done: any value that differs once the action was carried out, and is as
    before where it was not. It is asked of the real thing the executor acts on.
    """

    action: str
    """One of its actions."""
    target: str
    """What the action is done to."""
    given: ClassVar[Mapping[str, object]] = {}
    """What a step gives the action under `with`."""
    refused: str = ""
    """A target of which what the action needs does not hold; without it that is not tried."""
    secrets: tuple[str, ...] = ()
    """What must stand in no log and in no outcome."""

    def executor(self, *, dry: bool) -> Executor | None:
        """Give the executor, as a process that begins has it; None for `dry` where it knows no dry run."""
        raise NotImplementedError

    def world(self) -> object:
        """Give what tells whether anything was done."""
        raise NotImplementedError

    def failing(self) -> AbstractContextManager[object] | None:
        """Have what the executor calls be away for the time of a block; None where it calls nobody."""
        return None

    def waiting(self) -> tuple[Executor, Callable[[], object]] | None:
        """Give an executor whose action will not end, and what cancels it; None where it never waits."""
        return None

    def order(self, target: str = "") -> Order:
        """Give the order; asked again, it has the same key."""
        return asked(self.action, target or self.target, self.given)

    def test_its_actions_are_known(self) -> None:
        """Each is in the catalogue: what is not there counts among the worst, and nobody can check what it is given."""
        executor = self._executor()
        assert self.action in executor.actions, f"{self.action} is none of {sorted(executor.actions)}"
        unknown = [one for one in sorted(executor.actions) if one not in CATALOGUE]
        assert not unknown, f"not in the catalogue: {', '.join(unknown)}"
        assert isinstance(executor.idempotent, bool), "`idempotent` is neither true nor false"

    def test_it_acts_once_under_one_key(self) -> None:
        """A second process with the same key does nothing, where the executor says that it may be called again."""
        before = self.world()
        with _heard() as said:
            first = self._executor().execute(self.order())
            assert first.status == "done", f"the first call was {first.status}: {first.detail}"
            after = self.world()
            assert before != after, "it says that it is done, and nothing has changed"
            again = self._executor()
            if again.idempotent:
                second = again.execute(self.order())
                assert second.status == "done", f"the second call was {second.status}: {second.detail}"
                assert after == self.world(), "a second call under the same key did it again"
        self._keeps_secrets(said, first)
        assert self.order().id == first.decision_id, "the outcome is of another decision"

    def test_a_dry_run_changes_nothing_and_says_what(self) -> None:
        """It answers `dry_run`, with the calls it would have made."""
        executor = self.executor(dry=True)
        if executor is None:
            message = "it knows no dry run"
            raise SkipTest(message)
        before = self.world()
        outcome = executor.execute(self.order())
        assert outcome.status == "dry_run", f"a dry run was {outcome.status}: {outcome.detail}"
        assert outcome.detail, "a dry run does not say what it would have done"
        assert before == self.world(), "a dry run has changed something"
        self._keeps_secrets([], outcome)

    def test_what_does_not_hold_is_refused(self) -> None:
        """Nothing is done, and a retry is not asked for."""
        if not self.refused:
            message = "no target is named that it refuses"
            raise SkipTest(message)
        before = self.world()
        outcome = self._executor().execute(self.order(self.refused))
        assert outcome.status == "refused", f"it was {outcome.status}: {outcome.detail}"
        assert outcome.detail, "a refusal does not say why"
        assert not outcome.retryable, "a refusal asks for a retry"
        assert before == self.world(), "something was done to what it refuses"

    def test_a_failure_says_whether_a_retry_helps(self) -> None:
        """Who is away may be back; nobody has acted, or nobody knows: then it is `unconfirmed`."""
        away = self.failing()
        if away is None:
            message = "it calls nobody"
            raise SkipTest(message)
        with away, _heard() as said:
            try:
                outcome = self._executor().execute(self.order())
            except ExecutorError as error:
                assert error.retryable, f"who is away may be back: {error}"
                said.append(str(error))
            else:
                assert outcome.status in {"failed", "unconfirmed"}, f"it was {outcome.status}: {outcome.detail}"
                assert outcome.retryable or outcome.status == "unconfirmed", "who is away may be back"
                said.append(outcome.detail)
        self._keeps_secrets(said)

    def test_what_is_cancelled_ends(self) -> None:
        """A healer that stops does not wait for an hour; nobody knows then what became of it."""
        begun = self.waiting()
        if begun is None:
            message = "it never waits"
            raise SkipTest(message)
        executor, cancel = begun
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(executor.execute, self.order())
            cancel()
            outcome = running.result(SOON)
        assert outcome.status == "unconfirmed", f"cancelled, it was {outcome.status}: {outcome.detail}"

    def _executor(self) -> Executor:
        found = self.executor(dry=False)
        assert found is not None, "`executor(dry=False)` gives none"
        return found

    def _keeps_secrets(self, said: list[str], *outcomes: Outcome) -> None:
        told = [*said, *(one.detail for one in outcomes)]
        for number, secret in enumerate(self.secrets, 1):
            assert not any(secret in one for one in told), f"secret {number} of `secrets` was written down"


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Keep what is logged in a block, by whomever."""
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    root, ear = logging.getLogger(), Ear(logging.DEBUG)
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield said
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
