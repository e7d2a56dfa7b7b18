"""What the YAML parser says where it gives up, in the words of somebody who wrote the file."""

import re
from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

from selfheal_rules.source import Source

Position: TypeAlias = tuple[int, int]
"""Line and column, from 1."""


@frozen
class Failure:
    """Where and why the parser gave up, and what it was about: both in its own words, each with its place."""

    problem: str
    context: str
    at: Position
    begun: Position


@frozen
class Told:
    """The same, as it is said: what is wrong, its cure, where it stands, and where it began if that is elsewhere."""

    message: str
    cure: str
    at: Position
    related: Position | None = None


Tell: TypeAlias = Callable[[Failure, Source], Told]
_QUOTES = "write the text in quotes"


def tell(failure: Failure, source: Source) -> Told:
    """Say what is wrong."""
    line, column = failure.at
    if "\t" in source.line(line)[:column] and not source.line(line)[:column].strip():
        return Told("a tab stands where only spaces may", "indent with spaces, never with tabs", failure.at)
    words = f"{failure.context}, {failure.problem}"
    for pattern, said in _TELLINGS:
        if re.search(pattern, words):
            return said(failure, source)
    message = " ".join(words.removeprefix(", ").split())
    return Told(message, "look at the quotes, brackets and indentation here and on the line before", failure.at)


def _second_colon(failure: Failure, source: Source) -> Told:
    line, column = failure.at
    before = source.line(line)[: column - 1]
    if ": " in before:
        return Told("a text with `: ` in it stands without quotes", _QUOTES, failure.at)
    cure = "indent it as the key it stands beside, or write the text before it in quotes"
    return Told("this key is indented as a part of the line before, which is a text", cure, failure.at)


def _indentation(failure: Failure, _: Source) -> Told:
    message = "this line is indented neither as the lines it could stand beside nor below one that opens something"
    return Told(message, "indent it exactly as the lines it belongs with", failure.at, failure.begun)


def _stray_item(failure: Failure, _: Source) -> Told:
    message = "a list item stands among keys"
    return Told(message, "indent it below the key it belongs to, or leave the `-` out", failure.at, failure.begun)


def _behind(failure: Failure, _: Source) -> Told:
    return Told("something stands behind a value that is complete", "write all of it in one pair of quotes", failure.at)


def _unclosed(failure: Failure, source: Source) -> Told:
    line, column = failure.begun
    sign = source.line(line)[column - 1 : column]
    closing = {"[": "]", "{": "}"}.get(sign, "]")
    message = f"a `,` or `{closing}` is missing: the `{sign}` of line {line} is still open here"
    cure = "close it; a text with brackets, braces, `,`, `?` or `: ` in it needs quotes"
    if not source.line(failure.at[0]).strip():
        return Told(f"the `{sign}` that stands here is never closed", cure, failure.begun)
    return Told(message, cure, failure.at, failure.begun)


def _no_value(failure: Failure, source: Source) -> Told:
    if source.line(failure.at[0]).strip():
        return Told("a value is missing here", "write one, or take the `,` or `:` before it away", failure.at)
    return Told("a `[` or `{` is never closed", "close it where its list or mapping ends", failure.at)


def _endless_text(failure: Failure, _: Source) -> Told:
    cure = "end it with the quote it begins with; a quote inside stands in quotes of the other kind"
    return Told("the text that begins here is never closed", cure, failure.begun)


def _sign(failure: Failure, source: Source) -> Told:
    place = failure.begun if "scanning a" in failure.context and "token" not in failure.context else failure.at
    sign = source.line(place[0])[place[1] - 1 : place[1]]
    return Told(f"a text cannot begin with `{sign}`", _QUOTES, place)


def _block_mark(failure: Failure, _: Source) -> Told:
    cure = "begin the text on the next line, or write it in quotes"
    return Told("something stands behind the sign of a text over several lines", cure, failure.at)


def _no_colon(failure: Failure, _: Source) -> Told:
    cure = "write `key: value`; a text over several lines stands in quotes, or below `key: |`"
    return Told("this line has no `:`", cure, failure.begun)


def _escape(failure: Failure, _: Source) -> Told:
    cure = "write `\\\\` for a backslash, or the text in single quotes"
    return Told("this is no escape of a text in double quotes", cure, failure.at)


_TELLINGS: tuple[tuple[str, Tell], ...] = (
    (r"mapping values are not allowed", _second_colon),
    (r"expected <block end>, but found '?<block (mapping|sequence) start>", _indentation),
    (r"expected <block end>, but found '-'", _stray_item),
    (r"expected <block end>, but found", _behind),
    (r"parsing a flow (sequence|mapping), expected ','", _unclosed),
    (r"parsing a flow node", _no_value),
    (r"scanning a quoted scalar", _endless_text),
    (r"scanning a block scalar", _block_mark),
    (r"unknown escape|expected escape sequence", _escape),
    (r"scanning an? (alias|anchor|tag|directive)", _sign),
    (r"cannot start any token", _sign),
    (r"could not find expected ':'", _no_colon),
)
"""Signs of what happened, each with who tells it; the first that is found does."""
