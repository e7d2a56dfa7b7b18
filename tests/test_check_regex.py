"""Which expressions are taken as linear, and that those which are refused are refused for a reason."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfheal_rules.check.regex import LENGTH, misspelt, refusal

LINEAR = (
    "foo", "^.*foo", r"^\d+ms", r"^\d+(\.\d+)*", "^(?:[a-z]+-)*[a-z]+", r"compute-\d{1,4}", "^(foo|bar|baz)+x",
    "foo.*", "^[^:]*:[^:]*:x", "(?i)compute.*", "a{2,5}b", "^(ab*c)*", r"^host-[0-9]+\.example\.com$", "(a|b)*",
    "^a*?b", r"^\s*\w+\s*=\s*\d+$", "a?b?c?", "([0-9a-f]{2}:){5}[0-9a-f]{2}", r"^(\w|\d)*x", "^.*\n.*x", "(?>ab)+",
    r"^\S+ \S+$", "^[^a]*a", "^(?:x|[0-8]+y)*", "é+ü?", r"^\w+@\W+x", r"^\D*\d", "(?s:.)x", "a*+", "^.*foo.*", "a*b*",
    "compute-[0-9]+x", "(foo|bar)-[0-9]+", r"\Aa+b", r"x\d+$", "", "^",
)  # fmt: skip
EXPONENTIAL = (
    "(a+)+b", "(a|a)*b", "(a*)*b", "(a|ab|b)*c", "(a?a)*b", "(x+x+)+y", "(?:a|b|ab)*c", "(aa|aa)*b", "((a?)?b)*c",
    "(a?)*", "(|a)+", "^(?:a+)+b", "^(?:a*)*b", "(.|[a-z])*x+y", "(?:(?:a|b)+c?)+d",
)  # fmt: skip
POLYNOMIAL = (
    "^a*a*b", "^.*foo.*bar", "^(.*)(.*)x", r"^\w+\d+$", "(?i)^a*A*b", r"^\d*\d*$", "(?s)^.*\n.*x", "^a*(?i:A)*b",
    ".*foo", r"\d+ms", "foo.*bar", "(?m)^.*foo", "(?>ab)+c", r"a+\b", "a+$",
)  # fmt: skip
FOREIGN = (r"(a)\1", "(?=a)b", "(?!a)b", "(?<!a)b", "(a)(?(1)b|c)", r"(?P<x>a)(?P=x)")
BROKEN = ("[a", "(", "*a", r"\1(a)", "(?P<1>a)", "a{2,1}", "[[a]")
LARGE = ("(a{0,50}){50}", "a" * (LENGTH + 1), "(a{1,20}b{1,20}){1,20}")


@pytest.mark.parametrize("text", LINEAR)
def test_linear_expressions_are_taken(text: str) -> None:
    """What reads each text in one way, or in a bounded number of them, is taken."""
    assert refusal(text) is None


@pytest.mark.parametrize("text", EXPONENTIAL + POLYNOMIAL + FOREIGN + BROKEN + LARGE)
def test_other_expressions_are_refused(text: str) -> None:
    """What may take longer, is too large, or is no expression is refused with a reason in one line."""
    reason = refusal(text)
    assert reason
    assert "\n" not in reason


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_expression_is_to_be_mended(text: str) -> None:
    """Nobody is sent to `glob` for a bracket that is not closed."""
    assert misspelt(text)
    assert misspelt(text) == refusal(text)


@pytest.mark.parametrize("text", LINEAR + EXPONENTIAL + FOREIGN)
def test_what_is_an_expression_is_not(text: str) -> None:
    """An expression that is refused for its time is written as it should be."""
    assert misspelt(text) is None


def _work(text: str, subject: str) -> float:
    """Give the seconds of this process's own work, whatever else the machine does."""
    compiled = re.compile(text)
    start = time.process_time()
    compiled.search(subject)
    return time.process_time() - start


@settings(max_examples=150, deadline=None)
@given(st.text("ab(|)*+?.[]{2,}", max_size=9), st.text("ab", min_size=1, max_size=2))
def test_what_is_taken_is_fast(text: str, piece: str) -> None:
    """No expression that is taken needs long for a long text it does not match."""
    if refusal(text) is None:
        assert min(_work(text, piece * 3000 + "!") for _ in range(2)) < 0.2


@pytest.mark.parametrize("text", ["^(?:a|aa){30}$", "^(?:x?y?z?){30}$", "(?:aa?){20}$", "[ab]?" * 24 + "c"])
def test_counted_ways_that_multiply_are_refused(text: str) -> None:
    """A counted repetition has an end, but its ways may be too many to be tried on every text."""
    assert refusal(text) is not None


@pytest.mark.parametrize("text", [r"^(\d{1,3}\.){3}\d{1,3}$", "^instance-[0-9a-f]{8}$"])
def test_counted_ways_that_stay_few_are_taken(text: str) -> None:
    """Addresses and names with a length are taken."""
    assert refusal(text) is None
