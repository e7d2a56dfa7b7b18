"""Why a rule did not fire: asked for by a case, held against what is explained of the very inputs that were played."""

from collections.abc import Iterator
from datetime import timedelta

from selfheal_rules.engine import MAX_AGE
from selfheal_rules.explain.why_not import Answer, UnknownRuleError, why_not
from selfheal_rules.testing.cases import Case, Wanted, WhyNot
from selfheal_rules.testing.programs import Known
from selfheal_rules.testing.results import Failure
from selfheal_rules.testing.runner import Played
from selfheal_rules.testing.writing import clock
from selfheal_rules.values import Value

DEALT_WITH = frozenset({"", "again", "episode"})
"""Of a rule that fired: nothing keeps it from firing, or only that it has."""
ASKED = 3
"""Of so many decisions that are missing it is explained why."""


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
    """Explain why what was expected of a rule did not come, where the rule and the target can be told."""
    asked: dict[tuple[str, Value], None] = {}
    for one in wanted:
        rules = _meant(one, case)
        if "target" in one.words:
            asked.update({(rule, one.words["target"]): None for rule in rules})
    return tuple(_answer(case, played, rule, target, number) for rule, target in [*asked][:ASKED])


def _meant(wanted: Wanted, case: Case) -> tuple[str, ...]:
    """Give the rules a decision may be of, each with the name of its rule set: several may have one name."""
    name = wanted.words.get("rule")
    if name is None:
        return Known(case.program).doing(wanted.words.get("do"))
    every = ((f"{rules.name}/{rule.id}", rule.id) for rules in case.program.rulesets for rule in rules.rules)
    return tuple(whole for whole, short in every if name in {whole, short})
