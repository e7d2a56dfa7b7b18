"""Which concluding rules must be judged before which."""

from collections.abc import Iterator
from typing import Any

from selfheal_rules.model import Conclude, Literal, Pattern, Rule, Test
from selfheal_rules.values import Value
from selfheal_rules.vocabulary import Kind
from tests.reference.conclusions import Ruling
from tests.reference.leaves import equal, type_of


def levels(rulings: list[Ruling]) -> list[list[Ruling]]:
    """Give the concluding rules level by level."""
    waiting = [ruling for ruling in rulings if ruling.concludes_only]
    found: list[list[Ruling]] = []
    while waiting:
        ready = [one for one in waiting if not any(feeds(other, one) for other in waiting)]
        assert ready, "rules feed each other in a circle"
        found.append(ready)
        waiting = [one for one in waiting if one not in ready]
    return found


def feeds(giver: Ruling, taker: Ruling) -> bool:
    """Whether something one rule concludes may be taken by a pattern of the other."""
    steps = [step for step in giver.rule.then if isinstance(step, Conclude)]
    return any(may_take(taker, pattern, step) for pattern in patterns_of(taker.rule) for step in steps)


def patterns_of(rule: Rule) -> Iterator[Pattern]:
    """Give every pattern of a condition, inside negatives too."""
    todo: list[Any] = [rule.when]
    while todo:
        part = todo.pop()
        if isinstance(part, Pattern):
            yield part
        todo += [*getattr(part, "items", ()), *getattr(part, "unless", ())]


def may_take(taker: Ruling, pattern: Pattern, step: Conclude) -> bool:
    """Whether no constant of the pattern contradicts one of the conclusion (of a state: in its key)."""
    if step.kind not in pattern.kinds:
        return False
    kind = taker.kind(step.kind)
    fields = kind.key if kind.form == "state" else tuple(step.fields)
    given = {name: step.fields[name] for name in fields if isinstance(step.fields.get(name), Literal)}
    return all(agrees(test, given[test.path[0]].value, kind) for test in pattern.where if test.path[0] in given)


def agrees(test: Test, value: Value, kind: Kind) -> bool:
    """Whether an equality with constants lets a value through; any other leaf does."""
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    plain = all(isinstance(one, Literal) for one in operands) and len(test.path) == 1
    if test.operator not in {"is", "in"} or not plain:
        return True
    type_ = type_of(kind, test.path)
    return any(equal(type_.literal(value), type_.literal(one.value)) for one in operands if isinstance(one, Literal))
