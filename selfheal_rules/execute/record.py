"""An executor that writes decisions to a file, for whoever carries them out from there."""

import json
import os
from collections.abc import Collection
from pathlib import Path

from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.executor import Clock, time_of_day


class Recording:
    """
    Writes each decision as a line of JSON, once a key; a decision is `done` when its line is on disk.

    A line is the object of `Decision.to_json` with `idempotency_key` before it. A last line without its break was never
    reported as done, and goes when the file is opened again.
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
        found = path.read_bytes()
        self._size = found.rfind(b"\n") + 1
        os.ftruncate(self._file, self._size)
        self._done = {json.loads(line)["idempotency_key"]: None for line in found[: self._size].splitlines()}

    def execute(self, decision: Decision) -> Outcome:
        """Write the decision down, unless it is."""
        if decision.idempotency_key not in self._done:
            line = json.dumps({"idempotency_key": decision.idempotency_key, **decision.to_json()})
            self._write(f"{line}\n".encode())
            self._done[decision.idempotency_key] = None
        return Outcome(decision.id, "done", self._clock(), attempt=decision.attempt)

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
