"""A change of settings frees nothing: a guard goes on from what those before it remember that counted the same."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

from selfheal_rules.compile.guards import STATEFUL, kin
from selfheal_rules.compile.plan import Guarding
from selfheal_rules.guard.ledger import Book, Breaker, Ledger, Storm

Place: TypeAlias = tuple[str, Any]
"""The key of a guard, and what it goes by."""
T = TypeVar("T")


def inherit(guards: Iterable[Guarding], ledger: Ledger) -> list[tuple[Place, Guarding]]:
    """Have guards take over from those that are gone; gives the storms that have to be looked at anew."""
    declared = {guard.key: guard for guard in guards if guard.name in STATEFUL}
    found = [*_handed(ledger.storms, declared)]
    for (key, scope), storms in found:
        ledger.storms.setdefault(key, {})[scope] = _storm(storms)
    for key in [key for key in ledger.storms if _is_over(key, declared)]:
        del ledger.storms[key]
    for book in (ledger.done, ledger.shadow):
        _inherit_breakers(book, declared)
    return [(place, declared[place[0]]) for place, _ in found]


def _inherit_breakers(book: Book, declared: Mapping[str, Guarding]) -> None:
    for action in dict.fromkeys(what[1] for what in book.breakers):
        tables = {what[0]: table for what, table in book.breakers.items() if what[1] == action}
        for (key, scope), breakers in _handed(tables, declared):
            book.breakers.setdefault((key, action), {})[scope] = _breaker(breakers, declared[key])
    for what in [what for what in book.breakers if _is_over(what[0], declared)]:
        del book.breakers[what]


def _is_over(key: str, declared: Mapping[str, Guarding]) -> bool:
    """Whether another has taken the place of a guard."""
    return key not in declared and any(kin(key) == kin(one) for one in declared)


def _handed(tables: Mapping[str, Mapping[Any, T]], declared: Mapping[str, Guarding]) -> Iterator[tuple[Place, list[T]]]:
    """Give, by place, what those remember that a guard takes the place of which remembers nothing."""
    for key in [key for key in declared if key not in tables]:
        found: dict[Any, list[T]] = {}
        for table in (table for old, table in tables.items() if kin(old) == kin(key)):
            for scope, kept in table.items():
                found.setdefault(scope, []).append(kept)
        yield from (((key, scope), olds) for scope, olds in found.items())


def _storm(olds: list[Storm]) -> Storm:
    """Give a storm that rages as long as any did, and is calm since all of them were."""
    made, longest = Storm(), max(olds, key=lambda one: len(one.falls))
    calm = [one.calm for one in olds if one.raging]
    made.raging = bool(calm)
    made.calm = None if None in calm else max((one for one in calm if one is not None), default=None)
    made.falls, made.ill, made.last = longest.falls.copy(), longest.ill, longest.last
    return made


def _breaker(olds: list[Breaker], guard: Guarding) -> Breaker:
    """Give a breaker that is open if any was, or if what they know of failures is enough for it."""
    made, longest = Breaker(), max(olds, key=lambda one: len(one.failures))
    made.failures = longest.failures.copy()
    made.opened = max((one.opened for one in olds if one.opened is not None), default=None)
    made.probe = next((one.probe for one in olds if one.probe is not None), None)
    late = [at for at in made.failures if at > made.failures[-1] - guard.per]
    if made.opened is None and late and len(late) >= guard.amount:
        made.opened = late[-1]
    return made
