"""
What becomes of items and decisions, as spans of OpenTelemetry; who sets up no SDK of it has them made for nobody.

    receive → record → decide → execute

An offer of a source is a span from its coming to its answer; a batch is one that links to those of its offers. What
belongs to one decision is one trace, which has the decision's id for its own: so whoever has a decision, from a log, a
journal or a mark in a cloud, has its trace, and a process that goes on where another ended goes on in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from opentelemetry import trace

from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.integrations.intake import Offer, Receipt

if TYPE_CHECKING:
    from concurrent.futures import Future


def context_of(decision: Decision) -> trace.SpanContext:
    """Give the root of the trace of a decision; no span is made of it."""
    sampled = trace.TraceFlags(trace.TraceFlags.SAMPLED)
    return trace.SpanContext(int(decision.id, 16), int(decision.id[:16], 16), is_remote=True, trace_flags=sampled)


def _told(decision: Decision) -> dict[str, str | int]:
    about = {"id": decision.id, "rule": decision.rule, "action": decision.action, "target": str(decision.target)}
    return {f"selfheal.decision.{name}": value for name, value in about.items()}


def is_heard() -> bool:
    """Whether an SDK was set up; spans that nobody hears of cost as much as a request's journal record."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


class Traces:
    """Makes the spans of one process, by the tracer of its provider."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._tracer = trace.get_tracer("selfheal_rules")
        self._offered: WeakKeyDictionary[Offer, trace.SpanContext] = WeakKeyDictionary()
        self._running: dict[str, trace.Span] = {}

    def offered(self, offer: Offer) -> None:
        """Begin the span of an offer, which ends with its answer."""
        span = self._tracer.start_span(
            "selfheal receive", kind=trace.SpanKind.CONSUMER, attributes={"selfheal.items": len(offer.items)}
        )
        self._offered[offer] = span.get_span_context()
        offer.answer.add_done_callback(lambda answer: _answered(span, answer))

    @contextmanager
    def recording(self, offers: Sequence[Offer]) -> Iterator[None]:
        """Have what is recorded and decided inside the block belong to a span that links to those of offers."""
        links = [trace.Link(self._offered.pop(one)) for one in offers if one in self._offered]
        if not links:
            yield
            return
        with self._tracer.start_as_current_span("selfheal record", links=links):
            yield

    def decided(self, decision: Decision) -> None:
        """Make the span of a decision, with a link to that of the batch it follows from."""
        here = trace.get_current_span().get_span_context()
        verdict = {"selfheal.verdict": decision.verdict.status, "selfheal.guard": decision.verdict.guard}
        self._begun("selfheal decide", decision, [trace.Link(here)] if here.is_valid else [], verdict).end()

    @contextmanager
    def issued(self, decision: Decision) -> Iterator[None]:
        """Begin the span of its being carried out; what the block begins belongs to it."""
        span = self._begun("selfheal execute", decision, [], {"selfheal.attempt": decision.attempt})
        self._running[decision.id] = span
        with trace.use_span(span):
            yield

    def ended(self, outcome: Outcome) -> None:
        """End that span."""
        span = self._running.pop(outcome.decision_id)
        span.set_attribute("selfheal.status", outcome.status)
        if outcome.status in {"failed", "unconfirmed"}:
            span.set_status(trace.StatusCode.ERROR, outcome.detail)
        span.end()

    def _begun(
        self, name: str, decision: Decision, links: Sequence[trace.Link], more: Mapping[str, str | int]
    ) -> trace.Span:
        parent = trace.set_span_in_context(trace.NonRecordingSpan(context_of(decision)))
        return self._tracer.start_span(name, parent, links=links, attributes={**_told(decision), **more})


def _answered(span: trace.Span, answer: "Future[Receipt]") -> None:
    error = answer.exception()
    if error is None:
        span.set_attribute("selfheal.repeated", answer.result().repeated)
    else:
        span.set_status(trace.StatusCode.ERROR, str(error))
    span.end()
