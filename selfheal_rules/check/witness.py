"""
A concrete stream that makes rules fire: what a finding claims, to be tried out.

Where nothing is found there is no witness, though there may be one: conditions that count, wait for what must not be,
or reckon are not solved.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any, TypeAlias

from selfheal_rules.check.alternatives import Alternative, Negative, Path, denies
from selfheal_rules.check.domains import example
from selfheal_rules.check.meeting import Meeting, Value
from selfheal_rules.check.subject import Subject
from selfheal_rules.check.walk import names_of, patterns_below
from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import Event, State, checked
from selfheal_rules.model import Pattern, Reference, Rule, RuleSet, Test
from selfheal_rules.normalize.cloudevents import to_cloudevent
from selfheal_rules.values import freeze_map
from selfheal_rules.vocabulary import ATTRIBUTES, DURATION, Kind

Item: TypeAlias = Event | State
Chosen: TypeAlias = Mapping[Value, Any]

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SOURCE = "witness"
_STEP = timedelta(milliseconds=1)
_NAMES = tuple("abcdefghijklmnop")


def written(items: Iterable[Item]) -> tuple[str, ...]:
    """Write items as `selfheal run` reads them, one CloudEvents object each."""
    return tuple(json.dumps(to_cloudevent(item), ensure_ascii=False) for item in items)


def witness(meeting: Meeting, asked: Sequence[tuple[Alternative, Rule, Mapping[str, int]]]) -> tuple[Item, ...]:
    """Give items that make each alternative of its rule come true, in the order to post them; none where unsolved."""
    subject = meeting.subject
    if meeting.is_open or not all(_is_plain(alternative, meeting) for alternative, _, _ in asked):
        return ()
    kinds = [subject.kind(pattern.kinds[0]) for pattern in meeting.patterns]
    known = [kind for kind in kinds if kind is not None]
    if len(known) < len(kinds) or any(kind.name in subject.unpostable for kind in known):
        return ()
    wanted = [value for _, rule, items in asked for value in _named(rule, items)]
    is_sequence = any(group.logic == "sequence" for alternative, _, _ in asked for group in alternative.groups)
    return solved(meeting, wanted, _wait(asked, subject.ruleset), in_order=is_sequence)


def solved(meeting: Meeting, wanted: Sequence[Value], wait: timedelta, *, in_order: bool) -> tuple[Item, ...]:
    """
    Give items of which all that is asked in a meeting is true, with the fields that are wanted.

    States come first, and events after `wait`; with `in_order` each comes after the one before. None where unsolved.
    What several patterns say of one state is in each item of it.
    """
    kinds = [kind for pattern in meeting.patterns if (kind := meeting.subject.kind(pattern.kinds[0]))]
    if len(kinds) == len(meeting.patterns):
        _meet_by_key(meeting, kinds, wanted)
    chosen = _choose(meeting, [*wanted, *_required(kinds)]) if len(kinds) == len(meeting.patterns) else None
    if chosen is None or (in_order and wait):
        return ()
    return _items(kinds, chosen, meeting.subject, wait, in_order=in_order)


def _meet_by_key(meeting: Meeting, kinds: Sequence[Kind], wanted: Sequence[Value]) -> None:
    """Make two items one in every field where they are states of one key."""
    for (at, kind), (other, same) in combinations(enumerate(kinds), 2):
        if kind.form == "state" and kind == same and all(_is_one(meeting, at, other, name) for name in kind.key):
            said = [value for values in meeting.groups(wanted).values() for value in values if value[0] in {at, other}]
            absent = {path for item, path in said if _is_denied(meeting.tests.get((item, path), ()))}
            for path in dict.fromkeys(path for _, path in said if path not in absent):
                meeting.unite((at, path), (other, path))


def _is_denied(tests: Sequence[Test]) -> bool:
    return any(test.operator == "exists" and denies(test) for test in tests)


def _is_one(meeting: Meeting, at: int, other: int, name: str) -> bool:
    left, right = meeting.root((at, (name,))), meeting.root((other, (name,)))
    return left == right or (name == "source" and not meeting.tests.keys() & {left, right})


def _wait(asked: Sequence[tuple[Alternative, Rule, Mapping[str, int]]], ruleset: RuleSet) -> timedelta:
    """Give how long states have to hold before the events come."""
    patterns = (one.pattern for alternative, _, _ in asked for one in alternative.placed)
    return max((ruleset.duration(one.held) for one in patterns if one.held), default=timedelta(0))


def _is_plain(alternative: Alternative, meeting: Meeting) -> bool:
    """Whether all that is asked for is solved here."""
    counted = any(one.is_counted or one.pattern.pick for one in alternative.placed)
    return not (counted or alternative.formulas) and all(_is_absent(one, meeting) for one in alternative.negatives)


def _is_absent(negative: Negative, meeting: Meeting) -> bool:
    """Whether a negative blocks nothing while only the items of the meeting are there."""
    there = {name for pattern in meeting.patterns for name in pattern.kinds} | meeting.subject.unpostable
    return isinstance(negative.item, Pattern) and all(
        one.form == "state" and not (one.count or one.aggregate) and there.isdisjoint(one.kinds)
        for one in patterns_below([negative.item])
    )


def _named(rule: Rule, items: Mapping[str, int]) -> Iterator[Value]:
    """Give the fields a rule reads somewhere: they should be there."""
    for name in names_of(rule):
        if isinstance(name, Reference) and name.alias in items:
            yield items[name.alias], name.path


def _required(kinds: Sequence[Kind]) -> Iterator[Value]:
    for at, kind in enumerate(kinds):
        yield from ((at, (name,)) for name in kind.key)
        yield from ((at, (name,)) for name, declared in kind.fields.items() if declared.required)


def _choose(meeting: Meeting, wanted: Sequence[Value]) -> dict[Value, Any] | None:
    """Choose a value for each field, one for those that are one; None where some cannot be."""
    chosen: dict[Value, Any] = {}
    for number, values in enumerate(meeting.groups(wanted).values()):
        if all(value[1][0] in {"id", "time"} for value in values) and not any(
            value in meeting.tests for value in values
        ):
            continue
        known, tests = meeting.asked(values)
        if len(values) == 1 and _is_denied(tests):
            continue
        is_said = any(value[1][0] in ("id", "time") for value in values)
        if known is None or is_said or (known.name == "time" and any(test.operator != "exists" for test in tests)):
            return None
        fresh = _NAMES[number % len(_NAMES) :]
        found = example(tests, known, meeting.subject.ruleset, fresh)
        if found is None or (known == DURATION and found < timedelta(0)):
            return None
        chosen |= dict.fromkeys(values, found)
    return chosen


def _items(
    kinds: Sequence[Kind], chosen: Chosen, subject: Subject, wait: timedelta, *, in_order: bool
) -> tuple[Item, ...]:
    """Put the items together, states first where no order is asked for; none where two would be the same."""
    delays = [at * in_order * _STEP + wait * (kind.form == "event") for at, kind in enumerate(kinds)]
    items = [_item(at, kind, chosen, NOON + delays[at]) for at, kind in enumerate(kinds)]
    try:
        sound = tuple(checked(item, subject.vocabulary) for item in items)
    except EventError:
        return ()
    told = {(_identity(item, kind), item.fields) for item, kind in zip(sound, kinds, strict=True)}
    if len({key for key, _ in told}) < len(told):
        return ()
    return sound if in_order else tuple(sorted(sound, key=lambda item: isinstance(item, Event)))


def _item(at: int, kind: Kind, chosen: Chosen, time: datetime) -> Item:
    source = SOURCE
    fields: dict[str, Any] = {}
    for (item, path), value in chosen.items():
        if item == at and path == ("source",):
            source = value
        elif item == at and path[0] not in ATTRIBUTES:
            _put(fields, path, value)
    if kind.form == "event":
        return Event(f"w{at + 1}", kind.name, source, time, freeze_map(fields))
    return State(kind.name, source, time, freeze_map(fields))


def _put(fields: dict[str, Any], path: Path, value: Any) -> None:  # noqa: ANN401 - a field's value
    *way, last = path
    for name in way:
        inner = fields.get(name)
        fields[name] = dict(inner) if isinstance(inner, Mapping) else {}
        fields = fields[name]
    if not (last in fields and isinstance(fields[last], Mapping)):
        fields[last] = value


def _identity(item: Item, kind: Kind) -> tuple[Any, ...]:
    if isinstance(item, Event):
        return item.source, item.id
    return item.kind, *(item.source if name == "source" else item.fields.get(name) for name in kind.key)
