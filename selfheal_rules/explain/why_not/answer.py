"""The answer to "why did it not fire?": what held, the first thing that did not, by how much, and what would have."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.evidence import plain
from selfheal_rules.source import NOWHERE, Span
from selfheal_rules.values import Value
from selfheal_rules.wording import clock, shown

_WIDEST = 60
"""What stands under each other begins no further apart than this."""

Mark: TypeAlias = Literal["ok", "FAIL", "skip"]


@frozen
class Line:
    """
    One thing the rule asks for, in the order it was looked at: it holds (`ok`), does not (`FAIL`), was not reached.

    `address` is that of the leaf or part inside the rule, such as `when.all[1].where.power`; `time` and `item` are of
    the item that decides it (the id of an event, the key of a state). `depth` is 1 for lines about a rule below.
    """

    mark: Mark
    address: str
    text: str
    alias: str = ""
    time: datetime | None = None
    item: str = ""
    span: Span = field(default=NOWHERE, eq=False, repr=False)
    depth: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give the line as `--format json` prints it."""
        return {
            "mark": self.mark,
            "address": self.address,
            "alias": self.alias,
            "text": self.text,
            "time": plain(self.time),
            "item": self.item,
            "place": place(self.span),
            "depth": self.depth,
        }


@frozen
class Answer:
    """
    Why a rule had not fired for a target by an instant, or what became of it where it had.

    `decisions` are those of the rule about the target, if there were any. `failed` is the word of the first thing that
    failed: `where`, `missing`, `same`, `within`, `for`, `count`, `aggregate`, `sequence`, `test`, `pick`, `none`,
    `unless`, `any`, `key` (it was about another target), `held` (a state was over too soon), `stale`, `duplicate`,
    `ahead`, `episode` (one is open), `again` (nothing new since it fired), `after` (a step waits for another), or the
    name of the guard; it is empty where nothing did. `miss` is by how much: a duration for what is about time, a number
    for counts and values. `since` is set where there were too many events to go over each with each: of those before
    it, some were not looked into.
    """

    rule: str
    target: Value
    at: datetime
    decisions: tuple[Decision, ...] = ()
    lines: tuple[Line, ...] = ()
    failed: str = ""
    miss: timedelta | float | None = None
    counterfactual: str = ""
    since: datetime | None = None

    @property
    def fired(self) -> bool:
        """Whether the rule decided anything about the target."""
        return bool(self.decisions)

    def to_json(self) -> dict[str, Any]:
        """Give the answer as `--format json` prints it; a miss in time is in seconds."""
        return {
            "rule": self.rule,
            "target": plain(self.target),
            "at": self.at.isoformat(),
            "failed": self.failed,
            "miss": self.miss.total_seconds() if isinstance(self.miss, timedelta) else self.miss,
            "counterfactual": self.counterfactual,
            "since": plain(self.since),
            "lines": [line.to_json() for line in self.lines],
            "decisions": [decision.to_json() for decision in self.decisions],
        }


def place(span: Span) -> str:
    """Give `file:line`, or nothing for what never stood in a file."""
    return "" if span == NOWHERE else f"{span.source.name}:{span.line}"


def render(answer: Answer) -> str:
    """Write an answer as a page: one line for each thing, then what would have made it fire."""
    target = "" if answer.target is None else f" / {shown(answer.target)}"
    head = f"{answer.rule}{target}: {_verdict(answer)}"
    end = [f"  would have fired if: {answer.counterfactual}"] if answer.counterfactual else []
    if answer.since:
        end.append(f"  looked into: events since {clock(answer.since, answer.at.date())}; before, too many to go over")
    return "\n".join([head, *_table(answer), *end, ""])


def _verdict(answer: Answer) -> str:
    if not answer.failed:
        return "fired"
    if not answer.fired:
        return "did not fire"
    last = answer.decisions[-1]
    if answer.failed == last.verdict.guard:
        return f"fired, and is {last.verdict.status}"
    return f"fired {clock(last.time, answer.at.date())}, and not since"


def _table(answer: Answer) -> Iterator[str]:
    rows = [(line, _cells(line, answer.at)) for line in answer.lines]
    widths = [min(max((len(cells[n]) for _, cells in rows), default=0), _WIDEST) for n in range(3)]
    for line, cells in rows:
        padded = (text.ljust(width) for text, width in zip(cells, widths, strict=False))
        yield f"  {'  ' * line.depth}{line.mark:4}  {'  '.join([*padded, cells[3]])}".rstrip()


def _cells(line: Line, at: datetime) -> tuple[str, str, str, str]:
    """Give what stands under each other: the address and alias, the text, the time; then the item and the place."""
    alias = "" if line.alias.startswith("#") else line.alias
    head = " ".join(word for word in (line.address.removeprefix("when."), alias) if word)
    time = clock(line.time, at.date()) if line.time else ""
    origin = line.item if line.mark != "FAIL" else "  ".join(word for word in (line.item, place(line.span)) if word)
    return head, line.text, time, origin
