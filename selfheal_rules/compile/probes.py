"""
The door of each kind: which parts take an item.

The parts of a kind are told apart by the field most of them compare with a constant: one lookup picks the function
with the few parts left, so an item no rule wants costs one call whatever the number of rules.
"""

from collections import Counter

from selfheal_rules.compile.codegen import Code, access
from selfheal_rules.compile.leaves import constant_leaf, raw_values
from selfheal_rules.compile.plan import Taker
from selfheal_rules.model import Test
from selfheal_rules.values import Value
from selfheal_rules.vocabulary import ANY, Kind

_FEW = 4
_WORDS = frozenset({"string", "enum", "ordered", "integer", "boolean"})


def probe(kind: Kind, takers: tuple[Taker, ...], code: Code) -> str:
    """Write the probe of a kind and give its name; it takes (item, now)."""
    return _split(kind, takers, code, frozenset())


def _split(kind: Kind, takers: tuple[Taker, ...], code: Code, done: frozenset[str]) -> str:
    name = index_field(kind, takers, done)
    if name is None:
        return _sieve(kind, takers, code)
    buckets: dict[Value, list[Taker]] = {}
    rest = []
    for taker in takers:
        values = constants(kind, taker, name)
        for value in values:
            buckets.setdefault(value, []).append(taker)
        rest += [] if values else [taker]
    return _table(kind, name, buckets, tuple(rest), code, done)


def _table(
    kind: Kind, name: str, buckets: dict[Value, list[Taker]], rest: tuple[Taker, ...], code: Code, done: frozenset[str]
) -> str:
    functions = {value: code[_split(kind, tuple(some), code, done | {name})] for value, some in buckets.items()}
    table = code.constant(functions)
    body = [f"    b = {table}.get({access('i', (name,))})"]
    if rest:
        body += [f"    h = {_split(kind, rest, code, done | {name})}(i, now)", "    if b is None:", "        return h"]
        body += ["    k = b(i, now)", "    return h if k is None else k if h is None else (*h, *k)"]
    else:
        body += ["    return None if b is None else b(i, now)"]
    return code.function("probe", "i, now", body)


def constants(kind: Kind, taker: Taker, name: str) -> tuple[Value, ...]:
    """Give the values of a field a part asks for; none where it may take any."""
    field_type = kind.type_at((name,)) or ANY
    for test in taker.tests:
        if test.path == (name,) and test.operator in {"is", "in"} and not taker.negative:
            return tuple(dict.fromkeys(field_type.literal(raw) for raw in raw_values(test, taker.rules)))
    return ()


def index_field(kind: Kind, takers: tuple[Taker, ...], done: frozenset[str] = frozenset()) -> str | None:
    """Give the field by which the parts of a kind are told apart; None where they are few, or none tells them apart."""
    if len(takers) <= _FEW:
        return None
    counts: Counter[str] = Counter()
    for taker in takers:
        for test in taker.tests:
            field_type = kind.type_at(test.path) or ANY
            usable = len(test.path) == 1 and test.path[0] not in done and field_type.name in _WORDS
            if usable and test.operator in {"is", "in"} and not taker.negative:
                counts[test.path[0]] += 1
    best = max(counts.items(), key=lambda item: item[1], default=(None, 0))
    return best[0] if best[1] > 1 else None


def _sieve(kind: Kind, takers: tuple[Taker, ...], code: Code) -> str:
    if len(takers) == 1:
        return _single(kind, takers[0], code)
    variables: dict[tuple[str, ...], str] = {}
    conditions = [(taker.part, _condition(kind, taker, variables, code)) for taker in takers]
    body = [f"    {name} = {access('i', path)}" for path, name in variables.items()]
    body.append("    h = None")
    for part, condition in conditions:
        body += [
            f"    if {condition}:",
            f"        h = {code.constant((part,))} if h is None else (*h, {code.constant(part)})",
        ]
    return code.function("sieve", "i, now", [*body, "    return h"])


def _single(kind: Kind, taker: Taker, code: Code) -> str:
    return code.function(
        "sieve", "i, now", [*sieved(kind, taker, "i", "None", code), f"    return {code.constant((taker.part,))}"]
    )


def sieved(kind: Kind, taker: Taker, item: str, nobody: str, code: Code) -> list[str]:
    """Write the leaves of one part: no value is read before those in front of its own have let the item pass."""
    names: dict[tuple[str, ...], str] = {}
    body = []
    for test in taker.tests:
        if test.path not in names:
            names[test.path] = f"v{len(names)}"
            body.append(f"    {names[test.path]} = {access(item, test.path)}")
        body += [f"    if not ({_leaf(kind, taker, test, names[test.path], code)}):", f"        return {nobody}"]
    return body


def _condition(kind: Kind, taker: Taker, variables: dict[tuple[str, ...], str], code: Code) -> str:
    written = []
    for test in taker.tests:
        name = variables.setdefault(test.path, f"v{len(variables)}")
        written.append(_leaf(kind, taker, test, name, code))
    return " and ".join(written) or "True"


def _leaf(kind: Kind, taker: Taker, test: Test, name: str, code: Code) -> str:
    field_type = kind.type_at(test.path) or ANY
    return constant_leaf(test, name, field_type, taker.rules, code, negative=taker.negative)


def left_to_try(kind: Kind, takers: tuple[Taker, ...]) -> int:
    """Give how many parts an item of the kind is held against one by one at most, the index having ruled out others."""
    name = index_field(kind, takers)
    asked = [constants(kind, taker, name) for taker in takers] if name else []
    shared = max((sum(value in values for values in asked) for values in asked for value in values), default=0)
    return shared + sum(not values for values in asked) if name else len(takers)
