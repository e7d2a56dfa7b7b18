"""A stream over partitions held against the same stream over one engine, as properties of a case."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeAlias

from attrs import evolve, field, frozen

from selfheal_rules.compile import Program
from selfheal_rules.decide.decision import Outcome
from selfheal_rules.divide import Partitions
from tests.compare import Property, Rules, difference, loaded
from tests.engines import Given, Native, Seen, decided, is_compared, native, program_of, resolved, view
from tests.generate.cases import Case
from tests.generate.streams import Advance, Input
from tests.reference.episodes import Decided

COUNTS = (1, 2, 3, 7)
FIXED = {"disk": ("host",)}
"""What is declared of the streams of `joined_case`."""

Fixed: TypeAlias = Mapping[str, tuple[str, ...]]


def broken(case: Case, holds: Property) -> str:
    """Say what is wrong with a case, a crash counting as a failure; nothing where it is sound or not well formed."""
    rules = loaded(case)
    if rules is None:
        return ""
    try:
        why = holds(case, rules)
    except Exception as error:  # noqa: BLE001 - any crash is what is being looked for
        why = f"{type(error).__name__}: {error}"
    return (
        "\n".join([*(text[text.index("rules:") :] for text in case.texts), *map(str, case.items), why]) if why else ""
    )


@frozen(eq=False)
class Divided:
    """Partitions as a driver."""

    whole: Partitions
    decisions: list[Decided] = field(factory=list)

    def take(self, item: Input | Outcome) -> Seen | None:
        """Give it one input."""
        given = resolved(item, self.decisions)
        if given is None:
            return None
        step = self.whole.advance(given.time) if isinstance(given, Advance) else self.whole.post(given)
        made = [decided(decision) for decision in step]
        self.decisions.extend(made)
        kinds = self.whole.program.vocabulary.kinds
        states = (view(state, kinds[state.kind].key) for state in self.whole.states() if is_compared(state.kind))
        return Seen("" if isinstance(given, Advance) else step.disposition, tuple(made), tuple(states))


def divided(case: Case, rules: Rules, count: int, fixed: Fixed) -> Divided:
    """Make partitions for a case."""
    settings = {"max_age": case.max_age, "max_ahead": case.max_ahead}
    return Divided(Partitions(program_of(*rules), count, fixed=fixed, **settings))  # type: ignore[arg-type]


def whole(case: Case, rules: Rules) -> Native:
    """Make the one engine of a case."""
    return native(*rules, max_age=case.max_age, max_ahead=case.max_ahead)


def is_divided(program: Program, fixed: Fixed) -> bool:
    """Whether any rule is divided at all."""
    return not all(one.because for one in program.split(fixed).rules)


def decides_as_one(fixed: Fixed) -> Property:
    """Give the property: whatever the number of partitions, each input comes to the same, and no deadline is missed."""

    def holds(case: Case, rules: Rules) -> str:
        if not is_divided(program_of(*rules), fixed):
            return ""
        return next((why for count in COUNTS if (why := _compared(case, rules, count, fixed))), "")

    return holds


def _compared(case: Case, rules: Rules, count: int, fixed: Fixed) -> str:
    one, many = whole(case, rules), divided(case, rules, count, fixed)
    acts = any(kind.startswith("selfheal.") for kind in _kinds(many))
    for number, item in enumerate(case.items):
        expected, actual = one.take(item), many.take(item)
        if expected != actual or _evidence(expected) != _evidence(actual):
            return f"{count} partitions, input {number}: {item}\n{difference(expected, actual)}"
        if not acts and one.engine.next_deadline() != many.whole.next_deadline():
            due = one.engine.next_deadline(), many.whole.next_deadline()
            return f"{count} partitions, after input {number}: {item}\n  next_deadline {due}"
    return ""


def _kinds(many: Divided) -> list[str]:
    return [route.kind for placed in many.whole.stages for route in placed.stage.routes]


def _evidence(seen: Seen | None) -> list[str]:
    return [decision.evidence for decision in seen.decisions] if seen else []


def restores_as_one(fixed: Fixed) -> Property:
    """Give the property: whatever input the partitions are restored before, they go on as if nothing had been."""

    def holds(case: Case, rules: Rules) -> str:
        one, many = whole(case, rules), divided(case, rules, 3, fixed)
        for number, item in enumerate(case.items):
            again = Partitions.restore(many.whole.program, many.whole.snapshot())
            many = Divided(again, many.decisions)
            expected, actual = one.take(item), many.take(item)
            if expected != actual:
                return f"input {number}: {item}\n{difference(expected, actual)}"
        return ""

    return holds


def stops_as_one(fixed: Fixed) -> Property:
    """Give the property: stopping at every deadline, and before every input, changes nothing."""

    def holds(case: Case, rules: Rules) -> str:
        one, many = whole(case, rules), divided(case, rules, 2, fixed)
        for number, item in enumerate(case.items):
            expected, given = one.take(item), resolved(item, many.decisions)
            made = _stopped(many, given, case.max_ahead)
            actual = many.take(given) if given else None
            if expected is None or actual is None:
                continue
            actual = evolve(actual, decisions=(*made, *actual.decisions))
            if expected != actual:
                return f"input {number}: {item}\n{difference(expected, actual)}"
        return ""

    return holds


def _stopped(many: Divided, given: Given | None, max_ahead: timedelta | None) -> tuple[Decided, ...]:
    now = many.whole.now
    if given is None or (max_ahead and now and given.time > now + max_ahead):
        return ()
    made: list[Decided] = []
    while (due := many.whole.next_deadline()) is not None and due <= given.time:
        seen = many.take(Advance(due))
        made += seen.decisions if seen else ()
    seen = many.take(Advance(given.time))
    return (*made, *(seen.decisions if seen else ()))
