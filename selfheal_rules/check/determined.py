"""Whether the key of a rule says what its steps act on: one episode must not hide a second target."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from selfheal_rules.check.alternatives import Path, Placed, Scope, is_join
from selfheal_rules.check.findings import error, listed
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.walk import names_in
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Do, Literal, Parameter, Reference, Unread

Value: TypeAlias = tuple[str, Path]
"""An alias and a path of its fields."""

WHOLE: Path = ()
"""The path that stands for all fields of a row."""


def determined(subject: Subject) -> Iterator[Diagnostic]:
    """Every target follows from the key: by equality, or as a field of a state whose whole key follows."""
    for view in filter(_is_clear, subject.rules):
        key = rule_key(view)
        targets = [ref for step in view.dos for ref in names_in(step.target) if isinstance(ref, Reference)]
        for scope in view.when if targets else ():
            known = _Known(scope, subject, key)
            for target in targets:
                if target.alias in scope.names and not known.holds((target.alias, target.path)):
                    yield _undetermined(target, view)


def _is_clear(view: RuleView) -> bool:
    """Whether all that may determine a target could be read."""
    return view.is_joined and not any(isinstance(step.target, Unread) for step in view.dos)


def rule_key(view: RuleView) -> tuple[Reference, ...]:
    """Give the references a rule that does something is keyed by: its `key`, else its first target."""
    if view.rule.key is not None:
        return view.rule.key
    first = next((step for step in view.rule.then if isinstance(step, Do)), None)
    return tuple(name for name in names_in(first.target if first else None) if isinstance(name, Reference))


def _undetermined(target: Reference, view: RuleView) -> Diagnostic:
    shown = listed(tuple(map(str, rule_key(view)))) or "which is empty"
    message = f"target `{target}` does not follow from the key of the rule, {shown}"
    cure = f"join `{target.alias}` to the key by `same` or an equality, add `{target}` to `key`, or write two rules"
    return error("SH312", message, target.span, cure)


class _Known:
    """What the key of a rule determines in one alternative, worked out until nothing more follows."""

    def __init__(self, scope: Scope, subject: Subject, key: Iterable[Reference]) -> None:
        self._placed = scope.alternative.placed
        self._subject = subject
        self._equal = tuple(_equalities(scope))
        self._known: set[Value] = {(ref.alias, ref.path) for ref in key}
        self._known.update(_constants(self._placed))
        self._close()

    def holds(self, value: Value) -> bool:
        """Whether a value follows."""
        return value in self._known or (value[0], WHOLE) in self._known

    def _close(self) -> None:
        size = -1
        while size < len(self._known):
            size = len(self._known)
            for left, right in self._equal:
                if self.holds(left) or self.holds(right):
                    self._known |= {left, right}
            self._known.update((one.pattern.alias, WHOLE) for one in self._placed if self._is_one_row(one))

    def _is_one_row(self, placed: Placed) -> bool:
        """Whether just one row can stand for the pattern, given what is known."""
        pattern = placed.pattern
        if pattern.pick:
            return self._is_picked_by_known(placed)
        if placed.is_counted:
            return all(self.holds((pattern.alias, path)) for path in placed.group_fields())
        kind = self._subject.kind(pattern.kinds[0]) if len(pattern.kinds) == 1 else None
        if kind is None or pattern.form != "state":
            return False
        return all(self.holds((pattern.alias, (name,))) for name in kind.key)

    def _is_picked_by_known(self, placed: Placed) -> bool:
        """Whether what the candidates are compared with follows: then so does the row that is picked."""
        alias = placed.pattern.alias
        asked = [ref for leaf in placed.pattern.where for ref in names_in(leaf.operand)]
        asked += names_in(placed.pattern.pick.term if placed.pattern.pick else None)
        joined = [end for pair in self._equal for end in pair if any(other[0] == alias for other in pair)]
        values = [(ref.alias, ref.path) for ref in asked if isinstance(ref, Reference)] + joined
        return all(self.holds(value) for value in values if value[0] != alias)


def _equalities(scope: Scope) -> Iterator[tuple[Value, Value]]:
    for placed in scope.alternative.placed:
        for leaf in placed.pattern.where:
            if is_join(leaf) and isinstance(leaf.operand, Reference):
                yield (placed.pattern.alias, leaf.path), (leaf.operand.alias, leaf.operand.path)
    for group in scope.alternative.groups:
        under = [one.pattern.alias for one in scope.alternative.placed if one.is_under(group)]
        for same in group.same:
            if same.pair:
                left, right = same.pair
                yield (left.alias, left.path), (right.alias, right.path)
            yield from (((under[0], same.field), (alias, same.field)) for alias in under[1:] if same.field)


def _constants(placed: Iterable[Placed]) -> Iterator[Value]:
    """Give the fields that must equal a literal or parameter."""
    for one in placed:
        for leaf in one.pattern.where:
            if leaf.operator == "is" and isinstance(leaf.operand, Literal | Parameter):
                yield one.pattern.alias, leaf.path
