"""Whether a step gives its action what the catalogue says it takes. What the catalogue does not know is the site's."""

from collections.abc import Iterator

from selfheal_rules.actions import CATALOGUE, ActionType, Param
from selfheal_rules.check.findings import a, at_word, error, listed, warning
from selfheal_rules.check.operands import may_be, misfit, operand_type
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.guards import GUARDS
from selfheal_rules.model import Do
from selfheal_rules.parse.findings import closest, did_you_mean


def actions(subject: Subject) -> Iterator[Diagnostic]:
    """An action that is nearly one of the catalogue is a mistake; what one of it takes, and needs, it is given."""
    for view in subject.rules:
        for step in view.dos:
            known: ActionType | None = CATALOGUE.get(step.action)
            yield from _known(step, known, view, subject) if known else _nearly(step)


def brought(subject: Subject) -> Iterator[Diagnostic]:
    """What another package wanted to bring to a catalogue, and could not, is told to whoever checks anything."""
    for problem in CATALOGUE.problems:
        cure = "mend or remove the package; what it would have brought counts among the worst"
        yield warning("SH359", problem, subject.ruleset.span, cure)
    for problem in GUARDS.problems:
        cure = "mend or remove the package; a rule with the guard it would have brought is not read"
        yield warning("SH359", problem, subject.ruleset.span, cure)


def _nearly(step: Do) -> Iterator[Diagnostic]:
    meant = closest(step.action, CATALOGUE)
    if meant:
        message = f"the catalogue has no action `{step.action}`, and counts it among the worst"
        yield warning("SH347", message, at_word(step.span, step.action), did_you_mean(step.action, CATALOGUE))


def _known(step: Do, known: ActionType, view: RuleView, subject: Subject) -> Iterator[Diagnostic]:
    place = at_word(step.span, step.action)
    if step.target is None and known.target and known.risk != "none":
        yield error("SH348", f"`{step.action}` has no target", place, f"add `target`: {known.target}")
    for name in step.params:
        declared: Param | None = known.params.get(name)
        if declared is not None:
            yield from _given(step, name, declared, view, subject)
        elif not known.others:
            cure = did_you_mean(name, known.params) or "leave it out"
            yield error("SH346", f"`{step.action}` takes no `{name}`", at_word(step.span, name), cure)
    misspelt = {closest(name, known.params) for name in step.params if name not in known.params}
    needed = (name for name, one in known.params.items() if one.required)
    if missing := tuple(name for name in needed if name not in step.params and name not in misspelt):
        yield error("SH349", f"`{step.action}` needs {listed(missing)}", place, "add it under `with:`")


def _given(step: Do, name: str, declared: Param, view: RuleView, subject: Subject) -> Iterator[Diagnostic]:
    operand = step.params[name]
    if found := misfit(operand, declared.type, subject.ruleset):
        yield found
        return
    known = operand_type(operand, view.names, subject.ruleset)
    if known and not may_be(known, declared.type) and not (known.name == "string" and declared.type.values):
        message = f"`{name}` of `{step.action}` is {a(declared.type)}, and `{operand}` {a(known)}"
        yield error("SH223", message, operand.span, "give a value of its type")
