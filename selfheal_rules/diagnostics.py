"""
What is said to an author, and every exception of the library.

    SelfHealError
    ├── RuleSetError      a rule set, vocabulary or parameter is wrong; carries the whole report
    ├── EventError        an item does not fit its kind; nothing was changed
    ├── ExecutorError     an action failed; says whether a retry can help
    ├── JournalError      the record cannot be written or trusted
    ├── SnapshotError     a snapshot is foreign, damaged or of another version
    └── EngineError       a fault of ours: checked rules must not raise it
"""

import enum
from collections.abc import Iterable

from attrs import evolve, field, frozen

from selfheal_rules.source import Span


class Severity(enum.IntEnum):
    """How much a finding matters: an error stops compilation, a warning does not."""

    WARNING = 1
    ERROR = 2

    def __str__(self) -> str:
        """Give the word printed in messages."""
        return self.name.lower()


@frozen
class Diagnostic:
    """
    One finding: what is wrong, where, and what would cure it.

    `witness` is a stream that demonstrates it, a CloudEvents object in JSON for each item: what `selfheal run` reads.
    """

    code: str
    severity: Severity
    message: str
    span: Span
    help: str = ""
    related: tuple[Span, ...] = ()
    witness: tuple[str, ...] = ()

    def shown_by(self, witness: tuple[str, ...]) -> "Diagnostic":
        """Give the finding with a stream that demonstrates it."""
        return evolve(self, witness=witness)

    @property
    def is_error(self) -> bool:
        """Whether the finding stops compilation."""
        return self.severity is Severity.ERROR

    def render(self) -> str:
        """Draw the finding for people: place, message, the quoted line with carets, the cure."""
        span = self.span
        quoted = span.source.line(span.line)
        width = span.end_column - span.column if span.end_line == span.line else len(quoted) + 1 - span.column
        lines = [f"{span}: {self.severity}[{self.code}]: {self.message}"]
        if quoted:
            lines += [f" | {quoted}", f" | {' ' * (span.column - 1)}{'^' * max(1, width)}"]
        lines += [f" = see: {other}" for other in self.related if other.source.text]
        lines += [f" = witness: {item}" for item in self.witness]
        lines += [f" = help: {self.help}"] if self.help else []
        return "\n".join(lines)

    def to_json(self) -> dict[str, str | int | list[str]]:
        """Give the finding as the object `selfheal check --format json` prints; `witness` where there is one."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "message": self.message,
            "file": self.span.source.name,
            "line": self.span.line,
            "column": self.span.column,
            "help": self.help,
            **({"witness": list(self.witness)} if self.witness else {}),
        }


def _sorted(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(set(found), key=_place))


def _place(finding: Diagnostic) -> tuple[str, int, int, str, str]:
    span = finding.span
    return span.source.name, span.line, span.column, finding.code, finding.message


@frozen
class Report:
    """Every finding on one load, sorted by place, each once."""

    findings: tuple[Diagnostic, ...] = field(converter=_sorted)

    @classmethod
    def of(cls, findings: Iterable[Diagnostic]) -> "Report":
        """Gather findings in any order."""
        return cls(tuple(findings))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The findings that stop compilation."""
        return tuple(finding for finding in self.findings if finding.is_error)

    def __add__(self, other: "Report") -> "Report":
        """Join two reports."""
        return Report.of(self.findings + other.findings)

    def render(self) -> str:
        """Draw all findings and a closing count."""
        if not self.findings:
            return "no findings"
        errors = len(self.errors)
        count = f"{errors} error{'s' * (errors != 1)}, {len(self.findings) - errors} warnings"
        return "\n\n".join([finding.render() for finding in self.findings] + [count])


class SelfHealError(Exception):
    """The root of every exception this library raises on purpose."""


class RuleSetError(SelfHealError):
    """A rule set cannot be used; `report` holds every finding, not only the first."""

    def __init__(self, report: Report) -> None:
        """Carry the report and show it as the message."""
        super().__init__(report.render())
        self.report = report

    def __reduce__(self) -> tuple[type["RuleSetError"], tuple[Report]]:
        """Pickle by the report, not by the message."""
        return RuleSetError, (self.report,)


class EventError(SelfHealError):
    """An item does not fit its kind; `field` names what is wrong (a dotted path, or an attribute of the item)."""

    def __init__(self, message: str, *, item: object = None, field: str = "") -> None:
        """Say what is wrong, of which item, in which field."""
        super().__init__(message)
        self.item = item
        self.field = field


class ExecutorError(SelfHealError):
    """An action failed; `retryable` says whether trying again can help."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        """Say what failed and whether a retry can help."""
        super().__init__(message)
        self.retryable = retryable


class JournalError(SelfHealError):
    """The record of inputs and decisions cannot be written, or cannot be trusted."""


class SnapshotError(SelfHealError):
    """A snapshot is not ours, is damaged, or was taken by a program or version that does not match."""


class MatcherError(SelfHealError):
    """An engine was asked for a matcher that is not there, or cannot be used here."""


class EngineError(SelfHealError):
    """A fault of this library: rules that passed the checks must never raise it."""
