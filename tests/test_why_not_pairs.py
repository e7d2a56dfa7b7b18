"""Why not, where two patterns read one kind: two aliases never bind one item, and the answer says so."""

import pytest

from selfheal_rules.explain.why_not import Input
from tests.asked import CRITICAL, OFF, alarm, ask, failing, fires, power, rule, state

PAIR = """{all: [{as: a, event: power, where: {state: "off"}}, {as: b, event: power, where: {state: "on"}}],
           same: [host], within: 30s}"""
STATES = "{all: [{as: a, state: up}, {as: b, state: up, where: {az: $a.az}}], same: [az]}"
THRICE = "{all: [{as: a, event: alarm}, {as: b, event: alarm}, {as: c, event: alarm}], same: [host], within: 30s}"
LEAF = "{all: [{as: a, event: alarm, where: {n: 1}}, {as: b, event: alarm, where: {n: 1}}], same: [host], within: 30s}"
ON = {"state": "on"}


@pytest.mark.parametrize(
    ("when", "inputs", "where", "said", "cured"),
    [
        (PAIR, [power(0, **OFF)], "when.all[1]", "no other power about c1", [power(0, **OFF), power(29, **ON)]),
        (THRICE, [alarm(0), alarm(9)], "when.all[2]", "no other alarm about c1", [alarm(0), alarm(9), alarm(20)]),
        (LEAF, [alarm(0, n=1), alarm(9, n=2)], "when.all[1].where.n", "n is 2, not 1", [alarm(0, n=1), alarm(9, n=1)]),
        (LEAF, [alarm(0, n=1, **CRITICAL)], "when.all[1]", "no other alarm about c1", [alarm(0, n=1), alarm(9, n=1)]),
    ],
)
def test_one_item_is_never_taken_for_two(
    when: str, inputs: list[Input], where: str, said: str, cured: list[Input]
) -> None:
    """The second pattern lacks an item of its own, whatever the first one has."""
    answer = ask(rule(when), inputs)
    told = next(line.text for line in answer.lines if line.mark == "FAIL")
    assert (where, said) == (failing(answer), told)
    assert fires(rule(when), cured)
    assert not fires(rule(when), inputs)


def test_one_state_is_never_taken_for_two() -> None:
    """Neither is a state."""
    answer = ask(rule(STATES), [state("up", 0, az="z")])
    assert ("missing", "b had been seen") == (answer.failed, answer.counterfactual)
    assert "no other up about c1" == answer.lines[1].text
