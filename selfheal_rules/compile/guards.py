"""From the guards of a rule or of the site to numbers, and functions from the rows of a match to what they go by."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from attrs import evolve

from selfheal_rules.check.walk import known_as, settings_of
from selfheal_rules.compile.branches import span
from selfheal_rules.compile.codegen import Code
from selfheal_rules.compile.plan import NEVER, Build, Census, Guarding, Taker
from selfheal_rules.compile.probes import probe
from selfheal_rules.compile.scope import Scope
from selfheal_rules.compile.steps import Written
from selfheal_rules.guards import GuardType
from selfheal_rules.guards.entry import SETTLED
from selfheal_rules.model import Guard, Literal, Operand, Parameter, Pattern, Reference, RuleSet
from selfheal_rules.values import EMPTY, FrozenMap, Value, microseconds, percentage
from selfheal_rules.vocabulary import DURATION, FieldType


def rule_guard(guard: Guard, owner: str, written: Written) -> Guarding:
    """Lower one guard of a rule."""
    goes_by = tuple(guard.settings.get("by", ()))
    if not known_as(guard).is_brought:  # what is counted apart is the same in any order; others may read theirs
        goes_by = tuple(sorted(goes_by, key=lambda one: (_name(one), str(one))))
    names = tuple(_name(operand) for operand in goes_by)
    scope = written.each(lambda one: _read_by(guard, one, written.code)) if _values(guard) else None
    return guarding(guard, owner, written.rules, names, scope, written.code)


def rule_scopes(guards: tuple[Guard, ...], written: Written) -> Mapping[int, Build]:
    """Write what the guards of a rule go by, each in its place, as one function for every branch: rows → values."""
    code = written.code
    return written.each(lambda one: f"({''.join(f'{_read_by(guard, one, code)}, ' for guard in guards)})")


def _values(guard: Guard) -> tuple[Operand, ...]:
    """Give what of a match a guard goes by."""
    own = guard.settings[guard.name]
    locked = own if isinstance(own, tuple) else (own,)
    by: tuple[Operand, ...] = tuple(guard.settings.get("by", ()))
    return {"lock": locked, "maintenance": locked}.get(guard.name, by)


def _read_by(guard: Guard, scope: Scope, code: Code) -> str:
    """Write the values a guard goes by; `None` where it goes by nothing of the match."""
    values = _values(guard)
    return f"({''.join(f'{scope.text(value, code)}, ' for value in values)})" if values else "None"


def guarding(
    guard: Guard, owner: str, rules: RuleSet, by: tuple[str, ...], scope: Mapping[int, object] | None, code: Code
) -> Guarding:
    """Give a guard with its settings as numbers."""
    known = known_as(guard)
    amount, percent = (0.0, False) if known.is_brought else _amount(guard, known, rules)
    settings = guard.settings
    given = _given(guard, rules) if known.is_brought else EMPTY
    fails = settings.get("fails")
    return Guarding(
        guard.name,
        owner,
        amount,
        percent,
        per=_reach(given, known) if known.is_brought else _micros(settings.get("per"), rules, 0),
        wait=_micros(settings.get("for"), rules, 0),
        cap=_micros(settings.get("cap"), rules, NEVER),
        fresh=_micros(settings.get("fresh"), rules, NEVER),
        jitter=percentage(rules.value(settings["jitter"])) / 100 if "jitter" in settings else 0.0,
        by=by,
        scope=scope,  # type: ignore[arg-type]
        census=census(settings["of"], by, rules, code) if "of" in settings else None,
        is_open=fails is not None and fails.value == "open",
        key=_key(guard, owner, by, f"{amount:g}{'%' * percent} {_micros(settings.get('per'), rules, 0)}"),
        by_target=known.by_target,
        given=given,
    )


STATEFUL = frozenset({"storm", "observer", "breaker"})
"""The guards that remember more than what happened: what came of it by their own settings."""


def _key(guard: Guard, owner: str, by: tuple[str, ...], settings: str) -> str:
    """Give what tells the memory of a guard from others: what it counts, and its settings only if these made it."""
    of = guard.settings.get("of")
    what = f"{','.join(of.kinds)}{sorted(map(repr, of.where))}" if isinstance(of, Pattern) else ""
    return f"{owner} {guard.name} {','.join(by)} {what}" + (f"|{settings}" if guard.name in STATEFUL else "")


def kin(key: str) -> str:
    """Give what guards that count the same share, whatever their settings."""
    return key.rpartition("|")[0] or key


def _given(guard: Guard, rules: RuleSet) -> FrozenMap:
    """Give the settings of a guard that another package brings as values of their types."""
    settings = ((word, one, kind) for word, one, kind in settings_of(guard) if word not in SETTLED)
    return FrozenMap({word: _read(one, kind, rules) for word, one, kind in settings})


def _read(operand: Operand | tuple[Operand, ...], kind: FieldType, rules: RuleSet) -> Value:
    if isinstance(operand, tuple):
        return tuple(rules.value(one) for one in operand)
    return kind.literal(rules.value(operand))


def _reach(given: FrozenMap, known: GuardType) -> int:
    """Give for how long what a guard remembers counts: as long as it may look back, and what it says itself."""
    longest = max((value for value in given.values() if isinstance(value, timedelta)), default=timedelta())
    return microseconds(longest + known.keep)


def sharing(guards: Iterable[Guarding]) -> tuple[Guarding, ...]:
    """Have guards that share a budget keep it for as long as any of them looks back."""
    every = tuple(guards)
    longest: dict[str, int] = {}
    for guard in every:
        reach = int(guard.amount) if guard.name == "cooldown" else max(guard.per, guard.wait)
        longest[guard.key] = max(reach, longest.get(guard.key, 0))
    return tuple(evolve(guard, keep=longest[guard.key]) for guard in every)


def census(pattern: Pattern, by: tuple[str, ...], rules: RuleSet, code: Code, *, doubted: bool = False) -> Census:
    """
    Give the population a pattern names: all items of its kinds, and which of them fit its leaves.

    Where it is `doubted`, one fits unless a leaf is known to be false: what is missing may be true.
    """
    taker = Taker(0, pattern.where, negative=doubted, rules=rules)
    kinds = (rules.vocabulary.kinds[name] for name in pattern.kinds)
    return Census({kind.name: code[probe(kind, (taker,), code)] for kind in kinds}, by)


def _amount(guard: Guard, known: GuardType, rules: RuleSet) -> tuple[float, bool]:
    own = guard.settings[guard.name]
    if known.own == DURATION:
        return span(rules, own) or 0, False
    if isinstance(own, tuple) or guard.name in {"lock", "maintenance"}:
        return 0, False
    value: Value = rules.value(own)
    return (percentage(value), True) if isinstance(value, str) else (value, False)


def _micros(operand: Operand | None, rules: RuleSet, default: int) -> int:
    return default if operand is None else span(rules, operand) or 0


def _name(operand: Operand) -> str:
    """Give what a population calls a value: the last word of its path."""
    if isinstance(operand, Reference):
        return operand.path[-1]
    return (
        operand.name if isinstance(operand, Parameter) else str(operand.value) if isinstance(operand, Literal) else ""
    )
