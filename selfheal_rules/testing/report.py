"""What people read of a case that failed: what was expected and what came, when, and why."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from attrs import frozen

from selfheal_rules.decide.decision import Decision
from selfheal_rules.events import Event, State
from selfheal_rules.explain.why_not import Line as Missed
from selfheal_rules.explain.why_not import render
from selfheal_rules.testing.cases import Case
from selfheal_rules.testing.results import Failure, Result
from selfheal_rules.testing.runner import GIVEN, Moment, Played
from selfheal_rules.testing.writing import clock, decision_text, input_text, line_of, reasons

SHOWN = 40
"""As many moments as the timeline of a failure shows before the one it is about."""
LONGEST = 20
"""As many lines of a failure are shown."""
REASONS = 3
"""Of so many decisions the reasons are shown."""


@frozen
class Line:
    """A line of a report, and what it is: so that whoever prints it can colour it."""

    text: str
    is_: str = ""
    """`missing`, `extra`, `miss` (where in the timeline it went wrong), `head`, or nothing."""


def lines(result: Result) -> Iterator[Line]:
    """Write all that went wrong in a case; nothing where nothing did."""
    if not result.failures:
        return
    place = f"{result.case.span}: " if result.case.span.source.text else ""
    yield Line(f"FAILED {place}{result.name}", "head")
    for (step, _), failures in groupby(result.failures, key=lambda one: (one.step, one.variant)):
        yield from _failures([*failures], step, result)


def text(result: Result) -> str:
    """Give the report of a case as one text."""
    return "\n".join(line.text for line in lines(result))


def _failures(failures: list[Failure], step: int | None, result: Result) -> Iterator[Line]:
    """Write what was found at one step, then what happened until then, and why."""
    for failure in failures:
        yield Line("")
        yield Line(f"  {_place(failure, result.case)}: {failure.title}", "head")
        yield from (Line(f"    {one}", _sort(one)) for one in failure.lines[:LONGEST])
        if len(failure.lines) > LONGEST:
            yield Line(f"    and {len(failure.lines) - LONGEST} more lines")
    played = failures[0].played or result.played
    answers = [answer for failure in failures for answer in failure.answers]
    missed = [line for answer in answers for line in answer.lines if line.mark == "FAIL"]
    if played and step is not None:
        yield from (Line(""), Line("  timeline"), *_timeline(played, step, result.case, missed))
    for page in dict.fromkeys(map(render, answers)):
        yield from (Line(""), Line("  why not"), *(Line(f"    {one}") for one in page.rstrip().split("\n")))
    yield from _because([one for failure in failures for one in failure.about], result.case)


def _because(about: list[Decision], case: Case) -> Iterator[Line]:
    if about:
        yield from (Line(""), Line("  because"))
    for decision in about[:REASONS]:
        yield from (Line(f"    {one}") for one in reasons(decision, case.start))
    if len(about) > REASONS:
        yield Line(f"    and {len(about) - REASONS} more decisions")


def _place(failure: Failure, case: Case) -> str:
    if failure.step is None or not case.steps:
        return line_of(failure.span).strip(" ()") if failure.span else case.name
    step = case.steps[failure.step]
    return f"step {failure.step + 1} at {clock(step.t)}{line_of(failure.span or step.span)}"


def _sort(line: str) -> str:
    return "missing" if line.startswith("- ") else "extra" if line.startswith("+ ") else ""


def _timeline(played: Played, step: int, case: Case, missed: list[Missed]) -> Iterator[Line]:
    """Write what happened up to a step, the moments of the step itself and what nearly did it marked."""
    told = [moment for moment in played if moment.step <= step and (moment.item is not None or moment.settled)]
    if len(told) > SHOWN:
        yield Line(f"    ... {len(told) - SHOWN} moments before")
    alone = [line for line in missed if line.time and not any(_is_of(line, moment.item) for moment in told)]
    for moment in told[-SHOWN:]:
        yield from (_missed(line, case) for line in alone if line.time and line.time < moment.at)
        alone = [line for line in alone if line.time and line.time >= moment.at]
        mark = ">" if moment.step == step else " "
        yield from _moment(moment, f"{mark} {clock(moment.at - case.start):>10}", case, missed)
    yield from (_missed(line, case) for line in alone)
    yield Line(f"    > {clock(case.steps[step].t):>10}  <-- here", "miss")


def _missed(line: Missed, case: Case) -> Line:
    """Write what failed at an instant of its own, such as the end of a window."""
    at = clock(line.time - case.start) if line.time else ""
    return Line(f"      {at:>10}  <-- {line.text}", "miss")


def _moment(moment: Moment, stamp: str, case: Case, missed: list[Missed]) -> Iterator[Line]:
    if moment.given is not None:
        before = " (given)" if moment.step == GIVEN else ""
        said = f"    {stamp}  {input_text(moment.given)}{before}  {moment.settled.disposition}"
        why = next((line.text for line in missed if _is_of(line, moment.item)), "")
        yield Line(f"{said}  <-- {why}", "miss") if why else Line(said)
    for decision in moment.settled:
        at = clock(decision.time - case.start)
        yield Line(f"    {stamp[0]} {at:>10}    -> {decision_text(decision, case.start)}")


def _is_of(line: Missed, item: object) -> bool:
    """Whether what failed is said of an item: an event by its id, a state by its key and time."""
    if isinstance(item, Event):
        return line.item == item.id and line.time == item.time
    named = line.item.split(", ")
    return isinstance(item, State) and bool(line.item) and line.time == item.time and _are_in(named, item)


def _are_in(key: list[str], state: State) -> bool:
    said = [state.source, *map(str, state.fields.values())]
    return all(name in said for name in key)


def summary(results: Iterable[Result]) -> str:
    """Count how cases ended: `12 passed, 1 failed`."""
    endings = [result.ending for result in results]
    counts = [(endings.count(word), word) for word in ("passed", "failed", "skipped")]
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "no case"
