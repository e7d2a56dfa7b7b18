"""A thread that does one thing again and again, as long as its source runs."""

import logging
import threading
from collections.abc import Callable

from attrs import define, field

_PATIENCE = 5.0
_log = logging.getLogger("selfheal_rules")


@define
class Steady:
    """
    Calls `step`, which says how many seconds to wait until it is called again, until stopped.

    What a step raises is logged, by its name alone, and does not end the thread: nobody would miss a source that is
    gone. A step that waits for its input is not waited for at the end.
    """

    name: str
    step: Callable[[], float]
    ended: threading.Event = field(factory=threading.Event)
    faults: int = 0
    """How often a step has raised."""
    _wait_after_fault: float = 5.0
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self.ended.is_set():
            self.ended.wait(self._stepped())

    def _stepped(self) -> float:
        try:
            return self.step()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next step may do better
            self.faults += 1
            _log.warning("source %s broke off with %s, and goes on", self.name, type(error).__name__)
            return self._wait_after_fault

    def stop(self) -> None:
        """End, once the step that runs has ended."""
        self.ended.set()
        if self._thread:
            self._thread.join(_PATIENCE)
