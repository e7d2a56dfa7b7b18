"""
What each part does with an event: fires it, counts it, keeps it, or has it meet what waits.

A taker is made once for each part over one memory, so that an event pays for no more than its part asks: most that pass
the leaves are kept and meet nobody, or are counted and change nothing.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from selfheal_rules.compile.plan import Part, Probe, Seed
from selfheal_rules.events import Event
from selfheal_rules.match.implied import Implied
from selfheal_rules.match.rows import Occurrence

if TYPE_CHECKING:
    from selfheal_rules.match.network import Network

Straight: TypeAlias = tuple[Any, ...]
"""What an event fires as it is found: rules of events alone whose episodes close as they open."""
Firing: TypeAlias = tuple[Any, ...] | Implied
"""The rows of what fires them."""
Partners: TypeAlias = dict[int, tuple[Straight, tuple[Seed, ...]]]
Take: TypeAlias = Callable[[Any], None]
"""Takes an event that passed the leaves of a part: a posted one as it is, a concluded one as its row."""


def taker(network: "Network", part: Part) -> Take:
    """Give what a part does with an event."""
    if part.form != "event":
        return _none
    straight = network.straight[part.number]
    if straight is not None:
        return lambda item: network.ready.append((straight, (item,)))
    takes: list[Take] = [network.tallies.samplers[counter] for counter in part.counts]
    if part.keep:
        takes.append(_keeping(network, part))
    elif part.seeds or part.probes or part.watches:
        takes.append(_passing(network, part))
    return takes[0] if len(takes) == 1 else _several(tuple(takes))


def _none(_: object) -> None:
    """Do nothing: no event comes to a part of states or of counts."""


def _several(takes: tuple[Take, ...]) -> Take:
    def take(item: Any) -> None:
        for one in takes:
            one(item)

    return take


def _passing(network: "Network", part: Part) -> Take:
    """Have an event meet what stands now; nobody will meet it later."""
    memory, watched = network.memory, bool(part.watches)

    def take(item: Any) -> None:
        row = item
        if item.__class__ is Event:
            row = Occurrence(item.kind, item.source, item.id, item.fields, item.at, memory.turn)
        if watched:
            network.watch(part, row)
        network.seed(part, row)

    return take


def _keeping(network: "Network", part: Part) -> Take:
    """Keep an event for those that come after it; what only late ones could look up is not even indexed."""
    memory, number, meet = network.memory, part.number, _meeting(network, part)
    waiting, recent, rooms = memory.waiting[number], memory.recent[number], memory.rooms

    def take_unindexed(item: Any) -> None:
        if item.__class__ is not Event or item.at < memory.now:
            network.keep(part, item)
            return
        waiting.append((item, memory.turn))
        if len(waiting) > rooms[number]:
            network.expire(part)
        meet(item)

    def take(item: Any) -> None:
        if item.at < memory.now:
            network.keep(part, item)
            return
        row = network.index(part, item, memory.turn)
        if len(recent) > rooms[number]:
            network.expire(part)
        if part.watches:
            network.watch(part, row)
        meet(row)

    return take_unindexed if part.lazy else take


def _meeting(network: "Network", part: Part) -> Take:
    """Have an event that does not come late meet what waits."""
    memory, pend = network.memory, network.pend
    seeds = tuple(seed for seed in part.seeds if not seed.late_only)
    probes = tuple((memory.exchanges[one.exchange], one.key, _in_time(network, one)) for one in part.probes)
    probes = tuple(probe for probe in probes if probe[2])

    def meet(row: Any) -> None:
        for seed in seeds:
            pend(seed, row)
        for exchange, key_of, partners in probes:
            bucket = exchange.get(key_of(row))
            if bucket is not None:
                _fire(network, partners, bucket, row)

    return meet if seeds or probes else _none


def _fire(network: "Network", partners: Partners, bucket: dict[int, Any], row: Any) -> None:
    """Have what waits in a bucket for an event fire, or be judged."""
    if row.__class__ is Event:
        row = Occurrence(row.kind, row.source, row.id, row.fields, row.at, network.memory.turn)
    for number in bucket if len(bucket) <= len(partners) else partners:
        if number in bucket and number in partners:
            straight, seeds = partners[number]
            if straight:
                network.ready.append((straight, (row,)))
            for seed in seeds:
                network.pend(seed, row)


def _in_time(network: "Network", probe: Probe) -> Partners:
    """Give the partners of an event that does not come late: what fires as it is found, and what is to be judged."""
    found: Partners = {}
    for number, some in probe.partners.items():
        seeds = [seed for seed in some if not seed.late_only]
        straight = tuple(one for seed in seeds for one in network.joins.get(seed, ()))
        if seeds:
            found[number] = straight, tuple(seed for seed in seeds if seed not in network.joins)
    return found
