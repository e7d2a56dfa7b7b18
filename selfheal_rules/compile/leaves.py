"""From a leaf of `where` to a Python condition on one value."""

from collections.abc import Callable

from selfheal_rules.compile.codegen import Code, pattern, words_from
from selfheal_rules.model import Literal, Operand, Parameter, Reference, RuleSet, Test
from selfheal_rules.values import Value, microseconds
from selfheal_rules.vocabulary import DURATION, STRING, FieldType

SIGNS = {"at_least": ">=", "more_than": ">", "at_most": "<=", "less_than": "<"}


def is_constant(test: Test) -> bool:
    """Whether a leaf can be judged on its own item."""
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    return not any(isinstance(operand, Reference) for operand in operands)


def raw_values(test: Test, rules: RuleSet) -> tuple[Value, ...]:
    """Give the operands as YAML or the site gives them; a list parameter is spread."""
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    values: list[Value] = []
    for operand in operands:
        value = rules.value(operand) if isinstance(operand, Literal | Parameter) else None
        values += value if isinstance(value, tuple | list) else (value,)
    return tuple(values)


def is_age(test: Test, kind: FieldType, rules: RuleSet) -> bool:
    """Whether a leaf holds a time against a duration: how long ago it was."""
    if kind.name != "time" or test.operator not in SIGNS or not is_constant(test):
        return False
    operand = test.operand
    if isinstance(operand, Parameter):
        return bool(rules.params[operand.name].type.name == "duration")
    try:
        DURATION.literal(raw_values(test, rules)[0])
    except ValueError:
        return False
    return True


def constant_leaf(test: Test, value: str, kind: FieldType, rules: RuleSet, code: Code, *, negative: bool) -> str:
    """Write a leaf on the value named `value`; in a negative, missing counts as true."""
    raw = raw_values(test, rules)
    if test.operator == "exists":
        return f"{value} is {'not ' if raw[0] else ''}None"
    if kind.name == "any":
        values = [pattern(raw[0])] if test.operator == "matches" else raw
        return _loose(test, value, [code.constant(one) for one in values], negative=negative)
    if is_age(test, kind, rules):
        age = microseconds(DURATION.literal(raw[0]))
        condition = f"now - micros({value}) {SIGNS[test.operator]} {age}"
    else:
        condition = _condition(test, value, kind, raw, code)
    if negative:
        return f"({value} is None or {condition})"
    return condition if test.operator in {"is", "in"} else f"{value} is not None and {condition}"


def _loose(test: Test, value: str, others: list[str], *, negative: bool) -> str:
    """Write a leaf on a value of any type, by an operator that knows true, false and unknown."""
    return f"loose_{test.operator}({value}, {', '.join(others)}) is {'not False' if negative else 'True'}"


def _condition(test: Test, value: str, kind: FieldType, raw: tuple[Value, ...], code: Code) -> str:
    operator = test.operator
    if operator in SIGNS:
        return _ordered(operator, value, kind, raw[0], code)
    if operator in {"is", "in", "not"}:
        return _choice(test, value, kind, raw, code)
    if operator == "contains":
        element = STRING if kind.name == "string" else kind.element
        constant = code.constant(element.literal(raw[0]) if element else raw[0])
        return f"member({constant}, {value}) is True" if kind.name != "string" else f"{constant} in {value}"
    constant = code.constant(raw[0])
    texts: dict[str, Callable[[], str]] = {
        "matches": lambda: f"{code.constant(pattern(raw[0]))}.search({value}) is not None",
        "glob": lambda: f"glob({value}, {constant})",
        "starts_with": lambda: f"{value}.startswith({constant})",
        "ends_with": lambda: f"{value}.endswith({constant})",
    }
    return texts[operator]()


def _ordered(operator: str, value: str, kind: FieldType, raw: Value, code: Code) -> str:
    if kind.name == "ordered":
        return f"{value} in {code.constant(words_from(kind, operator, raw))}"
    return f"{value} {SIGNS[operator]} {code.constant(kind.literal(raw))}"


def _choice(test: Test, value: str, kind: FieldType, raw: tuple[Value, ...], code: Code) -> str:
    choices = tuple(kind.literal(choice) for choice in raw)
    if len(choices) == 1 and not isinstance(test.operand, tuple):
        return f"{value} {'!=' if test.operator == 'not' else '=='} {code.constant(choices[0])}"
    gathered = frozenset(choices) if kind.name in {"string", "enum", "ordered"} else choices
    return f"{value} {'not in' if test.operator == 'not' else 'in'} {code.constant(gathered)}"


def reference_leaf(
    test: Test,
    value: str,
    kind: FieldType,
    write: Callable[[Operand], str],
    code: Code,
    *,
    negative: bool,
    loose: bool,
) -> str:
    """Write a leaf whose operand is a value of another item of the match."""
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    others = [write(operand) for operand in operands]
    if loose:
        return _loose(test, value, others, negative=negative)
    condition = _between(test, value, kind, others, code)
    read = [other for other, operand in zip(others, operands, strict=True) if isinstance(operand, Reference)]
    if negative:
        return f"({' or '.join(f'{name} is None' for name in (value, *read))} or {condition})"
    known = " and ".join(f"{name} is not None" for name in (value, *read[: len(others) == 1]))
    return f"({known} and {condition})"


def _between(test: Test, value: str, kind: FieldType, others: list[str], code: Code) -> str:
    operator, other = test.operator, others[0]
    if operator in {"is", "in", "not"}:
        return f"member({value}, {', '.join(others)}) is {operator != 'not'}"
    if operator in SIGNS and kind.name == "ordered":
        ranks = code.constant({word: rank for rank, word in enumerate(kind.values)})
        return f"{ranks}[{value}] {SIGNS[operator]} {ranks}[{other}]"
    if operator in SIGNS:
        return f"{value} {SIGNS[operator]} {other}"
    texts = {
        "contains": f"member({other}, {value}) is True" if kind.name != "string" else f"{other} in {value}",
        "glob": f"glob({value}, {other})",
        "starts_with": f"{value}.startswith({other})",
        "ends_with": f"{value}.endswith({other})",
    }
    return texts[operator]


def transition(test: Test, kind: FieldType, rules: RuleSet) -> tuple[tuple[str, ...], int, bool] | None:
    """Give when an age leaf changes by itself: its path, the age in microseconds, and whether just past it."""
    if not is_age(test, kind, rules):
        return None
    age = microseconds(DURATION.literal(raw_values(test, rules)[0]))
    return test.path, age, test.operator in {"more_than", "at_most"}
