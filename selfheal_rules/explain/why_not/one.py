"""One pattern: its item is missing, one of its leaves is not so, or it was not there when the others were."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from attrs import evolve

from selfheal_rules.compile.branches import is_event, span
from selfheal_rules.compile.leaves import is_age, raw_values
from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.evidence import Evidence
from selfheal_rules.events import Event, State
from selfheal_rules.explain.why_not.between import compared
from selfheal_rules.explain.why_not.case import Case, alone, name_of, named
from selfheal_rules.explain.why_not.constraints import COMPARES, JOINS, LEAVES, read_by, without
from selfheal_rules.explain.why_not.items import Stay, value_at
from selfheal_rules.explain.why_not.near import Near
from selfheal_rules.explain.why_not.numbers import least, window_of
from selfheal_rules.explain.why_not.probe import rows_of
from selfheal_rules.explain.why_not.sift import Input
from selfheal_rules.explain.words import leaf
from selfheal_rules.model import Pattern, Reference, Test
from selfheal_rules.values import FrozenMap, Value, microseconds
from selfheal_rules.vocabulary import ANY, ATTRIBUTES, DURATION
from selfheal_rules.wording import shown, stamp

Seen: TypeAlias = Event | State | Evidence
_TRIED = 20
"""So many of those that came about other targets are tried, the latest, for whether they would have done."""


def missing(case: Case, other: str = "") -> Near:
    """
    Say why there is no item: it was not heeded, it was never concluded, it was another's, or nothing came at all.

    `other` is said where those there are have been taken by the other patterns.
    """
    history, pattern = case.history, case.pattern
    for item, fate in history.fates:
        if item.kind in pattern.kinds and history.fits(item, pattern):
            return _unheeded(case, item, fate)
    maker = history.recurse(pattern) if not other else None
    if maker is not None:
        return maker
    strangers = history.strangers(pattern)
    if strangers:
        return _stranger(case, strangers)
    kinds = " or ".join(f"`{kind}`" for kind in pattern.kinds)
    if any(kind in history.seen or kind in history.concluded for kind in pattern.kinds):
        text = f"no {other}{' or '.join(pattern.kinds)} about {shown(history.target)}"
        return Near("missing", text, None, f"{case.name} had been seen{_by(case)}")
    text = f"nothing of kind {kinds} was ever seen: is its source connected?"
    return Near("missing", text, None, f"{case.name} had been seen{_by(case)}")


def _unheeded(case: Case, item: Event | State, fate: str) -> Near:
    now = case.history.arrived.get(id(item))
    late = now - item.time - case.probe.max_age if now and fate == "stale" and isinstance(item, Event) else None
    texts = {
        "stale": "came too late to count",
        "duplicate": "repeats one that was seen before",
        "ahead": "is too far ahead of the time to count",
    }
    cures = {
        "stale": f"{case.name} had come earlier" if late is None else f"{case.name} had come {shown(late)} earlier",
        "duplicate": f"{case.name} had come under an id of its own",
        "ahead": f"{case.name} had come with a time that is not ahead",
    }
    return Near(fate, f"{item.kind} {texts[fate]}", late, cures[fate], item.time, named(item))


def _stranger(case: Case, strangers: list[Event | State]) -> Near:
    """Something came that would do, but it is about another target."""
    wanted = case.probe.pins[case.pattern.alias]
    whole = [one for one in strangers if all(value_at(one, path) is not None for path in wanted)] or strangers
    tried = whole[-_TRIED:] if len(strangers) > 1 else []
    others = without(case.probe.asked, {case.pattern.alias})
    company = any(one.pattern for one in others)
    complete = bool(tried) and company and bool(case.probe.matched(others))  # but for this one it would have fired
    suiting = [one for one in tried if _would_do(case, one, wanted, whole=complete)]
    item = (suiting or whole)[-1]
    told = [f"{'.'.join(path)} {said(value_at(item, path))}, not {shown(value)}" for path, value in wanted.items()]
    text = f"{item.kind}: {', '.join(told)}"
    word = "same" if any(one.pattern is not case.pattern for one in case.held) else "key"
    if case.pattern.count and (fewest := least(case)) > 1:  # one of them alone would not do
        about = " and ".join(f"the {'.'.join(path)} {shown(value)}" for path, value in wanted.items())
        change = f"{fewest} {' or '.join(case.pattern.kinds)} of {about} had been there{window_of(case)}"
        return Near(word, text, None, change, item.time, named(item))
    name = case.name
    if len(strangers) > 1:
        one = f"{name} {named(item)}" if named(item) else f"one of {len(strangers):,} {name}"
        many = f"any of {len(strangers):,} {name}" if len(suiting) == len(tried) else one
        name = many if suiting else f"a {name} that goes with the others"
    change = " and ".join(f"the {'.'.join(path)} of {name} had been {shown(value)}" for path, value in wanted.items())
    return Near(word, text, None, change, item.time, named(item))


def _would_do(case: Case, item: Event | State, wanted: Mapping[tuple[str, ...], Value], *, whole: bool) -> bool:
    """Whether an item, were it about the target, would be joined to the others that are there; the engine says."""
    there = {case.pattern.alias, *(one.alias for one in case.held)}
    own = [one for one in case.probe.asked if one.pattern is case.pattern and one.rank <= LEAVES]
    joins = [one for one in case.probe.asked if JOINS <= one.rank <= COMPARES and there.issuperset(read_by(one))]
    fields = {path[0]: value for path, value in wanted.items() if len(path) == 1 and path[0] not in ATTRIBUTES}
    changed = evolve(item, fields=FrozenMap({**item.fields, **fields}))
    inputs = case.probe.inputs
    place = next((n for n, one in enumerate(inputs) if _time(one) > item.time), len(inputs))
    probe = evolve(case.probe, inputs=[*inputs[:place], changed, *inputs[place:]])
    return bool(probe.matched(case.probe.asked if whole else (*case.held, *own, *joins)))


def _time(one: Input) -> datetime:
    return one if isinstance(one, datetime) else one.time


def _by(case: Case) -> str:
    """Say by when an event had to come, where the others leave so much time."""
    events = [one.pattern for one in case.held if one.word == "missing" and one.pattern and is_event(one.pattern)]
    within = span(case.probe.rules, case.probe.rule.when.within)
    if not events or within is None or not is_event(case.pattern):
        return ""
    rows = rows_of(case.found)
    times = [row.time for one in events for row in rows.get(one.alias, [])]
    return f" before {stamp(max(times) + timedelta(microseconds=within))}" if times else ""


def where(case: Case) -> Near:
    """Say which item came nearest to making a leaf true, and by how much it missed."""
    test = case.failed.part
    assert isinstance(test, Test)  # noqa: S101 - a `where` is a leaf
    if not isinstance(test.operand, tuple) and isinstance(test.operand, Reference):
        return compared(case, test)
    before = [one.part for one in case.own() if isinstance(one.part, Test)]
    fitting = case.history.candidates(case.pattern, before)
    found: list[Seen] = [one for one in fitting if not case.history.is_so(test, one)]  # what is so, another alias has
    if fitting and not found:
        return missing(case, "other ")
    rows = [] if found else rows_of(case.probe.matched(case.own())).get(case.pattern.alias, [])
    found += [row for row in rows if row.kind in case.history.kinds]
    if not found:
        maker = case.history.recurse(case.pattern)
        return maker or Near("where", f"{leaf(test)} is not so", None, f"{leaf(test)} had been so")
    scored = [(_distance(case, test, item), -microseconds(item.time), n) for n, item in enumerate(found)]
    item = found[min(scored)[2]]
    value, miss = value_at(item, test.path), _miss(case, test, item)
    text = f"{'.'.join(test.path)} {said(value)}, not {wanted_of(test)}"
    return Near("where", text, miss, f"{'.'.join(test.path)} had been {wanted_of(test)}", item.time, named(item))


def said(value: Value) -> str:
    """Say what a field is."""
    return "is missing" if value is None else f"is {shown(value)}"


def wanted_of(test: Test) -> str:
    """Write what a leaf asks for, as the end of a sentence."""
    return leaf(test).removeprefix(".".join(test.path)).strip().removeprefix("is ").replace("_", " ")


def _distance(case: Case, test: Test, item: Seen) -> float:
    miss = _miss(case, test, item)
    missing = value_at(item, test.path) is None
    return (miss.total_seconds() if isinstance(miss, timedelta) else miss or 0.0) if not missing else float("inf")


def _miss(case: Case, test: Test, item: Seen) -> timedelta | float | None:
    """Give by how much a number or an age misses; None for what is no matter of more or less."""
    kind = case.probe.rules.vocabulary.kinds[item.kind].type_at(test.path) or ANY
    value = value_at(item, test.path)
    if test.operator not in {"at_least", "more_than", "at_most", "less_than"} or value is None:
        return None
    raw = raw_values(test, case.probe.rules)[0]
    if is_age(test, kind, case.probe.rules):
        age: timedelta = DURATION.literal(raw) - (case.history.judged(item) - value)
        return abs(age)
    number = kind.literal(raw) if kind.name != "any" else raw
    if not isinstance(value, int | float | timedelta | datetime) or isinstance(value, bool):
        return None
    return float(abs(value - number)) if isinstance(value, int | float) else abs(value - number)


def apart(case: Case, found: list[Decision]) -> Near:
    """Two patterns each had what they ask for, but not at one time."""
    for other in dict.fromkeys(one.pattern for one in case.held if one.pattern not in {None, case.pattern}):
        if other is not None and case.probe.matched((*without(case.held, {other.alias}), case.failed)):
            return _two_apart(case, other, found)
    text = f"{case.name} was there, but never together with all the others"
    return Near("held", text, None, f"{case.name} and the others had been there at one time", found[-1].time)


def _two_apart(case: Case, other: Pattern, found: list[Decision]) -> Near:
    """Say when each was there; where one item would have to be both, another one is missing."""
    own = alone(case.held, other)
    mine = case.history.stays(case.pattern, (*case.own(), case.failed), found)
    theirs = case.history.stays(other, own, case.probe.matched(own))
    alike = bool({*case.pattern.kinds} & {*other.kinds})
    different = [(one, two) for one in mine for two in theirs if not (alike and one.item == two.item)]
    pairs = [(_gap(one, two), two.since, one, two) for one, two in different]
    if alike and (is_event(other) or not pairs or not all(pair[0] for pair in pairs)):
        return where(case) if case.failed.word == "where" else missing(case, "other ")
    if not pairs:
        return Near("held", f"{case.name} and {name_of(other)} were never there together")
    gap, _, one, two = min(pairs, key=lambda pair: (pair[0], -microseconds(pair[1])))
    first, second = (one, two) if one.since <= two.since else (two, one)
    early, late = (case.pattern, other) if first is one else (other, case.pattern)
    culprit = next(c for c in (*case.held, case.failed) if c.pattern is early)
    until = f" to {stamp(first.until)}" if first.until else ""
    verb = "held" if early.form == "state" else "came"
    text = f"{name_of(early)} {verb} {stamp(first.since)}{until}, {name_of(late)} came at {stamp(second.since)}"
    change = f"{name_of(early)} had still held at {stamp(second.since)}"
    if early.form != "state":
        change = f"{name_of(late)} had been there at {stamp(first.since)}"
    return Near("held", text, gap, change, first.since, first.item, at=culprit)


def _gap(one: Stay, two: Stay) -> timedelta:
    first, second = (one, two) if one.since <= two.since else (two, one)
    end = first.until or first.since
    return max(second.since - end, timedelta())
