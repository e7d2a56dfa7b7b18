"""What a check says, and the word it points at."""

import re

from selfheal_rules.diagnostics import Diagnostic, Severity
from selfheal_rules.model import Pattern
from selfheal_rules.source import Span
from selfheal_rules.vocabulary import FieldType


def error(code: str, message: str, span: Span, cure: str = "", *related: Span) -> Diagnostic:
    """Give a finding that stops compilation."""
    return Diagnostic(code, Severity.ERROR, message, span, cure, related)


def warning(code: str, message: str, span: Span, cure: str = "", *related: Span) -> Diagnostic:
    """Give a finding that does not."""
    return Diagnostic(code, Severity.WARNING, message, span, cure, related)


def at_word(span: Span, word: str) -> Span:
    """Give the first place inside the span where the word stands alone, or the span where it nowhere does."""
    return _first(span, re.compile(rf"(?<![\w.$-]){re.escape(word)}(?![\w-])"))


def at_text(span: Span, text: str) -> Span:
    """Give the first place inside the span where a piece of text stands, or the span where it nowhere does."""
    return _first(span, re.compile(re.escape(text)))


def _first(span: Span, wanted: re.Pattern[str]) -> Span:
    for number in range(span.line, span.end_line + 1):
        start = span.column - 1 if number == span.line else 0
        stop = span.end_column - 1 if number == span.end_line else len(span.source.line(number))
        found = wanted.search(span.source.line(number), start, stop)
        if found:
            return Span(span.source, number, found.start() + 1, number, found.end() + 1)
    return span


def listed(names: tuple[str, ...]) -> str:
    """Give names in backticks with commas between."""
    return ", ".join(f"`{name}`" for name in names)


def dotted(path: tuple[str, ...]) -> str:
    """Give a path as it is written."""
    return ".".join(path)


def a(type_: FieldType) -> str:
    """Give a type behind its article."""
    if type_.name == "any":
        return "of any type"
    return f"{'an' if type_.name[0] in 'aeiou' else 'a'} {type_}"


def shown(pattern: Pattern) -> str:
    """Give a pattern as its author calls it: by its name, or by its kinds."""
    return f"`{'|'.join(pattern.kinds) if pattern.alias.startswith('#') else pattern.alias}`"
