"""Whether guards mean something, and whether what may do harm has any."""

import json
from collections.abc import Callable, Iterator
from typing import TypeAlias

from selfheal_rules.actions import CATALOGUE, ActionType, is_destructive
from selfheal_rules.check.findings import a, at_word, error, shown
from selfheal_rules.check.leaves import number
from selfheal_rules.check.operands import misfit
from selfheal_rules.check.subject import Subject
from selfheal_rules.check.walk import is_unread, known_as, names_in, settings_of
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.guards.entry import SETTLED
from selfheal_rules.model import Do, Guard, Literal, Operand, Pattern, Reference, Rule, RuleSet, Unread
from selfheal_rules.values import percentage
from selfheal_rules.vocabulary import ANY, DURATION, Vocabulary

Covers: TypeAlias = Callable[[Do], bool]

SHARES = frozenset({"min_healthy", "max_percent", "storm", "observer"})
"""The guards whose own word takes a number or a share."""


def shares(subject: Subject) -> Iterator[Diagnostic]:
    """A number or a share is one; jitter is a share."""
    for view in subject.rules:
        for guard in view.rule.guard:
            yield from share(guard, subject.ruleset)
        for step in view.dos:
            if step.retry and step.retry.jitter:
                yield from _share(step.retry.jitter, "jitter", subject.ruleset, numbers=False)


def share(guard: Guard, ruleset: RuleSet) -> Iterator[Diagnostic]:
    """Find what should be a share in a guard, and is none."""
    if guard.name in SHARES:
        yield from _share(guard.settings[guard.name], guard.name, ruleset, numbers=guard.name != "max_percent")
    if "jitter" in guard.settings:
        yield from _share(guard.settings["jitter"], "jitter", ruleset, numbers=False)


def _share(operand: Operand, word: str, ruleset: RuleSet, *, numbers: bool) -> Iterator[Diagnostic]:
    if is_unread(operand):
        return
    value = None if isinstance(operand, tuple | Reference) else ruleset.value(operand)
    if numbers and isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return
    try:
        percentage(value)
    except ValueError:
        cure = "write a share, such as `50%`" + (", or a whole number" if numbers else "")
        place = operand[0].span if isinstance(operand, tuple) else operand.span
        yield error("SH340", f"`{word}` takes no such value", place, cure)


def settings(subject: Subject) -> Iterator[Diagnostic]:
    """The settings of guards are of their types, and the same whatever the match."""
    for view in subject.rules:
        for guard in view.rule.guard:
            yield from typed(guard, subject.ruleset)


def typed(guard: Guard, ruleset: RuleSet) -> Iterator[Diagnostic]:
    """Find the settings of a guard that are of another type; durations and shares have checks of their own."""
    is_brought = known_as(guard).is_brought
    for word, operand, kind in settings_of(guard):
        if is_unread(operand) or kind in {ANY, DURATION} or word in SETTLED:
            continue
        for one in operand if isinstance(operand, tuple) else (operand,):
            if isinstance(one, Reference):
                message = f"`{word}` of `{guard.name}` is the same for all, and `{one}` is of one match"
                yield error("SH369", message, one.span, f"write {a(kind)} or `$params.name`")
            elif is_brought:
                yield from filter(None, [misfit(one, kind.element or kind, ruleset)])
            else:
                yield from number(one, kind, ruleset)


def populations(subject: Subject) -> Iterator[Diagnostic]:
    """A population is all states of a kind, and its leaves say which of them are healthy; `by` names fields of it."""
    for view in subject.rules:
        for guard in view.rule.guard:
            yield from population(guard, _names(guard), subject.vocabulary)


def _names(guard: Guard) -> tuple[str, ...]:
    return tuple(
        one.path[-1] if isinstance(one, Reference) else str(one.value) if isinstance(one, Literal) else one.name
        for one in guard.settings.get("by", ())
        if not isinstance(one, Unread)
    )


def population(guard: Guard, by: tuple[str, ...], vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    """Find what keeps the population of a guard from being counted."""
    pattern: Pattern | None = guard.settings.get("of")
    if pattern is None or pattern.unsure:
        return
    more = pattern.held or pattern.count or pattern.aggregate or pattern.pick
    if pattern.form != "state" or more or any(True for leaf in pattern.where for _ in _references(leaf.operand)):
        message = f"{shown(pattern)} is no population: its leaves say who is healthy, and no more"
        cure = "name a state and plain leaves; what tells one population from another stands under `by`"
        yield error("SH341", message, pattern.span, cure)
        return
    for name in pattern.kinds:
        kind = vocabulary.kinds.get(name)
        for field in by if kind else ():
            if kind and kind.type_at((field,)) is None:
                message = f"`{kind.name}` has no field `{field}` to be counted by"
                yield error("SH342", message, at_word(guard.span, "by"), "go by a field the population has", kind.span)


def _references(operand: object) -> Iterator[Reference]:
    return (name for name in names_in(operand) if isinstance(name, Reference))


def unguarded(subject: Subject) -> Iterator[Diagnostic]:
    """What the catalogue knows to be destructive has a limit, a confirmation and an outcome."""
    for view in subject.rules:
        yield from lacking(view.rule, lambda step: step.action in CATALOGUE)


def _confirmation(step: Do) -> str:
    known: ActionType | None = CATALOGUE.get(step.action)
    if not (known and known.confirm):
        return "add `confirm`: the event or state that shows that it is done"
    target = json.dumps(step.target.value) if isinstance(step.target, Literal) else str(step.target)
    return f"add `confirm: {known.confirm.replace('{target}', target)}`, or what else shows that it is done"


def lacking(rule: Rule, covers: Covers, *, limited: Covers | None = None) -> Iterator[Diagnostic]:
    """Find what destructive steps lack; `limited` says of which the site itself limits the number."""
    own = any(guard.name == "limit" for guard in rule.guard)
    otherwise = rule.outcome.otherwise if rule.outcome else ()
    for step in (*rule.then, *otherwise):
        if not (isinstance(step, Do) and is_destructive(step.action) and covers(step)):
            continue
        place = at_word(step.span, step.action)
        if not (own or (limited and limited(step))):
            cure = "add `guard: [{limit: 2, per: 10m}]`, with what your site can bear"
            yield error("SH343", f"nothing limits on how many `{step.action}` is done", place, cure)
        if step.confirm is None:
            cure = _confirmation(step)
            yield error("SH344", f"nothing shows that `{step.action}` worked", place, cure)
        if rule.outcome is None:
            cure = "add `outcome`: when it is healthy, by when, and whom to tell otherwise"
            yield error("SH345", f"nothing says what is to come of `{step.action}`", place, cure)
