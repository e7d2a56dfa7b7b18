"""Play one case to both engines, or to one in two ways, and find the first difference."""

import pickle
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

from attrs import evolve

from selfheal_rules.check import check_rules
from selfheal_rules.engine import Engine
from selfheal_rules.model import RuleSet
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from selfheal_rules.values import microseconds, moment
from tests.engines import Given, Native, Oracle, Seen, native, oracle, resolved
from tests.generate.cases import Case
from tests.generate.streams import Advance, Input
from tests.reference.episodes import Decided

Rules: TypeAlias = tuple[RuleSet, ...]
Property: TypeAlias = Callable[[Case, Rules], str]
"""What is wrong with a case; nothing where it holds."""


def loaded(case: Case) -> Rules | None:
    """Give the rule sets of a case, or None where one does not pass the checks."""
    found = []
    for text in case.texts:
        rules, report = parse_rules(Source("case.yaml", text))
        if rules is None or report.errors or check_rules(rules).errors:
            return None
        found.append(rules)
    return tuple(found)


def first_difference(case: Case, rules: Rules) -> str:
    """Say where the native engine first differs from the reference."""
    return difference_from(oracle(*rules, max_age=case.max_age, max_ahead=case.max_ahead), case, rules)


def difference_from(left: Oracle, case: Case, rules: Rules) -> str:
    """Say where the native engine first differs from a fresh reference, which knows afterwards what matched."""
    right = native(*rules, max_age=case.max_age, max_ahead=case.max_ahead)
    for number, item in enumerate(case.items):
        deadline = right.engine.next_deadline()
        expected, actual = left.take(item), right.take(item)
        if expected != actual:
            return f"input {number}: {item}\n{difference(expected, actual)}"
        late = missed(left, deadline, item)
        if late:
            return f"input {number}: {item}\n{late}"
    return ""


def difference(expected: Seen | None, actual: Seen | None) -> str:
    """Say what differs."""
    lines = []
    for name in ("disposition", "decisions", "states"):
        one, other = getattr(expected, name, None), getattr(actual, name, None)
        if one != other:
            lines += [f"  {name}: reference {one}", f"  {' ' * len(name)}  native    {other}"]
    return "\n".join(lines)


def missed(left: Oracle, deadline: object, item: Input) -> str:
    """Say which change of the reference came before the deadline the native engine had named."""
    changes, left.engine.changes[:] = list(left.engine.changes), []
    before = [at for at in changes if at < microseconds(item.time)]
    if before and (deadline is None or microseconds(deadline) > before[0]):  # type: ignore[arg-type]
        return f"  next_deadline: reference changed at {moment(before[0])}, native said {deadline}"
    return ""


def advancing_changes_nothing(case: Case, rules: Rules) -> str:
    """`post` is `advance` and `post`: stop at every deadline, and before every input."""
    plain = native(*rules, max_age=case.max_age, max_ahead=case.max_ahead)
    stopping = native(*rules, max_age=case.max_age, max_ahead=case.max_ahead)
    for number, item in enumerate(case.items):
        expected = plain.take(item)
        given = resolved(item, stopping.decisions)
        made = stop_at_deadlines(stopping, given, case.max_ahead)
        actual = stopping.take(given) if given else None
        if expected is None or actual is None:
            continue
        actual = evolve(actual, decisions=(*made, *actual.decisions))
        if expected != actual:
            return f"input {number}: {item}\n{difference(expected, actual)}"
    return ""


def stop_at_deadlines(driver: Native, given: Given | None, max_ahead: timedelta | None) -> tuple[Decided, ...]:
    """Advance from deadline to deadline, and to the time of the input; give what was decided."""
    engine = driver.engine
    made: list[Decided] = []
    if given is None or (max_ahead and engine.now and given.time > engine.now + max_ahead):
        return ()
    while (due := engine.next_deadline()) is not None and due <= given.time:
        assert engine.now is None or due > engine.now
        seen = driver.take(Advance(due))
        made += seen.decisions if seen else ()
    seen = driver.take(Advance(given.time))
    return (*made, *(seen.decisions if seen else ()))


def restoring_changes_nothing(case: Case, rules: Rules) -> str:
    """A snapshot before any input, restored, goes on as the engine would have; so does a pickle."""
    plain = native(*rules, max_age=case.max_age, max_ahead=case.max_ahead)
    restored = native(*rules, max_age=case.max_age, max_ahead=case.max_ahead)
    for number, item in enumerate(case.items):
        engine = restored.engine
        again = pickled(engine) if number % 7 == 3 else Engine.restore(engine.program, engine.snapshot())
        restored = Native(again, restored.decisions)
        expected, actual = plain.take(item), restored.take(item)
        if expected != actual:
            return f"input {number}: {item}\n{difference(expected, actual)}"
    return ""


def pickled(engine: Engine) -> Engine:
    """Give an engine through a pickle and back."""
    again: Engine = pickle.loads(pickle.dumps(engine))  # noqa: S301 - written a moment ago
    return again


def told(case: Case, rules: Rules, holds: Property) -> str:
    """Say all about a case of which a property does not hold; an exception counts as such, nothing as holding."""
    try:
        why = holds(case, rules)
    except Exception as error:  # noqa: BLE001 - any crash is what is being looked for
        why = f"{type(error).__name__}: {error}"
    return f"{case!r}\n{why}" if why else ""
