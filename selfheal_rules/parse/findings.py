"""The list every reader of this stage writes to: a finding never stops the reading."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from attrs import define, field

from selfheal_rules.diagnostics import Diagnostic, Report, Severity
from selfheal_rules.model import Unread
from selfheal_rules.parse.nodes import Node
from selfheal_rules.source import Span

Read = TypeVar("Read")

SHOWN = 100
"""As many findings as a report of this stage lists; whoever has more begins with these."""


class Place(Protocol):
    """What a finding can point at: a node with a span, `faulty` where something was said about it already."""

    faulty: bool

    @property
    def span(self) -> Span:
        """Where it stands."""


@define(eq=False, repr=False)
class Findings:
    """What is wrong so far, in the order of reading."""

    found: list[Diagnostic] = field(factory=list)
    gaps: int = 0
    """How often something was left out of what is read that nothing else stands for."""

    def error(self, code: str, message: str, span: Span, cure: str = "", related: tuple[Span, ...] = ()) -> None:
        """Add a finding at a span; what stands there is left out."""
        self.gaps += 1
        self.found.append(Diagnostic(code, Severity.ERROR, message, span, cure, related))

    def refuse(self, code: str, message: str, node: Place, cure: str = "", related: tuple[Span, ...] = ()) -> None:
        """Add a finding at a node, unless the node is known to be faulty: one mistake, one finding."""
        if node.faulty:
            self.gaps += 1
        else:
            self.error(code, message, node.span, cure, related)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Count no gap: for what is found inside, something stands in what is read."""
        before = self.gaps
        yield
        self.gaps = before

    def marked(self, reader: "Callable[[Node, str, Findings], Read | None]", node: Node, what: str) -> Read | Unread:
        """Give what a reader makes of a node, or what stands for it where it cannot be read."""
        before = self.gaps
        found = reader(node, what, self)
        if found is not None:
            return found
        self.gaps = before
        return Unread(span=node.span)

    def report(self) -> Report:
        """Give the first findings by place, and say how many more there are."""
        report = Report.of(self.found)
        if len(report.findings) <= SHOWN:
            return report
        shown = report.findings[:SHOWN]
        more = len(report.findings) - SHOWN
        rest = Diagnostic("SH099", Severity.ERROR, f"{more} more findings are not shown", shown[-1].span)
        return Report.of((*shown, rest))


def closest(word: str, known: Iterable[str]) -> str:
    """Give the known word a misspelt one is like, or an empty text."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), "")


LIKELY = 0.7
"""How like a known word a misspelt one is (by `difflib`'s ratio, 0 to 1) that is read as that word."""


def likely(word: str, known: Iterable[str]) -> str:
    """Give the known word a misspelt one surely stands for, or an empty text."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=LIKELY)), "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give the cure for a misspelt word, or name what may stand there."""
    words = list(known)
    close = closest(word, words)
    if close:
        return f"did you mean `{close}`?"
    return "known: " + ", ".join(f"`{name}`" for name in words) if words else ""
