"""Which key of a conclusion a target implies, by the items the rule joins it to."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeAlias

from attrs import evolve

from selfheal_rules.compile.equalities import Equalities
from selfheal_rules.compile.leaves import is_constant
from selfheal_rules.compile.program import Program
from selfheal_rules.decide.evidence import Evidence
from selfheal_rules.explain.why_not.case import alone
from selfheal_rules.explain.why_not.constraints import Pins
from selfheal_rules.explain.why_not.items import History, Item, value_at
from selfheal_rules.explain.why_not.meanings import Given
from selfheal_rules.explain.why_not.probe import Probe, rows_of
from selfheal_rules.explain.why_not.sift import concluding, joined
from selfheal_rules.model import Conclude, Pattern, Reference
from selfheal_rules.values import Value

_KEYS = 5
"""So many keys are asked for, the latest: a server has been on few hosts."""

Own: TypeAlias = Mapping[tuple[str, ...], Value]


def implied(probe: Probe, program: Program) -> list[Pins]:
    """
    Give what each alias must be where the items there are tell that of a conclusion: one for each key they speak of.

    A rule about a server that joins the host it is on to what is concluded of hosts is about that host alone.
    """
    patterns = list({one.alias: one.pattern for one in probe.asked if one.pattern}.values())
    concluded = {one.alias for one in patterns if any(concluding(program, one.kinds))}
    if not concluded or len(patterns) == 1:
        return [probe.pins]
    ways = _Ways(probe, concluded, joined(probe.rule, probe.rules))
    found: list[Pins] = [probe.pins]
    while (pattern := _next(patterns, found[0])) is not None:
        patterns.remove(pattern)
        found = list(_distinct(way for pins in found for way in ways.through(pattern, pins)))
    told = ({alias: own for alias, own in pins.items() if alias in concluded} for pins in found)
    return list(_distinct({**probe.pins, **own} for own in told))


def keys_of(probe: Probe, step: Conclude) -> list[Given]:
    """Give which keys a rule may have concluded by the items of its first pattern, the latest first."""
    first = probe.asked[0].pattern if probe.asked else None
    names = first and probe.rules.vocabulary.kinds[step.kind].key
    sources = [step.fields.get(name) for name in names or ()]
    wanted = [one for one in sources if isinstance(one, Reference) and first and one.alias == first.alias]
    if not first or not wanted or len(wanted) < len(sources):
        return []
    items = History(probe.inputs, probe, None, [], lambda _: None).candidates(first, [])
    every = (tuple((one, value_at(item, one.path)) for one in wanted) for item in reversed(items))
    whole = (key for key in every if all(value is not None for _, value in key))
    return list(islice(dict.fromkeys(whole), _KEYS))


def spread(probe: Probe) -> tuple[list[Pins], str]:
    """
    Give a few of the values two patterns are joined by where nothing says which is meant, and how many in words.

    To ask for all of them at once is to go over every combination of their items: what is asked for is relaxed one
    join at a time, and without the join each goes with each. The latest few are asked for, each by itself.
    """
    patterns = [one.pattern for one in probe.asked if one.pattern and one.word == "missing"]
    loose = {one.alias: one for one in patterns if not probe.pins.get(one.alias) and not (one.count or one.aggregate)}
    equal = joined(probe.rule, probe.rules)
    for alias, path in (node for node in equal.nodes() if node[0] in loose):
        alike = [one for one in equal.nodes() if equal.are_equal(one, (alias, path)) and one[0] in loose]
        if len({one[0] for one in alike}) > 1:
            items = History(probe.inputs, probe, None, [], lambda _: None).candidates(loose[alias], [])
            values = list(dict.fromkeys(value_at(item, path) for item in reversed(items)))
            told = [value for value in values if value is not None]
            more = [{one: {way: value} for one, way in alike} for value in told[:_KEYS]]
            few = f" (the latest {len(more)} were looked into)" if len(told) > len(more) else ""
            among = f" for any of {len(told):,} values of {path[-1]}{few}" if len(told) > 1 else ""
            return [{**probe.pins, **own} for own in more], among
    return [], ""


def _next(patterns: list[Pattern], pins: Pins) -> Pattern | None:
    """Give the pattern to go on from: one of which something is known, or, where nothing is, the first."""
    known = (one for one in patterns if one.alias in pins)
    return next(known, None if pins or not patterns else patterns[0])


def _distinct(found: Iterable[Pins]) -> Iterator[Pins]:
    seen: list[Pins] = []
    for pins in found:
        if pins not in seen and len(seen) < _KEYS:
            seen.append(pins)
            yield pins


class _Ways:
    """From what is known of one alias to what that says of those it is joined to."""

    def __init__(self, probe: Probe, concluded: set[str], equal: Equalities) -> None:
        self._probe, self._concluded, self._equal = probe, concluded, equal

    def through(self, pattern: Pattern, pins: Pins) -> Iterator[Pins]:
        """Give the pins with what each item of a pattern, the latest first, says of other aliases."""
        items = self._items(pattern, pins)
        if not items:
            yield pins
        for item in reversed(items):
            found = dict(pins)
            for (alias, path), value in self._told(pattern.alias, item):
                found[alias] = {path: value, **found.get(alias, {})}
            yield found

    def _items(self, pattern: Pattern, pins: Pins) -> list[Item] | list[Evidence]:
        probe = evolve(self._probe, pins=pins)
        if pattern.alias in self._concluded or pattern.count or pattern.aggregate:
            return rows_of(probe.matched(alone(probe.asked, pattern))).get(pattern.alias, [])
        tests = [test for test in pattern.where if is_constant(test)]
        return History(probe.inputs, probe, None, [], lambda _: None).candidates(pattern, tests)

    def _told(self, alias: str, item: Item | Evidence) -> Iterator[tuple[tuple[str, tuple[str, ...]], Value]]:
        nodes = self._equal.nodes()
        for mine in (node for node in nodes if node[0] == alias):
            value = value_at(item, mine[1])
            for other in nodes:
                if value is not None and other[0] != alias and self._equal.are_equal(mine, other):
                    yield other, value
