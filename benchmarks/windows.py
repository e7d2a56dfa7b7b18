"""W5: a port that goes down three times within a minute flaps; decided when that becomes true."""

from collections import defaultdict, deque
from collections.abc import Callable
from datetime import timedelta

from benchmarks.workload import Row, Stream, Workload, ruleset
from selfheal_rules.events import Event
from selfheal_rules.values import SECOND

PORTS, FLAPPING, WITHIN, TIMES = 10_000, 20, 60, 3

_RULE = f"""\
  - id: flap
    when:
      as: flaps
      event: port.state
      where: {{status: down}}
      count: {{at_least: {TIMES}, within: {WITHIN}s, by: [host]}}
    then: [{{do: noop, target: $flaps.host}}]
"""


def w5(events: int) -> Workload:
    """Draw over 10,000 ports, of which twenty at a time flap."""
    stream = Stream(5, timedelta(milliseconds=10))
    for number in range(events):
        flapping = number // 5000 * FLAPPING + stream.draw.randrange(FLAPPING)
        port = flapping % PORTS if stream.draw.random() < 0.02 else stream.draw.randrange(PORTS)
        status = "down" if stream.draw.random() < 0.5 else "up"
        stream.add("port.state", f"port-{port:05}", status=status)
    items = tuple(stream.items)
    text = ruleset("w5", ["port.state"], [_RULE])
    return Workload("W5", text, items, _expected(items), script, {})


def _expected(items: tuple[Event, ...]) -> int:
    """Count by definition: at each fall, were there two in the window before it, and not yet three."""
    falls: dict[str, list[int]] = defaultdict(list)
    for item in items:
        if item.fields["status"] == "down":
            falls[item.fields["host"]].append(item.at)
    total = 0
    for times in falls.values():
        for place, at in enumerate(times):
            before = sum(at - WITHIN * SECOND < other for other in times[:place])
            total += before == TIMES - 1
    return total


def script(workload: Workload) -> tuple[Callable[[Event], None], list[Row]]:
    """Write it by hand: a deque of falls per port."""
    assert workload.name == "W5"
    out: list[Row] = []
    falls: dict[str, deque[tuple[int, str]]] = {}
    within = WITHIN * SECOND

    def on_port(event: Event) -> None:
        fields = event.fields
        if fields["status"] == "down":
            port, at = fields["host"], event.at
            seen = falls.get(port)
            if seen is None:
                seen = falls[port] = deque()
            while seen and seen[0][0] <= at - within:
                seen.popleft()
            seen.append((at, event.id))
            if len(seen) == TIMES:
                out.append(("flap", port, tuple(name for _, name in seen)))

    handlers = {"port.state": on_port}

    def handle(event: Event) -> None:
        handler = handlers.get(event.kind)
        if handler is not None:
            handler(event)

    return handle, out
