"""Which inputs cannot matter to each other, so that their order may not either."""

from collections.abc import Iterator
from typing import Any

from selfheal_rules.events import Event, State
from selfheal_rules.model import Conclude, Pattern, Rule
from tests.compare import Rules, difference
from tests.engines import Driver, Seen, native, resolved
from tests.generate.cases import Case
from tests.generate.streams import Advance, Input


def kinds_of(rule: Rule) -> set[str]:
    """Give the kinds a rule reads or concludes; the engine's own acts concern every rule."""
    found = {kind for pattern in _patterns(rule) for kind in pattern.kinds}
    found |= {step.kind for step in rule.then if isinstance(step, Conclude)}
    return {"selfheal" if kind.startswith("selfheal.") else kind for kind in found}


def _patterns(part: Any) -> Iterator[Pattern]:  # noqa: ANN401 - any piece of the model
    if isinstance(part, Pattern):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from _patterns(item)
    elif hasattr(part, "__attrs_attrs__"):
        for attribute in part.__attrs_attrs__:
            if attribute.eq:
                yield from _patterns(getattr(part, attribute.name))


def clusters(rules: Rules) -> list[set[str]]:
    """Put the kinds together that some rule, or a chain of rules, brings together."""
    found: list[set[str]] = []
    for rule in (rule for one in rules for rule in one.rules):
        kinds = kinds_of(rule)
        near = [one for one in found if one & kinds]
        found = [one for one in found if not one & kinds] + [kinds.union(*near)]
    return found


def are_independent(left: Input, right: Input, found: list[set[str]]) -> bool:
    """Whether two inputs of one time are of kinds that nothing brings together."""
    if not isinstance(left, Event | State) or not isinstance(right, Event | State):
        return False
    together = any(left.kind in one and right.kind in one for one in found)
    return (
        left.kind != right.kind and left.time == right.time and not together and "selfheal" not in set().union(*found)
    )


def swapped(case: Case, rules: Rules) -> list[int]:
    """Give an order of the inputs in which independent neighbours have changed places."""
    found, order, at = clusters(rules), list(range(len(case.items))), 0
    while at + 1 < len(order):
        if are_independent(case.items[at], case.items[at + 1], found):
            order[at], order[at + 1] = order[at + 1], order[at]
            at += 1
        at += 1
    return order


def reordering_changes_nothing(case: Case, rules: Rules) -> str:
    """Each input leads to the same, and all ends alike, in whatever order independent inputs of one time come."""
    order = swapped(case, rules)
    if order == sorted(order):
        return ""
    plain, other = (native(*rules, max_age=case.max_age) for _ in range(2))
    expected = [_settled(plain, item) for item in case.items]
    made = {at: _settled(other, case.items[at]) for at in order}
    for at, item in enumerate(case.items):
        if _told(expected[at]) != _told(made[at]):
            return f"input {at}: {item}\n{difference(expected[at], made[at])}"
    return "" if plain.states() == other.states() else f"input {len(order)}: states at the end differ"


def _settled(driver: Driver, item: Input) -> Seen | None:
    """Give an input once its time has come, so that what was due before it is not its own."""
    given = resolved(item, driver.decisions)
    driver.take(Advance(item.time))
    return driver.take(given) if given else None


def _told(seen: Seen | None) -> object:
    return (seen.disposition, seen.decisions) if seen else None
