"""The workloads by name, and the sizes they are drawn in."""

from collections.abc import Callable

from benchmarks.chain import w4
from benchmarks.joins import w3
from benchmarks.thresholds import w1, w2
from benchmarks.windows import w5
from benchmarks.workload import Workload

WORKLOADS: dict[str, Callable[[int], Workload]] = {
    "W1-10": lambda events: w1(10, events),
    "W1-100": lambda events: w1(100, events),
    "W1-1000": lambda events: w1(1000, events),
    "W2": w2,
    "W3-sequence": lambda events: w3("sequence", events),
    "W3-all": lambda events: w3("all", events),
    "W4": lambda events: w4(max(events // 30, 50)),
    "W5": w5,
}
"""From a number of events to the workload; one event of W4 gives twenty decisions, so it takes a thirtieth."""


def workload_of(name: str, events: int) -> Workload:
    """Draw the named workload."""
    return WORKLOADS[name](events)
