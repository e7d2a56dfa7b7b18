"""Whether conclusions last as long as they should, come from one hand, and are read."""

from collections.abc import Iterator

from selfheal_rules.check.alternatives import Scope
from selfheal_rules.check.findings import at_word, error, warning
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.walk import concludes
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Conclude
from selfheal_rules.source import Span
from selfheal_rules.vocabulary import Kind


def lifetimes(subject: Subject) -> Iterator[Diagnostic]:
    """A concluded state that nothing keeps up says how long it lasts, and only such a one does."""
    for view in subject.rules:
        for step in view.steps:
            kind = subject.kind(step.kind) if isinstance(step, Conclude) else None
            if isinstance(step, Conclude) and kind:
                yield from _lifetime(step, kind, view)


def _lifetime(step: Conclude, kind: Kind, view: RuleView) -> Iterator[Diagnostic]:
    passing = next((scope for scope in view.when if scope.alternative.needs_ttl), None)
    lasts = kind.form == "state" and not step.cleared
    if lasts and step.ttl is None and not concludes(view.rule):
        message = f"`{kind.name}` is concluded beside a `do`, and nothing says for how long it holds"
        yield error("SH313", message, at_word(step.span, kind.name), "add `ttl`")
    elif lasts and step.ttl is None and passing:
        message = f"`{kind.name}` follows from what passes, and nothing says for how long it holds"
        yield error("SH313", message, at_word(step.span, kind.name), "add `ttl`", *_passing(passing))
    elif step.ttl is not None and not lasts:
        what = "a clearing" if step.cleared else "an event"
        yield warning("SH404", f"`ttl` has no effect on {what}", at_word(step.span, "ttl"), "leave it out")
    elif step.ttl is not None and concludes(view.rule) and not passing:
        message = "`ttl` has no effect: the state holds as long as what it follows from"
        yield warning("SH404", message, at_word(step.span, "ttl"), "leave it out")


def _passing(scope: Scope) -> tuple[Span, ...]:
    return tuple(one.pattern.span for one in scope.alternative.events[:1])


def provenance(subject: Subject) -> Iterator[Diagnostic]:
    """A kind is said by sources or concluded, not both, unless its key tells the two apart."""
    for view in subject.rules:
        for step in view.steps:
            kind = subject.kind(step.kind) if isinstance(step, Conclude) else None
            if kind is None:
                continue
            place = at_word(step.span, kind.name)
            if kind.name.startswith("selfheal."):
                message = f"`{kind.name}` is the engine's own, and only the engine says it"
                yield error("SH315", message, place, "conclude a kind of your own")
            elif not subject.is_own(kind) and "source" not in kind.key:
                message = f"`{kind.name}` is said by its sources, and cannot be concluded as well"
                cure = "declare a kind of your own under `events:` or `states:`, or one with `source` in its key"
                yield error("SH314", message, place, cure, kind.span)


def unread(subject: Subject) -> Iterator[Diagnostic]:
    """What a rule set declares and concludes is read by one of its rules."""
    read = {name for view in subject.rules for pattern in view.patterns for name in pattern.kinds}
    for view in subject.rules:
        for step in view.steps:
            kind = subject.kind(step.kind) if isinstance(step, Conclude) else None
            if kind and subject.is_own(kind) and kind.name not in read:
                message = f"`{kind.name}` is concluded, and no rule here reads it"
                yield warning("SH406", message, at_word(step.span, kind.name), "leave it out, unless others read it")


def unconfirmed(subject: Subject) -> Iterator[Diagnostic]:
    """A step that is to be confirmed says by when."""
    for view in subject.rules:
        for step in view.dos:
            if step.confirm and step.confirm.within is None and step.timeout is None:
                message = f"step `{step.action}` may wait for its confirmation for ever"
                yield warning(
                    "SH405", message, at_word(step.span, "confirm"), "add `within` to `confirm`, or a `timeout`"
                )
