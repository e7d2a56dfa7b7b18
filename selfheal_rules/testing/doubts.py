"""Why a rule did not fire: asked for by a case, held against what is explained of the very inputs that were played."""

from collections.abc import Iterator
from datetime import timedelta

from selfheal_rules.engine import MAX_AGE
from selfheal_rules.explain.why_not import Answer, UnknownRuleError, why_not
from selfheal_rules.testing.cases import Case, Wanted, WhyNot
from selfheal_rules.testing.meant import meant
from selfheal_rules.testing.results import Failure
from selfheal_rules.testing.runner import Played
from selfheal_rules.testing.writing import clock
from selfheal_rules.values import Value

DEALT_WITH = frozenset({"", "again", "episode"})
"""Of a rule that fired: nothing keeps it from firing, or only that it has."""
ASKED = 3
"""Of so many decisions that are missing it is explained why."""
CANDIDATES = 8
"""So many rules, the first, are asked where a decision may be of any of them."""


def doubts(case: Case, played: Played) -> Iterator[Failure]:
    """Say where a rule did not fire for another reason than the case says, or fired."""
    for number, step in enumerate(case.steps):
        for doubt in step.why_not:
            yield from doubted(case, played, doubt, number)


def doubted(case: Case, played: Played, doubt: WhyNot, number: int) -> Iterator[Failure]:
    """Say where, by a step, a rule did not fire for another reason than is said, or fired."""
    try:
        answer = _answer(case, played, doubt.rule, doubt.target, number)
    except UnknownRuleError as error:  # several rule sets have one of that name
        yield Failure(str(error), (), doubt.span, number)
        return
    lines = tuple(_differences(doubt, answer))
    if lines:
        title = f"{doubt.rule} fired" if answer.fired else f"{doubt.rule} did not fire for another reason"
        yield Failure(title, lines, doubt.span, number, answers=(answer,))


def _answer(case: Case, played: Played, rule: str, target: Value, number: int) -> Answer:
    inputs = [one.at if one.item is None else one.item for one in played if one.step <= number]
    at, age = case.start + case.steps[number].t, case.settings.get("max_age", MAX_AGE)
    return why_not(case.program, inputs, rule, target, at, case.policy, max_age=age)


def _differences(doubt: WhyNot, answer: Answer) -> Iterator[str]:
    if doubt.failed != answer.failed if doubt.failed else answer.fired and answer.failed in DEALT_WITH:
        yield f"- failed: {doubt.failed or 'anything'}"
        yield f"+ failed: {answer.failed or 'nothing'}"
    if doubt.miss is not None and not _is_as_far(doubt.miss, answer.miss):
        yield f"- miss: {_shown(doubt.miss)}"
        yield f"+ miss: {_shown(answer.miss)}"


def _is_as_far(said: timedelta | float, found: timedelta | float | None) -> bool:
    return isinstance(said, timedelta) is isinstance(found, timedelta) and said == found


def _shown(miss: timedelta | float | None) -> str:
    return "none" if miss is None else clock(miss) if isinstance(miss, timedelta) else f"{miss:g}"


def missing(wanted: tuple[Wanted, ...], case: Case, played: Played, number: int) -> tuple[Answer, ...]:
    """Explain why what was expected of a rule did not come, where the target is told: the rules that came nearest."""
    told = [one for one in wanted if "target" in one.words][:ASKED]
    return tuple(answer for one in told for answer in _nearest(one, case, played, number))[:ASKED]


def _nearest(wanted: Wanted, case: Case, played: Played, number: int) -> list[Answer]:
    """Ask each rule that may be meant, and give the answers of those most of which was met."""
    rules = meant(wanted, case.program, played)[:CANDIDATES]
    answers = [_answer(case, played, rule, wanted.words["target"], number) for rule in rules]
    most = max(map(_met, answers), default=None)
    return [one for one in answers if _met(one) == most]


def _met(answer: Answer) -> tuple[bool, float]:
    """Say how much of what a rule asks for, and of what those below it do, was met."""
    held = sum(line.mark == "ok" for line in answer.lines)
    return answer.fired, held / max(len(answer.lines), 1)
