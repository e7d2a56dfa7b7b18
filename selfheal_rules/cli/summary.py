"""What came of a run: counts at its end, and what still waits."""

from collections import Counter
from collections.abc import Iterable, Mapping

from selfheal_rules.cli.problems import Problems
from selfheal_rules.cli.words import number, stamp
from selfheal_rules.decide import Decision, Step
from selfheal_rules.engine import Engine

_DISPOSITIONS = ("matched", "unmatched", "duplicate", "stale", "ahead", "blocked", "overload")


class Summary:
    """Counts that grow with the run."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.items = 0
        self._dispositions: Counter[str] = Counter()
        self._rules: Counter[str] = Counter()

    def count(self, step: Step) -> None:
        """Count an item by what became of it."""
        self.items += 1
        self._dispositions[step.disposition] += 1

    def add(self, decision: Decision) -> None:
        """Count a decision by its rule."""
        self._rules[decision.rule] += 1

    def text(self, engine: Engine, lines: int, problems: Problems) -> str:
        """Write all counts, the time, and when something may follow by itself."""
        wrong = f"{problems.unrecognised:,} unrecognised, {problems.malformed:,} malformed"
        wrong += f", {problems.ignored:,} ignored" if problems.ignored else ""
        return "\n".join(
            [
                f"{number(lines, 'line')} read; {wrong}",
                f"{number(self.items, 'item')}{_listed(self._dispositions, _DISPOSITIONS)}",
                f"{number(self._rules.total(), 'decision')}{_listed(self._rules, sorted(self._rules))}",
                _clock(engine),
            ]
        )


def counted(counts: Mapping[str, int]) -> str:
    """Write counts by name behind their sum, in their order."""
    return _listed(counts, counts)


def _listed(counts: Mapping[str, int], names: Iterable[str]) -> str:
    shown = ", ".join(f"{counts[name]:,} {name}" for name in names if counts[name])
    return f": {shown}" if shown else ""


def _clock(engine: Engine) -> str:
    if engine.now is None:
        return "nothing was seen, so no time has passed"
    due = engine.next_deadline()
    waits = "nothing waits" if due is None else f"what waits is due at {stamp(due)} (`--until` lets it come)"
    return f"time stands at {stamp(engine.now)}; {waits}"
