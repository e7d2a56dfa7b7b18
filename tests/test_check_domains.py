"""What lint reckons of leaves on one field, held against an evaluation that knows nothing of it, value by value."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfheal_rules.check.domains import contradict, example, extent, implied, is_within, may_meet, truth
from selfheal_rules.model import Literal, RuleSet
from selfheal_rules.model import Test as Leaf
from selfheal_rules.values import EMPTY
from selfheal_rules.vocabulary import FieldType, Kind, Vocabulary
from tests.reference.leaves import Clock, Reader, Row

RULES = RuleSet("r", (), Vocabulary("v"))
WORDS = ("low", "mid", "high")
TEXTS = ("", "a", "ab", "abc", "b", "bc", "c", "cab", "disk", "disk full", "disk slow", "full", "xx", "a*c", "[a]")
ORDER = ("at_least", "more_than", "at_most", "less_than")

TYPES: dict[str, tuple[FieldType, tuple[Any, ...], tuple[Any, ...], tuple[str, ...]]] = {
    # name → type, values it may have, what leaves hold it against, operators
    "integer": (FieldType("integer"), tuple(range(-4, 9)), (-1, 0, 1, 2, 3), (*ORDER, "is", "in", "not")),
    "number": (
        FieldType("number"), (*range(-4, 9), *(at + 0.5 for at in range(-4, 9))), (-1, 0, 0.5, 1, 2.0, 2.5),
        (*ORDER, "is", "in", "not"),
    ),
    "string": (
        FieldType("string"), (*TEXTS, *(f"{one}{other}" for one in TEXTS for other in TEXTS)), TEXTS,
        ("starts_with", "ends_with", "contains", "glob", "matches", "is", "in", "not"),
    ),
    "enum": (FieldType("enum", WORDS), WORDS, WORDS, ("is", "in", "not", "starts_with", "glob", "matches")),
    "ordered": (FieldType("ordered", WORDS), WORDS, WORDS, (*ORDER, "is", "in", "not")),
    "duration": (
        FieldType("duration"), tuple(timedelta(milliseconds=500 * at) for at in range(20)), ("1s", "2s", "5s"),
        (*ORDER, "is", "not"),
    ),
    "boolean": (FieldType("boolean"), (True, False), (True, False), ("is", "not")),
    "list": (
        FieldType("list", element=FieldType("string")), (("a",), ("a", "b"), (), ("c",)), ("a", "b"), ("contains",)
    ),
}  # fmt: skip
GLOBS = ("a*", "*c", "a?c", "*", "disk *", "*b*", "abc", "[ab]c", "")
EXPRESSIONS = ("^a", "c$", "disk", "(", "(a+)+$", "a.c")


def _leaf(random: Random, name: str) -> Leaf:
    _, _, held, operators = TYPES[name]
    operator: Any = random.choice(operators)
    pool = {"glob": GLOBS, "matches": EXPRESSIONS}.get(operator, held)
    if operator == "in" or (operator == "not" and random.random() < 0.3):
        return Leaf(("f",), operator, tuple(Literal(one) for one in random.sample(pool, 2)))
    return Leaf(("f",), operator, Literal(random.choice(pool)))


def _leaves(random: Random, name: str) -> list[Leaf]:
    return [_leaf(random, name) for _ in range(random.randint(1, 3))]


def _true(test: Leaf, name: str, value: Any) -> bool | None:  # noqa: ANN401 - a value of the type
    """Judge a leaf as the reference does."""
    kind = Kind("k", "event", fields=EMPTY)
    row = Row(("event",), {"f": value}, {}, 0, 0, 0, kind)
    reader = Reader(RULES, Clock(0, 0))
    return reader.test(_typed(test, name), row, {})


def _typed(test: Leaf, name: str) -> Leaf:
    """Give a leaf whose operands are values of the type, as the reference reads them without a kind."""
    known = TYPES[name][0]
    element = known.element or known
    if test.operator not in {"is", "in", "not", *ORDER}:
        return test
    held = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    read = tuple(Literal(element.literal(one.value)) for one in held if isinstance(one, Literal))
    return Leaf(test.path, test.operator, read if isinstance(test.operand, tuple) else read[0])


def _ranked(test: Leaf, name: str, value: Any) -> bool | None:  # noqa: ANN401 - a value of the type
    """Judge an order of words by their ranks; anything else as the reference does."""
    if name == "ordered" and test.operator in ORDER and isinstance(test.operand, Literal):
        ranked = Leaf(test.path, test.operator, Literal(WORDS.index(test.operand.value)))
        return _true(ranked, "integer", WORDS.index(value))
    if test.operator == "matches" and isinstance(test.operand, Literal) and test.operand.value in {"(", "(a+)+$"}:
        return None
    return _true(test, name, value)


CASES = st.tuples(st.sampled_from(sorted(TYPES)), st.integers(0, 1 << 30))


@given(CASES)
def test_a_leaf_is_judged_as_the_reference_does(case: tuple[str, int]) -> None:
    """Of every value; an expression that is refused is not tried."""
    name, seed = case
    known, values, _, _ = TYPES[name]
    leaf = _leaf(Random(seed), name)
    assert [_ranked(leaf, name, one) for one in values] == [truth(leaf, one, known, RULES) for one in values]


@given(CASES)
def test_what_contradicts_is_true_of_nothing(case: tuple[str, int]) -> None:
    """No value makes all of them true."""
    name, seed = case
    known, values, _, _ = TYPES[name]
    tests = _leaves(Random(seed), name)
    if contradict(tests, known, RULES):
        assert [] == [one for one in values if all(_ranked(test, name, one) for test in tests)]


@given(CASES)
def test_what_is_implied_is_true_of_all_that_the_others_are(case: tuple[str, int]) -> None:
    """No value makes the others true and not it."""
    name, seed = case
    random = Random(seed)
    known, values, _, _ = TYPES[name]
    test, others = _leaf(random, name), _leaves(random, name)
    if not contradict(others, known, RULES) and implied(test, others, known, RULES):
        fitting = [one for one in values if all(_ranked(other, name, one) for other in others)]
        assert [] == [one for one in fitting if _ranked(test, name, one) is False]


@given(CASES)
def test_an_example_is_one(case: tuple[str, int]) -> None:
    """Every leaf is true of it; where all values are known, there is one whenever there can be."""
    name, seed = case
    known, values, _, _ = TYPES[name]
    tests = _leaves(Random(seed), name)
    found = example(tests, known, RULES)
    if found is not None:
        assert known.misfit(found) is None
        assert all(_ranked(test, name, found) for test in tests)
    elif known.values:
        assert not any(all(_ranked(test, name, one) for test in tests) for one in values)


@given(st.sampled_from(["integer", "number", "duration"]), st.integers(0, 1 << 30))
def test_a_quick_look_never_hides_a_proof(name: str, seed: int) -> None:
    """What it rules out, neither follows nor meets."""
    random = Random(seed)
    known, values, _, _ = TYPES[name]
    some, others = _leaves(random, name), _leaves(random, name)
    mine, theirs = extent(some, known, RULES), extent(others, known, RULES)
    fitting = [one for one in values if all(_ranked(test, name, one) for test in some)]
    if theirs and not is_within(mine, theirs) and fitting and not contradict(some, known, RULES):
        assert not all(implied(test, some, known, RULES) for test in others)
    if mine and theirs and not may_meet(mine, theirs):
        assert [] == [one for one in fitting if all(_ranked(test, name, one) for test in others)]


def test_many_of_them_are_found() -> None:
    """The properties above speak of more than a few cases."""
    found = {name: [0, 0, 0] for name in TYPES}
    for name, (known, _, _, _) in TYPES.items():
        for seed in range(400):
            random = Random(seed)
            test, others = _leaf(random, name), _leaves(random, name)
            never = contradict(others, known, RULES)
            found[name][0] += never
            found[name][1] += not never and implied(test, others, known, RULES)
            found[name][2] += example(others, known, RULES) is not None
    assert [] == [name for name, (_, follows, shown) in found.items() if follows < 20 or shown < 80]
    assert [] == [name for name, (never, _, _) in found.items() if never < 10 and name != "list"]


@pytest.mark.parametrize("operator", ["starts_with", "matches", "contains"])
def test_what_is_no_text_is_not_judged_as_one(operator: Any) -> None:  # noqa: ANN401 - one of the operators
    """Of a field of any type nothing is claimed where the value is of another."""
    leaf = Leaf(("f",), operator, Literal("5"))
    assert truth(leaf, 5, FieldType("any"), RULES) is None
