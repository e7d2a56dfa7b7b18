"""An executor that writes decisions to a file, for whoever carries them out from there."""

import fcntl
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from selfheal_rules.decide.decision import Outcome
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.executor import Clock, time_of_day
from selfheal_rules.execute.order import Order


class Recording:
    """
    Writes each decision as a line of JSON, once a key; a decision is `done` when its line is on disk.

    A line is the object of `Order.written`. A last line without its
    break was never reported as done, and is cut off. Who comes with a smaller token than one in the file is refused.
    """

    idempotent = True

    def __init__(self, path: Path, actions: Collection[str], clock: Clock = time_of_day) -> None:
        """
        Open the file, and read which keys are done.

        Raises:
            OSError: where it cannot be opened.
            ValueError: where a line is none of ours.
        """
        self.actions = frozenset(actions)
        self._clock = clock
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self._size = self._newest = 0
        self._done: dict[str, None] = {}
        with self._alone():
            self._read()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep a process out that has been taken over from, or has taken over, meanwhile."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _read(self) -> None:
        """Read what was written since this process last looked."""
        end = os.fstat(self._file).st_size
        found = os.pread(self._file, end - self._size, self._size) if end > self._size else b""
        whole = found.rfind(b"\n") + 1
        if whole < len(found):
            os.ftruncate(self._file, self._size + whole)
        for line in found[:whole].splitlines():
            kept = json.loads(line)
            self._done[kept["idempotency_key"]] = None
            self._newest = max(self._newest, kept["token"])
        self._size += whole

    def execute(self, decision: Order) -> Outcome:
        """Write the decision down, unless it is."""
        key, token = decision.idempotency_key, decision.token
        with self._alone():
            self._read()
            if token < self._newest:
                message = f"token {token} is stale: whoever has token {self._newest} was here since"
                raise ExecutorError(message, retryable=False)
            if key not in self._done:
                self._write(f"{json.dumps(decision.written())}\n".encode())
                self._done[key], self._newest = None, token
        return Outcome.of(decision, "done", self._clock())

    def _write(self, line: bytes) -> None:
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, self._size)
            message = f"the decision cannot be written: {(error.strerror or str(error)).lower()}"
            raise ExecutorError(message, retryable=True) from None
        self._size += len(line)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)
