"""Whether what a rule does fits: fields of conclusions, targets and their keys."""

from collections.abc import Iterator

from selfheal_rules.check.findings import a, at_word, error, listed
from selfheal_rules.check.names import secret_field
from selfheal_rules.check.operands import may_be, misfit, operand_type
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Conclude, Operand, Reference, Template
from selfheal_rules.parse.findings import closest, did_you_mean
from selfheal_rules.vocabulary import SELF_KINDS, Field, Kind


def given(subject: Subject) -> Iterator[Diagnostic]:
    """Every field of a conclusion is one of its kind, and has a value of its type."""
    for view, step, kind in _conclusions(subject):
        yield from _given(step, kind, view, subject)


def needed(subject: Subject) -> Iterator[Diagnostic]:
    """A conclusion has the fields its kind asks for, those always there from what is always there."""
    for view, step, kind in _conclusions(subject):
        yield from _needed(step, kind, view, subject)


def _conclusions(subject: Subject) -> Iterator[tuple[RuleView, Conclude, Kind]]:
    for view in subject.rules:
        for step in view.steps:
            kind = subject.kind(step.kind) if isinstance(step, Conclude) else None
            if isinstance(step, Conclude) and kind and kind.name not in SELF_KINDS.kinds:
                yield view, step, kind


def _given(step: Conclude, kind: Kind, view: RuleView, subject: Subject) -> Iterator[Diagnostic]:
    for name, operand in step.fields.items():
        declared: Field | None = kind.fields.get(name)
        if declared and declared.secret:
            yield secret_field(name, kind, at_word(step.span, name))
            continue
        if declared is None:
            cure = did_you_mean(name, kind.fields) or "leave it out"
            yield error("SH205", f"`{kind.name}` has no field `{name}`", at_word(step.span, name), cure, kind.span)
            continue
        found = misfit(operand, declared.type, subject.ruleset)
        known = operand_type(operand, view.names, subject.ruleset) if isinstance(operand, Reference) else None
        if found:
            yield found
        elif known and not may_be(known, declared.type):
            message = f"`{name}` of `{kind.name}` is {a(declared.type)}, and `{operand}` {a(known)}"
            yield error("SH223", message, operand.span, "give a value of its type", declared.span)


def _needed(step: Conclude, kind: Kind, view: RuleView, subject: Subject) -> Iterator[Diagnostic]:
    keys = tuple(name for name in kind.key if name != "source")
    required = (
        keys if step.cleared else tuple(name for name, one in kind.fields.items() if one.required or name in keys)
    )
    misspelt = {closest(name, kind.fields) for name in step.fields if name not in kind.fields}
    missing = tuple(name for name in required if name not in step.fields and name not in misspelt)
    if missing:
        place = at_word(step.span, step.kind)
        yield error("SH228", f"`{kind.name}` needs {listed(missing)}", place, "add it under `with:`", kind.span)
    for name in required:
        for reference in _parts(step.fields.get(name)):
            if not _is_provided(reference, view, subject):
                message = f"`{kind.name}` needs `{name}`, and `{reference}` may be missing"
                cure = f"require it: `where: {{{'.'.join(reference.path)}: {{exists: true}}}}`"
                yield error("SH229", message, reference.span, cure, kind.span)


def _parts(operand: Operand | Template | None) -> tuple[Reference, ...]:
    """Give the reference a value is; a text that is filled in is there whatever it is filled with."""
    return (operand,) if isinstance(operand, Reference) else ()


def _is_provided(reference: Reference, view: RuleView, subject: Subject) -> bool:
    found = view.names.get(reference.alias, ())
    return all(placed.provides(reference.path, subject.vocabulary) for placed in found)


def targets(subject: Subject) -> Iterator[Diagnostic]:
    """A target, and each part of a key, is one plain value."""
    for view in subject.rules:
        plain = [*(view.rule.key or ()), *(step.target for step in view.dos)]
        for operand in plain:
            known = operand_type(operand, view.names, subject.ruleset)
            if known and operand and known.name in {"list", "map"}:
                message = f"`{operand}` is {a(known)}, and one plain value is needed"
                yield error("SH233", message, operand.span, "name one field; a rule for each element is two rules")
