"""
How low CPython lets it be: scripts that do what the engine promises of an event, and nothing else.

They are written by hand for one workload each: a function called per event, as the scripts are, which holds the item
against its kind by a glance, knows ids for ten minutes, keeps what a late event could meet, and gives decisions that
can be explained, known for as long. What the engine takes beyond that is the price of its being general.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import timedelta
from time import process_time
from typing import Any

from benchmarks.joins import WITHIN
from benchmarks.measure import Run
from benchmarks.thresholds import limit_of
from benchmarks.workload import Workload
from selfheal_rules.decide.decision import SHADOWED, UNMATCHED, Decision, Step, blank
from selfheal_rules.events import Event
from selfheal_rules.values import EMPTY, SECOND, microseconds
from selfheal_rules.vocabulary import Kind

AGE = microseconds(timedelta(minutes=10))
Handler = Callable[[Event], Step]


class Rule:
    """What a decision reads of its rule."""

    def __init__(self, name: str) -> None:
        """Have a name."""
        self.rule = name


class Floor:
    """What every workload is promised: ids, and decisions, are known for ten minutes."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.seen: dict[str, dict[str, int]] = {}
        self.recent: deque[Decision] = deque()
        self.sweep = 0

    def is_new(self, event: Event) -> bool:
        """Whether an event was not seen before, and from now on it was."""
        seen = self.seen.get(event.source)
        if seen is None:
            seen = self.seen[event.source] = {}
        if event.id in seen:
            return False
        seen[event.id] = event.at
        return True

    def decide(self, rule: Rule, event: Event, rows: object) -> Step:
        """Give a decision on the host of an event."""
        decision = blank()
        decision.errand, decision.rows, decision.at = rule, rows, event.at  # type: ignore[assignment]  # all it reads
        decision.target, decision.params, decision.verdict = event.fields["host"], EMPTY, SHADOWED
        recent = self.recent
        recent.append(decision)
        if event.at >= self.sweep:
            self.sweep = event.at + AGE // 16
            while recent[0].at <= event.at - AGE:
                recent.popleft()
        return Step((decision,))


def thresholds(workload: Workload) -> dict[str, Handler]:
    """Give the handlers of W1."""
    floor = Floor()

    def handler(rule: Rule, limit: int) -> Handler:
        def handle(event: Event) -> Step:
            fields = event.fields
            if fields["severity"] in ("error", "critical") and fields["value"] > limit and floor.is_new(event):
                return floor.decide(rule, event, event)
            return UNMATCHED

        return handle

    return {f"metric.{n:04}": handler(Rule(f"r{n:04}"), limit_of(n)) for n in range(workload.sizes["rules"])}


def sequences(workload: Workload) -> dict[str, Handler]:
    """Give the handlers of W3 as a sequence."""
    floor, within, keep = Floor(), WITHIN * SECOND, WITHIN * SECOND + AGE
    lost: dict[str, list[Event]] = {}
    waiting: deque[Event] = deque()

    def on_down(event: Event) -> Step:
        if floor.is_new(event):
            lost.setdefault(event.fields["host"], []).append(event)
        return UNMATCHED

    def handler(rule: Rule) -> Handler:
        def handle(event: Event) -> Step:
            fields = event.fields
            if fields["status"] != "off" or not floor.is_new(event):
                return UNMATCHED
            waiting.append(event)  # a loss may come late
            if not len(waiting) % 1024:
                while waiting[0].at <= event.at - keep:
                    waiting.popleft()
            downs = lost.get(fields["host"])
            if downs is None or event.at - downs[-1].at >= within:
                return UNMATCHED
            return floor.decide(rule, event, (downs[-1], event))

        return handle

    found: dict[str, Handler] = {
        f"ipmi.power.{n:03}": handler(Rule(f"r{n:03}")) for n in range(workload.sizes["rules"])
    }
    return {"host.down": on_down, **found}


HANDLERS: dict[str, Callable[[Workload], dict[str, Handler]]] = {
    "W1-10": thresholds, "W1-100": thresholds, "W1-1000": thresholds, "W2": thresholds, "W3-sequence": sequences,
}  # fmt: skip
"""What each workload comes down to, kind by kind."""


def by_floor(workload: Workload, kinds: Mapping[str, Kind]) -> Run:
    """Give the floor as a contender."""

    def run() -> tuple[float, Counter[tuple[str, str]]]:
        handlers, items = HANDLERS[workload.name](workload), workload.items
        doors = {name: (kind, handlers.get(name)) for name, kind in kinds.items()}

        def post(event: Event) -> Step:
            kind, handler = doors[event.kind]
            if event.fits is not kind:
                message = f"{event!r} was not held against its kind"
                raise ValueError(message)
            return UNMATCHED if handler is None else handler(event)

        out: list[Any] = []
        begin = process_time()
        for item in items:
            for decision in post(item):
                out.append(decision)  # noqa: PERF402 - what an embedder writes
        return process_time() - begin, Counter((one.errand.rule, str(one.target)) for one in out)

    return run
