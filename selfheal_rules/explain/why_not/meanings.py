"""What a target says of the match: which of its fields must be what, for it to be about that target."""

import json
from datetime import datetime
from typing import TypeAlias

from selfheal_rules.check.walk import patterns_below, steps_of
from selfheal_rules.compile.steps import key_parts
from selfheal_rules.explain.why_not.answer import Answer, Line
from selfheal_rules.model import Conclude, Do, Operand, Reference, Rule, RuleSet, Template
from selfheal_rules.values import Value, freeze
from selfheal_rules.vocabulary import ANY, FieldType
from selfheal_rules.wording import shown

Given: TypeAlias = tuple[tuple[Reference, Value], ...]
"""What fields of the match must be for it to be about a target."""


def read(rules: RuleSet, rule: Rule, target: Value) -> tuple[Value, list[Given]]:
    """Give a target, or what it writes where only that can be one, and what it may say of the match."""
    found = _meanings(rules, rule, target)
    if found or not isinstance(target, str):
        return target, found
    try:
        written = freeze(json.loads(target))
    except ValueError:
        return target, []
    other = _meanings(rules, rule, written)
    return (written, other) if other else (target, [])


def _meanings(rules: RuleSet, rule: Rule, target: Value) -> list[Given]:
    """Give what the target may say of the match: one for each way the steps name theirs; none where none can."""
    values = target if isinstance(target, tuple) else (target,)
    ways = _ways(rules, rule)
    if target is None or not ways:
        return [()]
    found = [
        tuple(pair for one, value in zip(way, values, strict=True) if (pair := _traced(one, value)) is not None)
        for way in ways
        if len(way) == len(values)
    ]
    return [given for given in dict.fromkeys(found) if all(_can_be(rules, rule, *pair) for pair in given)]


def _ways(rules: RuleSet, rule: Rule) -> list[tuple[Operand | Template | None, ...]]:
    """Give where targets are taken from: of each step that does something, or the key of what is concluded."""
    aimed = [step.target for step in steps_of(rule) if isinstance(step, Do) and step.target is not None]
    if not aimed and all(isinstance(step, Conclude) for step in rule.then):
        return [key_parts(rule, rules)]
    return [(one,) for one in aimed]


def _can_be(rules: RuleSet, rule: Rule, reference: Reference, value: Value) -> bool:
    """Whether a field takes such a value at all."""
    try:
        _type_of(rules, rule, reference).literal(value)
    except ValueError:
        return False
    return True


def _type_of(rules: RuleSet, rule: Rule, reference: Reference) -> FieldType:
    kinds = [kind for one in patterns_below([rule.when]) if one.alias == reference.alias for kind in one.kinds]
    return next((found for kind in kinds if (found := rules.vocabulary.kinds[kind].type_at(reference.path))), ANY)


def nobodys(rules: RuleSet, rule: Rule, target: Value, at: datetime) -> Answer:
    """Say that no target of the rule can be such a value, and what its targets are."""
    ways = [[one for one in way if isinstance(one, Reference)] for way in _ways(rules, rule)]
    said = [" and ".join(f"`{one}` ({_type_of(rules, rule, one)})" for one in way) for way in ways if way]
    text = f"no target of it can be {shown(target)}: a target is {' or '.join(dict.fromkeys(said))}"
    return Answer(rule.id, target, at, lines=(Line("FAIL", "then", text, span=rule.span),), failed="key")


def _traced(said: Operand | Template | None, value: Value) -> tuple[Reference, Value] | None:
    """Give the field a target was taken from, and what it was; None where that cannot be told, or any will do."""
    if value is None:
        return None
    if isinstance(said, Reference):
        return said, value
    holes = [n for n, part in enumerate(said.parts) if not isinstance(part, str)] if isinstance(said, Template) else []
    if not isinstance(said, Template) or len(holes) != 1 or not isinstance(value, str):
        return None
    hole = said.parts[holes[0]]
    before = "".join(part for part in said.parts[: holes[0]] if isinstance(part, str))
    after = "".join(part for part in said.parts[holes[0] + 1 :] if isinstance(part, str))
    fits = len(value) >= len(before) + len(after) and value.startswith(before) and value.endswith(after)
    return (hole, value[len(before) : len(value) - len(after)]) if fits and isinstance(hole, Reference) else None
