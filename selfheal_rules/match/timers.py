"""Which timers of rows, counts, matches and supports still mean something, and what need not be kept."""

from collections.abc import Callable, Mapping
from heapq import heapify
from typing import Any, TypeAlias

from selfheal_rules.match.memory import AGE, HOLD, JUDGE, LAPSE, OVERDUE, TALLY
from selfheal_rules.match.network import Network
from selfheal_rules.match.rows import Record, Row

FEW = 256
"""So many timers are never gone through."""

Still: TypeAlias = Callable[[Network, Any, int], bool]
"""(network, subject, due) → whether a timer means something; one that does not never will again."""


def is_held(network: Network, number: int, row: Row) -> bool:
    """Whether a row waits for the end of its `for`."""
    memory = network.memory
    if network.parts[number].counted:
        tally = memory.tallies[number].get(row.key)
        return row.gone and tally is not None and tally.row is row
    record = memory.records.get(row.kind, {}).get(row.key)
    return row.gone and record is not None and record.rows.get(number) is row


def is_aging(network: Network, record: Record, at: int, fields: Any) -> bool:
    """Whether a record says what it said when the timer was set."""
    current = network.memory.records.get(record.kind, {}).get(record.key)
    return current is record and record.at == at and record.fields is fields


def ripen(network: Network, number: int, row: Row) -> None:
    """Have a row stand whose `for` is over."""
    if is_held(network, number, row):
        network.stand(network.parts[number], row)


def age(network: Network, record: Record, at: int, fields: Any) -> None:
    """Hold a record against its leaves again, one of which time may have turned."""
    if is_aging(network, record, at, fields):
        network.record(record, network.memory.now)


def _is_counting(network: Network, group: tuple[int, Any], due: int) -> bool:
    number, key = group
    tally = network.memory.tallies[number].get(key)
    return tally is not None and tally.due == due


def is_waiting(timed: Any) -> bool:
    """Whether guards hold an attempt at a step; once they do not, they never will again."""
    episode, index, attempt = timed
    progress = episode.steps[index]
    return bool(progress.state == "held" and progress.attempt == attempt)


STILL: Mapping[int, Still] = {
    HOLD: lambda network, subject, _: is_held(network, *subject),
    AGE: lambda network, subject, _: is_aging(network, *subject),
    TALLY: _is_counting,
    JUDGE: lambda _, match, due: bool(match.again == due),
    OVERDUE: lambda _, timed, __: is_waiting(timed),
    LAPSE: lambda _, support, due: bool(support.ends == due and not support.removed),
}
"""By purpose; a timer of another purpose is not judged here."""


def tidy(network: Network) -> None:
    """Let go of the groups and timers nobody would miss; nothing may be waiting to be judged."""
    if network.tallies.crowded:
        network.tallies.tidy()
    if len(network.memory.timers) > network.memory.crowd:
        _compact(network)


def _compact(network: Network) -> None:
    """Throw away the timers that mean nothing any more, before there are twice as many as once meant something."""
    memory, timers = network.memory, network.memory.timers
    timers[:] = [one for one in timers if one[2] not in STILL or STILL[one[2]](network, one[3], one[0])]
    heapify(timers)
    memory.crowd = max(FEW, 2 * len(timers))
