"""What rules conclude: supports, the one that wins, and the states that follow."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any, TypeAlias, TypeVar

from attrs import define, field

from selfheal_rules.events import Event
from selfheal_rules.model import Conclude, Do, Literal, Operand, Parameter, Pattern, Rule, RuleSet, Template
from selfheal_rules.values import FrozenMap, Value, canonical, microseconds, moment
from selfheal_rules.vocabulary import ANY, Kind
from tests.reference.alternatives import Alternative, alternatives_of
from tests.reference.leaves import Bindings, Reader
from tests.reference.matching import Judge, Seeker, Seen
from tests.reference.rows import Record, StateKey, World
from tests.reference.search import Match, Tables

SOURCE = "selfheal"
P = TypeVar("P", Parameter, Pattern)


def digest(*values: Value) -> str:
    """Give `H` of a list."""
    return hashlib.sha256(canonical(list(values)).encode()).hexdigest()[:32]


@define(eq=False)
class Ruling:
    """A rule with its place among all rules, and what looks for its matches."""

    rules: RuleSet
    rule: Rule
    order: int
    began: int | None = None
    """When it came with a change of rules; None: it was there from the start."""
    serial: int = field(factory=count().__next__)
    tables: Tables = field(init=False)
    seeker: Seeker = field(init=False)
    conditions: dict[int, tuple[list[Alternative], Tables]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Lay out the condition of the rule, and those of its steps and its outcome."""
        alternatives = alternatives_of(self.rule.when, self.rules, {})
        self.tables = Tables(self.rules, self.began)
        self.tables.add(alternatives)
        self.seeker = Seeker(alternatives, self.tables)
        names = {name: pattern for one in alternatives for name, pattern in one.scope.items()}
        ending = self.rule.outcome
        steps = [*self.rule.then, *(ending.otherwise if ending else ())]
        groups = [step.confirm.condition for step in steps if isinstance(step, Do) and step.confirm]
        for group in [*groups, *([ending.healthy] if ending else [])]:
            inner, tables = alternatives_of(group, self.rules, names), Tables(self.rules, self.began)
            tables.add(inner)
            self.conditions[id(group)] = (inner, tables)

    @property
    def name(self) -> tuple[str, str]:
        """What it is called: its rule set and its own name."""
        return self.rules.name, self.rule.id

    def is_same(self, other: "Ruling") -> bool:
        """Whether nothing has changed: not what is written, not a parameter it uses, not a kind it names."""
        values = all(self.rules.value(one) == other.rules.value(one) for one in _parts(self.rule, Parameter))
        names = {name for one in _parts(self.rule, Pattern) for name in one.kinds}
        names |= {step.kind for step in self.rule.then if isinstance(step, Conclude)}
        kinds, others = self.rules.vocabulary.kinds, other.rules.vocabulary.kinds
        return self.rule == other.rule and values and all(kinds[name] == others.get(name) for name in names)

    @property
    def concludes_only(self) -> bool:
        """Whether it is a concluding rule."""
        return all(isinstance(step, Conclude) for step in self.rule.then)

    def all_tables(self) -> list[Tables]:
        """Give the tables of all its conditions."""
        return [self.tables, *(tables for _, tables in self.conditions.values())]

    def kind(self, name: str) -> Kind:
        """Give a kind by name."""
        kind: Kind = self.rules.vocabulary.kinds[name]
        return kind

    def micros(self, operand: Operand) -> int:
        """Give a written duration."""
        return microseconds(self.rules.duration(operand))


def _parts(part: Any, kind: type[P]) -> Iterator[P]:  # noqa: ANN401 - any piece of the model
    if isinstance(part, kind):
        yield part
    if isinstance(part, Mapping):
        part = tuple(part.values())
    if isinstance(part, tuple):
        for item in part:
            yield from _parts(item, kind)
    elif hasattr(part, "__attrs_attrs__"):
        for one in part.__attrs_attrs__:
            if one.eq:
                yield from _parts(getattr(part, one.name), kind)


def label(step: Conclude | Do, index: int) -> str:
    """Give what a step is called in ids."""
    return step.id or str(index)


@define(eq=False)
class Support:
    """One reason for a concluded state."""

    place: StateKey
    key: tuple[Value, ...]
    fields: FrozenMap
    rank: tuple[object, ...]
    ruling: Ruling
    since: int
    until: int | None = None
    match: Match | None = None
    """The instant match it stands on, whose parts must go on standing."""


SupportId: TypeAlias = tuple[object, ...]


def concluded_fields(ruling: Ruling, step: Conclude, bindings: Bindings, reader: Reader) -> FrozenMap | None:
    """Give what a step says, or None where that would be no item of its kind."""
    kind = ruling.kind(step.kind)
    found: dict[str, Value] = {}
    for name, content in step.fields.items():
        type_ = kind.fields[name].type if name in kind.fields else ANY
        value = _typed(content, bindings, reader, type_)
        if value is not None and type_.misfit(value):
            return None
        if value is not None:
            found[name] = value
    needed = [name for name in kind.key if name != "source"]
    needed += [] if step.cleared else [name for name, one in kind.fields.items() if one.required]
    return FrozenMap(found) if all(name in found for name in needed) else None


def _typed(content: Operand | Template, bindings: Bindings, reader: Reader, type_: "object") -> Value:
    value = reader.content(content, bindings)
    if isinstance(content, Literal | Parameter) and value is not None:
        return type_.literal(value)  # type: ignore[attr-defined]
    return value


def key_of(kind: Kind, fields: FrozenMap) -> tuple[Value, ...]:
    """Give the values of the key of a concluded state."""
    return tuple(SOURCE if name == "source" and name not in kind.fields else fields[name] for name in kind.key)


@define(eq=False)
class Conclusions:
    """All supports, and the states that stood at the end of the turn before."""

    world: World
    supports: dict[SupportId, Support] = field(factory=dict)
    removed: set[SupportId] = field(factory=set)
    true_before: dict[int, set[tuple[int, str]]] = field(factory=dict)
    stood: dict[StateKey, Record] = field(factory=dict)
    places: set[StateKey] = field(factory=set)

    def judge(self, ruling: Ruling) -> tuple[Seen, list[Event], list[StateKey]]:
        """Look at a concluding rule: give what it saw, the events it posts and the keys it clears."""
        world = self.world
        ruling.tables.refresh(world)
        seen = ruling.seeker.look(world)
        before = self.true_before.get(ruling.serial, set())
        self.true_before[ruling.serial] = {(m.alternative.number, m.mark) for m in seen.level}
        fresh = [m for m in seen.level if (m.alternative.number, m.mark) not in before] + seen.instants
        events: list[Event] = []
        cleared: list[StateKey] = []
        for index, step in enumerate(ruling.rule.then):
            assert isinstance(step, Conclude)
            if ruling.kind(step.kind).form == "event":
                events += self._events(ruling, step, index, fresh)
            elif step.cleared:
                cleared += self._cleared(ruling, step, fresh)
            else:
                self._support(ruling, step, index, seen)
        return seen, events, cleared

    def _reader(self, ruling: Ruling) -> Reader:
        return Reader(ruling.rules, self.world.clock)

    def _events(self, ruling: Ruling, step: Conclude, index: int, fresh: list[Match]) -> list[Event]:
        found = (self.event(ruling, step, index, match) for match in fresh)
        return [event for event in found if event]

    def event(self, ruling: Ruling, step: Conclude, index: int, match: Match) -> Event | None:
        """Give the event a match concludes."""
        fields = concluded_fields(ruling, step, match.bindings, self._reader(ruling))
        if fields is None:
            return None
        now = self.world.clock.now
        name = digest(ruling.rules.name, ruling.rule.id, step.id or index, match.evidence, now)
        return Event(name, step.kind, SOURCE, moment(now), fields)

    def _cleared(self, ruling: Ruling, step: Conclude, fresh: list[Match]) -> list[StateKey]:
        found = (self.place(ruling, step, match) for match in fresh)
        return [place for place in found if place]

    def place(self, ruling: Ruling, step: Conclude, match: Match) -> StateKey | None:
        """Give the kind and key a conclusion speaks of."""
        fields = concluded_fields(ruling, step, match.bindings, self._reader(ruling))
        kind = ruling.kind(step.kind)
        return (kind.name, canonical(key_of(kind, fields))) if fields is not None else None

    def make(self, ruling: Ruling, step: Conclude, index: int, match: Match, since: int) -> Support | None:
        """Give the support a match is of what a step says."""
        fields = concluded_fields(ruling, step, match.bindings, self._reader(ruling))
        if fields is None:
            return None
        kind = ruling.kind(step.kind)
        words = [(name, one.type) for name, one in kind.fields.items() if one.type.name == "ordered"]
        ranks = [-type_.rank(fields[name]) if fields.get(name) is not None else 1 for name, type_ in words]
        rank = (-ruling.rule.priority, ranks, ruling.order, -since, match.text, index)
        return Support((kind.name, canonical(key_of(kind, fields))), key_of(kind, fields), fields, rank, ruling, since)

    def _support(self, ruling: Ruling, step: Conclude, index: int, seen: Seen) -> None:
        head = (ruling.serial, index)
        self._lapse(ruling, step, head, {(*head, m.alternative.number, m.mark) for m in seen.level})
        for match in seen.level:
            name = (*head, match.alternative.number, match.mark)
            if name not in self.removed:
                known, now = self.supports.get(name), self.world.clock.now
                goes_on = known is not None and (known.until is None or known.until > now)
                self._put(name, self.make(ruling, step, index, match, known.since if known and goes_on else now))
        for match in seen.instants:
            support = self.make(ruling, step, index, match, self.world.clock.now)
            if support:
                assert step.ttl is not None
                support.until, support.match = self.world.clock.now + ruling.micros(step.ttl), match
                self.world.clock.reached(support.until)
            self._put((*head, match.alternative.number, match.mark), support)

    def _put(self, name: SupportId, support: Support | None) -> None:
        if support:
            self.supports[name] = support
        else:
            self.supports.pop(name, None)

    def _lapse(self, ruling: Ruling, step: Conclude, head: SupportId, true: set[SupportId]) -> None:
        """End the supports whose time or whose ground is gone."""
        self.removed = {name for name in self.removed if name[:2] != head or name in true}
        for name, support in list(self.supports.items()):
            if name[:2] != head or name in true:
                continue
            alternative = ruling.seeker.alternatives[name[2]]  # type: ignore[call-overload]
            if support.until is None and alternative.is_timed and step.ttl is not None:
                support.until = self.world.clock.now + ruling.micros(step.ttl)
            if (
                support.until is None
                or self.world.clock.reached(support.until)
                or not self._is_grounded(ruling, support)
            ):
                del self.supports[name]

    def _is_grounded(self, ruling: Ruling, support: Support) -> bool:
        match = support.match
        if match is None:
            return True
        over_states = [one for one in match.alternative.negatives if not one.over_events]
        judge = Judge(ruling.tables, self.world)
        stands = ruling.seeker.stands(match)
        return stands and judge.is_clear(over_states, match.bindings, match.things, strict=True)

    def clear(self, places: list[StateKey]) -> None:
        """Remove every support of these keys; those of matches that go on do not come back meanwhile."""
        for name, support in list(self.supports.items()):
            if support.place in places:
                del self.supports[name]
                if support.until is None:
                    self.removed.add(name)

    def change(self, rulings: Iterable[Ruling]) -> None:
        """Go on with other rules: what those that are gone had concluded goes, but for what steps had."""
        known = {ruling.serial for ruling in rulings}
        for name, support in list(self.supports.items()):
            if support.ruling.serial in known:
                support.rank = (*support.rank[:2], support.ruling.order, *support.rank[3:])
            elif name[0] != "episode":
                del self.supports[name]

    def take(self, concluded: tuple[SupportId, Support] | StateKey) -> None:
        """Do what a step of an episode concluded: add a support, or remove every one of a key."""
        name, given = concluded
        if isinstance(given, Support) and not isinstance(name, str):
            self.supports[name] = given
        elif isinstance(name, str) and isinstance(given, str):
            self.clear([(name, given)])

    def lapse_issued(self) -> None:
        """End what steps of episodes concluded once its time is over."""
        for name, support in list(self.supports.items()):
            if name[0] == "episode" and support.until is not None and self.world.clock.reached(support.until):
                del self.supports[name]

    def settle(self, kinds: dict[str, Kind]) -> None:
        """Store of each key what its best support says; what says the same as before is not touched."""
        by_place: dict[StateKey, list[Support]] = {}
        for support in self.supports.values():
            by_place.setdefault(support.place, []).append(support)
        for place in self.places - by_place.keys():
            self.world.records.pop(place, None)
        self.places = set(by_place)
        for place, supports in by_place.items():
            best = min(supports, key=lambda support: support.rank)
            known = (self.stood.get(place), self.world.records.get(place))
            same = (one for one in known if one and canonical(one.fields) == canonical(best.fields))
            self.world.records[place] = next(same, None) or self._record(kinds[place[0]], best)

    def _record(self, kind: Kind, support: Support) -> Record:
        clock = self.world.clock
        return Record(kind, support.key, support.fields, SOURCE, "", clock.now, self.world.turn)

    def close_turn(self) -> None:
        """Remember what stands at the end of the turn."""
        self.stood = {place: self.world.records[place] for place in self.places}
