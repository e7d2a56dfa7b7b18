"""What has to hold between the items of a match, and what blocks it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeAlias

from attrs import evolve

from selfheal_rules.check.walk import conditions_below, patterns_below
from selfheal_rules.compile.branches import is_event, span
from selfheal_rules.compile.scope import references
from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.evidence import Evidence
from selfheal_rules.events import Event
from selfheal_rules.explain.why_not.case import Case, name_of, named, swapped
from selfheal_rules.explain.why_not.constraints import EVER, Constraint, constraints, inside, is_late, read_by
from selfheal_rules.explain.why_not.items import History, Stay, value_at
from selfheal_rules.explain.why_not.near import Near
from selfheal_rules.explain.why_not.probe import rows_of
from selfheal_rules.explain.words import leaf
from selfheal_rules.model import Condition, Formula, Group, Literal, Operand, Pattern, Reference, Same, Test
from selfheal_rules.values import Value, microseconds
from selfheal_rules.wording import shown, stamp


def _values(case: Case, references: Iterator[Reference] | tuple[Reference, ...]) -> list[tuple[Reference, Value]]:
    """Give what references stood for in the latest match without what failed."""
    rows = {one.alias: one for one in reversed(case.found[-1].because)} if case.found else {}
    return [(ref, value_at(rows[ref.alias], ref.path)) for ref in references if ref.alias in rows]


_NAMED = 5
"""So many items that block are named."""
INSTANT = timedelta(microseconds=1)
Ends: TypeAlias = tuple[Evidence, Evidence, Decision]
"""The first and the last event of a match, and what was decided on it."""


def same(case: Case) -> Near:
    """Show the values that are not the same."""
    part = case.failed.part
    if isinstance(part, Test):
        return compared(case, part)
    assert isinstance(part, Same)  # noqa: S101 - what else is called so
    ends = part.pair or tuple(Reference(alias, part.field) for alias in rows_of(case.found))
    told = _values(case, ends)
    text = " and ".join(f"{ref.alias}.{'.'.join(ref.path)} is {shown(value)}" for ref, value in told)
    name = ".".join(part.field) or "value"
    return Near("same", text or "no two are alike", None, f"the {name} had been the same", _latest(case))


def compared(case: Case, test: Test) -> Near:
    """Show both sides of a leaf that looks at another item."""
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    mine = Reference(case.pattern.alias, test.path)
    told = _values(case, (mine, *(one for one in operands if isinstance(one, Reference))))
    values = [value for _, value in told]
    text = " and ".join(f"{ref.alias}.{'.'.join(ref.path)} is {shown(value)}" for ref, value in told)
    miss = None
    if len(values) == len((mine, *operands)) == 2 and all(isinstance(v, int | float) for v in values):  # noqa: PLR2004
        miss = float(abs(values[0] - values[1]))
    word = "same" if test.operator == "is" else "where"
    return Near(word, f"{text}; {leaf(test)} is not so", miss, f"{leaf(test)} had been so", _latest(case))


def _latest(case: Case) -> datetime | None:
    return case.found[-1].time if case.found else None


def test(case: Case) -> Near:
    """Show what a formula was reckoned from."""
    formula = case.failed.part
    assert isinstance(formula, Formula)  # noqa: S101 - a `test` is one
    told = _values(case, references(formula.term))
    values = ", ".join(f"{str(ref)[1:]} is {shown(value)}" for ref, value in told)
    return Near("test", f"{formula.text} is not so: {values}", None, f"{formula.text} had been so", _latest(case))


def pick(case: Case) -> Near:
    """Say that nothing could be picked."""
    return Near("pick", "none of the candidates can be picked", None, "one could have been picked", _latest(case))


def within(case: Case) -> Near:
    """Find the rows that lie nearest to each other; the window is half-open."""
    group = case.failed.group
    asked = timedelta(microseconds=(span(case.probe.rules, group.within) if group else None) or 0)
    best = _narrowest(case, asked)
    if best is None:
        return Near("within", f"not within {shown(asked)}", None, "they had come closer together", _latest(case))
    first, last, match = best
    gap = last.time - first.time
    if gap < asked or not case.probe.fires(_windowed(case, gap + INSTANT)):
        return _kept(case, asked)
    by = f"{shown(gap - asked)} too late" if gap > asked else "exactly as long as the window, whose end is outside"
    text = f"within {shown(asked)}: gap {shown(gap)}, {by}"
    change = f"{_called(last.alias)} had arrived before {stamp(first.time + asked)}, or within > {shown(gap)}"
    return Near("within", text, gap - asked, change, last.time, named(last), match=match)


def _kept(case: Case, asked: timedelta) -> Near:
    """The events lie close enough, but were out of the window when the last part of the match came."""
    low, high = microseconds(asked), 2 * microseconds(asked)
    while not case.probe.fires(_windowed(case, timedelta(microseconds=high))):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        does = case.probe.fires(_windowed(case, timedelta(microseconds=middle)))
        low, high = (low, middle) if does else (middle, high)
    needed = timedelta(microseconds=low)
    text = f"within {shown(asked)}: when the last part came, {shown(needed)} had passed"
    return Near("within", text, needed - asked, f"it had come sooner, or within > {shown(needed)}", _latest(case))


def _narrowest(case: Case, asked: timedelta) -> Ends | None:
    """Give the first and the last event of the closest match: as long as a narrower window does, that is not it."""
    events, found, best = {one.alias for one in _events_in(case.failed.part)}, case.found, None
    while found:
        ends = [pair for pair in (_ends(decision, events) for decision in found) if pair]
        closest = min(ends, key=lambda pair: pair[1].time - pair[0].time, default=None)
        if closest is None or (best and closest[1].time - closest[0].time >= best[1].time - best[0].time):
            break
        best = closest
        gap = best[1].time - best[0].time
        found = case.probe.fires(_windowed(case, gap)) if gap > asked else []
    return best


def _ends(decision: Decision, events: set[str]) -> Ends | None:
    """Give the first and the last of the events of the match a decision was made on."""
    rows = {one.alias: one for one in reversed(decision.because) if one.alias in events}
    by_time = sorted(rows.values(), key=lambda one: one.time)
    return (by_time[0], by_time[-1], decision) if by_time else None


def _windowed(case: Case, width: timedelta) -> Group:
    when = case.probe.relaxed((*case.held, case.failed))
    group = case.failed.group
    return swapped(when, group, lambda part: evolve(part, within=Literal(width))) if group else when


def _called(alias: str) -> str:
    return "the last" if alias.startswith("#") else alias


def _events_in(part: object) -> list[Pattern]:
    return [one for one in patterns_below(part.items) if is_event(one)] if isinstance(part, Group) else []


def sequence(case: Case) -> Near:
    """Say which two came in the wrong order, and by how much."""
    rows = {one.alias: one for one in reversed(case.found[-1].because)} if case.found else {}
    group = case.failed.part
    stages = [one for item in getattr(group, "items", ()) for one in _patterns(item) if one.alias in rows]
    for one, two in pairwise(stages):
        before, after = rows[one.alias], rows[two.alias]
        if after.time <= before.time:
            gap = before.time - after.time
            text = f"{name_of(two)} came {shown(gap)} before {name_of(one)}" if gap else "both came at one time"
            change = f"{name_of(two)} had come after {stamp(before.time)}"
            return Near("sequence", text, gap, change, after.time, named(after))
    return Near("sequence", "they came in another order", None, "they had come in this order", _latest(case))


def _patterns(item: Condition) -> list[Pattern]:
    return list(patterns_below([item]))


def blocked(case: Case) -> Near:
    """Ask the engine for the item that blocks, by having it as one more thing that must be there."""
    word = case.failed.word
    row = _blocker(case)
    if row is not None:
        kind = _kind(row)
        verb = "came" if row.form == "event" else "holds" if row.form == "state" else "were there"
        text = " ".join(one for one in (kind, named(row), verb) if one)
        names = " and ".join(f"{_kind(one)} {named(one)}" for one in _blockers(case, row))
        return Near(word, text, None, f"{names} had not been there", row.time, named(row))
    items = _blocking_items(case.failed)
    if any(is_late(pattern) for item in items for pattern in _patterns(item)):
        return Near(word, "so few of them block", None, "more of them had been there", _latest(case))
    text = "it cannot be ruled out: a field is missing, or it has not been watched for long enough"
    return Near(word, text, None, "it could have been ruled out", _latest(case))


def standing_at(history: History, one: Constraint, at: datetime | None) -> str:
    """Name a state that stands at an instant and blocks; nothing where there is none, or it speaks of what is gone."""
    items = _blocking_items(one) if one.word in {"none", "unless"} else ()
    for part in items:
        asked = constraints(Group("all", (part,))) if isinstance(part, Pattern) else ()
        if not asked or not isinstance(part, Pattern) or part.form != "state" or read_by(one):
            continue
        if {each.word for each in asked} <= {"missing", "where"} and at:
            found = history.stays(part, asked, [])
            names = (f"{' or '.join(part.kinds)} {stay.item}" for stay in found if _covers(stay, at, history.probe.at))
            if name := next(names, ""):
                return name
    return ""


def _covers(stay: Stay, at: datetime, end: datetime) -> bool:
    return stay.since <= at and (stay.until is None or stay.until > at or stay.until == end)


def _kind(row: Evidence) -> str:
    return row.kind if row.form != "count" else "so many"


def _blocking_items(failed: Constraint) -> tuple[Condition, ...]:
    part = failed.part
    if isinstance(part, Group) and part.logic == "none":
        return part.items
    return (part,) if isinstance(part, Pattern | Group | Formula) else ()


def _blocker(case: Case) -> Evidence | None:
    """Give an item that blocks."""
    part = case.failed.part
    none = part if isinstance(part, Group) and part.logic == "none" else None
    for item in _blocking_items(case.failed):
        looks_on = none and case.failed.address in _forward(case) and any(map(is_event, _patterns(item)))
        row = _between(case, none, item) if none and looks_on else None
        row = row or _blocking(case, item, none.within if none else None)
        if row is not None:
            return row
    return None


def _blockers(case: Case, row: Evidence) -> list[Evidence]:
    """Give the events that block, one after the other, until the engine says that it is enough."""
    found: list[Evidence] = []
    last: Evidence | None = row
    while last is not None and len(found) < _NAMED:
        found.append(last)
        gone = {(one.source, one.id) for one in found if one.form == "event"}
        kept = [one for one in case.probe.inputs if not (isinstance(one, Event) and (one.source, one.id) in gone)]
        left = evolve(case, probe=evolve(case.probe, inputs=kept))
        if last.form != "event" or left.probe.matched((*case.held, case.failed)):
            return found
        last = _blocker(left)
    return found


def _forward(case: Case) -> set[str]:
    """Give where each `none` stands that looks forward from the item before it."""
    parts = [one for one in conditions_below([case.probe.rule.when]) if isinstance(one, Group)]
    stages = [item for one in parts if one.logic == "sequence" for item in one.items]
    return {inside(one.address) for one in stages if isinstance(one, Group) and one.logic == "none"}


def _between(case: Case, none: Group, item: Condition) -> Evidence | None:
    """Give the item that came after the one before a `none`: in the place of the `none` it is asked for itself."""
    if any(is_late(pattern) for pattern in _patterns(item)):
        return None
    wanted = inside(none.address)
    when = case.probe.relaxed((*case.held, case.failed))
    inner = {one.alias for one in _patterns(item)}
    limit = timedelta(microseconds=span(case.probe.rules, none.within) or 0)
    for decision in reversed(case.probe.fires(_in_place(when, wanted, item))):
        for row in (one for one in decision.because if one.alias in inner):
            earlier = (one.time for one in decision.because if one.alias not in inner and one.time < row.time)
            before = max(earlier, default=row.time)
            if not limit or row.time - before < limit:
                return row
    return None


def _in_place(group: Group, wanted: str, item: Condition) -> Group:
    items = [item if inside(one.address) == wanted else one for one in group.items if not isinstance(one, Formula)]
    tests = [one for one in group.items if isinstance(one, Formula)]
    inner = (_in_place(one, wanted, item) if isinstance(one, Group) and one.logic != "none" else one for one in items)
    return evolve(group, items=(*inner, *tests), within=group.within or (EVER if group.logic == "sequence" else None))


def _blocking(case: Case, item: Condition, within: Operand | None) -> Evidence | None:
    """Give the item that is there; what is there for want of items has none."""
    if any(is_late(pattern) for pattern in _patterns(item)):
        return None
    asked = Group("all", (item,), within=within) if within else item
    found = case.probe.fires(Group("all", (evolve(case.probe.relaxed(case.held), held=None), asked)))
    inner = {one.alias for one in _patterns(item)}
    rows = [row for decision in found for row in decision.because if row.alias in inner]
    return rows[-1] if rows else None
