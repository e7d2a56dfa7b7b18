"""W1 and W2: one event against one threshold, among many rules; W2 is W1 with nearly everything noise."""

from collections.abc import Callable
from datetime import timedelta

from benchmarks.workload import Row, Stream, Workload, ruleset
from selfheal_rules.events import Event

_RULE = """\
  - id: r{number:04}
    when: {{as: m, event: metric.{number:04}, where: {{severity: [error, critical], value: {{more_than: {limit}}}}}}}
    then: [{{do: noop, target: $m.host}}]
"""


def limit_of(number: int) -> int:
    """Give the threshold of rule `number`."""
    return 50 + number % 40


def w1(rules: int, events: int, name: str = "", matching: float = 0.1) -> Workload:
    """
    Draw `events`, of which a share `matching` fires its rule.

    The others are, in three equal parts, of too low a severity, below the threshold, or of a kind no rule reads.
    """
    name = name or f"W1-{rules}"
    stream = Stream(rules, timedelta(milliseconds=50))
    expected = 0
    for _ in range(events):
        number, hit = stream.draw.randrange(rules), stream.draw.random() < matching
        expected += hit
        _draw(stream, number, "hit" if hit else stream.draw.choice(("severity", "value", "kind")))
    kinds = [f"metric.{number:04}" for number in range(rules)] + [f"other.{number:04}" for number in range(rules)]
    texts = [_RULE.format(number=number, limit=limit_of(number)) for number in range(rules)]
    text = ruleset(name.lower(), kinds, texts)
    return Workload(name, text, tuple(stream.items), expected, script, {"rules": rules})


def w2(events: int) -> Workload:
    """Draw W1 over 100 rules with one event in a thousand matching."""
    return w1(100, events, "W2", 0.001)


def _draw(stream: Stream, number: int, case: str) -> None:
    over, under = limit_of(number) + 5.5, limit_of(number) - 5.5
    kind = "other" if case == "kind" else "metric"
    severity = "warning" if case == "severity" else stream.draw.choice(("error", "critical"))
    host = f"host-{stream.draw.randrange(1000):04}"
    stream.add(f"{kind}.{number:04}", host, severity=severity, value=under if case == "value" else over)


def script(workload: Workload) -> tuple[Callable[[Event], None], list[Row]]:
    """Write it by hand: a dict from kind to a handler with the `if`."""
    out: list[Row] = []
    handlers = {f"metric.{n:04}": _handler(f"r{n:04}", limit_of(n), out) for n in range(workload.sizes["rules"])}

    def handle(event: Event) -> None:
        handler = handlers.get(event.kind)
        if handler is not None:
            handler(event)

    return handle, out


def _handler(rule: str, limit: int, out: list[Row]) -> Callable[[Event], None]:
    def handler(event: Event) -> None:
        fields = event.fields
        if fields["severity"] in ("error", "critical") and fields["value"] > limit:
            out.append((rule, fields["host"], event.id))

    return handler
