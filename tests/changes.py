"""Other rules in the middle of a stream: an engine restored under them, beside the reference and beside itself."""

from collections.abc import Iterable

from attrs import evolve

from selfheal_rules.model import Conclude
from tests.compare import Rules, difference, loaded
from tests.engines import Native, is_compared, native, oracle, under
from tests.generate.cases import Case, rules_of
from tests.generate.streams import Answer
from tests.independent import kinds_of
from tests.reference.conclusions import Ruling
from tests.reference.episodes import Decided
from tests.reference.results import rulings_of


def restored(driver: Native, others: Rules) -> Native:
    """Give an engine that goes on under other rules."""
    again = under(driver, *others)
    assert isinstance(again, Native)
    return again


def changing_agrees_with_the_reference(case: Case, rules: Rules) -> str:
    """Say where native and reference first differ at a change of rules, or after it."""
    others = loaded(evolve(case, texts=case.others))
    if others is None:
        return ""
    left = oracle(*rules, max_age=case.max_age, max_ahead=case.max_ahead)
    right = native(*rules, max_age=case.max_age, max_ahead=case.max_ahead)
    for number, item in enumerate(case.items):
        if number == case.change:
            left.engine.change(*others)
            right = restored(right, others)
            visible = tuple(one for one in left.engine.states() if is_compared(one[0]))
            if visible != right.states():
                return _told(
                    case, f"at the change\n  states: reference {visible}\n          native    {right.states()}"
                )
        expected, actual = left.take(item), right.take(item)
        if expected != actual:
            return _told(case, f"input {number}: {item}\n{difference(expected, actual)}")
    return ""


def what_is_kept_goes_on(case: Case, rules: Rules) -> str:
    """Say where a rule that is the same, and fed by none that is not, decides otherwise than without the change."""
    others = loaded(evolve(case, texts=case.others))
    if others is None:
        return ""
    names = _unconcerned(rulings_of(rules, None), rulings_of(others, None))
    plain, other = (native(*rules, max_age=case.max_age, max_ahead=case.max_ahead) for _ in range(2))
    for number, item in enumerate(case.items):
        if number == case.change:
            before = set(other.engine._rounds.episodes.numbered)
            other = restored(other, others)
            owed = {decision.episode for decision in other.engine._owed}
            opened = {one.opening.id for at, one in other.engine._rounds.episodes.known.items() if at in before}
            if not owed <= opened:
                return _told(case, f"the restore fired: {other.engine._owed}")
        if not isinstance(item, Answer):  # it answers the last decision, which need not be the same
            plain.take(item)
            other.take(item)
    expected, actual = (_of(driver.decisions, names) for driver in (plain, other))
    return "" if expected == actual else _told(case, f"  without the change {expected}\n  with it            {actual}")


def _of(decisions: Iterable[Decided], names: set[str]) -> list[Decided]:
    return [decision for decision in decisions if decision.rule in names]


def _unconcerned(rulings: list[Ruling], others: list[Ruling]) -> set[str]:
    """Give the rules that are the same in both, and that nothing another concludes can reach."""
    known = {one.name: one for one in others}
    same = [one for one in rulings if one.name in known and known[one.name].is_same(one)]
    rest = [*rulings, *others]
    touched = {one.name for one in rest} - {one.name for one in same}
    concerned: set[str] = set()
    while True:
        said = {
            step.kind for one in rest if one.name in touched for step in one.rule.then if isinstance(step, Conclude)
        }
        concerned |= said
        reached = {one.name for one in rest if kinds_of(one.rule) & concerned}
        if reached <= touched:
            return {one.rule.id for one in same if one.name not in touched and "selfheal" not in kinds_of(one.rule)}
        touched |= reached


def _told(case: Case, said: str) -> str:
    others = "\n".join(rules_of(text) for text in case.others)
    return f"before input {case.change} changed to\n{others}\n{said}"
