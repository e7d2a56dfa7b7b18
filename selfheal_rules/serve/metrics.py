"""What a process says of itself in the format of Prometheus."""

from collections import Counter as Counted
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.events import Event, State
from selfheal_rules.execute import Executor, Executors
from selfheal_rules.execute.executor import Clock
from selfheal_rules.execute.order import Fence
from selfheal_rules.journal.items import Input
from selfheal_rules.values import SECOND, microseconds

if TYPE_CHECKING:
    from selfheal_rules.serve.tracing import Traces

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LAGS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900)
Counts = Mapping[tuple[str, ...], int]
"""What `Engine.counts` gives."""


class Metrics(Collector):
    """
    The metrics of one process. What an engine counts of episodes lives as long as its journal; the rest begins with it.

    `selfheal_decisions_total` has verdicts by rule set, rule, status and the guard that gave them: what guards hold,
    and what was withdrawn before anything was done (a false fire). `selfheal_episodes_total` has what became of
    episodes: `healed` is a success that was verified, `recurred` one that did not last a day,
    `held` one that guards held until people were told.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.registry = CollectorRegistry()
        self.counts: Counts = {}
        self.answered: Callable[[], Mapping[int, int]] = dict
        self.refused: Callable[[], int] = int
        self.problems: Callable[[], Mapping[tuple[str, str], int]] = dict
        here = self.registry
        self._inputs = Counter("selfheal_inputs", "Items that were recorded.", ["form", "kind"], registry=here)
        self._outcomes = Counter(
            "selfheal_outcomes", "What became of what was carried out.", ["action", "status"], registry=here
        )
        self._decisions = Counter(
            "selfheal_decisions", "Verdicts on decisions.", ["ruleset", "rule", "status", "guard"], registry=here
        )
        self._lag = Histogram("selfheal_lag_seconds", "Time from an item to its record.", buckets=_LAGS, registry=here)
        self.journal = Histogram("selfheal_journal_seconds", "Time to record a batch, and to decide.", registry=here)
        self.queue = Gauge("selfheal_queue_length", "Offers that wait for the journal.", registry=here)
        self.running = Gauge("selfheal_running", "Decisions that are being carried out.", registry=here)
        self.reloads = Counter("selfheal_reloads", "Reloads of rules, by how they ended.", ["result"], registry=here)
        self.ahead = Counter("selfheal_ahead", "Items too far ahead of time for rules to see them.", registry=here)
        self.stale = Gauge("selfheal_poller_failures", "Sweeps in a row that failed.", ["about"], registry=here)
        self.registry.register(self)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Give what others count."""
        named = ["ruleset", "rule", "state"]
        episodes = CounterMetricFamily("selfheal_episodes", "What became of episodes.", labels=named)
        for (what, *labels), count in self.counts.items():
            if what == "episode":
                episodes.add_metric(labels, count)
        answers = CounterMetricFamily("selfheal_http_answers", "Answers of the webhook.", labels=["status"])
        for status, count in sorted(self.answered().items()):
            answers.add_metric([str(status)], count)
        problems = CounterMetricFamily("selfheal_unread", "What gave no item.", labels=["source", "why"])
        for (source, why), count in sorted(self.problems().items()):
            problems.add_metric([source, why], count)
        refused = CounterMetricFamily("selfheal_refused", "Offers that found the line full, or closed.")
        refused.add_metric([], self.refused())
        yield from (episodes, answers, problems, refused)

    def brought(self, batch: Sequence[Input], now: datetime) -> None:
        """Count what was recorded, and how old it was."""
        items = [one for one in batch if isinstance(one, Event | State)]
        for (kind, name), count in Counted((one.__class__, one.kind) for one in items).items():
            self._inputs.labels("state" if kind is State else "event", name).inc(count)
        at = microseconds(now)
        for one in items:
            self._lag.observe(max(0.0, (at - one.at) / SECOND))

    def decided(self, decision: Decision) -> None:
        """Count a verdict."""
        verdict = decision.verdict
        self._decisions.labels(decision.ruleset, decision.rule, verdict.status, verdict.guard).inc()

    def outcome(self, action: str, outcome: Outcome) -> None:
        """Count an outcome."""
        self._outcomes.labels(action, outcome.status).inc()

    def text(self) -> bytes:
        """Give all of it as it is scraped."""
        return generate_latest(self.registry)


class Watched(Executors):
    """Executors whose outcomes are counted, and whose work is traced where there are traces."""

    def __init__(
        self,
        executors: Sequence[Executor],
        metrics: Metrics,
        traces: "Traces | None",
        *,
        clock: Clock,
        workers: int,
        ended: Callable[[], None],
    ) -> None:
        """Gather executors."""
        super().__init__(executors, clock=clock, workers=workers, ended=ended)
        self._metrics, self._traces = metrics, traces
        metrics.running.set_function(lambda: len(self.running))

    def begin(self, decision: Decision, fence: Fence, *, again: bool, stopped: str = "") -> None:
        """Begin, and trace it."""
        with self._traces.issued(decision) if self._traces else nullcontext():
            super().begin(decision, fence, again=again, stopped=stopped)

    def outcomes(self) -> list[Outcome]:
        """Give what became of what was begun, and count it."""
        actions = {one.id: one.action for one in self.running}
        found = super().outcomes()
        for one in found:
            self._metrics.outcome(actions[one.decision_id], one)
            if self._traces:
                self._traces.ended(one)
        return found
