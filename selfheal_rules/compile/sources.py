"""From a pattern to the part that keeps its rows, and to the part that counts them."""

import math
from collections.abc import Callable
from typing import Any

from selfheal_rules.compile.branches import Branch, is_join, span
from selfheal_rules.compile.codegen import KEYED_APART, Code, access
from selfheal_rules.compile.drafts import PartDraft, Paths, Register, row_key
from selfheal_rules.compile.leaves import SIGNS, constant_leaf, is_constant, transition
from selfheal_rules.compile.plan import Counted, Taker
from selfheal_rules.compile.scope import Scope
from selfheal_rules.model import Aggregate, Bound, Count, Pattern, RuleSet, Test
from selfheal_rules.values import SECOND, Value
from selfheal_rules.vocabulary import ANY, Kind

Sample = tuple[Any, ...]
"""(at, turn, value, …) of one row in a population."""


def kinds_of(pattern: Pattern, rules: RuleSet) -> tuple[Kind, ...]:
    """Give the kinds a pattern names."""
    return tuple(rules.vocabulary.kinds[name] for name in pattern.kinds)


def source_part(pattern: Pattern, rules: RuleSet, register: Register, *, negative: bool) -> PartDraft:
    """Give the part of a pattern's constant leaves; equal patterns share it."""
    counted = pattern.count or pattern.aggregate
    kinds = kinds_of(pattern, rules)
    tests = tuple(test for test in pattern.where if is_constant(test))
    held = 0 if counted else span(rules, pattern.held) or 0
    strict = negative and counted is None
    signature = (rules.name, pattern.form, pattern.kinds, tests, strict, held)
    draft, new = register.part(signature, pattern.form, kinds, negative=strict, held=held)
    if new:
        draft.taker = Taker(draft.number, tests, strict, rules)
        if pattern.form == "state":
            found = (transition(test, kinds[0].type_at(test.path) or ANY, rules) for test in tests)
            draft.ages = tuple(age for age in found if age)
    return draft


def group_paths(pattern: Pattern, branch: Branch) -> Paths:
    """
    Give the fields a count is grouped by: `by` in order, then the other joined fields sorted.

    The number itself, which is joined by too, is none of them: no item has it.
    """
    counted = pattern.count or pattern.aggregate
    by = counted.by if counted else ()
    number = ("count",) if pattern.count else ("value",)
    ends = (end for join in branch.joins for end in (join.left, join.right))
    joined = {end.path for end in ends if end.alias == pattern.alias} - {number}
    own = {test.path for test in pattern.where if is_join(test)}
    shared = {path for name, path in branch.shared if name == pattern.alias}
    return (*by, *sorted((joined | own | shared) - set(by), key=".".join))


def count_part(
    pattern: Pattern,
    paths: Paths,
    scope: Scope,
    register: Register,
    *,
    open_group: bool,
    negative: bool,
) -> PartDraft:
    """Give the part that counts the rows of a pattern by group."""
    rules, code = scope.rules, register.code
    base = source_part(pattern, rules, register, negative=False)
    counted = pattern.count or pattern.aggregate
    held = span(rules, pattern.held) or 0
    signature = ("count", base.number, counted, paths, open_group, negative, held)
    draft, new = register.part(signature, "count", (scope.kinds[pattern.alias],), negative=negative, held=held)
    if new and counted:
        draft.counted = _counted(pattern, counted, base, paths, open_group, rules, code)
        base.counts.append(draft.number)
    return draft


def _counted(
    pattern: Pattern,
    counted: Count | Aggregate,
    base: PartDraft,
    paths: Paths,
    open_group: bool,  # noqa: FBT001
    rules: RuleSet,
    code: Code,
) -> Counted:
    plain = isinstance(counted, Count) and counted.distinct is None
    falls = any(bound.comparison in {"at_most", "less_than"} for bound in counted.bounds)
    return Counted(
        base.number,
        code[row_key(paths, base.kinds[0], code, bare=False)] if paths else (lambda _: ()),
        tuple(".".join(path) for path in paths),
        all((base.kinds[0].type_at(path) or ANY).name not in KEYED_APART for path in paths),
        span(rules, counted.within),
        _measure(counted),
        None if plain else code[_value(counted, base.kinds[0], rules, code)],
        _accept(counted.bounds, rules),
        _early(counted.bounds, rules),
        "count" if isinstance(counted, Count) else "value",
        falling=falls and pattern.form == "event",
        rising=plain and not falls,
        least=_least(counted.bounds, rules) if plain and not falls else 0,
        distinct=isinstance(counted, Count) and counted.distinct is not None,
        open=open_group,
    )


def _measure(counted: Count | Aggregate) -> Callable[[list[Sample]], Any]:
    if isinstance(counted, Aggregate):
        return MEASURES[counted.measure]
    return _distinct if counted.distinct else _count


def _least(bounds: tuple[Bound, ...], rules: RuleSet) -> int:
    return max(int(rules.value(bound.operand)) + (bound.comparison == "more_than") for bound in bounds)


def _value(counted: Count | Aggregate, kind: Kind, rules: RuleSet, code: Code) -> str:
    if isinstance(counted, Count):
        read = access("r", counted.distinct or ())
        return code.function("value", "r, now", [f"    v = {read}", "    return None if v is None else canonical(v)"])
    if counted.measure != "percent_of":
        return code.function("value", "r, now", [f"    return {access('r', counted.of)}"])  # type: ignore[arg-type]
    body, written = [], []
    for number, test in enumerate(leaf for leaf in counted.of if isinstance(leaf, Test)):
        body.append(f"    v{number} = {access('r', test.path)}")
        kind_at = kind.type_at(test.path) or ANY
        written.append(constant_leaf(test, f"v{number}", kind_at, rules, code, negative=False))
    return code.function("value", "r, now", [*body, f"    return {' and '.join(written) or 'True'}"])


def _accept(bounds: tuple[Bound, ...], rules: RuleSet) -> Callable[[Value], bool | None]:
    limits = [(SIGNS[bound.comparison], rules.value(bound.operand)) for bound in bounds]
    text = " and ".join(f"n {sign} {limit!r}" for sign, limit in limits) or "True"
    accept: Callable[[Value], bool] = eval(f"lambda n: {text}", {})  # noqa: S307 - signs and checked numbers
    return lambda number: None if number is None else accept(number)


def _early(bounds: tuple[Bound, ...], rules: RuleSet) -> Callable[[Value], bool | None]:
    rising = _accept(tuple(bound for bound in bounds if bound.comparison in {"at_least", "more_than"}), rules)
    return lambda number: False if rising(number) is False else None


def _count(samples: list[Sample]) -> int:
    return len(samples)


def _distinct(samples: list[Sample]) -> int:
    return len({value for sample in samples if (value := sample[2]) is not None})


def _numbers(samples: list[Sample]) -> list[float]:
    return [value for sample in samples if (value := sample[2]) is not None]


def _finite(number: float) -> float | None:
    return number + 0.0 if math.isfinite(number) else None


def _total(numbers: list[float]) -> float | None:
    try:
        return _finite(math.fsum(numbers))
    except OverflowError:
        return None


def _folded(fold: Callable[[list[float]], float | None]) -> Callable[[list[Sample]], float | None]:
    def measure(samples: list[Sample]) -> float | None:
        numbers = _numbers(samples)
        try:
            return fold(numbers) if numbers else None
        except OverflowError:
            return None

    return measure


def _average(numbers: list[float]) -> float | None:
    total = _total(numbers)
    return None if total is None else total / len(numbers)


def _rate(samples: list[Sample]) -> float | None:
    first = next((sample for sample in samples if sample[2] is not None), None)
    last = next((sample for sample in reversed(samples) if sample[2] is not None), None)
    if first is None or last is None or first[0] == last[0]:
        return None
    try:
        return _finite((last[2] - first[2]) / ((last[0] - first[0]) / SECOND))
    except OverflowError:
        return None


def _percent(samples: list[Sample]) -> float | None:
    return 100 * sum(1 for sample in samples if sample[2]) / len(samples) if samples else None


MEASURES: dict[str, Callable[[list[Sample]], float | None]] = {
    "avg": _folded(_average),
    "min": _folded(lambda numbers: float(min(numbers))),
    "max": _folded(lambda numbers: float(max(numbers))),
    "sum": _folded(_total),
    "rate": _rate,
    "percent_of": _percent,
}
"""What `aggregate` can take; samples come in the order of (time, turn)."""
