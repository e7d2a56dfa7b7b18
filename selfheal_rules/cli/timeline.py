"""A decision as people read it: what, by which rule, whether it may be done, and why, down to lines of the input."""

from collections.abc import Iterator
from datetime import date

from selfheal_rules.cli.origins import Origins
from selfheal_rules.cli.screen import Screen, clean
from selfheal_rules.cli.words import shown, stamp
from selfheal_rules.decide import Decision, Evidence, Verdict
from selfheal_rules.wording import clock

_COLOURS = {"allowed": "green", "shadowed": "cyan", "rejected": "red"}
_WIDTH = 120
_CHILDREN = 10


def entry(decision: Decision, origins: Origins, screen: Screen) -> str:
    """Write a decision with its evidence; an empty line ends it."""
    verdict = decision.verdict
    status = screen.paint(verdict.status, _COLOURS.get(verdict.status, "yellow"))
    attempt = f", attempt {decision.attempt}" if decision.attempt > 1 else ""
    action = screen.paint(_one_line(f"{decision.action} {shown(decision.target)}"), "bold")
    lines = [
        f"{stamp(decision.time)}  {action}",
        f"    rule     {decision.rule} ({decision.ruleset}), step {decision.step}{attempt}",
        *(f"    with     {name}: {_one_line(shown(value))}" for name, value in decision.params.items()),
        f"    verdict  {status} by {verdict.guard}: {_one_line(verdict.reason)}{_again(verdict)}",
        "    because",
    ]
    day = decision.time.date()
    for one in decision.because:
        lines += _tree(one, "      ", day, origins, screen)
    return "\n".join([*lines, ""])


def _again(verdict: Verdict) -> str:
    if verdict.retry_at is None:
        return ""
    return f"; {'expires' if verdict.status == 'needs_approval' else 'again'} at {stamp(verdict.retry_at)}"


def _tree(evidence: Evidence, indent: str, day: date, origins: Origins, screen: Screen) -> Iterator[str]:
    name = f"{evidence.alias}: " if evidence.alias else ""
    yield _one_line(f"{indent}{name}{_item(evidence)}, {clock(evidence.time, day)}{_origin(evidence, origins)}")
    fields = _fields(evidence, _WIDTH - len(indent))
    if fields:
        yield screen.paint(f"{indent}  {fields}", "dim")
    for inner in evidence.because[:_CHILDREN]:
        yield from _tree(inner, indent + "    ", day, origins, screen)
    if len(evidence.because) > _CHILDREN:
        yield f"{indent}    and {len(evidence.because) - _CHILDREN:,} more"


def _item(evidence: Evidence) -> str:
    if evidence.form == "event":
        return f"{evidence.kind or 'event'} {evidence.id if not evidence.rule else ''}".rstrip()
    return " ".join([evidence.kind, ", ".join(shown(value) for value in evidence.key)]).rstrip()


def _origin(evidence: Evidence, origins: Origins) -> str:
    if evidence.rule:
        return f", concluded by {evidence.rule}"
    line = origins.line(evidence)
    source = "" if evidence.form == "count" or evidence.source in evidence.key else f", from {evidence.source}"
    return source + (f", {origins.unit} {line}" if line else "")


def _fields(evidence: Evidence, width: int) -> str:
    """Give as many plain fields as fit in a line, without those the key tells already."""
    told, said = set(evidence.key), ""
    for name, value in evidence.fields.items():
        if isinstance(value, tuple | dict) or value is None or value in told:
            continue
        more = f"{', ' if said else ''}{name} {_one_line(shown(value))}"
        if len(said) + len(more) > width:
            return f"{said}, ..." if said else ""
        said += more
    return said


def _one_line(text: str) -> str:
    return clean(text).replace("\n", "\\n")
