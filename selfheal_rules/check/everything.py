"""Destructive steps whose condition picks nothing out, and targets that stand for many."""

from collections.abc import Iterator

from selfheal_rules.actions import CATALOGUE, is_destructive
from selfheal_rules.check.findings import shown, warning
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Conclude, Do, Literal, Reference


def catch_all(subject: Subject) -> Iterator[Diagnostic]:
    """A destructive step has a target that something speaks for."""
    concluded = {step.kind for view in subject.rules for step in view.steps if isinstance(step, Conclude)}
    for view in subject.rules:
        for step in view.rule.then:
            if isinstance(step, Do) and step.action in CATALOGUE and is_destructive(step.action):
                yield from _literal(step)
                yield from _unselected(step, view, concluded)


def _literal(step: Do) -> Iterator[Diagnostic]:
    target = step.target.value if isinstance(step.target, Literal) else None
    if isinstance(step.target, Literal) and isinstance(target, str) and "*" in target:
        message = f"`{step.action}` has the target `{target}`, which is one name, not a pattern of many"
        yield warning("SH364", message, step.target.span, "write `$alias.field`: one decision for each match")


def _unselected(step: Do, view: RuleView, concluded: set[str]) -> Iterator[Diagnostic]:
    """Find a step that is done to every state of a kind, whatever it says."""
    for scope in view.when:
        alternative = scope.alternative
        is_bare = len(alternative.placed) == 1 and not (alternative.formulas or alternative.negatives)
        pattern = alternative.placed[0].pattern if is_bare else None
        if pattern is None or pattern.form != "state" or pattern.where or alternative.placed[0].is_counted:
            continue
        is_own = isinstance(step.target, Reference) and step.target.alias == pattern.alias
        if is_own and not pattern.pick and concluded.isdisjoint(pattern.kinds):
            message = f"`{step.action}` is done to every {shown(pattern)} there is: no leaf picks any out"
            yield warning("SH364", message, step.span, "say in `where` which are meant", pattern.span)
            return
