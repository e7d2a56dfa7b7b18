"""What a target says of the match: which of its fields must be what, for it to be about that target."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain, product
from typing import TypeAlias

from selfheal_rules.check.walk import patterns_below, steps_of
from selfheal_rules.compile.steps import key_parts
from selfheal_rules.explain.why_not.answer import Answer, Line
from selfheal_rules.model import Conclude, Do, Operand, Parameter, Reference, Rule, RuleSet, Template, Unread
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
        tuple(chain.from_iterable(pairs))
        for way in ways
        if len(way) == len(values)
        for pairs in product(*(_traced(rules, rule, *pair) for pair in zip(way, values, strict=True)))
    ]
    return list(dict.fromkeys(found))


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
    said = [" and ".join(_said(rules, rule, one) for one in way if one is not None) for way in _ways(rules, rule)]
    told = " or ".join(dict.fromkeys(filter(None, said)))
    told = f"a target is {told}" if told else "it has none, ask without one"
    text = f"no target of it can be {shown(target)}: {told}"
    return Answer(rule.id, target, at, lines=(Line("FAIL", "then", text, span=rule.span),), failed="key")


def _said(rules: RuleSet, rule: Rule, part: Operand | Template) -> str:
    if isinstance(part, Reference):
        return f"`{part}` ({_type_of(rules, rule, part)})"
    if isinstance(part, Template):
        return f"`{''.join(one if isinstance(one, str) else f'${{{str(one)[1:]}}}' for one in part.parts)}`"
    return shown(rules.value(part))


def _traced(rules: RuleSet, rule: Rule, said: Operand | Template | None, value: Value) -> list[Given]:
    """Give each way in which a target can have become a value: which fields had to be what; none where it cannot."""
    if value is None or said is None or isinstance(said, Unread):
        return [()]
    if isinstance(said, Reference):
        return [((said, value),)] if _can_be(rules, rule, said, value) else []
    if isinstance(said, Template):
        parts = [_filled(rules, part) for part in said.parts]
        return list(_parted(rules, rule, parts, value)) if isinstance(value, str) else []
    return [()] if rules.value(said) == value else []


def _filled(rules: RuleSet, part: str | Reference | Parameter) -> str | Reference:
    return shown(rules.value(part)) if isinstance(part, Parameter) else part


def _parted(rules: RuleSet, rule: Rule, parts: Sequence[str | Reference], text: str) -> Iterator[Given]:
    """Give each way to part a text among the holes of a template."""
    if not parts:
        yield from [()] if not text else []
        return
    first, *rest = parts
    if isinstance(first, str):
        yield from _parted(rules, rule, rest, text.removeprefix(first)) if text.startswith(first) else ()
        return
    for end in range(len(text) + 1) if rest else (len(text),):
        if (value := _read_as(rules, rule, first, text[:end])) is not None:
            yield from (((first, value), *more) for more in _parted(rules, rule, rest, text[end:]))


def _read_as(rules: RuleSet, rule: Rule, reference: Reference, text: str) -> Value:
    """Give what a field was that reads so in a text; None where it cannot have been anything."""
    if _can_be(rules, rule, reference, text):
        return text
    try:
        value = freeze(json.loads(text))
    except ValueError:
        return None
    return value if _can_be(rules, rule, reference, value) else None
