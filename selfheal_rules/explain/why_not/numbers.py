"""How many there were, what a number came to and how long something held: the engine is asked until it says yes."""

from datetime import datetime, timedelta
from typing import Any

from attrs import evolve

from selfheal_rules.compile.branches import span
from selfheal_rules.decide.decision import Decision
from selfheal_rules.explain.why_not.case import Case, swapped
from selfheal_rules.explain.why_not.near import Near
from selfheal_rules.model import Bound, Group, Literal, Operand
from selfheal_rules.values import microseconds, moment
from selfheal_rules.vocabulary import write_duration
from selfheal_rules.wording import shown, stamp


def too_short(case: Case) -> Near:
    """Say how long it held at most, which the engine tells: it is asked with ever other durations."""
    group = case.failed.group
    operand = group.held if group else case.pattern.held
    asked = span(case.probe.rules, operand) or 0
    low, high = 0, asked  # it held `low` long, and not `high`
    best = case.found
    while high - low > 1:
        middle = (low + high) // 2
        found = case.probe.fires(_holding(case, middle))
        low, high, best = (middle, high, found) if found else (low, middle, best)
    since = moment(microseconds(best[-1].time) - low) if best else case.probe.at
    length, miss = timedelta(microseconds=low), timedelta(microseconds=asked - low)
    name = case.name if case.failed.pattern else "all of it"
    until = since + timedelta(microseconds=asked)
    text = f"{name} held {shown(length)} of {shown(timedelta(microseconds=asked))}, {shown(miss)} too short"
    return Near("for", text, miss, f"{name} had held until {stamp(until)}, or for <= {shown(length)}", since)


def _holding(case: Case, length: int) -> Group:
    held = Literal(timedelta(microseconds=length))
    part = case.failed.group or case.pattern
    return swapped(_asked(case), part, lambda part: evolve(part, held=held))


def _asked(case: Case) -> Group:
    return case.probe.relaxed((*case.held, case.failed))


def count(case: Case) -> Near:
    """Say how many there were at most (or least), and how many are short (or too many)."""
    counted = case.pattern.count
    assert counted  # noqa: S101 - a `count` has one
    if any(bound.comparison in {"at_most", "less_than"} for bound in counted.bounds):
        return _too_many(case)
    bound = max(counted.bounds, key=lambda one: _number(case, one.operand))
    wanted = int(_number(case, bound.operand)) + (bound.comparison == "more_than")
    low, high, best = 0, wanted, list[Decision]()
    while high - low > 1:
        middle = (low + high) // 2
        found = case.probe.fires(_counting(case, "at_least", middle))
        low, high, best = (middle, high, found) if found else (low, middle, best)
    time = best[-1].time if best else _last(case)
    text = f"{low} of at least {wanted}{window_of(case)}"
    missing = wanted - low
    change = f"{missing} more {' or '.join(case.pattern.kinds)} had been there{window_of(case)}, or at_least <= {low}"
    near = case.history.nearly(case.pattern)
    if near is None:
        return Near("count", text, float(missing), change, time)
    return Near("count", f"{text}; {near.text}", float(missing), change, time, below=near.below)


def _too_many(case: Case) -> Near:
    """Say how few there were at the best of times; or that nobody can tell yet."""
    counted = case.pattern.count
    assert counted  # noqa: S101 - a `count` has one
    bound = min(counted.bounds, key=lambda one: _number(case, one.operand))
    most = int(_number(case, bound.operand)) - (bound.comparison == "less_than")
    high = 1
    while high <= 1 << 20 and not case.probe.fires(_counting(case, "at_most", most + high)):
        high *= 2
    if high > 1 << 20:
        text = f"it cannot be told yet: it takes a whole window{window_of(case)} of watching"
        return Near("count", text, None, "it had been watched for the whole window")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if case.probe.fires(_counting(case, "at_most", most + middle)) else (middle, high)
    text = f"{most + high} where at most {most} may be{window_of(case)}"
    return Near("count", text, float(high), f"{high} fewer had been there{window_of(case)}", _last(case))


def _counting(case: Case, comparison: Any, number: int) -> Group:  # noqa: ANN401 - a word of the language
    bounds = (Bound(comparison, Literal(number)),)
    return swapped(_asked(case), case.pattern, lambda part: evolve(part, count=evolve(part.count, bounds=bounds)))


def _number(case: Case, operand: Operand) -> float:
    return float(case.probe.rules.value(operand))


def least(case: Case) -> int:
    """Give how many a count asks for at least; 0 where it asks for no more than some."""
    counted = case.pattern.count
    low = [one for one in (counted.bounds if counted else ()) if one.comparison in {"at_least", "more_than"}]
    return max((int(_number(case, one.operand)) + (one.comparison == "more_than") for one in low), default=0)


def window_of(case: Case) -> str:
    """Say in how long a count or an aggregate is taken."""
    counted = case.pattern.count or case.pattern.aggregate
    within = counted.within if counted else None
    return f" in {write_duration(case.probe.rules.duration(within))}" if within else ""


def _last(case: Case) -> datetime | None:
    found = case.history.candidates(case.pattern, [])
    return found[-1].time if found else None


def measure(case: Case) -> Near:
    """Say what an aggregate came to at best, and by how much that misses."""
    aggregate = case.pattern.aggregate
    assert aggregate  # noqa: S101 - an `aggregate` has one
    bounds = [(one.comparison, _number(case, one.operand)) for one in aggregate.bounds]
    asked = " and ".join(f"{word.replace('_', ' ')} {number:g}" for word, number in bounds)
    fired = microseconds(case.probe.since) if case.probe.since else None
    every = case.history.measured(case.pattern, aggregate)
    values = [(at, value) for at, value in every if fired is None or at > fired]
    if not values:
        return Near(
            "aggregate",
            f"nothing to take the {aggregate.measure} of{window_of(case)}",
            None,
            f"the {aggregate.measure} had been {asked}",
        )
    at, value = min(values, key=lambda one: (_over(one[1], bounds), -one[0]))
    miss = _over(value, bounds)
    text = f"{aggregate.measure} was {shown(value)} at best, not {asked}{window_of(case)}"
    return Near("aggregate", text, miss, f"the {aggregate.measure} had been {asked}", moment(at))


def _over(value: float, bounds: list[tuple[Any, float]]) -> float:
    """Give by how much a value misses its bounds."""
    return max(number - value if word in {"at_least", "more_than"} else value - number for word, number in bounds)
