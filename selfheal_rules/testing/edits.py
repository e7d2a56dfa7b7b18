"""A piece of a rule changed for another: in the model, and in the text its author reads."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

import attrs
from attrs import evolve

from selfheal_rules.source import Span
from selfheal_rules.values import FrozenMap

Path: TypeAlias = tuple[str | int, ...]
Whole = TypeVar("Whole")
GONE = object()
"""What a piece is changed for that is left out."""
_KEY, _LIST = re.compile(r"\w+: $"), re.compile(r"\w+: \[$")


def pieces(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401 - any piece of the model
    """Give a value of the model and all within it, each with the way to it, in the order of their fields."""
    yield path, value
    for name, inner in _within(value):
        yield from pieces(inner, (*path, name))


def _within(value: Any) -> Iterator[tuple[str | int, Any]]:  # noqa: ANN401 - any piece of the model
    if attrs.has(type(value)):
        yield from ((one.name, getattr(value, one.name)) for one in attrs.fields(type(value)) if one.eq)
    elif isinstance(value, tuple):
        yield from enumerate(value)
    elif isinstance(value, Mapping):
        yield from value.items()


def at(value: Any, path: Path) -> Any:  # noqa: ANN401 - any piece of the model
    """Give the piece at a path."""
    for name in path:
        value = dict(_within(value))[name]
    return value


def changed(value: Whole, path: Path, new: Any) -> Whole:  # noqa: ANN401 - any piece of the model
    """Give a value of the model with the piece at a path changed for another, or left out where that is `GONE`."""
    whole: Any = value
    name, *rest = path
    if isinstance(whole, tuple):
        inner = [*whole]
        inner[int(name)] = changed(inner[int(name)], tuple(rest), new) if rest else new
        kept: Any = tuple(one for one in inner if one is not GONE)
    elif isinstance(whole, Mapping):
        made = {**whole, name: changed(whole[str(name)], tuple(rest), new) if rest else new}
        kept = FrozenMap({one: value for one, value in made.items() if value is not GONE})
    else:
        here = changed(getattr(whole, str(name)), tuple(rest), new) if rest else None if new is GONE else new
        kept = evolve(whole, **{str(name): here})
    return kept  # type: ignore[no-any-return]


def joined(first: Span, last: Span) -> Span:
    """Give the piece of a text from the beginning of one to the end of another."""
    return Span(first.source, first.line, first.column, last.end_line, last.end_column)


def diff(span: Span, written: str) -> tuple[str, ...]:
    """Write a change of a text as the lines that go and those that come; where nothing is written, it is left out."""
    source = span.source
    if not source.text:
        return ()
    before = [source.line(number) for number in range(span.line, span.end_line + 1)]
    head, tail = before[0][: span.column - 1], before[-1][span.end_column - 1 :]
    if not written:
        head, tail = _closed(head, tail)
    after = [line for line in f"{head}{written}{tail}".split("\n") if line.strip(" -,")]
    return (*(f"- {line}" for line in before), *(f"+ {line}" for line in after))


def _closed(head: str, tail: str) -> tuple[str, str]:
    """Take away the key of what is left out, and the comma that parted it from what stands beside it."""
    if tail.startswith("]") and _LIST.search(head):
        head, tail = _LIST.sub("", head), tail[1:]
    head = _KEY.sub("", head)
    if tail.startswith(", "):
        return head, tail[2:]
    return (head[:-2], tail) if head.endswith(", ") else (head, tail)


def text_of(span: Span) -> str:
    """Give the text of a piece."""
    lines = [span.source.line(number) for number in range(span.line, span.end_line + 1)]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def swapped(one: Span, other: Span) -> tuple[Span, str]:
    """Give where two pieces of a text stand, and what would stand there if they changed places."""
    between = Span(one.source, one.end_line, one.end_column, other.line, other.column)
    return joined(one, other), text_of(other) + text_of(between) + text_of(one)
