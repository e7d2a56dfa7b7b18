"""Traces: who has a decision has all that became of it, and without OpenTelemetry nothing is asked of anybody."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.events import Event
from selfheal_rules.healer import Healer
from selfheal_rules.integrations.intake import Intake, Repetitions
from selfheal_rules.serve.metrics import Metrics, Watched
from selfheal_rules.serve.process import _traces
from selfheal_rules.serve.tracing import Traces, context_of
from selfheal_rules.serve.turns import Turns
from tests.generate.streams import moment
from tests.journal.rig import PROGRAM, Hands, enforcing, file_journal
from tests.semantics.rig import fail, node
from tests.serve.rig import Clock

ACTION = "compute.disable_service"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Give what spans are exported to, for as long as a test runs."""
    found, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(found))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield found
    provider.shutdown()


class Site:
    """Turns that are traced."""

    def __init__(self, folder: Path, hands: Hands, workers: int = 0) -> None:
        """Wire them, as `Process` does."""
        traces, self.intake = Traces(), Intake()
        self.intake.offered = traces.offered
        executors = Watched(
            [hands], Metrics(), traces, clock=lambda: moment(1), workers=workers, ended=self.intake.wake
        )  # fmt: skip
        self.healer = Healer(enforcing(PROGRAM), file_journal(folder), executors)
        self.turns = Turns(self.healer, self.intake, Repetitions(Clock()), lambda: moment(1))
        self.turns.recording = traces.recording
        self.turns.told = lambda decisions: _each(traces.decided, decisions)


def _each(call: Callable[[Decision], None], decisions: Sequence[Decision]) -> None:
    for one in decisions:
        call(one)


def _named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [one for one in exporter.get_finished_spans() if one.name == f"selfheal {name}"]


def _about(span: ReadableSpan, *names: str) -> list[object]:
    return [(span.attributes or {}).get(f"selfheal.{name}") for name in names]


def _id(span: ReadableSpan) -> trace.SpanContext:
    found: trace.SpanContext | None = span.context
    assert found is not None
    return found


def test_a_decision_is_traced_from_the_item_to_its_outcome(tmp_path: Path, exporter: InMemorySpanExporter) -> None:
    """Offers link to their batch, that to the decision; deciding and carrying out are one trace, named by its id."""
    site = Site(tmp_path, Hands((ACTION,)))
    for host in ("a", "b"):
        site.intake.offer([fail(1, host=host)])
    site.turns.turn(0.0)
    offers, (batch,) = _named(exporter, "receive"), _named(exporter, "record")
    decided, done = _named(exporter, "decide"), _named(exporter, "execute")
    assert [_id(one) for one in offers] == [link.context for link in batch.links]
    assert [[_id(batch)]] * 2 == [[link.context for link in one.links] for one in decided]
    assert [_about(one, "decision.id") for one in decided] == [_about(one, "decision.id") for one in done]
    ids = [str(_about(one, "decision.id")[0]) for one in decided]
    assert [int(one, 16) for one in ids] == [_id(one).trace_id for one in done]
    assert [_id(one).trace_id for one in decided] == [_id(one).trace_id for one in done]
    assert [["a", ACTION, 1, "done"], ["b", ACTION, 1, "done"]] == [
        _about(one, "decision.target", "decision.action", "attempt", "status") for one in done
    ]
    assert [["allowed", "mode"]] * 2 == [_about(one, "verdict", "guard") for one in decided]


def test_what_fails_is_an_error_of_its_span(tmp_path: Path, exporter: InMemorySpanExporter) -> None:
    """An offer that does not fit, and an executor that fails, each says why."""
    site = Site(tmp_path, Hands((ACTION,), answers={ACTION: ExecutorError("no answer", retryable=False)}))
    site.intake.offer([Event("x", "unheard.of", "test", moment(1), {})])
    site.intake.offer([fail(1)])
    site.turns.turn(0.0)
    refused, _ = _named(exporter, "receive")
    (failed,) = _named(exporter, "execute")
    assert (trace.StatusCode.ERROR, True) == (
        refused.status.status_code,
        "unheard.of" in str(refused.status.description),
    )
    assert (trace.StatusCode.ERROR, "no answer") == (failed.status.status_code, failed.status.description)


def test_an_idle_turn_is_no_span(tmp_path: Path, exporter: InMemorySpanExporter) -> None:
    """Neither is one that only wakes; an item that leads to nothing is received and recorded."""
    site = Site(tmp_path, Hands((ACTION,)))
    site.turns.turn(0.0)
    site.intake.wake()
    site.turns.turn(0.0)
    assert () == exporter.get_finished_spans()
    site.intake.offer([node(1, level="low")])
    site.turns.turn(0.0)
    assert ["selfheal receive", "selfheal record"] == [one.name for one in exporter.get_finished_spans()]


def test_what_an_executor_calls_belongs_to_its_span(tmp_path: Path, exporter: InMemorySpanExporter) -> None:
    """A library that makes spans of its requests makes them below the decision, in the executor's own thread too."""

    class Calling(Hands):
        def execute(self, decision: Decision) -> Outcome:
            with trace.get_tracer("requests").start_as_current_span("selfheal call"):
                return super().execute(decision)

    site = Site(tmp_path, Calling((ACTION,)), workers=1)
    site.intake.offer([fail(1)])
    site.turns.turn(0.0)
    while site.healer.course.waiting:
        site.turns.turn(20.0)
    (call,), (done,) = _named(exporter, "call"), _named(exporter, "execute")
    assert call.parent is not None
    assert (_id(done).span_id, _id(done).trace_id) == (call.parent.span_id, _id(call).trace_id)


def test_a_trace_is_named_by_its_decision() -> None:
    """The same decision has the same trace in every process."""
    one, again = (enforcing(PROGRAM).post(fail(1, id="f"))[0] for _ in range(2))
    assert context_of(one) == context_of(again)
    assert context_of(one).is_valid


def test_where_nobody_hears_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without the extra, or under no SDK, has no traces, and needs none."""
    assert _traces() is None
    monkeypatch.setattr(trace, "get_tracer_provider", TracerProvider)
    assert isinstance(_traces(), Traces)
    monkeypatch.delitem(sys.modules, "selfheal_rules.serve.tracing")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    assert _traces() is None
