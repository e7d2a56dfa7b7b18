"""
Warnings an author has seen and lives with: `# selfheal: ignore[SH403] why`, on their line or alone on the line above.

An error cannot be ignored, and neither can what is said about ignoring.
"""

import re
from collections.abc import Container, Iterable, Iterator

from attrs import frozen

from selfheal_rules.check.findings import warning
from selfheal_rules.diagnostics import Diagnostic, Report
from selfheal_rules.source import Source, Span

_MARK = "selfheal"
_MEANT = re.compile(r"#+\s*selfheal\s*:?\s*(?:ignore|noqa|disable)\b", re.IGNORECASE)
_WRITTEN = re.compile(r"# selfheal: ignore\[\s*(SH\d{3}(?:\s*,\s*SH\d{3})*)\s*\](.*)")
_CODE = re.compile(r"SH\d{3}")
_FORM = "write `# selfheal: ignore[SH403] why it may stay`"

POLICY = frozenset(f"SH{number}" for number in (*range(350, 360), 390))
"""What is found only where a site's policy is at hand."""

INVENTORY = frozenset(f"SH{number}" for number in range(375, 380))
"""What is found only where real data is at hand."""

_ELSEWHERE = frozenset({362, *range(411, 500)})
"""What may be found beside other rule sets alone, or by other commands, such as those that run tests."""


@frozen(eq=False, repr=False)
class Ignore:
    """One comment: the codes it names with their places, why, and the line whose findings it takes away."""

    codes: tuple[tuple[str, Span], ...]
    reason: str
    span: Span
    line: int

    def takes(self, finding: Diagnostic, code: str) -> bool:
        """Whether a finding of the code stands where the comment says."""
        place = finding.span
        return (finding.code, place.line) == (code, self.line) and place.source == self.span.source


def settled(report: Report, sources: Iterable[Source], *, unjudged: Container[str] = POLICY | INVENTORY) -> Report:
    """
    Leave out the warnings that comments take away, and say what is wrong with the comments.

    Looked at are the sources given, and those that findings stand in.

    A comment is not said to be needless for an `unjudged` code, nor in a file with errors: whether there is such a
    finding was not looked at.
    """
    kept, said = list(report.findings), list[Diagnostic]()
    every = dict.fromkeys([*sources, *(one.span.source for one in report.findings)])
    broken = {one.span.source for one in report.errors}
    for ignore in (found for source in every for found in _read(source, said)):
        for code, span in ignore.codes:
            hit = [one for one in kept if ignore.takes(one, code)]
            kept = [one for one in kept if one not in hit or one.is_error]
            is_looked_for = code not in unjudged and int(code[2:]) not in _ELSEWHERE and span.source not in broken
            said += _judged(code, span, hit, is_looked_for=is_looked_for)
    return Report.of((*kept, *said))


def _judged(code: str, span: Span, hit: list[Diagnostic], *, is_looked_for: bool) -> Iterator[Diagnostic]:
    if any(one.is_error for one in hit):
        yield warning("SH372", f"`{code}` is an error here, and errors cannot be ignored", span, "cure it")
    elif not hit and is_looked_for:
        yield warning("SH371", f"there is no `{code}` to be ignored here", span, "leave the comment out")


def _read(source: Source, said: list[Diagnostic]) -> Iterator[Ignore]:
    """Give the comments of a source that ignore something; what is wrong with the others goes into the list."""
    if _MARK not in source.text or not _MEANT.search(source.text):
        return
    from selfheal_rules.parse.yaml_nodes import comments  # noqa: PLC0415 - PyYAML loads slowly

    for span in comments(source):
        text = source.line(span.line)[span.column - 1 :]
        if _MEANT.match(text):
            written = _WRITTEN.fullmatch(text)
            reason = written[2].strip() if written else ""
            if written and reason:
                yield _ignore(span, written, reason)
            elif written:
                said.append(warning("SH370", "nothing says why this is ignored, so it is not", span, _FORM))
            else:
                said.append(warning("SH373", "this ignores nothing: it is not written as it is read", span, _FORM))


def _ignore(span: Span, written: re.Match[str], reason: str) -> Ignore:
    codes = (
        (found[0], span.part(found.start(), found.end())) for found in _CODE.finditer(written[0], 0, written.end(1))
    )
    return Ignore(tuple(codes), reason, span, _line(span))


def _line(span: Span) -> int:
    """Give the line a comment speaks of: its own, or where it stands alone the next that says something."""
    source = span.source
    if source.line(span.line)[: span.column - 1].strip():
        return span.line
    below = range(span.line + 1, len(source.lines) + 1)
    return next((number for number in below if _says(source.line(number))), span.line)


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")
