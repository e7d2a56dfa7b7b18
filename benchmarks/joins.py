"""W3: a host is lost, then its power reads off; written as `sequence` (this order) and as `all` (either order)."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta

from benchmarks.workload import Row, Stream, Workload, ruleset
from selfheal_rules.events import Event
from selfheal_rules.values import SECOND

STEP = timedelta(milliseconds=10)
WITHIN = 120
HOSTS = 1000

_RULE = """\
  - id: r{number:03}
    when:
      {word}:
        - {{as: down, event: host.down}}
        - {{as: power, event: ipmi.power.{number:03}, where: {{status: "off"}}}}
      same: [host]
      within: {within}s
    then: [{{do: noop, target: $down.host}}]
"""


def w3(word: str, events: int, rules: int = 100) -> Workload:
    """
    Draw a stream on which `HOSTS` hosts are outstanding all the time.

    Each is lost again every hundred seconds; one event in ten completes a join, the rest read `on`, or `off` for hosts
    that are not lost, or are of a kind no rule reads.
    """
    stream = Stream(3, STEP)
    for host in range(HOSTS):
        stream.add("host.down", _host(host))
    for number in range(events - HOSTS if events > HOSTS else events):
        _draw(stream, number, rules)
    kinds = ["host.down", "other", *(f"ipmi.power.{number:03}" for number in range(rules))]
    texts = [_RULE.format(number=number, word=word, within=WITHIN) for number in range(rules)]
    items = tuple(stream.items)
    script = sequence_script if word == "sequence" else all_script
    text = ruleset(f"w3-{word}", kinds, texts)
    return Workload(f"W3-{word}", text, items, _expected(items, word), script, {"rules": rules})


def _host(number: int) -> str:
    return f"host-{number:04}"


def _draw(stream: Stream, number: int, rules: int) -> None:
    draw = stream.draw
    power = f"ipmi.power.{draw.randrange(rules):03}"
    case = number % 10
    if case == 0:
        stream.add("host.down", _host(number // 10 % HOSTS))
    elif case == 1:
        stream.add(power, _host(draw.randrange(HOSTS)), status="off")
    elif case % 3 == 0:
        stream.add(power, _host(draw.randrange(HOSTS)), status="on")
    elif case % 3 == 1:
        stream.add(power, f"well-{draw.randrange(HOSTS):04}", status="off")
    else:
        stream.add("other", _host(draw.randrange(HOSTS)))


def _expected(items: tuple[Event, ...], word: str) -> int:
    """Count by definition: for each event that completes a match, one per rule and host."""
    downs: dict[str, list[int]] = defaultdict(list)
    offs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for item in items:
        if item.kind == "host.down":
            downs[item.fields["host"]].append(item.at)
        elif item.fields.get("status") == "off":
            offs[item.kind, item.fields["host"]].append(item.at)
    total = 0
    for (_, host), times in offs.items():
        total += sum(_any_before(downs[host], at) for at in times)
        total += sum(_any_before(times, at) for at in downs[host]) if word == "all" else 0
    return total


def _any_before(times: list[int], at: int) -> bool:
    """Whether one of the sorted `times` lies in (at − within, at)."""
    return bisect_right(times, at - WITHIN * SECOND) < bisect_left(times, at)


def sequence_script(workload: Workload) -> tuple[Callable[[Event], None], list[Row]]:
    """Write it by hand: the last loss of each host, looked up when its power reads off."""
    out: list[Row] = []
    lost: dict[str, Event] = {}
    within = WITHIN * SECOND

    def on_down(event: Event) -> None:
        lost[event.fields["host"]] = event

    def on_power(rule: str) -> Callable[[Event], None]:
        def handler(event: Event) -> None:
            fields = event.fields
            if fields["status"] == "off":
                down = lost.get(fields["host"])
                if down is not None and event.at - down.at < within:
                    out.append((rule, fields["host"], (down.id, event.id)))

        return handler

    return _dispatched(workload, on_down, on_power), out


def all_script(workload: Workload) -> tuple[Callable[[Event], None], list[Row]]:
    """Write it by hand for either order: what was off of late is kept per host until a loss meets it."""
    out: list[Row] = []
    lost: dict[str, Event] = {}
    off: dict[str, dict[str, Event]] = {}
    within = WITHIN * SECOND

    def on_down(event: Event) -> None:
        host = event.fields["host"]
        lost[host] = event
        waiting = off.get(host)
        if waiting:
            fresh = {rule: power for rule, power in waiting.items() if event.at - power.at < within}
            off[host] = fresh
            out.extend([(rule, host, (event.id, power.id)) for rule, power in fresh.items()])

    def on_power(rule: str) -> Callable[[Event], None]:
        def handler(event: Event) -> None:
            fields = event.fields
            if fields["status"] == "off":
                host = fields["host"]
                off.setdefault(host, {})[rule] = event
                down = lost.get(host)
                if down is not None and event.at - down.at < within:
                    out.append((rule, host, (down.id, event.id)))

        return handler

    return _dispatched(workload, on_down, on_power), out


def _dispatched(
    workload: Workload, on_down: Callable[[Event], None], on_power: Callable[[str], Callable[[Event], None]]
) -> Callable[[Event], None]:
    handlers = {f"ipmi.power.{n:03}": on_power(f"r{n:03}") for n in range(workload.sizes["rules"])}
    handlers["host.down"] = on_down

    def handle(event: Event) -> None:
        handler = handlers.get(event.kind)
        if handler is not None:
            handler(event)

    return handle
