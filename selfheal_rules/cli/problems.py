"""Lines that gave no item: each is named on standard error and counted."""

from collections import Counter

from selfheal_rules.cli.inputs import Lines
from selfheal_rules.cli.screen import Screen
from selfheal_rules.normalize import Problem

_SHOWN = 300


class Problems:
    """What was wrong with the input so far."""

    def __init__(self, screen: Screen) -> None:
        """Start with nothing wrong."""
        self._screen = screen
        self._counts: Counter[str] = Counter()
        self._undated = False

    def name(self, problem: Problem) -> None:
        """Name a problem by its line, and count it."""
        self._counts[problem.kind] += 1
        self._undated |= problem.message.endswith("when it was received is not known")
        said = problem.message if len(problem.message) <= _SHOWN else problem.message[: _SHOWN - 3] + "..."
        self._screen.err(f"line {problem.line}: {problem.kind}: {said}")

    def advise(self, lines: Lines) -> None:
        """Say what may be behind it all, if that can be told."""
        if self.malformed and lines.is_spread:
            self._screen.err("selfheal: each payload has to stand on one line; `jq -c .` writes it so")
        if self._undated:
            frame = '{"received": "2026-11-22T16:30:00Z", "payload": …}'
            self._screen.err(f"selfheal: what says no time is given it in a line of the form `{frame}`")

    @property
    def malformed(self) -> int:
        """How many were malformed."""
        return self._counts["malformed"]

    @property
    def unrecognised(self) -> int:
        """How many were of no known source or kind."""
        return self._counts["unrecognised"]

    @property
    def ignored(self) -> int:
        """How many said nothing to a rule, though their source is known."""
        return self._counts["ignored"]
