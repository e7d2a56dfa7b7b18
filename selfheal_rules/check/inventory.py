"""Rules held against real data: whether the kinds, fields, values and targets they name were ever seen in it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from attrs import define, field, frozen

from selfheal_rules.check.alternatives import Path, denies, shared_type
from selfheal_rules.check.domains import constant, is_fixed, operands
from selfheal_rules.check.findings import at_word, dotted, listed, warning
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.walk import leaves_of, names_of
from selfheal_rules.diagnostics import Diagnostic, Report
from selfheal_rules.events import Event, State
from selfheal_rules.model import Conclude, Literal, Pattern, Reference, RuleSet, Test
from selfheal_rules.source import Span
from selfheal_rules.values import Value, lookup
from selfheal_rules.vocabulary import ATTRIBUTES
from selfheal_rules.wording import shown

Place: TypeAlias = tuple[str, Path]
"""A field of a kind."""

Seen: TypeAlias = tuple[bool, Value]
"""A value, and whether it is a truth value: True is not 1."""


@define(eq=False, repr=False)
class Inventory:
    """What was seen of the fields and values that rules ask for; nothing else is kept, however long the stream."""

    wanted: Mapping[str, tuple[Path, ...]]
    values: Mapping[Place, frozenset[Seen]]
    targets: frozenset[Value]
    looked_at: int = 0
    kinds: Counter[str] = field(factory=Counter)
    filled: Counter[Place] = field(factory=Counter)
    met: set[tuple[Place, Seen]] = field(factory=set)
    named: set[Value] = field(factory=set)

    @classmethod
    def of(cls, *rulesets: RuleSet) -> "Inventory":
        """Say what the rules will be held against."""
        asked = [one for rules in rulesets for one in _asked(Subject.of(rules))]
        wanted: dict[str, dict[Path, None]] = {}
        values: dict[Place, frozenset[Seen]] = {}
        for one in asked:
            for kind in one.pattern.kinds:
                wanted.setdefault(kind, {})[one.path] = None
                values[kind, one.path] = values.get((kind, one.path), frozenset()) | one.values
        targets = frozenset(literal.value for rules in rulesets for literal in _targets(Subject.of(rules)))
        return cls({kind: tuple(paths) for kind, paths in wanted.items()}, values, targets)

    def note(self, item: Event | State) -> None:
        """Look at an item."""
        self.looked_at += 1
        self.kinds[item.kind] += 1
        for path in self.wanted.get(item.kind, ()):
            value = lookup(item.fields, path)
            if value is not None:
                place = item.kind, path
                self.filled[place] += 1
                found = _seen(value)
                if found in self.values[place]:
                    self.met.add((place, found))
        if self.targets:  # a text is not looked for in lists and maps: a target is a field
            self.named.update(one for one in item.fields.values() if isinstance(one, str) and one in self.targets)

    def met_any(self, places: Iterable[Place], values: Iterable[Seen]) -> bool:
        """Whether one of the values was seen in one of the places."""
        return any((place, value) in self.met for place in places for value in values)


@frozen(eq=False, repr=False)
class _Asked:
    """A field a rule reads: of which pattern, where, and the values of it an equality leaf asks for."""

    pattern: Pattern
    path: Path
    span: Span
    values: frozenset[Seen] = frozenset()


def _asked(subject: Subject) -> Iterator[_Asked]:
    for view in subject.rules:
        for pattern in view.patterns:
            for leaf in leaves_of(pattern):
                if not (leaf.operator == "exists" and denies(leaf)) and leaf.path[0] not in ATTRIBUTES:
                    yield _Asked(pattern, leaf.path, leaf.span, _equal(pattern, leaf, subject))
        yield from _referred(view)


def _equal(pattern: Pattern, leaf: Test, subject: Subject) -> frozenset[Seen]:
    """Give the values an equality leaf asks for; none where it is no such leaf."""
    known = shared_type(pattern.kinds, leaf.path, subject.vocabulary)
    if known is None or leaf.operator not in {"is", "in"} or not is_fixed(leaf):
        return frozenset()
    return frozenset(_seen(constant(one, known, subject.ruleset)) for one in operands(leaf))


def _referred(view: RuleView) -> Iterator[_Asked]:
    for name in names_of(view.rule):
        if isinstance(name, Reference) and name.path[0] not in ATTRIBUTES:
            bound = (one for one in view.names.get(name.alias, ()) if not one.is_counted)
            yield from (_Asked(one.pattern, name.path, name.span) for one in bound)


def _targets(subject: Subject) -> Iterator[Literal]:
    targets = (step.target for view in subject.rules for step in view.dos)
    return (target for target in targets if isinstance(target, Literal) and isinstance(target.value, str))


def _seen(value: Value) -> Seen:
    return isinstance(value, bool), value


def check_inventory(inventory: Inventory, *rulesets: RuleSet) -> Report:
    """Find what rules name and the data has nowhere; what rules conclude is not looked for."""
    subjects = [Subject.of(rules) for rules in rulesets]
    steps = (step for subject in subjects for view in subject.rules for step in view.steps)
    concluded = {step.kind for step in steps if isinstance(step, Conclude)}
    return Report.of(
        found
        for subject in subjects
        for found in (*_kinds(subject, inventory, concluded), *_fields(subject, inventory), *_aims(subject, inventory))
    )


def _kinds(subject: Subject, inventory: Inventory, concluded: Iterable[str]) -> Iterator[Diagnostic]:
    for view in subject.rules:
        for pattern in view.patterns:
            for name in pattern.kinds:
                if not inventory.kinds[name] and name not in concluded and not name.startswith("selfheal."):
                    message = f"no `{name}` was seen among {_count(inventory.looked_at, 'item')}"
                    yield warning("SH375", message, at_word(pattern.span, name), _CURE)


_CURE = "see that its source is connected and calls it so, or that the data reaches back far enough"


def _fields(subject: Subject, inventory: Inventory) -> Iterator[Diagnostic]:
    """Find fields that were never filled, and values that were never seen, of kinds that were."""
    for one in _asked(subject):
        kinds = [name for name in one.pattern.kinds if inventory.kinds[name]]
        places = [(name, one.path) for name in kinds]
        looked_at = sum(inventory.kinds[name] for name in kinds)
        if kinds and not any(inventory.filled[place] for place in places):
            message = f"`{dotted(one.path)}` was never filled among {_count(looked_at, listed(tuple(kinds)))}"
            yield warning("SH376", message, one.span, _CURE)
        elif kinds and one.values and not inventory.met_any(places, one.values):
            values = listed(tuple(sorted(shown(value) for _, value in one.values)))
            filled = sum(inventory.filled[place] for place in places)
            message = f"`{dotted(one.path)}` was never {values} in {_count(filled, listed(tuple(kinds)))} that had it"
            yield warning("SH377", message, one.span, _CURE)


def _aims(subject: Subject, inventory: Inventory) -> Iterator[Diagnostic]:
    for target in _targets(subject):
        if target.value and target.value not in inventory.named:
            message = f"the target `{target.value}` was named nowhere in {_count(inventory.looked_at, 'item')}"
            yield warning("SH378", message, target.span, "see that the thing is called so")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1 and noun.isalpha())}"
