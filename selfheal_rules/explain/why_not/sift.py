"""Of all that was posted, what a rule can have seen about one target: the rest is left out before any work."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from attrs import define, field, frozen

from selfheal_rules.check.walk import patterns_below
from selfheal_rules.compile.branches import Branch, Join, expand
from selfheal_rules.compile.equalities import Equalities
from selfheal_rules.compile.program import Program
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Outcome
from selfheal_rules.events import Event, State
from selfheal_rules.explain.why_not.constraints import Pins
from selfheal_rules.model import Conclude, Do, Pattern, Reference, Rule, RuleSet
from selfheal_rules.values import EPOCH, Value, lookup

Input: TypeAlias = Event | State | Outcome | Control | datetime
"""What was given to an engine: an item, or the time it was told to advance to."""
Given: TypeAlias = Iterable[tuple[Reference, Value]]
OWN = "selfheal."


@frozen(eq=False, repr=False)
class Excerpt:
    """What matters of a long record: with an instant in place of every other input, and a way to all of them."""

    inputs: Sequence[Input]
    whole: Callable[[], Iterable[Input]]


@frozen(eq=False, repr=False)
class Needed:
    """A rule whose word counts, and what its aliases must be for it to be about the target."""

    rules: RuleSet
    rule: Rule
    pins: Pins


def pins_of(rule: Rule, rules: RuleSet, given: Given) -> dict[str, dict[tuple[str, ...], Value]]:
    """Give all that must equal what is given, by the joins of the rule."""
    equal = joined(rule, rules)
    found: dict[str, dict[tuple[str, ...], Value]] = {}
    for reference, value in given:
        node = (reference.alias, reference.path)
        alike = [other for other in equal.nodes() if equal.are_equal(node, other)]
        for alias, path in dict.fromkeys([node, *alike]):
            found.setdefault(alias, {})[path] = value
    return found


def joined(rule: Rule, rules: RuleSet) -> Equalities:
    """Give what the joins of a rule make equal."""
    return Equalities.of(_joins(expand(rule.when, rules)))


def _joins(branches: Iterable[Branch]) -> Iterator[Join]:
    for branch in branches:
        yield from branch.joins
        for negative in branch.negatives:
            yield from _joins(negative.branches)


def needed_for(program: Program, start: Needed) -> tuple[Needed, ...]:
    """Give the rule and those that conclude what it reads, as far down as it goes."""
    found, waiting = {(start.rules.name, start.rule.id): start}, [start]
    while waiting:
        reader = waiting.pop(0)
        kinds = dict.fromkeys(kind for one in patterns_below([reader.rule.when]) for kind in one.kinds)
        for rules, rule, step in concluding(program, kinds):
            name = (rules.name, rule.id)
            if name not in found:
                found[name] = Needed(rules, rule, pins_of(rule, rules, _handed(reader, step)))
                waiting.append(found[name])
            elif found[name] is not start:
                found[name] = Needed(rules, rule, {})
    return tuple(found.values())


def concluding(program: Program, kinds: Iterable[str]) -> Iterator[tuple[RuleSet, Rule, Conclude]]:
    """Give the steps that conclude any of these kinds, each with its rule."""
    wanted = set(kinds)
    for rules in program.rulesets:
        for rule in rules.rules:
            for step in rule.then:
                if isinstance(step, Conclude) and step.kind in wanted:
                    yield rules, rule, step


def _handed(reader: Needed, step: Conclude) -> Iterator[tuple[Reference, Value]]:
    """Give what a concluding rule must have bound, for its word to be what the reader asks for."""
    asking = [one for one in patterns_below([reader.rule.when]) if step.kind in one.kinds]
    asked = [_flat(one, reader.pins) for one in asking]
    for path, value in asked[0].items() if asked else ():
        source = step.fields.get(path[0]) if len(path) == 1 else None
        if isinstance(source, Reference) and all(path in other and other[path] == value for other in asked):
            yield source, value


def _flat(pattern: Pattern, pins: Pins) -> Mapping[tuple[str, ...], Value]:
    return pins.get(pattern.alias, {})


def read_by(needed: Iterable[Needed]) -> frozenset[str]:
    """Give the kinds that these rules read."""
    return frozenset(kind for part in needed for one in patterns_below([part.rule.when]) for kind in one.kinds)


def reads_itself(needed: Iterable[Needed]) -> bool:
    """Whether any of the rules asks what the engine itself did, or follows from an episode."""
    return any(
        any(kind.startswith(OWN) for one in patterns_below([part.rule.when]) for kind in one.kinds)
        or (number > 0 and any(isinstance(step, Do) for step in part.rule.then))
        for number, part in enumerate(needed)
    )


@define(eq=False, repr=False)
class Sieve:
    """What is let through of each kind: everything (None), or what has these values in these fields."""

    kinds: dict[str, list[Mapping[tuple[str, ...], Value]] | None] = field(factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(factory=dict)
    known: set[tuple[str, tuple[Value, ...]]] = field(factory=set)
    """The states that ever fit: all that is said of them is let through, for an update may come late, or be the end."""
    ids: set[tuple[str, str]] = field(factory=set)
    """The events that fit: one that came before under the same id is let through, for it makes a repetition."""

    @classmethod
    def of(cls, program: Program, needed: Iterable[Needed]) -> "Sieve":
        """Let through what these rules read."""
        found = cls(keys={name: kind.key for name, kind in program.vocabulary.kinds.items()})
        for part in needed:
            patterns = tuple(patterns_below([part.rule.when]))
            names = [one.alias for one in patterns]
            for one in patterns:
                own = part.pins.get(one.alias, {}) if names.count(one.alias) == 1 else {}
                for kind in one.kinds:
                    found._let(kind, own)
        return found

    def _let(self, kind: str, own: Mapping[tuple[str, ...], Value]) -> None:
        known = self.kinds.setdefault(kind, [])
        if not own or known is None:
            self.kinds[kind] = None
        elif own not in known:
            known.append(own)

    def learn(self, items: Iterable[Input]) -> None:
        """Look through everything for the ids of events, and for the states told from others by what may change."""
        changing = {
            kind
            for kind, asked in self.kinds.items()
            if asked is not None and any(path[0] not in self.keys[kind] for one in asked for path in one)
        }
        narrowed = {kind for kind, asked in self.kinds.items() if asked is not None}
        for item in items if narrowed else ():
            if isinstance(item, Event) and item.kind in narrowed and self._fits(item):
                self.ids.add((item.source, item.id))
            elif isinstance(item, State) and item.kind in changing and self._fits(item):
                self.known.add(self._key(item))

    def takes(self, item: Event | State) -> bool:
        """Whether an item is let through."""
        if item.kind not in self.kinds:
            return False
        if isinstance(item, Event):
            return self._fits(item) or (item.source, item.id) in self.ids
        return self._fits(item) or self._key(item) in self.known

    def _fits(self, item: Event | State) -> bool:
        asked = self.kinds[item.kind]
        return asked is None or any(all(_at(item, path) == value for path, value in one.items()) for one in asked)

    def _key(self, item: State) -> tuple[str, tuple[Value, ...]]:
        return item.kind, tuple(_at(item, (name,)) for name in self.keys[item.kind])


def _at(item: Event | State, path: tuple[str, ...]) -> Value:
    if path == ("source",):
        return item.source
    return item.fields.get(path[0]) if len(path) == 1 else lookup(item.fields, path)


def sifted(inputs: Sequence[Input], at: datetime, sieve: Sieve | None) -> list[Input]:
    """
    Give what is let through of what was posted by an instant, and how late it was when it came.

    Without a sieve that is all of it. Time passes by what is left out as well: where it makes a difference, to what
    came late and at the beginning, it is said.
    """
    if sieve is not None:
        sieve.learn(inputs)
    found: list[Input] = []
    latest = told = EPOCH
    for one in inputs:
        time = one if isinstance(one, datetime) else one.time
        if time > at:
            break
        if latest is EPOCH:
            found.append(time)
        latest = max(latest, time)
        if sieve is not None and (isinstance(one, datetime) or not _passes(one, sieve)):
            continue
        if time < latest and told < latest:
            found.append(latest)
            told = latest
        found.append(one)
    return [*found, latest] if found else found


def _passes(one: Event | State | Outcome | Control, sieve: Sieve) -> bool:
    return isinstance(one, Outcome | Control) or sieve.takes(one)
