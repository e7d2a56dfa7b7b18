"""
What each part does with an event: fires it, counts it, keeps it, or has it meet what waits.

A taker is made once for each part over one memory, so that an event pays for no more than its part asks: most that pass
the leaves are kept and meet nobody, or are counted and change nothing. A posted event is its own row until somebody
has to hold it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from attrs import frozen

from selfheal_rules.compile.plan import Part, Seed
from selfheal_rules.events import Event
from selfheal_rules.match.implied import Implied
from selfheal_rules.match.rows import occurrence

if TYPE_CHECKING:
    from selfheal_rules.match.network import Network

Single: TypeAlias = Any
"""A rule of events alone whose episodes close as they open: it fires as it is found (see `decide/straight.py`)."""
Firing: TypeAlias = Sequence[tuple[Any, ...]] | Implied
"""The matches it fires by."""
Take: TypeAlias = Callable[[Any], object]
"""Takes a row of a part."""
Made = TypeVar("Made")


@frozen(eq=False, repr=False)
class Meeting:
    """How a row of a part meets what waits: one that comes in time, one that comes late, one that merely changed."""

    early: Take
    late: Take
    changed: Take


class ByPart(dict[int, Made], Generic[Made]):
    """What is made of each part once something comes to it: most parts of large rule sets hear nothing in a run."""

    def __init__(self, network: "Network", make: "Callable[[Network, Part], Made]") -> None:
        """Begin with nothing made."""
        super().__init__()
        self._network, self._make = network, make

    def __missing__(self, number: int) -> Made:
        """Make that of a part, by its number."""
        made = self[number] = self._make(self._network, self._network.parts[number])
        return made


def meeting(network: "Network", part: Part) -> Meeting:
    """Give how the rows of a part meet what waits."""
    return Meeting(
        _several(_meets(network, part, lambda seed: not seed.late_only)),
        _several(_meets(network, part, lambda _: True)),
        _several(_meets(network, part, lambda seed: seed.level)),
    )


def taker(network: "Network", part: Part) -> Take:
    """Give what a part does with an event."""
    if part.form != "event":
        return _none
    straight = network.straight[part.number]
    if straight is not None:
        return _several([_firing(network, single) for single in straight])
    takes: list[Take] = [network.tallies.samplers[counter] for counter in part.counts]
    if part.keep:
        takes.append(_keeping(network, part))
    elif part.seeds or part.probes or part.watches:
        takes.append(_passing(network, part))
    return _several(takes)


def _none(_: object) -> None:
    """Do nothing."""


def _several(takes: Sequence[Take]) -> Take:
    if len(takes) < 2:  # noqa: PLR2004 - several
        return takes[0] if takes else _none

    def take(row: Any) -> None:
        for one in takes:
            one(row)

    return take


def _firing(network: "Network", single: Single) -> Take:
    """Fire a rule by every match a row completes."""
    ready, memory, find = network.ready, network.memory, single.find
    if find is None:
        return lambda row: ready.append((single, [(row,)]))

    def fire(row: Any, find: Any = find, memory: Any = memory, single: Single = single) -> None:
        found = find(row, memory)
        if found:
            ready.append((single, found))

    return fire


def _passing(network: "Network", part: Part) -> Take:
    """Have an event meet what stands now; nobody will meet it later."""
    if not part.watches:
        return lambda row: network.seed(part, row)

    def take(row: Any) -> None:
        network.watch(part, row)
        network.seed(part, row)

    return take


def _keeping(network: "Network", part: Part) -> Take:
    """Keep an event for those that come after it."""
    memory, meet, lazy = network.memory, network.meetings[part.number].early, part.lazy
    hold = part.hold(network.words(part.number)) if part.hold else None

    def take(item: Any) -> None:
        if hold is None or item.at < memory.now or (lazy and item.__class__ is not Event):
            network.keep(part, item)
            return
        row = hold(item)
        if part.watches:
            network.watch(part, row)
        meet(row)

    return take


# Meeting what waits


def _meets(network: "Network", part: Part, wanted: Callable[[Seed], bool]) -> list[Take]:
    takes = _tries(network, filter(wanted, part.seeds))
    for probe in part.probes:
        found = {number: _tries(network, filter(wanted, some)) for number, some in probe.partners.items()}
        partners = {number: _several(some) for number, some in found.items() if some}
        seeds = [seed for some in probe.partners.values() for seed in some if wanted(seed)]
        if len(seeds) == 1 and seeds[0] in network.joins:
            takes += partners.values()  # what fires it looks under the same key, and finds as much
        elif partners:
            takes.append(_probing(network.memory.exchanges[probe.exchange], probe.key, partners))
    return takes


def _tries(network: "Network", seeds: Iterable[Seed]) -> list[Take]:
    """Give how a row is tried as each of these seeds: what fires as it is found does, the others are to be judged."""
    takes: list[Take] = []
    judged = []
    for seed in seeds:
        single = network.joins.get(seed)
        if single is None:
            judged.append(seed)
        else:
            takes.append(_firing(network, single))
    return [*takes, _pending(network, judged)] if judged else takes


def _pending(network: "Network", seeds: Sequence[Seed]) -> Take:
    pend = network.pend

    def take(row: Any) -> None:
        found = occurrence(row, network.memory.turn) if row.__class__ is Event else row
        for seed in seeds:
            pend(seed, found)

    return take


def _probing(
    exchange: Mapping[Any, Mapping[int, Any]], key_of: Callable[[Any], Any], partners: Mapping[int, Take]
) -> Take:
    """Try only the seeds for which something waits under the key of a row."""

    def take(row: Any) -> None:
        bucket = exchange.get(key_of(row))
        if bucket is not None:
            for number in bucket if len(bucket) <= len(partners) else partners:
                if number in bucket and number in partners:
                    partners[number](row)

    return take
