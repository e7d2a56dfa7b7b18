"""What is said of each thing a rule asks for: what held, with the item that did, and what was not reached."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.evidence import Evidence
from selfheal_rules.explain.why_not.answer import Line, Mark
from selfheal_rules.explain.why_not.case import named
from selfheal_rules.explain.why_not.constraints import HOLDS, Constraint, inside
from selfheal_rules.explain.words import leaf, shown
from selfheal_rules.model import Formula, Group, Pattern, Same
from selfheal_rules.model import Test as Leaf


def line(mark: Mark, one: Constraint, text: str, time: datetime | None = None, item: str = "") -> Line:
    """Give the line of a constraint."""
    return Line(mark, one.address, text, one.alias, time, item, one.span)


def lines_of(held: Iterable[Constraint], found: list[Decision], omit: Constraint | None = None) -> Iterator[Line]:
    """Give one line for each pattern that had its item, and one for each thing that holds between them."""
    rows = {one.alias: one for one in reversed(found[-1].because)} if found else {}
    every = list(held)
    said: set[str] = set()
    for one in every:
        if one.pattern is None or one.rank > HOLDS:
            yield line("ok", one, asks(one))
        elif one.address.startswith(_place(one.pattern)) and one.pattern.address not in said:
            said.add(one.pattern.address)
            if omit is None or omit.pattern is not one.pattern:
                yield _pattern_line(one.pattern, every, rows.get(one.alias))


def _place(pattern: Pattern) -> str:
    """Give where a pattern stands."""
    return inside(pattern.address)


def _pattern_line(pattern: Pattern, held: list[Constraint], row: Evidence | None) -> Line:
    own = [one for one in held if one.pattern is pattern]
    asked = [leaf(one.part) for one in own if isinstance(one.part, Leaf) and one.rank <= HOLDS]
    asked += [_number(one) for one in own if one.word in {"count", "aggregate", "for"}]
    text = " ".join([" or ".join(pattern.kinds), ", ".join(asked)]).strip()
    return Line(
        "ok", _place(pattern), text, pattern.alias, row.time if row else None, named(row) if row else "", pattern.span
    )


def _number(one: Constraint) -> str:
    """Write a count, an aggregate or a `for` briefly."""
    pattern = one.pattern
    counted = (pattern.count or pattern.aggregate) if pattern else None
    if one.word == "for" and pattern and pattern.held:
        return f"for {shown(pattern.held)}"
    bounds = counted.bounds if counted else ()
    return " ".join([one.word, *(f"{bound.comparison} {shown(bound.operand)}" for bound in bounds)])


def asks(one: Constraint) -> str:
    """Say what a constraint asks for, in a few words."""
    part = one.part
    if isinstance(part, Leaf):
        return leaf(part)
    if isinstance(part, Pattern):
        return " ".join([*([] if one.word == "missing" else [one.word]), " or ".join(part.kinds)])
    if isinstance(part, Formula):
        return part.text
    if isinstance(part, Same):
        return "same " + (".".join(part.field) or " = ".join(map(str, part.pair or ())))
    operand = {"within": part.within, "for": part.held}.get(one.word) if isinstance(part, Group) else None
    return f"{one.word} {shown(operand)}" if operand is not None else one.word


def rest(asked: Iterable[Constraint], reached: Iterable[Constraint]) -> Iterator[Line]:
    """Name what was not looked at any more, once for each pattern and part."""
    done = {one.name for one in reached}
    told = {id(one.pattern) for one in reached if one.pattern}
    for one in asked:
        if one.name in done or (one.pattern is not None and id(one.pattern) in told):
            continue
        told.add(id(one.pattern) if one.pattern else id(one))
        yield line("skip", one, f"{asks(one)} (not reached)")
