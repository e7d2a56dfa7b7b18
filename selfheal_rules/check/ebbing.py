"""Storms that ebb: what has held for its `for` while many were ill fires at the instant at which few are left."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from attrs import evolve, frozen

from selfheal_rules.actions import CATALOGUE
from selfheal_rules.check.alternatives import Alternative, Negative, Placed
from selfheal_rules.check.domains import constant
from selfheal_rules.check.findings import shown, warning
from selfheal_rules.check.meeting import Meeting
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.witness import NOON, Item, solved, written
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.events import State
from selfheal_rules.model import Conclude, Do, Operand, Pattern
from selfheal_rules.vocabulary import INTEGER

_MOST = 12
"""Of how many items a witness consists at most."""


@frozen(eq=False, repr=False)
class _Storm:
    """A conclusion from a count of at least so many."""

    counted: Pattern
    least: int


def ebbing(subject: Subject) -> Iterator[Diagnostic]:
    """What blocks a rule while many are ill is part of what has to have held, where single ones have to hold."""
    storms = {kind: found for kind in sorted(_concluded(subject)) if (found := _storm(kind, subject))}
    for view in subject.rules:
        if storms and _acts(view):
            for scope in view.when:
                yield from _ebbing(scope.alternative, storms, subject)


def _ebbing(alternative: Alternative, storms: dict[str, _Storm], subject: Subject) -> Iterator[Diagnostic]:
    held = [one for one in alternative.placed if _held(one) and not one.is_counted and one.pattern.form == "state"]
    for negative in alternative.negatives:
        item = negative.item
        storm = storms.get(item.kinds[0]) if isinstance(item, Pattern) and len(item.kinds) == 1 else None
        if storm and not _is_held(negative):
            found = next((one for one in held if _is_counted_by(one.pattern, storm, subject)), None)
            if found:
                ebb = _ebb(alternative, found, storm, subject)
                yield _finding(found, negative, storm).shown_by(written(ebb))


def _finding(one: Placed, negative: Negative, storm: _Storm) -> Diagnostic:
    kind = storm.counted.kinds[0]
    message = (
        f"fewer than {storm.least} `{kind}` end what this waits for, and of those that are left "
        f"{shown(one.pattern)} has held for its `for` by then: the rule acts on all of them at once"
    )
    cure = "let its absence be part of what holds: `none: […]` as an item of the group, and `for` beside the group"
    return warning("SH427", message, negative.item.span, cure, one.pattern.span)


def _acts(view: RuleView) -> bool:
    """Whether some step does more than to tell people."""
    return any(_touches(step.action) if isinstance(step, Do) else True for step in view.rule.then)


def _touches(action: str) -> bool:
    return action not in CATALOGUE or CATALOGUE[action].risk != "none"


def _held(one: Placed) -> Operand | None:
    """Give how long a pattern has to hold, by itself or with its group."""
    return one.pattern.held or next((group.held for group in one.above if group.held), None)


def _is_held(negative: Negative) -> bool:
    """Whether a negative is part of what has to have held."""
    return not negative.is_unless and any(group.held for group in negative.above)


def _concluded(subject: Subject) -> set[str]:
    return {step.kind for view in subject.rules for step in view.steps if isinstance(step, Conclude)}


def _storm(kind: str, subject: Subject) -> _Storm | None:
    """Give what a kind is the count of, where some rule that concludes it counts."""
    found = (_counted(scope.alternative, subject) for view in _concluding(kind, subject) for scope in view.when)
    return next(filter(None, found), None)


def _counted(alternative: Alternative, subject: Subject) -> _Storm | None:
    for one in alternative.placed:
        count = one.pattern.count
        bounds = {bound.comparison: bound.operand for bound in count.bounds} if count else {}
        if one.pattern.form == "state" and "at_least" in bounds:
            least = constant(bounds["at_least"], INTEGER, subject.ruleset)
            if isinstance(least, int) and least > 1:
                return _Storm(one.pattern, least)
    return None


def _concluding(kind: str, subject: Subject) -> Iterable[RuleView]:
    return [
        view
        for view in subject.rules
        if any(isinstance(step, Conclude) and step.kind == kind and not step.cleared for step in view.steps)
    ]


def _is_counted_by(pattern: Pattern, storm: _Storm, subject: Subject) -> bool:
    """Whether what a pattern is about is what a storm counts, or is concluded together with it."""
    if len(pattern.kinds) > 1 or len(storm.counted.kinds) > 1:
        return False
    if pattern.kinds != storm.counted.kinds:
        views = _concluding(pattern.kinds[0], subject)
        return bool(views) and all(view in _concluding(storm.counted.kinds[0], subject) for view in views)
    meeting = Meeting(subject, [pattern])
    for one in (pattern, storm.counted):
        meeting.add(Alternative((_plain(one, pattern.alias),)), {pattern.alias: 0})
    return not any(meeting.contradictions())


def _plain(pattern: Pattern, alias: str) -> Placed:
    return Placed(evolve(pattern, alias=alias, count=None, held=None))


def _ebb(alternative: Alternative, one: Placed, storm: _Storm, subject: Subject) -> tuple[Item, ...]:
    """Give as many items as are a storm, then the end of one of them; none where that is not solved."""
    pattern, counted = one.pattern, storm.counted
    is_plain = len(alternative.placed) == 1 and not alternative.formulas and pattern.kinds == counted.kinds
    if not is_plain or storm.least > _MOST or pattern.kinds[0] in _concluded(subject) or counted.count is None:
        return ()
    meeting = Meeting(subject, [pattern] * storm.least)
    for at in range(storm.least):
        for asked in (pattern, counted):
            meeting.add(Alternative((_plain(asked, pattern.alias),)), {pattern.alias: at})
        for path in counted.count.by:
            meeting.unite((0, path), (at, path))
    distinct = [(at, path) for at in range(storm.least) for path in (counted.count.distinct,) if path]
    items = solved(meeting, [*distinct, *_read(storm)], timedelta(0), in_order=False)
    return _with_end(items, subject.ruleset.duration(held)) if items and (held := _held(one)) else ()


def _read(storm: _Storm) -> Iterator[tuple[int, tuple[str, ...]]]:
    count = storm.counted.count
    yield from ((at, path) for at in range(storm.least) for path in (count.by if count else ()))


def _with_end(items: Sequence[Item], wait: timedelta) -> tuple[Item, ...]:
    first = items[0]
    return (*items, State(first.kind, first.source, NOON + wait, first.fields, cleared=True))
