"""Whether texts say what their authors mean: a field named where it is not filled in stands there as it is written."""

import re
from collections.abc import Container, Iterator, Mapping

from attrs import frozen

from selfheal_rules.check.findings import at_text, warning
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.walk import leaves_of
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Do, Literal, Step, Template
from selfheal_rules.source import Span

_FIELD = re.compile(
    r"(?<![$\w])(?:\$([A-Za-z_]\w*)(?:\.\w+)+|\$\{\s*([A-Za-z_]\w*)\.[^{}]*\}|\{+\s*([A-Za-z_]\w*)(?:\.\w+)+\s*\}+)"
)
"""`$alias.field`; `${alias.field}` as it is filled in; `{alias.field}` and `{{ alias.field }}` as others have it."""


_MEANT = "did you mean `${{{0}}}`?"


@frozen(eq=False, repr=False)
class _Text:
    """A text as it will stand, where it is written, what would cure it, and whether a list or mapping is around it."""

    text: str
    span: Span
    cure: str
    is_inner: bool = False


def unfilled(subject: Subject) -> Iterator[Diagnostic]:
    """A text that means a field names it in the form that is filled in, and where it is."""
    for view in subject.rules:
        known = {*view.names, "params"}
        for text in _texts(view):
            yield from _unfilled(text, known)


def _unfilled(text: _Text, known: Container[str]) -> Iterator[Diagnostic]:
    for found in _FIELD.finditer(text.text):
        if found[1] in known or found[3] in known or (text.is_inner and found[2] in known):
            name = found[0].strip("${} ")
            message = f"`{found[0]}` inside this text is not filled in"
            yield warning("SH410", message, at_text(text.span, found[0]), text.cure.format(name))


def _texts(view: RuleView) -> Iterator[_Text]:
    for pattern in view.patterns:
        for leaf in leaves_of(pattern):
            for operand in leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,):
                yield from _literal(operand, "compare with `${0}` as a whole")
    for step in view.steps:
        yield from _of_step(step)


def _of_step(step: Step) -> Iterator[_Text]:
    for value in (step.target, *step.params.values()) if isinstance(step, Do) else step.fields.values():
        if isinstance(value, Template):
            yield from (_Text(part, value.span, _MEANT) for part in value.parts if isinstance(part, str))
        elif isinstance(value, Literal) and not isinstance(value.value, str):
            cure = "write the text under a name of its own in `with`, as `${{{0}}}`"
            yield from (_Text(text, value.span, cure, is_inner=True) for text in _inner(value.value))
        else:
            yield from _literal(value)


def _literal(value: object, cure: str = _MEANT) -> Iterator[_Text]:
    if isinstance(value, Literal) and isinstance(value.value, str):
        yield _Text(value.value.removeprefix("$"), value.span, cure)  # at its beginning a `$` stands by `$$`


def _inner(value: object) -> Iterator[str]:
    """Give the texts inside a list or mapping, in which none is filled in."""
    if isinstance(value, str):
        yield value
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()
    yield from (text for inner in inside for text in _inner(inner))
