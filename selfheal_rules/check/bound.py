"""Negatives that can only be what the match has already: two aliases never bind one state, so these never hold."""

from collections.abc import Iterator, Sequence

from selfheal_rules.check.alternatives import Alternative, Placed, Scope
from selfheal_rules.check.findings import shown, warning
from selfheal_rules.check.meeting import Meeting, Value
from selfheal_rules.check.subject import Subject
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Literal


def bound(subject: Subject) -> Iterator[Diagnostic]:
    """What `none` or `unless` looks for can be something else than what the match consists of."""
    for view in subject.rules:
        for scope in view.scopes if view.is_joined else ():
            negative = scope.negative
            if negative is None or negative.is_spanned:
                continue
            for one in scope.alternative.placed:
                if found := _bound_by(one, scope, subject):
                    yield _finding(one, found, "unless" if negative.is_unless else "none")


def _finding(one: Placed, found: Placed, word: str) -> Diagnostic:
    name = shown(found.pattern)
    message = (
        f"this item of `{word}` never holds: only the state of {name} has its key, and two aliases never bind one state"
    )
    cure = f"ask {name} itself, by a leaf in its `where` that says the opposite"
    return warning("SH368", message, one.pattern.span, cure, found.pattern.span)


def _bound_by(one: Placed, scope: Scope, subject: Subject) -> Placed | None:
    """Give the pattern around a negative that binds the only state the negative could."""
    around = tuple(_around(scope))
    rivals = [other for outer in around for other in outer.placed if _is_of_one_kind(one, other)]
    kind = subject.kind(one.pattern.kinds[0]) if rivals else None
    if kind is None or not kind.key:
        return None
    meeting, at = _met((*around, scope.alternative), scope, subject)
    mine = at[one.pattern.alias]
    return next((other for other in rivals if _is_one(mine, at[other.pattern.alias], kind.key, meeting)), None)


def _around(scope: Scope) -> Iterator[Alternative]:
    while scope.outer:
        scope = scope.outer
        yield scope.alternative


def _is_of_one_kind(one: Placed, other: Placed) -> bool:
    plain = not any(two.is_counted or two.pattern.unsure or two.pattern.form != "state" for two in (one, other))
    return plain and len(one.pattern.kinds) == 1 and one.pattern.kinds == other.pattern.kinds


def _met(parts: Sequence[Alternative], scope: Scope, subject: Subject) -> tuple[Meeting, dict[str, int]]:
    placed = [one for part in parts for one in part.placed]
    at = {one.pattern.alias: number for number, one in enumerate(placed)}
    meeting = Meeting(subject, [one.pattern for one in placed])
    for part in parts:
        meeting.add(part, at)
    for group in scope.negative.above if scope.negative else ():
        under = [at[one.pattern.alias] for one in placed if one.is_under(group)]
        for same in (same for same in group.same if same.field):
            for number in under[1:]:
                meeting.unite((under[0], same.field), (number, same.field))
    return meeting, at


def _is_one(mine: int, other: int, key: Sequence[str], meeting: Meeting) -> bool:
    groups = meeting.groups([(at, (name,)) for name in key for at in (mine, other)])
    return all(_are_equal((mine, (name,)), (other, (name,)), groups, meeting) for name in key)


def _are_equal(mine: Value, other: Value, groups: dict[Value, list[Value]], meeting: Meeting) -> bool:
    roots = meeting.root(mine), meeting.root(other)
    if roots[0] == roots[1]:
        return True
    told = [_told(groups[root], meeting) for root in roots]
    return told[0] is not None and told[0] == told[1]


def _told(values: Sequence[Value], meeting: Meeting) -> tuple[str, object] | None:
    """Give the one value a leaf asks for, with its type: `1` and `true` are two."""
    leaves = (test for value in values for test in meeting.tests.get(value, ()))
    found = (test.operand.value for test in leaves if test.operator == "is" and isinstance(test.operand, Literal))
    return next(((type(value).__name__, value) for value in found), None)
