"""Two rules that may act on one target because of one item, and of which no stream could be put together."""

from collections.abc import Iterator, Sequence
from itertools import product

from selfheal_rules.check.alternatives import shared_type
from selfheal_rules.check.domains import contradict
from selfheal_rules.model import Pattern
from selfheal_rules.survey.confirm import Act, common
from selfheal_rules.survey.readers import Placed, Readers

_DEEP = 4


def obstacles(placed: Placed, readers: Readers, depth: int = 0) -> Iterator[str]:
    """Say what in a rule, and in those its condition rests on, a stream of single items does not show."""
    for scope in placed.view.when:
        if scope.alternative.formulas:
            yield f"`{placed.name}` compares by an expression (`test`)"
        for one in scope.alternative.placed:
            yield from (f"`{placed.name}` {said}" for said in _obstacle(one.pattern))
            below = [rule for kind in one.pattern.kinds for rule in readers.concluding.get(kind, ())]
            for rule in below if depth < _DEEP else ():
                yield from obstacles(rule, readers, depth + 1)


def _obstacle(pattern: Pattern) -> Iterator[str]:
    kind = pattern.kinds[0]
    if pattern.count and pattern.form == "state":
        yield f"counts states (`{kind}`)"
    if pattern.aggregate:
        yield f"reckons over several items (`{kind}`)"
    if kind.startswith("selfheal."):
        yield f"rests on what the engine does itself (`{kind}`)"


def met(some: Sequence[Act], others: Sequence[Act], readers: Readers, by: Placed) -> str:
    """Give a kind of which one item may make both act, as far as plain leaves tell; empty where there is none."""
    for first, second in product(some, others):
        for (i, one), (j, other) in product(enumerate(first.cause.parts), enumerate(second.cause.parts)):
            kind = common(one, other)
            if kind and not kind.startswith("selfheal.") and _may_be((first, i), (second, j), kind, readers, by):
                return kind
    return ""


def _may_be(first: tuple[Act, int], second: tuple[Act, int], kind: str, readers: Readers, by: Placed) -> bool:
    """Whether one item may be both parts."""
    tests = [test for act, number in (first, second) for (at, _), test in act.cause.tests if at == number]
    for path in dict.fromkeys(test.path for test in tests):
        known = shared_type((kind,), path, readers.vocabulary)
        if known and contradict([test for test in tests if test.path == path], known, by.ruleset):
            return False
    return True
