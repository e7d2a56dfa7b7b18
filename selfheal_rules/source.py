"""Where a value stands in a file, and how to show it."""

from attrs import field, frozen


@frozen
class Source:
    """A text under the name its author knows it by; messages quote its lines."""

    name: str
    text: str = field(repr=False)
    lines: tuple[str, ...] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Split once: a report quotes many lines of one source."""
        object.__setattr__(self, "lines", tuple(self.text.splitlines()))

    def line(self, number: int) -> str:
        """Give line `number` (1-based) without its end; past the last line, an empty one."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


@frozen
class Span:
    """A piece of a source: lines and columns count from 1, the end column is exclusive."""

    source: Source = field(repr=False)
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        """Give `file:line:column`, the form editors jump to."""
        return f"{self.source.name}:{self.line}:{self.column}"

    def part(self, start: int, stop: int) -> "Span":
        """Give the piece from `start` to `stop` (0-based columns inside a span of one line)."""
        return Span(self.source, self.line, self.column + start, self.line, self.column + stop)


NOWHERE = Span(Source("<python>", ""), 1, 1, 1, 1)
"""The span of what was built in Python and never stood in a file."""


def says(line: str) -> bool:
    """Whether anything but a comment stands in a line."""
    return line.partition("#")[0].strip() != ""
